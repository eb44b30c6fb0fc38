// Where two runs of one script differ.
#ifndef VMTRUNC_REPORT_EXPLAIN_PARTING_H_
#define VMTRUNC_REPORT_EXPLAIN_PARTING_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// The first row at which two runs of one script do something else, or leave
// other vmas or pages, as far as facts show; locks and the form of marks are
// ignored. (`vmtrunc diff` compares whole states.) Empty if there is none.
// Requires: both have the same Folding.
std::optional<size_t> PartingRow(const Story& left, const Story& right);

// Rules each of which, flipped alone, makes the left kernel differ no later
// than at that row.
std::vector<const RuleInfo*> PartingRules(const Story& left, const Story& right,
                                          size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_PARTING_H_
