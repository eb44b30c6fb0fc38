// collapse: what khugepaged and MADV_COLLAPSE do to page tables when they put a
// huge folio where small ones were (collapse_file(), retract_page_tables()).
//
// The pages keep their place in the cache, as small folios: what is in the huge
// one is what was in them. It is not mapped huge either.
#ifndef VMTRUNC_CORE_MODEL_COLLAPSE_INL_H_
#define VMTRUNC_CORE_MODEL_COLLAPSE_INL_H_

#include <algorithm>
#include <bit>

#include "core/model/machine.h"

namespace vmtrunc {

template <class C, class P>
Flow Machine<C, P>::StepCollapse(Op& op) {
  using enum CollapsePhase;
  CollapseOp& my = op.collapse;
  const unsigned file = my.removal.file;
  switch (my.phase) {
    case kStart:
      return CollapseBegins(op) ? Flow::kSync : Flow::kDone;
    case kPass: {
      const Flow flow = StepPass(op.pass);
      if (flow != Flow::kDone) return flow;
      // A munmap was there first, and has yet to free what it has zapped.
      if (HasTlb() && IsGathered(file, CollapsedPages(my))) {
        my.held = 0;
        return Flow::kDone;
      }
      my.phase = rules_.retract_takes_map_lock ? kMapLock : kNextVma;
      return Flow::kSync;
    }
    case kMapLock:
      if (!(rules_.retract_shares ? TakePassLock(file) : TakeMapLock(file)))
        return Flow::kBlocked;
      my.phase = kNextVma;
      return Flow::kSync;
    case kNextVma:
      return CollapseNextVma(my);
    case kTablePtl:
      return RetractTable(my);
  }
  return Flow::kDone;
}

template <class C, class P>
uint64_t Machine<C, P>::CollapsedPages(const CollapseOp& my) const {
  return w_.files[my.removal.file].cached &
         PageBits(my.removal.first,
                  std::min<unsigned>(my.removal.last, C::kFilePages - 1));
}

// Locks the pages, none of which may be locked or referenced by anybody else,
// and unmaps them. False if that cannot be, or there are none.
template <class C, class P>
bool Machine<C, P>::CollapseBegins(Op& op) {
  CollapseOp& my = op.collapse;
  const unsigned number = my.removal.file;
  const uint64_t pages = CollapsedPages(my);
  if (pages == 0) return false;
  for (uint64_t left = pages; left != 0; left &= left - 1) {
    const auto page = static_cast<unsigned>(std::countr_zero(left));
    if (PageIsLocked(number, page) || IsReferenced(number, page)) return false;
  }
  probe_.Acquires(w_, task_, LockKind::kPageLock, number);
  my.held = 1;
  changed_ = true;
  PassBegin(number, my.removal.first, my.removal.last, /*even_cows=*/false,
            /*final=*/false, op.pass);
  my.phase = CollapsePhase::kPass;
  return true;
}

// The next vma that maps all of the pages by a page table of their own, or the
// end.
template <class C, class P>
Flow Machine<C, P>::CollapseNextVma(CollapseOp& my) {
  for (unsigned slot = my.cursor; slot < C::kVmas; ++slot) {
    const Vma& vma = w_.vmas[slot];
    unsigned addr = 0;
    if (!Retracts(my, vma, addr) || !HasTable(vma.mm, addr)) continue;
    my.cursor = static_cast<Slot>(slot + 1);
    my.phase = CollapsePhase::kTablePtl;
    return Flow::kSync;
  }
  if (rules_.retract_takes_map_lock) ReleasePassLock(my.removal.file);
  my.held = 0;
  return Flow::kDone;
}

// Whether the vma maps all of the pages by one table, at `addr`, and has no
// private copies.
template <class C, class P>
bool Machine<C, P>::Retracts(const CollapseOp& my, const Vma& vma,
                             unsigned& addr) const {
  if (vma.state == VmaState::kFree || vma.in_index == InIndex::kNot ||
      vma.file != my.removal.file || vma.anon != 0 || vma.nonlinear != 0 ||
      vma.pgoff > my.removal.first || vma.last_pgoff() < my.removal.last)
    return false;
  addr = vma.start + my.removal.first - unsigned{vma.pgoff};
  return addr % kPtesPerTable == 0;
}

// The table goes, if nothing is in it. Until 6.6 under mmap_sem, which is not
// waited for.
template <class C, class P>
Flow Machine<C, P>::RetractTable(CollapseOp& my) {
  const Vma& vma = w_.vmas[my.cursor - 1U];
  const unsigned mm = vma.mm;
  my.phase = CollapsePhase::kNextVma;
  unsigned addr = 0;
  if (!Retracts(my, vma, addr) || !HasTable(mm, addr)) return Flow::kSync;
  if (!rules_.retract_shares &&
      (w_.mms[mm].writer != kNone || w_.mms[mm].readers != 0))
    return Flow::kSync;
  if (w_.mms[mm].page_table_lock != kNone) {
    my.phase = CollapsePhase::kTablePtl;
    Blocks(LockKind::kPageTableLock, mm);
    return Flow::kBlocked;
  }
  for (unsigned i = 0; i < kPtesPerTable; ++i)
    if (!w_.mms[mm].ptes[addr + i].none()) return Flow::kSync;
  DropTable(mm, addr);
  changed_ = true;
  return Flow::kSync;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_COLLAPSE_INL_H_
