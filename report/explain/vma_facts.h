// What the vmas of a story say and what becomes of them, as data.
#ifndef VMTRUNC_REPORT_EXPLAIN_VMA_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_VMA_FACTS_H_

#include <optional>
#include <utility>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// Of a vma of the world before or after the row.
VmaFact FactOf(const Story& story, size_t row, Slot slot, const Vma& vma);

CountFact CountOf(const Story& story, const Vma& vma);

// Passes that would resume in the vma of that slot, where the rule is that the
// pass has the restart point and it is in this struct: task and address.
RestartPoints RestartPointsIn(const Story& story, const World<LargeCaps>& world,
                              Slot slot);

// Its ptes, one a page.
std::vector<PteLook> LooksOf(const World<LargeCaps>& world, const Vma& vma);

// Whether a pte, if it is present, maps what is past i_size.
bool IsPastSize(const World<LargeCaps>& world, const Vma& vma, unsigned addr);

// Empty when the slot is free in that world, which is one of the row's two.
std::optional<VmaView> ViewOf(const Story& story, const World<LargeCaps>& world,
                              size_t row, Slot slot);

// Slots of the vmas that are in use before or after the row and that it
// changes: geometry, ptes, count, state, place.
std::vector<Slot> ChangedVmas(const Story& story, size_t row);

// Whose the struct was before, where the row takes a struct that was another's
// from the slab: the row at whose end it was in use for the last time, which
// may be the one before.
std::optional<size_t> LastUseOf(const Story& story, size_t row, Slot slot);

// Where the page came from that mremap has moved to `addr` in this row.
std::optional<unsigned> MovedFrom(const Story& story, size_t row,
                                  unsigned addr);

// Addresses that the pass leaves out, below where it resumes in the vma that
// it enters in this row.
struct Skips {
  Slot slot;
  unsigned first, last;
};
std::optional<Skips> SkippedBy(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_VMA_FACTS_H_
