// Mutation that uses the state that a script has reached at the point of
// change: operations that can have an effect there, ranges that touch those of
// vmas, and drops with events inside. Deterministic in the generator's seed.
#ifndef VMTRUNC_FUZZ_AWARE_H_
#define VMTRUNC_FUZZ_AWARE_H_

#include <cstddef>

#include "base/random.h"
#include "core/script/script.h"
#include "fuzz/effective.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

enum class Mutation : uint8_t {
  kInsert,       // an operation that has an effect
  kInsertPass,   // with its drops, and such operations inside
  kInsideDrop,   // such an operation after an existing drop
  kMoveDrop,     // to another break test, or another place
  kTouch,        // a range that begins or ends where a vma does
  kOtherMm,      // the same operation by another task
  kAnotherPass,  // a pass again, over another range
  kReplace,      // by an operation that has an effect
  kDelete,
  kSwap,
  kOpenUp,  // start an operation, make some steps, and insert others
  kSteps,   // for an operation in flight: some steps, a drop or its end
  kGoOn,    // another suffix, generated from the state reached (fuzz/weave.h)
  kBlind,   // search/mutate.h
};
inline constexpr unsigned kMutations = 14;

// One change. Returns whether there was something to change. `before`, here and
// below, may be null; it gets each script before its last event runs.
bool MutateOnce(Script& script, Mutation mutation, size_t max_events,
                const Rules& rules, base::Random& random,
                search::Verbs verbs = search::kAllVerbs,
                const Before* before = nullptr);

// One to four changes of any kind, or (a third of the time) another suffix. At
// most `max_events` events.
void MutateAware(Script& script, size_t max_events, const Rules& rules,
                 base::Random& random, search::Verbs verbs = search::kAllVerbs,
                 const Before* before = nullptr);

// A prefix of one script and a suffix of another, cut where the same tasks have
// the same operations in flight; the setup of the first. At most `max_events`.
// Both are run; `before` gets each as a whole.
Script Splice(const Script& head, const Script& tail, size_t max_events,
              const Rules& rules, base::Random& random,
              const Before* before = nullptr);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_AWARE_H_
