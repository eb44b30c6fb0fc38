// Where a fault waits without mmap_sem and without its vma's lock: for a page's
// lock, and for a punch of tmpfs.
#ifndef VMTRUNC_CORE_MODEL_FAULT_WAIT_INL_H_
#define VMTRUNC_CORE_MODEL_FAULT_WAIT_INL_H_

#include "core/model/machine.h"

namespace vmtrunc {

// Whether a hole punch is at work on the page that a fault of tmpfs wants: it
// leaves a record of its range in the inode (8e205f779d14, 3.16).
template <class C, class P>
bool Machine<C, P>::HoleIsPunched(const Fault& fault) const {
  const unsigned number = w_.vmas[fault.vma].file;
  return IsShmem(number) && rules_.hole_holds_faults &&
         IsPunched(number, fault.index);
}

// shmem_fault() waits for the punch, without mmap_sem if it may, then the
// access faults again. The first form of the repair (July 2014) waited by
// taking i_mutex, with mmap_sem held.
template <class C, class P>
Flow Machine<C, P>::FaultHole(Fault& fault) {
  const unsigned number = w_.vmas[fault.vma].file;
  if (!rules_.hole_wait_is_lockless) {
    if (!TakeISem(number)) return Flow::kBlocked;
    fault.phase = FaultPhase::kHoleSem;
    return Flow::kSync;
  } else if (HoleIsPunched(fault)) {
    if (FaultMayDrop()) return FaultDrops(fault);
    Blocks(LockKind::kISem, number);
    return Flow::kBlocked;
  }
  fault.phase = FaultPhase::kReadPte;
  return Flow::kSync;
}

// lock_page_or_retry() (2.6.37: d065bd810b6d), maybe_unlock_mmap_for_io()
// (5.1): whether the fault may wait without mmap_sem. An access does so once
// (FAULT_FLAG_ALLOW_RETRY); populate each time, but not where mmap holds
// mmap_sem for write over it (FAULT_FLAG_ALLOW_RETRY of __mm_populate(), 3.9).
template <class C, class P>
bool Machine<C, P>::FaultMayDrop() const {
  const Op& op = w_.tasks[task_].op;
  if (!rules_.fault_wait_unlocks) return false;
  if (IsAccess(op)) return op.access.tried == 0;
  return rules_.populate_unlocks &&
         (op.verb != Verb::kRemap || op.remap.phase == RemapPhase::kMmap);
}

// The page stays referenced, and invalidate_lock held. After that the vma may
// be gone. Under mmap_sem the next try waits in place; one under a vma's lock
// has spent nothing, but if the page had to be read in (VM_FAULT_MAJOR).
template <class C, class P>
Flow Machine<C, P>::FaultDrops(Fault& fault) {
  Op& op = me().op;
  fault.dropped = static_cast<uint8_t>(w_.vmas[fault.vma].file + 1);
  if (HoldsVma(op)) {
    EndVmaRead(fault.vma);
    op.access.vma_locked = 0;
    op.access.tried = fault.major;
  } else {
    ReleaseMmapSem(me().mm);
    if (IsAccess(op)) op.access.tried = 1;
  }
  if (rules_.dropped_fault_forgets_vma) fault.vma = fault.vma_birth = 0;
  fault.phase = FaultPhase::kWait;
  return Flow::kSync;
}

// Of tmpfs for the punch, else for the page's lock. From 5.1 on the kernel
// takes that lock, and looks for another page if this one has gone, before it
// gives up: no more than the next try, or another task, may do.
template <class C, class P>
Flow Machine<C, P>::FaultWaits(Fault& fault) {
  const unsigned number = FileOf(w_, fault);
  if (IsShmem(number)) {
    if (IsPunched(number, fault.index)) {
      Blocks(LockKind::kISem, number);
      return Flow::kBlocked;
    }
  } else if (fault.page.kind() == PteKind::kPage &&
             PageIsLocked(number, fault.index)) {
    Blocks(LockKind::kPageLock, fault.index, number);
    return Flow::kBlocked;
  }
  if (!rules_.dropped_fault_forgets_vma) Use(fault.vma, fault.vma_birth);
  fault.page = Pte{};
  fault.outcome = FaultOutcome::kRetry;
  return Flow::kDone;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_FAULT_WAIT_INL_H_
