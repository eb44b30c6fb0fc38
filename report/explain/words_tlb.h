// Translations, gathers and frames in words.
#ifndef VMTRUNC_REPORT_EXPLAIN_WORDS_TLB_H_
#define VMTRUNC_REPORT_EXPLAIN_WORDS_TLB_H_

#include <string>
#include <vector>

#include "report/explain/tlb_facts.h"
#include "report/explain/tlb_victim.h"

namespace vmtrunc::report {

// Requires: a fact of the TLB, of frames, or of memory of a device. "leaves
// page 0 of f in the TLB at 16 of a".
std::string TlbPhrase(const Story& story, const Fact& fact);

// A line for each mm with translations that outlive their ptes, each task that
// owes a flush, and each frame: "TLB of a: page 0 of f at 16".
std::vector<std::string> TlbInWords(const Story& story, const TlbView& view);

// "is free", "is page 2 of g now"; "" of what is its own.
std::string UseInWords(const Story& story, const FrameUse& use);

// Sentences with marked steps: what leads there, and why it is wrong.
std::vector<std::string> TlbSentences(const Story& story, const TlbStory& tale);
// The same as a clause.
std::string TlbClause(const Story& story, const TlbStory& tale);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WORDS_TLB_H_
