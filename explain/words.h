// Parts of a Story in words, for the text and for the page.
#ifndef VMTRUNC_EXPLAIN_WORDS_H_
#define VMTRUNC_EXPLAIN_WORDS_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "explain/story.h"

namespace vmtrunc {

// Numbers that go up, as "102..105, 107".
std::string RangesOf(const std::vector<unsigned>& numbers);

// "[100, 108) of b".
std::string VmaName(const Story& story, size_t row, const Vma& vma);

// "i_mmap_lock", "page_table_lock of b": of the mm where it is not that of the
// row's own task, of the file where there are two.
std::string LockName(const Story& story, size_t row, const HeldLock& lock);

// What a vma's count says: "scanned by pass 3", "restart at 106", "to be
// scanned" (0, or behind no pass); "" where the kernel has no counts.
std::string CountInWords(const Story& story, const Vma& vma);

// A pass's restart point, where the rule is that the pass has it and it is in
// this vma's struct: "t would go on at 106"; else "".
std::string RestartPointIn(const Story& story, const World<LargeCaps>& world,
                           Slot slot);

// A vma's ptes, a character a page; past 48 pages a count and a character a
// run. Of a page past i_size that is present the character is another.
//   # page   . none   c private copy   f file pte   x removed page, still
//   mapped ! page past i_size   C private copy past i_size
std::string StripOf(const World<LargeCaps>& world, const Vma& vma);
// The same, a character a page however long.
std::string SignsOf(const World<LargeCaps>& world, const Vma& vma);

// Whether a pte, if it is present, maps what is past i_size.
bool IsPastSize(const World<LargeCaps>& world, const Vma& vma, unsigned addr);

// What the row does, a clause each: "zaps 102..103 of a".
std::vector<std::string> Deeds(const Story& story, size_t row);

// Whether the clause has one of the words in it.
bool Mentions(const std::string& deed,
              std::initializer_list<const char*> words);

// Slots of the vmas that are in use before or behind the row and that it
// changes: geometry, ptes, count, state, place.
std::vector<Slot> ChangedVmas(const Story& story, size_t row);

// Whose the struct was before, where the row takes a struct that was another's
// from the slab: the row at whose end it was in use for the last time, which
// may be the one before.
std::optional<size_t> LastUseOf(const Story& story, size_t row, Slot slot);

// Where the page came from that mremap has moved to `addr` in this row.
std::optional<unsigned> MovedFrom(const Story& story, size_t row,
                                  unsigned addr);

// Addresses that the pass leaves out, below where it goes on in the vma that
// it enters in this row.
struct Skips {
  Slot slot;
  unsigned first, last;
};
std::optional<Skips> SkippedBy(const Story& story, size_t row);

// The event of a row: "t drop 2", or "at the end: what is in flight runs on".
std::string EventInWords(const Story& story, unsigned event);

// A vma in one line: where, which pages, StripOf(), count, and what is unusual
// of it; "" when its slot is free.
std::string MapInWords(const Story& story, const World<LargeCaps>& world,
                       size_t row, Slot slot);

// What the row takes and lets go: "+i_mmap_lock", "+-page_table_lock" (both),
// "-i_sem".
std::vector<std::string> LocksInWords(const Story& story, size_t row);

// "holds (...)" or "breaks PROPERTY at event 7: ...".
std::string VerdictInWords(const Story& story);

// "page 3", "pages 2..5", "page 2 and all after it": of a file, inclusive.
std::string PagesInWords(unsigned first, unsigned last);

// "step 97", "steps 87..89".
std::string StepsInWords(const StoryRow& row);

// The model's numbers of mms, files and tasks ("mm 1") as people know them.
std::string InNames(const Story& story, size_t row, const std::string& text);

// "page 3 is mapped at 103 of b, and f has 2 pages": with the script's names.
std::string ViolationInWords(const Story& story);

}  // namespace vmtrunc

#endif  // VMTRUNC_EXPLAIN_WORDS_H_
