// Facts in words: the only place that makes sentences of a row's facts.
#ifndef VMTRUNC_REPORT_EXPLAIN_WORDS_FACT_H_
#define VMTRUNC_REPORT_EXPLAIN_WORDS_FACT_H_

#include <string>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// Ascending numbers, as "102..105, 107".
std::string RangesOf(const std::vector<unsigned>& numbers);

// "[100, 108) of b".
std::string InWords(const Story& story, const VmaFact& vma);

// "scanned by pass 3", "restart at 106", "to be scanned"; "" of kNone.
std::string InWords(const CountFact& count);

// "i_mmap_lock", "page_table_lock of b": with the mm if it is not that of the
// row's own task, with the file if there are two.
std::string InWords(const Story& story, const LockFact& lock);

// "page 3", "pages 2..5", "page 2 and all after it": of a file, inclusive.
std::string PagesInWords(unsigned first, unsigned last);

// A clause that begins with a verb: "zaps 102..103 of a".
std::string InWords(const Story& story, const Fact& fact);

// The facts of the row, a clause each.
std::vector<std::string> Deeds(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WORDS_FACT_H_
