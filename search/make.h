// Random scripts in which things happen: processes that map one file at the
// same or shifted addresses, passes that are interrupted, operations inside the
// drops. `ci/properties --distribution` prints how often.
#ifndef VMTRUNC_SEARCH_MAKE_H_
#define VMTRUNC_SEARCH_MAKE_H_

#include "core/script/script.h"

namespace vmtrunc::search {

// Makes one script of `events` events; one in 128 is longer. The same seed
// gives the same script, on every build.
Script MakeScript(uint64_t seed, unsigned events);

// The declarations and the first mappings of such a script alone.
Script MakeStart(uint64_t seed);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_MAKE_H_
