// What a row of a story does, as facts: from its notes, from the operation as
// the row found and left it, and from the worlds around it.
#ifndef VMTRUNC_REPORT_EXPLAIN_ROW_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_ROW_FACTS_H_

#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// In the order in which they are printed. Never empty but of a row that is
// blocked at nothing.
std::vector<Fact> FactsOf(const Story& story, size_t row);

// The row tells the story by itself: what it does is more than to continue.
// `facts`: of each row.
bool IsKeyRow(const Story& story, const std::vector<std::vector<Fact>>& facts,
              size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ROW_FACTS_H_
