// Random scripts that are generated while they run: each operation is chosen in
// the state that the previous ones reached, and one in flight is stopped at one
// of its sync points, with others where it stopped.
#ifndef VMTRUNC_FUZZ_WEAVE_H_
#define VMTRUNC_FUZZ_WEAVE_H_

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"
#include "fuzz/watched.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// One script of at most `events` events after its first mappings, for a kernel
// with these rules. The same seed gives the same script, on every build.
// `before`, here and below, may be null; it gets each script before its last
// event runs, also where it only looks ahead.
Script WeaveScript(uint64_t seed, unsigned events, const Rules& rules,
                   search::Verbs verbs = search::kAllVerbs,
                   const Before* before = nullptr);

// Keeps the first `from` events of the script, and continues from their state,
// to `max_events` at most.
void WeaveOn(Script& script, size_t from, size_t max_events, const Rules& rules,
             base::Random& random, search::Verbs verbs = search::kAllVerbs,
             const Before* before = nullptr);

// Continues the script, in the state that `watched` is in, to `goal` events, or
// until a property is broken.
void Weave(Script& script, Watched& watched, size_t goal, base::Random& random,
           search::Verbs verbs = search::kAllVerbs);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_WEAVE_H_
