#include "fuzz/violates.h"

#include <cstdlib>

#include "core/check.h"

// X(name in the code, name with _ for -): AllProperties(). The switch below
// does not compile when one is missing; fuzz/stacks_test compares the names.
#define VMTRUNC_VIOLATIONS(X)                             \
  X(kNoPagePastSize, no_page_past_size)                   \
  X(kNoRemovedPageMapped, no_removed_page_mapped)         \
  X(kNoOverUnmap, no_over_unmap)                          \
  X(kRestartProgress, restart_progress)                   \
  X(kBoundedDrops, bounded_drops)                         \
  X(kCountIsACount, count_is_a_count)                     \
  X(kIndexAgrees, index_agrees)                           \
  X(kVmasWellFormed, vmas_well_formed)                    \
  X(kLockOrder, lock_order)                               \
  X(kNoDeadlock, no_deadlock)                             \
  X(kNoFreedUse, no_freed_use)                            \
  X(kSigbusPastEof, sigbus_past_eof)                      \
  X(kMapsOwnPage, maps_own_page)                          \
  X(kNoCachedPagePastSize, no_cached_page_past_size)      \
  X(kGrownPagesAreZero, grown_pages_are_zero)             \
  X(kNothingLostOutsideRange, nothing_lost_outside_range) \
  X(kFaultInOwnVma, fault_in_own_vma)                     \
  X(kNoDataRace, no_data_race)

// Not inlined, and all different: a linker may fold identical functions, which
// would merge all crashes. C names, so that stacks are readable without
// demangling.
#define VMTRUNC_VIOLATES(name, words)                                     \
  extern "C" [[noreturn, gnu::noinline]] void vmtrunc_violates_##words(); \
  void vmtrunc_violates_##words() {                                       \
    asm volatile("" : : "r"(#words));                                     \
    std::abort();                                                         \
  }
VMTRUNC_VIOLATIONS(VMTRUNC_VIOLATES)
#undef VMTRUNC_VIOLATES

namespace vmtrunc::fuzz {

void AbortFor(Property property) {
  switch (property) {
#define VMTRUNC_CASE(name, words) \
  case Property::name:            \
    vmtrunc_violates_##words();
    VMTRUNC_VIOLATIONS(VMTRUNC_CASE)
#undef VMTRUNC_CASE
  }
  VMT_CHECK(false);
  std::abort();
}

}  // namespace vmtrunc::fuzz
