// mremap: do_mremap(), move_vma() and copy_vma() as in 2.6.11.
#ifndef VMTRUNC_CORE_MODEL_MREMAP_INL_H_
#define VMTRUNC_CORE_MODEL_MREMAP_INL_H_

#include <algorithm>

#include "core/model/machine.h"

namespace vmtrunc {
template <class C, class P>
Flow Machine<C, P>::StepMremap(Op& op) {
  MremapOp& my = op.mremap;
  using enum MremapPhase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (my.phase) {
      case kStart:
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        if (rules_.mremap_looks_first && VmaAt(w_, mm, my.addr) == nullptr)
          return EndMmapSem();
        if (rules_.mremap_checks_first && !MremapChecks(my))
          return EndMmapSem();
        my.phase = kBegin;
        continue;
      case kBegin:
        my.phase = kTrim;
        if (my.new_addr != my.addr &&
            UnmapBegin(mm, my.new_addr, my.new_addr + my.new_len, op.unmap))
          my.phase = kUnmapTarget;
        continue;
      case kTrim:
        MremapTrims(op);
        if (my.phase == kSourceLock) return Flow::kSync;
        continue;
      case kUnmapTarget:
      case kUnmapTail:
      case kUnmapSource: {
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        if (flow != Flow::kDone) return flow;
        if (op.unmap.failed != 0) return EndMmapSem();
        if (my.phase == kUnmapSource) {
          if (!MremapNext(my)) return EndMmapSem();
          return Flow::kSync;
        }
        my.phase = my.phase == kUnmapTarget ? kTrim : PlacePhase(my);
        if (my.phase == kSourceLock) return Flow::kSync;
        continue;
      }
      case kSourceLock: {
        if (!LockVma(FindVma(mm, my.addr))) return Flow::kBlocked;
        my.phase = kPlace;
        continue;
      }
      case kPlace:
        MremapPlaces(op);
        if (my.phase == kPlace) return EndMmapSem();
        return Flow::kSync;
      case kGrow:
      case kMerge: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        if (my.phase == kGrow) return EndMmapSem();
        MremapMerged(my);
        my.phase = kMoveLock;
        return Flow::kSync;
      }
      case kLink:
        if (!TakeMapLock(w_.vmas[my.new_vma].file)) return Flow::kBlocked;
        MremapLinks(my);
        my.phase = kMoveLock;
        return Flow::kSync;
      case kMoveFlush:
        MoveFlushes(my);
        my.phase = kUnmapSource;
        if (!MremapUnmapsSource(op)) return EndMmapSem();
        return Flow::kSync;
      case kMoveLock:
      case kMovePtl:
      case kMoveTable:
      case kMoveRelock:
      case kMoveRelockPtl:
      case kExtentTable:
      case kExtentLock:
      case kExtentPtl:
      case kTableLock:
      case kTablePtl: {
        const Flow flow = rules_.move_extents ? MoveExtent(my) : MovePage(my);
        if (my.phase != kUnmapSource || flow == Flow::kBlocked) return flow;
        if (!MremapUnmapsSource(op)) return EndMmapSem();
        continue;
      }
    }
  }
}

// Pages past the new length are unmapped before anything moves.
template <class C, class P>
void Machine<C, P>::MremapTrims(Op& op) {
  MremapOp& my = op.mremap;
  my.phase = PlacePhase(my);
  if (my.len <= my.new_len) return;
  if (UnmapBegin(me().mm, my.addr + my.new_len, my.addr + my.len, op.unmap))
    my.phase = MremapPhase::kUnmapTail;
  my.len = my.new_len;
}

// move_vma() locks the vma that it moves.
template <class C, class P>
MremapPhase Machine<C, P>::PlacePhase(const MremapOp& my) {
  if (!rules_.vma_locks || my.new_addr == my.addr) return MremapPhase::kPlace;
  const Slot slot = FindVma(me().mm, my.addr);
  if (slot == kNone) return MremapPhase::kPlace;
  if (VmaHasReaders(slot)) return MremapPhase::kSourceLock;
  MarkLocked(slot);
  return MremapPhase::kPlace;
}

// The source may have become part of the destination.
template <class C, class P>
void Machine<C, P>::MremapMerged(MremapOp& my) {
  const Vma& merged = w_.vmas[my.new_vma];
  if (my.addr >= merged.start && my.addr < merged.end) {
    my.vma = my.new_vma;
    my.vma_birth = my.new_vma_birth;
  }
}

// Requires: i_mmap_lock, which it releases.
template <class C, class P>
void Machine<C, P>::MremapLinks(MremapOp& my) {
  Vma& vma = w_.vmas[my.new_vma];
  vma.count = LinkMark(vma.file);
  if (!rules_.vma_locks) LinkMm(my.new_vma);
  IndexInsert(my.new_vma);
  probe_.Renewed(w_, my.new_vma, Renewal::kLinked);
  ReleaseMapLock(vma.file);
}

// On failure the pages are back, and the new range is unmapped instead. False
// if nothing is there to unmap.
template <class C, class P>
bool Machine<C, P>::MremapUnmapsSource(Op& op) {
  const MremapOp& my = op.mremap;
  const bool moved = my.failed == 0;
  const unsigned start = moved ? my.addr : my.new_addr;
  const unsigned len = moved ? my.len : my.new_len;
  return UnmapBegin(me().mm, start, start + len, op.unmap);
}

