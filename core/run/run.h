// One run of a script on a kernel: the function that every engine calls.
#ifndef VMTRUNC_CORE_RUN_RUN_H_
#define VMTRUNC_CORE_RUN_RUN_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/run/checker.h"
#include "core/script/script.h"

namespace vmtrunc {

struct RunResult {
  uint32_t broken = 0;  // a bit a property
  Violation first;      // valid if broken; of those that RunOptions asks for
  uint32_t events = 0;
  uint32_t effects = 0;     // events that had an effect
  uint32_t drops = 0;       // lock drops of all passes
  uint32_t steps = 0;       // of all operations; 0 where nothing checks
  uint64_t state_hash = 0;  // of the world at the end
  bool ran_out = false;     // of a capacity that is not the contract's

  bool holds() const { return broken == 0; }
  bool breaks(Property property) const {
    return (broken >> static_cast<unsigned>(property) & 1) != 0;
  }
};

struct RunOptions {
  bool hash_state = true;  // else state_hash is 0
  // The properties that `first` is of, a bit each.
  uint32_t report = CountedProperties();
  uint8_t* features = nullptr;  // as Checker::NoteFeatures() takes it
  bool* had_effect = nullptr;   // one an event, set; or nullptr
};

// Runs `events`, then completes what is in flight, checking every property.
// Requires: the setup and the events fit C.
template <class C>
RunResult Run(const Setup& setup, std::span<const Event> events,
              const Rules& rules, const RunOptions& options = {});

template <class C>
RunResult Run(const Draft& draft, const Rules& rules,
              const RunOptions& options = {}) {
  return Run<C>(draft.setup, draft.events, rules, options);
}
inline RunResult Run(const Draft& draft, const Rules& rules) {
  return Run<LargeCaps>(draft, rules);
}

// The same with the properties off: only effects and state_hash are set.
template <class C>
RunResult RunUnchecked(const Setup& setup, std::span<const Event> events,
                       const Rules& rules, bool hash_state = true);
template <class C>
RunResult RunUnchecked(const Draft& draft, const Rules& rules,
                       bool hash_state = true) {
  return RunUnchecked<C>(draft.setup, draft.events, rules, hash_state);
}

// Details of a step that the worlds around it do not show. `mm`, `start` and
// `end` say where, if that has a meaning.
struct TraceNote {
  enum class Kind : uint8_t {
    kTakes,           // `lock` of `id`, perhaps to release it in the same step
    kDrops,           // a pass its lock
    kPassBegins,      // over pages [start, end) of file `mm`; its count is `id`
    kScans,           // a pass [start, end) of mm
    kZaps,            // a pass the page at `start` of mm
    kPassEnds,        // the walk is through
    kRemoves,         // page `id` of file `mm` from the page cache
    kTruncationEnds,  // the operation's checks are done
    kBorn,            // the vma in slot `id`
    kCleared,         // the count of the vma in slot `id`: scan it again
    kLooksAt,         // a pass's walk the vma in slot `id`
    kBlocks,          // `lock` of `id` (a page's of file `mm`): it is not free
    kNoMemory,        // an allocation fails
    kServed,          // an access at `start` of mm: its pte allows it
    kSigbus,        // a fault at `start` of mm, for page `id`; i_size is `end`
    kSigsegv,       // an access at `start` of mm; id 1: a vma is there
    kCountChanged,  // a fault at `start` of mm begins again: truncate_count
    kPageGone,      // the same: its page `id` has left the page cache
    kPteChanged,    // a fault at `start` of mm ends: others changed the pte
    kTranslates,    // an access at `start` of mm: by the TLB, without a fault
    kFrameFreed,    // frame `id`, which was page `start` of file `mm`
  };
  Kind kind;
  LockKind lock = LockKind::kISem;
  unsigned id = 0, mm = 0, start = 0, end = 0;
};

// One step of a traced run.
struct TraceStep {
  unsigned event;  // from 1; 0 while what is in flight runs to its end
  unsigned task;
  Verb verb;
  std::string from;  // the sync point it started at
  Flow flow;
  const Op*
      begins;      // the operation as the step found it; valid during the call
  const Op* ends;  // as it left it, also where it has ended; the same
  const World<LargeCaps>* world;     // after the step; valid during the call
  std::span<const TraceNote> notes;  // in their order; the same
  uint32_t broken;  // properties so far, a bit each, but for what the event's
                    // and the run's end check
};

RunResult RunTraced(const Script& script, const Rules& rules,
                    const std::function<void(const TraceStep&)>& on_step);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_RUN_H_
