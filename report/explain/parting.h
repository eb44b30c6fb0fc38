// Where two runs of one script part.
#ifndef VMTRUNC_REPORT_EXPLAIN_PARTING_H_
#define VMTRUNC_REPORT_EXPLAIN_PARTING_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// The first row at which two runs of one script do something else, or leave
// other vmas or pages, as far as facts tell; locks and how marks are written
// aside. (`vmtrunc diff` compares whole states.) Empty when there is none.
// Requires: told with one Folding.
std::optional<size_t> PartingRow(const Story& left, const Story& right);

// The rules that alone make the left kernel part no later than at that row.
std::vector<const RuleInfo*> PartingRules(const Story& left, const Story& right,
                                          size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_PARTING_H_
