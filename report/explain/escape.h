// How a pass missed a page, in sentences.
#ifndef VMTRUNC_REPORT_EXPLAIN_ESCAPE_H_
#define VMTRUNC_REPORT_EXPLAIN_ESCAPE_H_

#include <string>
#include <vector>

#include "report/explain/victim.h"

namespace vmtrunc::report {

// The task of the pass, its note when it dropped its lock, what others did
// then, and why it did not reach the page again. With marks, for SentenceOf().
std::vector<std::string> HowItEscaped(const Story& story, const Victim& victim,
                                      const Escape& escape);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ESCAPE_H_
