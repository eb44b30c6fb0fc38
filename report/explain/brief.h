// A violation in four sentences, and in one.
#ifndef VMTRUNC_REPORT_EXPLAIN_BRIEF_H_
#define VMTRUNC_REPORT_EXPLAIN_BRIEF_H_

#include <string>
#include <vector>

#include "report/explain/bug_shown.h"
#include "report/explain/cause.h"
#include "report/explain/sentence.h"

namespace vmtrunc::report {

// At most four: what the pass does and remembers, what others do meanwhile, why
// the pass misses the page, and the result, with the rule that prevents it.
// `bug`: BugShownBy() its script, or nullptr. Requires: the story violates a
// property and has rows.
std::vector<Sentence> BriefSentences(const Story& story, const Cause& cause,
                                     const ShownBug* bug);

// "Page 3 stays mapped at 103 of b, past the end of f (2 pages): ...".
Sentence InOneSentence(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_BRIEF_H_
