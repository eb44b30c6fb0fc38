// The cost of a script, which defines the smaller of two scripts.
#ifndef VMTRUNC_SEARCH_COST_H_
#define VMTRUNC_SEARCH_COST_H_

#include <compare>
#include <cstdint>

#include "core/model/event.h"
#include "core/script/draft.h"

namespace vmtrunc::search {

// In the order in which they are compared.
struct Cost {
  unsigned events = 0;    // with an effect
  unsigned switches = 0;  // between consecutive events of different tasks
  unsigned drops = 0;     // `drop` events
  // The sum of all numbers and of all words that are not the default, including
  // `&`.
  unsigned arguments = 0;
  uint64_t declarations = 0;  // the same of declarations, plus one for each

  auto operator<=>(const Cost&) const = default;
};

// Of a script whose events all have an effect.
Cost CostOf(const Draft& draft);

// Whether a script costs less; or the same, and precedes the other in a fixed
// order of all scripts. So two different scripts are always ordered. Requires:
// all events have an effect.
bool IsLess(const Draft& one, const Draft& other);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_COST_H_
