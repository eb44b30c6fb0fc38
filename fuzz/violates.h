// Where a target aborts: a function of its own for each property, so that
// a tool that groups crashes by the top frames of their stacks (ClusterFuzz)
// has a group for each property.
#ifndef VMTRUNC_FUZZ_VIOLATES_H_
#define VMTRUNC_FUZZ_VIOLATES_H_

#include "core/property.h"

namespace vmtrunc::fuzz {

// Aborts in the function vmtrunc_violates_PROPERTY, as
// vmtrunc_violates_no_page_past_size.
[[noreturn]] void AbortFor(Property property);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_VIOLATES_H_
