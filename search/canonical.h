// The normal form of a state, by which exhaustive search recognises it.
#ifndef VMTRUNC_SEARCH_CANONICAL_H_
#define VMTRUNC_SEARCH_CANONICAL_H_

#include <cstdint>
#include <vector>

#include "core/model/names.h"
#include "core/model/rules.h"
#include "core/model/world.h"

namespace vmtrunc::search {

// Left out or renamed, because no future behaviour depends on it:
// 1  slots of the slab: vmas in use are ordered by mm, state and address, free
// ones by the order in which they will be allocated. Slot 0 stays: it must not
// be in use, as it stands for none
// 2  births: a remembered vma is the same vma, or it is not
// 3  counts: those of passes become 1, 2, ... in their order, also beside a
// page (core/model/mark.h); restart addresses stay. Not if a count is near the
// first leap
// 4  ptes at addresses without a vma, and operations of idle tasks
// `extra` is other state on which the future depends. `names` are those of
// tasks and mms in the normal form (search/symmetry.h); nullptr: their own.
enum class Keeps : uint8_t {
  kAll,        // everything, as it is: for the test that both agree
  kHistories,  // all but the above
  // Nor marks of passes that have ended: a pass counts itself before it
  // compares marks, so they say as much as none. Not for what depends on their
  // past, as restart-progress does.
  kFuture,
};

// The slots of the slab in the order that the normal form gives them: those in
// use, `used` of them, then the free ones as they will be allocated.
template <class C>
struct SlotOrder {
  SlotOrder(const World<C>& world, const Names<C>& names);

  Slot slot[C::kVmas];
  unsigned used, all;
};

template <class C>
void CanonicalBytes(const World<C>& world, const Rules& rules, uint64_t extra,
                    Keeps keeps, const Names<C>* names,
                    std::vector<uint8_t>& bytes);

// A hash of the same.
template <class C>
uint64_t Fingerprint(const World<C>& world, const Rules& rules, uint64_t extra,
                     Keeps keeps, const Names<C>* names = nullptr);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_CANONICAL_H_
