// The operations that ask whether a property holds.
#ifndef VMTRUNC_SEARCH_ASKED_BY_H_
#define VMTRUNC_SEARCH_ASKED_BY_H_

#include "core/property.h"
#include "search/mutate.h"

namespace vmtrunc::search {

// The verbs whose own steps alone look at the property, a bit each: no script
// without one of them violates it, whatever the rules of the kernel. 0: steps
// of others look at it too, or nobody's (no-deadlock). Not what is violated
// only after such an operation on the kernels that we know: a fault alone may
// map a page past i_size, and one operation alone may wait for itself.
constexpr Verbs AskedBy(Property property) {
  switch (property) {
    case Property::kNoOverUnmap:
    case Property::kRestartProgress:
    case Property::kBoundedDrops:
    case Property::kCountIsACount:
    case Property::kNoDataRace:
    case Property::kDoneIsUnmapped:
      // What runs the pass. A collapse unmaps its pages by one.
      return kPassVerbs | Bit(Verb::kCollapse);
    case Property::kNoCachedPagePastSize:
      return Bit(Verb::kTruncate);
    case Property::kGrownPagesAreZero:
    case Property::kNothingLostOutsideRange:
      return Bit(Verb::kTruncate) | Bit(Verb::kPunch);
    case Property::kPassLeavesNoTlb:
      return Bit(Verb::kRevoke);
    case Property::kNoPagePastSize:       // a pte is set
    case Property::kNoRemovedPageMapped:  // the same
    case Property::kIndexAgrees:
    case Property::kVmasWellFormed:
    case Property::kLockOrder:
    case Property::kNoDeadlock:
    case Property::kNoFreedUse:
    case Property::kSigbusPastEof:
    case Property::kMapsOwnPage:
    case Property::kFaultInOwnVma:
    case Property::kNoStaleTlb:
    case Property::kNoFreedPageReachable:
      return 0;
  }
  return 0;
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_ASKED_BY_H_
