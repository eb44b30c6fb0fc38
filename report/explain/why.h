// A violation explained in one paragraph.
#ifndef VMTRUNC_REPORT_EXPLAIN_WHY_H_
#define VMTRUNC_REPORT_EXPLAIN_WHY_H_

#include <string>
#include <vector>

#include "report/explain/cause.h"
#include "report/explain/sentence.h"

namespace vmtrunc::report {

// Sentences from the run: the task of the pass, how it missed the page (the
// address, the drop), and the rule that would have prevented it. Requires: the
// story violates a property and has rows.
std::vector<Sentence> WhySentences(const Story& story, const Cause& cause);
std::string Why(const Story& story, const Cause& cause);

// The meaning of a violation of the property, for a headline: "A page stays
// mapped past the end of the file".
const char* Headline(Property property);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WHY_H_
