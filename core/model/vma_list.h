// Doubly linked lists of vmas through set_prev and set_next: the nonlinear list
// (i_mmap_nonlinear), and the interval tree of 6.18 as what a walk of it is, a
// list sorted by pgoff. Callers hold i_mmap_lock.
#ifndef VMTRUNC_CORE_MODEL_VMA_LIST_H_
#define VMTRUNC_CORE_MODEL_VMA_LIST_H_

#include "core/check.h"
#include "core/model/world.h"

namespace vmtrunc {

// A view of the list that starts at `head`, for the duration of a call.
template <class C>
class VmaList {
 public:
  VmaList(World<C>& world, Slot& head) : vmas_(world.vmas), head_(head) {}

  // Requires: `slot` is in no index.
  void Append(Slot slot) { Link(slot, Last()); }
  // After the last vma whose pgoff is not larger.
  void InsertSorted(Slot slot);
  void InsertAfter(Slot slot, Slot prev) { Link(slot, prev); }
  void InsertBefore(Slot slot, Slot next) { Link(slot, vmas_[next].set_prev); }
  void Remove(Slot slot);

 private:
  Slot Last() const;
  void Link(Slot slot, Slot prev);

  Vma* vmas_;
  Slot& head_;
};

template <class C>
Slot VmaList<C>::Last() const {
  Slot last = head_;
  while (last != kNone && vmas_[last].set_next != kNone)
    last = vmas_[last].set_next;
  return last;
}

template <class C>
void VmaList<C>::Link(Slot slot, Slot prev) {
  Vma& vma = vmas_[slot];
  VMT_CHECK(vma.in_index == InIndex::kNot);
  vma.in_index = InIndex::kListed;
  vma.set_prev = prev;
  vma.set_next = prev == kNone ? head_ : vmas_[prev].set_next;
  (prev == kNone ? head_ : vmas_[prev].set_next) = slot;
  if (vma.set_next != kNone) vmas_[vma.set_next].set_prev = slot;
}

template <class C>
void VmaList<C>::InsertSorted(Slot slot) {
  Slot prev = kNone;
  for (Slot at = head_; at != kNone && vmas_[at].pgoff <= vmas_[slot].pgoff;
       at = vmas_[at].set_next)
    prev = at;
  Link(slot, prev);
}

template <class C>
void VmaList<C>::Remove(Slot slot) {
  Vma& vma = vmas_[slot];
  if (vma.in_index == InIndex::kNot) return;
  (vma.set_prev == kNone ? head_ : vmas_[vma.set_prev].set_next) = vma.set_next;
  if (vma.set_next != kNone) vmas_[vma.set_next].set_prev = vma.set_prev;
  vma.in_index = InIndex::kNot;
  vma.set_prev = vma.set_next = 0;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_VMA_LIST_H_
