// The abstract states of Checker::NoteFeatures(), in words.
#ifndef VMTRUNC_CORE_ABOUT_ABSTRACT_STATE_H_
#define VMTRUNC_CORE_ABOUT_ABSTRACT_STATE_H_

#include <string>

namespace vmtrunc {

// "count older, walk not there yet, a pte in range, linked, begins before the
// range; munmap has moved; lock dropped". Requires: below Checker::kFeatures.
std::string DescribeState(unsigned state);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_ABSTRACT_STATE_H_
