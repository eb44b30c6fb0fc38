// The facts of a row of a story: from its notes, from the operation before and
// after the row, and from the worlds around it.
#ifndef VMTRUNC_REPORT_EXPLAIN_ROW_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_ROW_FACTS_H_

#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// In the order in which they are printed. Empty only for a row that is blocked
// at nothing.
std::vector<Fact> FactsOf(const Story& story, size_t row);

// Whether summaries keep the row: it does more than continue. `facts`: of each
// row.
bool IsKeyRow(const Story& story, const std::vector<std::vector<Fact>>& facts,
              size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ROW_FACTS_H_
