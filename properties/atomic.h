// same-as-atomic: where all orders of a script's operations give one result,
// the interleaved run gives it too.
#ifndef VMTRUNC_PROPERTIES_ATOMIC_H_
#define VMTRUNC_PROPERTIES_ATOMIC_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::properties {

struct AtomicResult {
  bool compared = false;   // the operations overlap, and all orders agree
  std::string difference;  // empty when the run agrees with them
};

// The orders are those that keep what was over before what began later. More
// than kMostOrders are not tried, and nothing is compared then. Ptes, cached
// pages, sizes and vma geometry are compared; counts and slots are not, nor
// which of the mms that shared a page table has a page by it that a fault gives
// the others.
inline constexpr int kMostOrders = 24;
AtomicResult SameAsAtomic(const Script& script, const Rules& rules);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_ATOMIC_H_
