// Checker's part about the index, the lists and the ptes: index-agrees and
// vmas-well-formed. For the file that instantiates it.
#ifndef VMTRUNC_CORE_RUN_CHECKER_SHAPE_INL_H_
#define VMTRUNC_CORE_RUN_CHECKER_SHAPE_INL_H_

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/run/checker.h"
#include "core/model/prio_tree.h"

namespace vmtrunc {

// After each step, for the vmas that it touched: that each is where it was put,
// and that its parent refers to it.
template <class C>
void Checker<C>::CheckPlaces(const World<C>& w) {
  for (uint64_t left = moved_; left != 0; left &= left - 1) {
    const auto slot = static_cast<Slot>(std::countr_zero(left));
    const Vma& vma = w.vmas[slot];
    if (vma.in_index == InIndex::kNot) continue;
    const bool node = vma.in_index == InIndex::kNode;
    const bool member = vma.in_index == InIndex::kMember;
    const File& file = w.files[vma.file];
    const Slot above = node ? vma.parent : vma.set_prev;
    bool agrees =
        vma.nonlinear != 0 || (keys_[slot].pgoff == vma.pgoff &&
                               keys_[slot].last_pgoff == vma.last_pgoff());
    if (above == kNone) {
      const Slot head = vma.nonlinear != 0 ? file.list : file.root;
      agrees &= !member && head == slot;
    } else {
      const Vma& link = w.vmas[above];
      agrees &= node ? link.left == slot || link.right == slot
                     : link.set_next == slot;
    }
    if (!agrees) BreakIndex(vma);
  }
  moved_ = 0;
}

template <class C>
void Checker<C>::BreakIndex(const Vma& vma) {
  Break(Breach::kMisplaced, vma.start, vma.mm, vma.pgoff, vma.file);
}

// One node, its set and its children. `radix` is the path so far: the bits of
// pgoff that this place in the tree fixes.
template <class C>
void Checker<C>::CheckNode(const World<C>& w, unsigned file, Slot slot,
                           Slot parent, int depth, uint64_t radix,
                           uint64_t& seen) {
  const Vma& vma = w.vmas[slot];
  const int bits = w.files[file].index_bits;
  const auto wrong = [&] { BreakIndex(vma); };
  if ((seen >> slot & 1) != 0 || vma.state == VmaState::kFree) return wrong();
  seen |= uint64_t{1} << slot;
  const int fixed = std::min(depth, bits);
  if (vma.file != file || vma.parent != parent || vma.start >= vma.end ||
      keys_[slot].pgoff != vma.pgoff ||
      keys_[slot].last_pgoff != vma.last_pgoff() ||
      (uint64_t{vma.pgoff} >> (bits - fixed)) != radix)
    return wrong();
  if (parent != kNone) {
    const Vma& above = w.vmas[parent];
    if (above.last_pgoff() < vma.last_pgoff() ||
        (above.last_pgoff() == vma.last_pgoff() && above.pgoff >= vma.pgoff))
      return wrong();
  }
  for (Slot member = vma.set_next; member != kNone;
       member = w.vmas[member].set_next) {
    const Vma& other = w.vmas[member];
    if ((seen >> member & 1) != 0 || other.state == VmaState::kFree ||
        other.file != file || other.pgoff != vma.pgoff ||
        keys_[member].pgoff != other.pgoff ||
        other.last_pgoff() != vma.last_pgoff())
      return wrong();
    seen |= uint64_t{1} << member;
  }
  const bool deeper = depth < bits;
  if (vma.left != kNone)
    CheckNode(w, file, vma.left, slot, depth + 1, deeper ? radix << 1 : radix,
              seen);
  if (vma.right != kNone)
    CheckNode(w, file, vma.right, slot, depth + 1,
              deeper ? radix << 1 | 1 : radix, seen);
}

// The nonlinear list, or an interval tree in the order of its walk.
template <class C>
void Checker<C>::CheckList(const World<C>& w, unsigned file, Slot head,
                           bool nonlinear, uint64_t& seen) {
  Slot prev = kNone;
  for (Slot slot = head; slot != kNone; slot = w.vmas[slot].set_next) {
    const Vma& vma = w.vmas[slot];
    const bool again = (seen >> slot & 1) != 0;
    const bool keyed =
        nonlinear || (keys_[slot].pgoff == vma.pgoff &&
                      (prev == kNone || w.vmas[prev].pgoff <= vma.pgoff));
    if (again || !keyed || vma.state == VmaState::kFree || vma.file != file ||
        (vma.nonlinear != 0) != nonlinear || vma.set_prev != prev) {
      BreakIndex(vma);
      return;
    }
    seen |= uint64_t{1} << slot;
    prev = slot;
  }
}

template <class C>
void Checker<C>::CheckIndex(const World<C>& w, unsigned file) {
  uint64_t seen = 0;
  const Slot root = w.files[file].root;
  if (rules_.interval_tree) {
    CheckList(w, file, root, /*nonlinear=*/false, seen);
  } else if (root != kNone) {
    CheckNode(w, file, root, kNone, 0, 0, seen);
  }
  CheckList(w, file, w.files[file].list, /*nonlinear=*/true, seen);
  for (unsigned slot = 0; slot < slots_; ++slot) {
    const Vma& vma = w.vmas[slot];
    if (vma.state != VmaState::kLinked || vma.file != file) continue;
    // Found by faults already, and about to be put into the index.
    if (rules_.vma_locks && vma.in_index == InIndex::kNot &&
        w.mms[vma.mm].writer != kNone)
      continue;
    if ((seen >> slot & 1) == 0)
      Break(Breach::kNotIndexed, vma.start, vma.mm, file);
  }
}

template <class C>
void Checker<C>::CheckGeometry(const World<C>& w, unsigned mm) {
  unsigned end = 0;
  unsigned seen = 0;
  Slot prev = kNone;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& vma = w.vmas[slot];
    if (vma.state != VmaState::kLinked || vma.mm != mm || vma.mm_prev != prev ||
        vma.start >= vma.end || vma.start < end || ++seen > C::kVmas) {
      Break(Breach::kBadList, vma.start, mm);
      return;
    }
    end = vma.end;
    prev = slot;
    if (int{vma.start} - int{vma.pgoff} != origin_[slot])
      Break(Breach::kShifted, vma.start, mm, vma.pgoff);
  }
}

