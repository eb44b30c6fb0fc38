// Parts of a Story in words, for the text and for the page.
#ifndef VMTRUNC_REPORT_EXPLAIN_WORDS_H_
#define VMTRUNC_REPORT_EXPLAIN_WORDS_H_

#include <optional>
#include <string>
#include <vector>

#include "report/explain/lock_facts.h"
#include "report/explain/vma_facts.h"
#include "report/explain/words_fact.h"

namespace vmtrunc::report {

// "[100, 108) of b".
std::string VmaName(const Story& story, size_t row, const Vma& vma);

// The count of a vma in words: "scanned by pass 3", "restart at 106", "to be
// scanned" (0, or of no pass); "" if the kernel has no counts.
std::string CountInWords(const Story& story, const Vma& vma);

// "t would resume at 106"; "" if there is no such pass.
std::string PointsInWords(const Story& story, const RestartPoints& points);

// A vma's ptes, a character a page; past 48 pages a count and a character a
// run. Of a page past i_size that is present the character is another.
//   # page   . none   c private copy   f file pte   x removed page, still
//   mapped ! page past i_size   C private copy past i_size
std::string StripOf(const std::vector<PteLook>& ptes);
// The same, a character a page however long.
std::string SignsOf(const std::vector<PteLook>& ptes);

// The event of a row: "t drop 2", or "at the end: what is in flight runs on".
std::string EventInWords(const Story& story, unsigned event);

// A vma in one line: range, pages, StripOf(), count, and special properties; ""
// if its slot is free.
std::string MapInWords(const Story& story, const std::optional<VmaView>& view);

// "i_mmap_lock", "lock of pages 3..5".
std::string LockInWords(const Story& story, const LockMove& move);
// The lock operations of the row: "+i_mmap_lock", "+-page_table_lock" (both),
// "-i_sem".
std::vector<std::string> LocksInWords(const Story& story, size_t row);

// "holds (...)" or "violates PROPERTY at event 7: ...".
std::string VerdictInWords(const Story& story);

// A move of a way out (NoReturn): "t continues", "a begins "munmap 100 8"".
std::string MoveInWords(const Story& story, const Event& move);
// "t continues, then b continues".
std::string WayOutInWords(const Story& story, const std::vector<Event>& moves);

// "step 97", "steps 87..89".
std::string StepsInWords(unsigned first, unsigned last);
std::string StepsInWords(const StoryRow& row);

// "page 3 is mapped at 103 of b, and f has 2 pages": with the script's names.
std::string ViolationInWords(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WORDS_H_
