// split-then-merge: what mprotect splits off and gives back becomes one vma
// again.
#ifndef VMTRUNC_PROPERTIES_SPLIT_H_
#define VMTRUNC_PROPERTIES_SPLIT_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::properties {

// Runs the script to its end. Then, for each linear vma and a range at its low
// end, at its high end, and in between: protects the range the other way, and
// back (by `other`). The vma is covered by one vma again, which maps the same
// pages at the same addresses, and its ptes hold the same pages. Where the
// range got an anon_vma, or VM_ACCOUNT, by which `rules` keep it apart from the
// rest, that may be several vmas. Returns what differs, or nothing.
std::string SplitThenMerge(const Script& script, const Rules& rules,
                           const Rules& other);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_SPLIT_H_
