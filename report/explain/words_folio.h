// Folios in words.
#ifndef VMTRUNC_REPORT_EXPLAIN_WORDS_FOLIO_H_
#define VMTRUNC_REPORT_EXPLAIN_WORDS_FOLIO_H_

#include <string>
#include <vector>

#include "report/explain/folio_facts.h"
#include "report/explain/folio_victim.h"

namespace vmtrunc::report {

// Requires: a fact of folios. "splits the folio of pages 0..3: pieces start at
// 0, 2".
std::string FolioPhrase(const Story& story, const Fact& fact);

// The page cache of a file in one line: "f: i_size 1; folio 0..3 (order 2):
// dirty, locked by b; a maps by the i_size that it read, 2".
std::string CacheInWords(const Story& story, unsigned file,
                         const CacheView& view);

// The same without the file: "; folio 0..3 (order 2): dirty".
std::string FoliosInWords(const Story& story, const CacheView& view);

// Sentences with marked steps: what leads there, and why it is wrong.
std::vector<std::string> FolioSentences(const Story& story,
                                        const FolioStory& tale);
// The same as a clause; "" if there is nothing to say but the facts.
std::string FolioClause(const Story& story, const FolioStory& tale);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WORDS_FOLIO_H_
