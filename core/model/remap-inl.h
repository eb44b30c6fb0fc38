// sys_remap_file_pages().
#ifndef VMTRUNC_CORE_MODEL_REMAP_INL_H_
#define VMTRUNC_CORE_MODEL_REMAP_INL_H_

#include "core/model/machine.h"

namespace vmtrunc {
// The shared vma that holds the whole range, or kNone. Where it is emulated,
// several that touch and are alike will do.
template <class C, class P>
Slot Machine<C, P>::RemapVma(const RemapOp& my) {
  const Slot slot = FindVma(me().mm, my.addr);
  if (slot == kNone) return kNone;
  const Vma& vma = w_.vmas[slot];
  if (vma.start > my.addr || vma.shared == 0 || IsHugetlb(vma.file))
    return kNone;
  const Vma* last = &vma;
  while (my.addr + my.len > last->end) {
    if (!rules_.remap_emulated || last->mm_next == kNone) return kNone;
    const Vma& next = w_.vmas[last->mm_next];
    if (next.start != last->end || next.file != vma.file ||
        next.shared != vma.shared || next.write != vma.write)
      return kNone;
    last = &next;
  }
  return slot;
}

// Whether the range already has the pages that a linear vma shows there.
template <class C, class P>
bool Machine<C, P>::RemapIsLinear(const RemapOp& my) const {
  const Vma& vma = w_.vmas[my.vma];
  return my.pgoff == vma.pgoff + my.addr - unsigned{vma.start};
}

template <class C, class P>
Flow Machine<C, P>::StepRemap(Op& op) {
  RemapOp& my = op.remap;
  using enum RemapPhase;
  const unsigned mm = me().mm;
  switch (my.phase) {
    case kStart: {
      if (!TakeMmapSemRead(mm)) return Flow::kBlocked;
      my.vma = RemapVma(my);
      if (my.vma == kNone) return EndMmapSem();
      my.vma_birth = w_.vmas[my.vma].birth;
      my.phase = kFilePtes;
      if (w_.vmas[my.vma].nonlinear != 0) return Flow::kSync;
      if (!RemapIsLinear(my)) {
        ReleaseMmapSem(mm);
        my.phase = kWriteLock;
      } else if (rules_.remap_file_ptes) {
        return EndMmapSem();  // 2.6.23: that is what it maps already
      }
      return Flow::kSync;
    }
    case kWriteLock:
      if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
      my.vma = RemapVma(my);
      if (my.vma == kNone) return EndMmapSem();
      my.vma_birth = w_.vmas[my.vma].birth;
      my.phase = kFilePtes;
      if (w_.vmas[my.vma].nonlinear != 0) return Flow::kSync;
      // The vma may be another than the one seen under mmap_sem for read.
      if (!RemapIsLinear(my)) {
        my.phase = kConvert;
      } else if (rules_.remap_file_ptes) {
        return EndMmapSem();
      }
      return Flow::kSync;
    case kConvert: {
      Vma& vma = w_.vmas[my.vma];
      if (!TakeMapLock(vma.file)) return Flow::kBlocked;
      IndexRemove(my.vma);
      vma.nonlinear = 1;
      IndexInsert(my.vma);
      probe_.Renewed(w_, my.vma, Renewal::kLinked);
      ReleaseMapLock(vma.file);
      changed_ = true;
      my.phase = kFilePtes;
      return Flow::kSync;
    }
    case kFilePtes:
      return RemapFilePtes(my);
    case kNextPage:
    case kPopulate:
      return RemapPopulates(op);
    case kEmulate:
      return RemapAsMmap(op);
    case kMmap:
      return StepMmap(op);
  }
  return Flow::kDone;
}

// do_mmap() of the vma's own file with MAP_POPULATE.
template <class C, class P>
Flow Machine<C, P>::RemapAsMmap(Op& op) {
  RemapOp& my = op.remap;
  const unsigned mm = me().mm;
  if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
  const Slot slot = RemapVma(my);
  if (slot == kNone) return EndMmapSem();
  const Vma& vma = w_.vmas[slot];
  op.mmap = {.phase = MmapPhase::kStart,
             .file = vma.file,
             .shared = 1,
             .write = vma.write,
             .populate = 1,
             .new_vma = 0,
             .addr = my.addr,
             .len = my.len,
             .pgoff = my.pgoff,
             .populated = 0};
  my.phase = RemapPhase::kMmap;
  MmapUnmaps(op);
  return StepMmap(op);
}

// populate_range() of 2.6.23: a file pte for each page; later faults map the
// pages.
template <class C, class P>
Flow Machine<C, P>::RemapFilePtes(RemapOp& my) {
  const unsigned mm = me().mm;
  const Vma& vma = w_.vmas[my.vma];
  my.phase = RemapPhase::kNextPage;
  if (!rules_.remap_file_ptes) {
    const bool fits = my.pgoff + my.len <= w_.files[vma.file].size;
    return fits ? Flow::kSync : EndMmapSem();
  }
  my.phase = RemapPhase::kFilePtes;
  if (!TakePtl(mm)) return Flow::kBlocked;
  const unsigned addr = my.addr + unsigned{my.cursor};
  const unsigned index = my.pgoff + unsigned{my.cursor};
  if (!HasTable(mm, addr)) AllocTable(mm, addr);
  ClearPte(mm, vma.file, addr);
  SetPte(mm, vma.file, addr, Pte::Make(PteKind::kFilePte, index, false));
  ReleasePtl(mm);
  if (++my.cursor < my.len) return Flow::kSync;
  my.cursor = 0;
  my.phase = RemapPhase::kNextPage;
  if (w_.mms[mm].writer == task_) DowngradeMmapSem(mm);
  return Flow::kSync;
}

// ->populate(), or make_pages_present(): page by page until one is refused.
template <class C, class P>
Flow Machine<C, P>::RemapPopulates(Op& op) {
  RemapOp& my = op.remap;
  if (my.phase == RemapPhase::kNextPage) {
    if (my.cursor == my.len) return EndMmapSem();
    const unsigned addr = my.addr + unsigned{my.cursor};
    if (rules_.remap_file_ptes) {
      FaultBegin(my.vma, addr, false, op.fault);
    } else {
      InstallBegin(my.vma, addr, my.pgoff + unsigned{my.cursor}, op.fault);
    }
    my.phase = RemapPhase::kPopulate;
    return Flow::kSync;
  }
  const Flow flow = StepFault(op.fault);
  if (flow != Flow::kDone) return flow;
  my.phase = RemapPhase::kNextPage;
  ++my.cursor;
  if (op.fault.outcome != FaultOutcome::kServed) return EndMmapSem();
  return Flow::kSync;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_REMAP_INL_H_
