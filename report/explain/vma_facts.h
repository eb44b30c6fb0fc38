// The vmas of a story and their changes, as data.
#ifndef VMTRUNC_REPORT_EXPLAIN_VMA_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_VMA_FACTS_H_

#include <optional>
#include <utility>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// For a vma of the world before or after the row.
VmaFact FactOf(const Story& story, size_t row, Slot slot, const Vma& vma);

CountFact CountOf(const Story& story, const Vma& vma);

// Passes that would resume in the vma of that slot, if passes keep the restart
// point by the rules: task and address.
RestartPoints RestartPointsIn(const Story& story, const World<LargeCaps>& world,
                              Slot slot);

VmaLocks LocksOn(const World<LargeCaps>& world, Slot slot);

// The struct that a fault has found without a lock, and not locked yet:
// whatever is in it by now.
std::optional<Slot> FoundBy(const World<LargeCaps>& world, unsigned task);

// Its ptes, one a page.
std::vector<PteLook> LooksOf(const World<LargeCaps>& world, const Vma& vma);

// Whether a pte, if present, maps a page past i_size.
bool IsPastSize(const World<LargeCaps>& world, const Vma& vma, unsigned addr);

// Empty when the slot is free in that world, which is one of the row's two.
std::optional<VmaView> ViewOf(const Story& story, const World<LargeCaps>& world,
                              size_t row, Slot slot);

// Slots of the vmas in use before or after the row that it changes: geometry,
// ptes, count, state, place.
std::vector<Slot> ChangedVmas(const Story& story, size_t row);

// The previous vma in the struct, if the row allocates a struct that was used
// before: the row at whose end it was last in use, which may be the previous
// one.
std::optional<size_t> LastUseOf(const Story& story, size_t row, Slot slot);

// The old address of the page that mremap has moved to `addr` in this row.
std::optional<unsigned> MovedFrom(const Story& story, size_t row,
                                  unsigned addr);

// Addresses that the pass skips below its restart address in the vma that it
// enters in this row.
struct Skips {
  Slot slot;
  unsigned first, last;
};
std::optional<Skips> SkippedBy(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_VMA_FACTS_H_
