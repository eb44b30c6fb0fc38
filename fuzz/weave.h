// Random scripts that are made while they run: each operation is chosen in the
// state that those before it have reached, and one that is in flight is stopped
// at a sync point that it has, with the others where it stopped.
#ifndef VMTRUNC_FUZZ_WEAVE_H_
#define VMTRUNC_FUZZ_WEAVE_H_

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// One script of `events` events at most after its first mappings, for a kernel
// with these rules. The
// same seed gives the same script, on every build.
Script WeaveScript(uint64_t seed, unsigned events, const Rules& rules,
                   search::Verbs verbs = search::kAllVerbs);

// Leaves the first `from` events of the script, and continues from what they
// reach, to `max_events` at most.
void WeaveOn(Script& script, size_t from, size_t max_events, const Rules& rules,
             base::Random& random, search::Verbs verbs = search::kAllVerbs);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_WEAVE_H_