// check_prep_vma() of 6.17: a vma at the source, which holds all of it unless
// it only shrinks in place. A range of several is cut to its first vma.
template <class C, class P>
bool Machine<C, P>::MremapChecks(MremapOp& my) {
  const Slot slot = FindVma(me().mm, my.addr);
  if (slot == kNone || w_.vmas[slot].start > my.addr) return false;
  const bool moves = my.new_addr != my.addr;
  if (!moves && my.new_len <= my.len) return true;
  if (my.new_len > my.len && IsPfn(w_.vmas[slot].file)) return false;
  if (IsHugetlb(w_.vmas[slot].file)) return false;
  const unsigned held = w_.vmas[slot].end - unsigned{my.addr};
  if (std::min(my.len, my.new_len) <= held) {
    if (my.len > held && my.new_len > my.len) return false;
    return true;
  }
  if (!moves || my.new_len != my.len || !rules_.mremap_moves_many) return false;
  my.rest = static_cast<uint8_t>(my.len - held);
  my.len = my.new_len = static_cast<uint16_t>(held);
  return true;
}

// remap_move() of 6.17: to the next vma of the range. False when done.
template <class C, class P>
bool Machine<C, P>::MremapNext(MremapOp& my) {
  if (my.rest == 0 || my.failed != 0) return false;
  const unsigned addr = my.addr + unsigned{my.len};
  const unsigned end = addr + my.rest;
  const Slot slot = FindVma(me().mm, addr);
  if (slot == kNone || w_.vmas[slot].start >= end) return false;
  const Vma& vma = w_.vmas[slot];
  const unsigned start = std::max<unsigned>(addr, vma.start);
  const unsigned stop = std::min<unsigned>(end, vma.end);
  my.new_addr = static_cast<uint16_t>(my.new_addr + start - my.addr);
  my.addr = static_cast<uint16_t>(start);
  my.len = my.new_len = static_cast<uint16_t>(stop - start);
  my.rest = static_cast<uint8_t>(end - stop);
  my.phase = MremapPhase::kBegin;
  return true;
}

// From "Ok, we need to grow.. or relocate": leaves the phase unchanged if there
// is nothing to do or it cannot be done.
template <class C, class P>
void Machine<C, P>::MremapPlaces(Op& op) {
  MremapOp& my = op.mremap;
  using enum MremapPhase;
  const unsigned mm = me().mm;
  const Slot slot = FindVma(mm, my.addr);
  if (slot == kNone || w_.vmas[slot].start > my.addr) return;
  const Vma& vma = w_.vmas[slot];
  if (my.addr + my.len > vma.end) return;
  if (my.new_len > my.len && IsPfn(vma.file)) return;  // VM_DONTEXPAND
  if (IsHugetlb(vma.file)) return;                     // EINVAL until 5.16
  if (my.new_addr == my.addr) {
    if (my.new_len <= my.len || my.addr + my.len != vma.end) return;
    const unsigned limit =
        vma.mm_next == kNone ? unsigned{C::kAddrs} : w_.vmas[vma.mm_next].start;
    if (my.addr + my.new_len > limit) return;
    const unsigned end = my.addr + unsigned{my.new_len};
    const Vma like = vma;
    if (!rules_.growth_merges ||
        !MergeBegin(slot, mm, like.end, end, like, like.last_pgoff() + 1,
                    op.adjust, my.new_vma))
      GrowBegin(slot, end, op.adjust);
    my.phase = kGrow;
    return;
  }
  my.vma = slot;
  my.vma_birth = vma.birth;
  if (!MremapCopies(op)) return;
  // need_rmap_locks of 6.18: a new struct lies after the source in the walk,
  // one that it was merged into may not.
  my.locks = my.phase == kMerge && rules_.merged_move_locks &&
                     op.adjust.pgoff <= w_.vmas[slot].pgoff
                 ? 1
                 : 0;
  my.cursor = 0;
  my.moved = 0;  // pages moved so far
}

// copy_vma(): merge into a neighbour of the new place, or clone the vma there.
template <class C, class P>
bool Machine<C, P>::MremapCopies(Op& op) {
  MremapOp& my = op.mremap;
  using enum MremapPhase;
  const unsigned mm = me().mm;
  const Vma vma = w_.vmas[my.vma];
  const unsigned pgoff = vma.pgoff + my.addr - unsigned{vma.start};
  const unsigned end = my.new_addr + my.new_len;
  Slot prev;
  FindVmaPrev(mm, my.new_addr, prev);
  Slot merged = kNone;
  if (MergeBegin(prev, mm, my.new_addr, end, vma, pgoff, op.adjust, merged)) {
    Vma& joined = w_.vmas[merged];
    // As Linux 6.18 does on the machines where `vmtrunc live` was run.
    if (rules_.mremap_moves_many) TakeAnon(joined, vma);
    my.new_vma = merged;
    my.new_vma_birth = joined.birth;
    my.phase = kMerge;
    return true;
  }
  const Slot slot = AllocVma();
  if (slot == kNone) return false;
  Vma& copy = w_.vmas[slot];
  copy.start = my.new_addr;
  copy.end = static_cast<uint16_t>(end);
  copy.pgoff = static_cast<uint16_t>(pgoff);
  copy.mm = vma.mm;
  copy.file = vma.file;
  copy.shared = vma.shared;
  copy.write = vma.write;
  copy.anon = vma.anon;
  copy.cloned = vma.cloned;
  copy.nonlinear = vma.nonlinear;
  copy.accounted = vma.accounted;
  copy.count = vma.count;
  my.new_vma = slot;
  my.new_vma_birth = copy.birth;
  my.phase = kLink;
  probe_.VmaBorn(w_, slot);
  if (rules_.vma_locks) StoreVma(slot);
  return true;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_MREMAP_INL_H_
