// A run as what people follow: rows of steps, each with the world after it.
//
// A row is one step of one task, or several in a row between which nobody else
// could have come in the way (Folding). What tells of a run (words, text, page)
// reads a Story alone; what asks why (cause.h, contrast.h) runs others.
#ifndef VMTRUNC_REPORT_EXPLAIN_STORY_H_
#define VMTRUNC_REPORT_EXPLAIN_STORY_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "report/explain/fact.h"
#include "report/explain/sync_point.h"

namespace vmtrunc::report {

// Those that the task holds.
std::vector<HeldLock> LocksOf(const World<LargeCaps>& world, unsigned task);

struct StoryRow {
  unsigned first_step = 0, last_step = 0;  // from 1, inclusive
  unsigned event = 0;                      // from 1; 0: after the last
  unsigned task = 0;
  Verb verb = Verb::kNone;
  SyncPoint from;               // where it begins
  std::optional<SyncPoint> to;  // where it ends, unless the operation has ended
  Flow flow = Flow::kDone;
  Op begins{}, ends{};  // the operation before the row and after it, also where
                        // it begins or ends in it
  std::vector<TraceNote> notes;
  std::vector<HeldLock> takes;  // also those that it releases again
  std::vector<HeldLock> drops;
  uint32_t broke = 0;      // properties that break here first, a bit each
  unsigned in_flight = 0;  // other tasks with an operation, a bit each
  World<LargeCaps> world;  // after it
  std::array<uint8_t, LargeCaps::kMms> mm_task;  // whose name each mm has

  bool Has(TraceNote::Kind kind) const {
    for (const TraceNote& note : notes)
      if (note.kind == kind) return true;
    return false;
  }
};

enum class Folding : uint8_t {
  kNone,  // a row a step
  // One row for steps of one event that no other task had an operation in
  // flight beside (passes apart), that fault pages in one after another, or
  // that take one page after another out of the page cache.
  kQuiet,
};

// The event at whose end the run is where it was at the end of an earlier one.
struct Loop {
  unsigned after_event;  // the stem's last, 0: none
  unsigned last_event;
};

struct Story {
  std::string path;  // where the script came from, for people
  Script script;
  KernelSpec kernel;
  Rules rules;
  Folding folding = Folding::kQuiet;
  RunResult result;
  World<LargeCaps> start;  // before the first event
  std::array<uint8_t, LargeCaps::kMms> start_mm_task;
  std::vector<StoryRow> rows;
  std::vector<bool> effects;         // one an event: whether it had one
  unsigned left_out = 0;             // steps past kMostRows, which have no row
  std::optional<size_t> broken_row;  // where result.first is violated
  std::optional<Loop> loop;          // rows of the script's own events

  const World<LargeCaps>& Before(size_t row) const {
    return row == 0 ? start : rows[row - 1].world;
  }
  bool HadEffect(unsigned event) const { return effects[event - 1]; }
  // The name of an mm: that of the first of its tasks.
  const std::string& MmName(size_t row, unsigned mm) const {
    return script.task_names[rows[row].mm_task[mm]];
  }
  const std::string& FileName(unsigned file) const {
    return script.file_names[file];
  }
};
inline constexpr size_t kMostRows = 4096;  // 9 KB each

Story Tell(const std::string& path, const Script& script,
           const KernelSpec& kernel, Folding folding);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_STORY_H_
