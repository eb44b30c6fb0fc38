// How a page escaped a pass, in sentences.
#ifndef VMTRUNC_REPORT_EXPLAIN_ESCAPE_H_
#define VMTRUNC_REPORT_EXPLAIN_ESCAPE_H_

#include <string>
#include <vector>

#include "report/explain/victim.h"

namespace vmtrunc::report {

// What the pass was to do, what it noted when it dropped its lock, what
// others did then, and why it did not come to the page again. With marks, as
// SentenceOf() takes them.
std::vector<std::string> HowItEscaped(const Story& story, const Victim& victim,
                                      const Escape& escape);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ESCAPE_H_
