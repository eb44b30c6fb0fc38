// One script on two kernels: where they part, and what the one does right.
#ifndef VMTRUNC_EXPLAIN_CONTRAST_H_
#define VMTRUNC_EXPLAIN_CONTRAST_H_

#include <optional>
#include <string>
#include <vector>

#include "explain/story.h"

namespace vmtrunc {

// The first row at which two runs of one script do something else, or leave
// other vmas or pages, as far as words tell; locks and how marks are written
// aside. (`vmtrunc diff` compares whole states.) Empty when there is none.
// Requires: told with one Folding.
std::optional<size_t> PartingRow(const Story& left, const Story& right);

// The rules that alone make the left kernel part no later than at that row.
std::vector<const RuleInfo*> PartingRules(const Story& left, const Story& right,
                                          size_t row);

// What `story` does at the place where `broken`, a run of the same script on
// another kernel, goes wrong: a few sentences.
std::vector<std::string> WhyNot(const Story& story, const Story& broken);

}  // namespace vmtrunc

#endif  // VMTRUNC_EXPLAIN_CONTRAST_H_
