// A run in a form that people can follow: rows of steps, each with the world
// after it.
//
// A row is one step of one task, or several consecutive steps that no other
// task could interrupt (Folding). Output (words, text, page) reads only a
// Story; explanations (cause.h, contrast.h) run variants.
#ifndef VMTRUNC_REPORT_EXPLAIN_STORY_H_
#define VMTRUNC_REPORT_EXPLAIN_STORY_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "report/explain/fact.h"
#include "report/explain/sync_point.h"
#include "report/explain/tables.h"

namespace vmtrunc::report {

// Locks that the task holds.
std::vector<HeldLock> LocksOf(const World<LargeCaps>& world, unsigned task);

struct StoryRow {
  unsigned first_step = 0, last_step = 0;  // from 1, inclusive
  unsigned event = 0;                      // from 1; 0: after the last
  unsigned task = 0;
  Verb verb = Verb::kNone;
  SyncPoint from;               // where it begins
  std::optional<SyncPoint> to;  // where it ends, unless the operation has ended
  Flow flow = Flow::kDone;
  // The operation before and after the row, also if it starts or ends there.
  Op begins{}, ends{};
  std::vector<TraceNote> notes;
  std::vector<HeldLock> takes;  // including those that it releases again
  std::vector<HeldLock> drops;
  // Properties that are first violated here, a bit each.
  uint32_t broke = 0;
  unsigned in_flight = 0;  // other tasks with an operation, a bit each
  World<LargeCaps> world;  // after it
  // The task whose name each mm has.
  std::array<uint8_t, LargeCaps::kMms> mm_task;
  Tables tables;  // after it

  bool Has(TraceNote::Kind kind) const {
    for (const TraceNote& note : notes)
      if (note.kind == kind) return true;
    return false;
  }
};

enum class Folding : uint8_t {
  kNone,  // one row for each step
  // Combines steps of one event during which no other task had an operation in
  // flight (except passes), that fault in consecutive pages, or that remove
  // consecutive pages from the page cache.
  kQuiet,
};

// The event at whose end the state equals that at the end of an earlier one.
struct Loop {
  unsigned after_event;  // the stem's last, 0: none
  unsigned last_event;
};

struct Story {
  std::string path;  // the path of the script, for people
  Script script;
  KernelSpec kernel;
  Rules rules;
  Folding folding = Folding::kQuiet;
  RunResult result;
  World<LargeCaps> start;  // before the first event
  std::array<uint8_t, LargeCaps::kMms> start_mm_task;
  std::vector<StoryRow> rows;
  std::vector<bool> effects;         // for each event: whether it had an effect
  unsigned left_out = 0;             // steps after kMostRows, which have no row
  std::optional<size_t> broken_row;  // where result.first is violated
  std::optional<Loop> loop;          // rows of the script's own events

  const World<LargeCaps>& Before(size_t row) const {
    return row == 0 ? start : rows[row - 1].world;
  }
  // No mm has a page table before the first event.
  Tables TablesBefore(size_t row) const {
    return row == 0 ? Tables{} : rows[row - 1].tables;
  }
  bool HadEffect(unsigned event) const { return effects[event - 1]; }
  // The name of an mm: that of its first task.
  const std::string& MmName(size_t row, unsigned mm) const {
    return script.task_names[rows[row].mm_task[mm]];
  }
  const std::string& FileName(unsigned file) const {
    return script.file_names[file];
  }
};
inline constexpr size_t kMostRows = 4096;  // 13 KB each

Story Tell(const std::string& path, const Script& script,
           const KernelSpec& kernel, Folding folding);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_STORY_H_
