// The outcome of an operation in a row: what it waits for, how its faults
// ended, and whether it failed.
#ifndef VMTRUNC_REPORT_EXPLAIN_OUTCOME_H_
#define VMTRUNC_REPORT_EXPLAIN_OUTCOME_H_

#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// Requires: the row is blocked.
Fact WaitOf(const Story& story, size_t row);

// In the order of their steps.
std::vector<Fact> OutcomesOf(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_OUTCOME_H_
