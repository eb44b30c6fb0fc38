// Random scripts made by a scheduler: operations of any kind are begun, and the
// tasks that have one in flight move in any order. The other generators let a
// pass race with others; here any two or three operations do.
#ifndef VMTRUNC_FUZZ_RACE_H_
#define VMTRUNC_FUZZ_RACE_H_

#include "base/random.h"
#include "core/script/script.h"
#include "fuzz/watched.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// Continues the script, in the state that `watched` is in, to `goal` events, or
// until a property is broken.
void Race(Script& script, Watched& watched, size_t goal, base::Random& random,
          search::Verbs verbs = search::kAllVerbs);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_RACE_H_
