// What generators of random scripts share: single events, and where to put
// them.
#ifndef VMTRUNC_SEARCH_PLOTS_H_
#define VMTRUNC_SEARCH_PLOTS_H_

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "core/script/script.h"

namespace vmtrunc::search {

constexpr uint8_t Byte(unsigned value) { return static_cast<uint8_t>(value); }

Event EventOf(EventKind kind, Verb verb, unsigned task, unsigned addr = 0,
              unsigned len = 0);

// An address of a mapping of the script, or any.
uint8_t AnyAddress(const Script& script, base::Random& random);

// Inserts the events somewhere in the script, if it has room for all of them.
void InsertAnywhere(Script& script, const std::vector<Event>& events,
                    base::Random& random);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_PLOTS_H_
