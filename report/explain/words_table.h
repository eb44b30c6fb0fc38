// Page tables in words.
#ifndef VMTRUNC_REPORT_EXPLAIN_WORDS_TABLE_H_
#define VMTRUNC_REPORT_EXPLAIN_WORDS_TABLE_H_

#include <string>
#include <vector>

#include "report/explain/table_facts.h"
#include "report/explain/table_victim.h"

namespace vmtrunc::report {

// Requires: a fact of a page table. "moves page table 1 from 16..31 to 48..63
// of a as a whole".
std::string TablePhrase(const Story& story, const Fact& fact);

// A line for each directory, and for each task that relies on an entry which
// others change: "page tables of a: 1 at 48..63, none at 16..31 (1 was there)".
std::vector<std::string> TablesInWords(const Story& story,
                                       const TablesView& view);

// Sentences with marked steps: who frees a table that another uses.
std::vector<std::string> TableSentences(const Story& story,
                                        const TableStory& tale);
// The same as a clause.
std::string TableClause(const Story& story, const TableStory& tale);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WORDS_TABLE_H_
