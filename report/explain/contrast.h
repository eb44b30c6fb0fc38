// One script on two kernels: what the second does differently, in words.
#ifndef VMTRUNC_REPORT_EXPLAIN_CONTRAST_H_
#define VMTRUNC_REPORT_EXPLAIN_CONTRAST_H_

#include <vector>

#include "report/explain/sentence.h"

namespace vmtrunc::report {

// What `story` does at the place where `broken`, a run of the same script on
// another kernel, goes wrong: a few sentences.
std::vector<Sentence> WhyNot(const Story& story, const Story& broken);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_CONTRAST_H_
