// Random scripts with frequent interactions: processes that map one file at
// equal or shifted addresses, interrupted passes, operations inside drops.
// `ci/properties --distribution` prints how often.
#ifndef VMTRUNC_SEARCH_MAKE_H_
#define VMTRUNC_SEARCH_MAKE_H_

#include "core/script/script.h"

namespace vmtrunc::search {

// Generates a script of `events` events; one in 128 is longer. The same seed
// gives the same script, on every build.
Script MakeScript(uint64_t seed, unsigned events);

// Only the declarations and the first mappings of such a script.
Script MakeStart(uint64_t seed);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_MAKE_H_