template <class C>
void Checker<C>::CheckEvent(const World<C>& w) {
  for (unsigned file = 0; file < C::kFiles; ++file) {
    if ((index_dirty_ >> file & 1) == 0) continue;
    if (w.files[file].i_mmap_lock != kNone) continue;
    index_dirty_ &= ~(1U << file);
    CheckIndex(w, file);
  }
  for (unsigned mm = 0; mm < C::kMms; ++mm) {
    if (((geometry_dirty_ | ptes_dirty_) >> mm & 1) == 0) continue;
    if (w.mms[mm].page_table_lock != kNone) continue;
    if ((geometry_dirty_ >> mm & 1) != 0) CheckGeometry(w, mm);
    if ((ptes_dirty_ >> mm & 1) != 0) CheckPtes(w, mm);
    geometry_dirty_ &= ~(1U << mm);
    ptes_dirty_ &= ~(1U << mm);
  }
}

template <class C>
void Checker<C>::CheckOwnPage(const Vma& vma, unsigned addr, Pte pte) {
  const unsigned index = vma.pgoff + addr - unsigned{vma.start};
  if (pte.kind() == PteKind::kForeign) {
    Break(Breach::kMapsForeign, index, addr, vma.mm);
  } else if (vma.nonlinear == 0 && pte.index() != index) {
    Break(Breach::kMapsAnother, index, addr, vma.mm, pte.index());
  }
}

// Every pte lies in an allocated table and inside a vma of its mm.
template <class C>
void Checker<C>::CheckPtes(const World<C>& w, unsigned mm) {
  const Mm<C>& it = w.mms[mm];
  unsigned inside = 0;
  for (const Vma& vma : Vmas(w)) {
    if (vma.mm != mm ||
        (vma.state != VmaState::kLinked && vma.state != VmaState::kDetached))
      continue;
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      // Another vma may have its place already.
      if (!rules_.unmap_before_expand && vma.state == VmaState::kDetached &&
          VmaAt(w, mm, addr) != nullptr)
        continue;
      inside += it.ptes[addr].none() ? 0U : 1U;
    }
  }
  unsigned present = 0;
  for (unsigned addr = 0; addr < C::kAddrs; addr += kPtesPerTable) {
    unsigned here = 0;
    for (unsigned i = 0; i < kPtesPerTable; ++i)
      here += it.ptes[addr + i].none() ? 0U : 1U;
    present += here;
    if (here != 0 && (it.tables >> addr / kPtesPerTable & 1) == 0)
      Break(Breach::kNoTable, addr, mm);
  }
  if (present != inside) Break(Breach::kStrayPtes, mm, present, inside);
}

template <class C>
void Checker<C>::CheckMapcounts(const World<C>& w) {
  uint16_t mapped[C::kFiles][C::kFilePages] = {};
  for (const Vma& vma : Vmas(w)) {
    // A struct that is not linked yet may be the copy that a split begins with:
    // the ptes in its range are the other's.
    if (vma.state == VmaState::kFree || vma.state == VmaState::kNew) continue;
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      const Pte pte = w.mms[vma.mm].ptes[addr];
      if (pte.kind() == PteKind::kPage) ++mapped[vma.file][pte.index()];
    }
  }
  for (unsigned file = 0; file < C::kFiles; ++file) {
    if (std::memcmp(mapped[file], w.mapcount[file], sizeof(mapped[file])) == 0)
      continue;
    unsigned index = 0;
    while (mapped[file][index] == w.mapcount[file][index]) ++index;
    Break(Breach::kMapcount, index, file, w.mapcount[file][index],
          mapped[file][index]);
  }
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_CHECKER_SHAPE_INL_H_
