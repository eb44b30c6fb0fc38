// Where a target aborts: a separate function for each property, so that tools
// that group crashes by the top stack frames (ClusterFuzz) have a group for
// each property.
#ifndef VMTRUNC_FUZZ_VIOLATES_H_
#define VMTRUNC_FUZZ_VIOLATES_H_

#include "core/property.h"

namespace vmtrunc::fuzz {

// Aborts in the function vmtrunc_violates_PROPERTY, for example
// vmtrunc_violates_no_page_past_size.
[[noreturn]] void AbortFor(Property property);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_VIOLATES_H_
