// read and write: do_page_fault(), and lock_vma_under_rcu() of 6.4 and later.
#ifndef VMTRUNC_CORE_MODEL_ACCESS_INL_H_
#define VMTRUNC_CORE_MODEL_ACCESS_INL_H_

#include "core/model/machine.h"
#include "core/model/where.h"

namespace vmtrunc {

template <class C, class P>
Flow Machine<C, P>::StepAccess(Op& op) {
  AccessOp& my = op.access;
  const unsigned mm = me().mm;
  const bool write = op.verb == Verb::kWrite;
  const bool begins =
      my.phase == AccessPhase::kLookUp || my.phase == AccessPhase::kStart;
  if (HasTlb() && begins && UsesTranslation(my.addr, write)) return Flow::kDone;
  switch (my.phase) {
    case AccessPhase::kLookUp:
      return AccessLooksUp(my);
    case AccessPhase::kVmaLock:
      return AccessLocksVma(my);
    case AccessPhase::kCheckVma:
      return AccessChecksVma(op);
    case AccessPhase::kWake:
      probe_.UsesMm(w_, task_, my.other_mm);
      my.other_mm = 0;
      my.phase = AccessPhase::kStart;
      return Flow::kSync;
    case AccessPhase::kStart: {
      if (!TakeMmapSemRead(mm)) return Flow::kBlocked;
      const Slot slot = FindVma(mm, my.addr);
      if (slot == kNone || w_.vmas[slot].start > my.addr ||
          (write && w_.vmas[slot].write == 0))
        return EndMmapSem();  // SIGSEGV
      FaultBegin(slot, my.addr, write, op.fault);
      my.phase = AccessPhase::kFault;
      return Flow::kSync;
    }
    case AccessPhase::kFault: {
      const Flow flow = StepFault(op.fault);
      return flow == Flow::kDone ? AccessEnds(op) : flow;
    }
  }
  return Flow::kDone;
}

// ---- lock_vma_under_rcu() of 6.4 and later

// A pointer, and nothing held. A vma that a writer of this mm has locked is
// left to mmap_sem.
template <class C, class P>
Flow Machine<C, P>::AccessLooksUp(AccessOp& my) {
  const unsigned mm = me().mm;
  const Slot slot = FindVma(mm, my.addr);
  const bool found = slot != kNone && w_.vmas[slot].start <= my.addr &&
                     w_.vmas[slot].locked == 0;
  my.vma = found ? slot : Slot{0};
  my.phase = found ? AccessPhase::kVmaLock : AccessPhase::kStart;
  return Flow::kSync;
}

// vma_start_read() counts the reader, whatever is in the struct by now: by the
// count it sees only whether that is in use.
template <class C, class P>
Flow Machine<C, P>::AccessLocksVma(AccessOp& my) {
  Vma& vma = w_.vmas[my.vma];
  const bool attached =
      vma.state == VmaState::kLinked ||
      (vma.state == VmaState::kDetached && !rules_.reader_checks_attached);
  if (!attached) {
    my.vma = 0;
    my.phase = AccessPhase::kLookUp;
    return Flow::kSync;
  }
  vma.readers = static_cast<uint8_t>(vma.readers | 1U << task_);
  my.phase = AccessPhase::kCheckVma;
  return Flow::kSync;
}

// Is it a vma of this mm, has no writer locked it before, does it still hold
// the address? If not, the fault is left to mmap_sem.
template <class C, class P>
Flow Machine<C, P>::AccessChecksVma(Op& op) {
  AccessOp& my = op.access;
  const Slot slot = my.vma;
  Vma& vma = w_.vmas[slot];
  my.vma = 0;
  const bool another = vma.mm != me().mm && rules_.reader_checks_mm;
  const bool locked = vma.locked != 0 && rules_.reader_checks_lock;
  const bool outside =
      (my.addr < vma.start || my.addr >= vma.end) && rules_.reader_checks_range;
  if (!another && !locked && !outside) {
    if (op.verb == Verb::kWrite && vma.write == 0) {
      EndVmaRead(slot);
      return Flow::kDone;  // SIGSEGV
    }
    my.vma_locked = 1;
    FaultBegin(slot, my.addr, op.verb == Verb::kWrite, op.fault);
    my.phase = AccessPhase::kFault;
    return Flow::kSync;
  }
  EndVmaRead(slot);
  my.phase = AccessPhase::kStart;
  if (another && !rules_.reader_keeps_mm && IsVmaWriter(vma.mm)) {
    my.other_mm = vma.mm;
    my.phase = AccessPhase::kWake;
  }
  return Flow::kSync;
}

// Whether a task that changes the mm waits for the lock of a vma of it.
template <class C, class P>
bool Machine<C, P>::IsVmaWriter(unsigned mm) const {
  for (unsigned task = 0; task < C::kTasks; ++task)
    if (w_.tasks[task].op.verb != Verb::kNone && w_.tasks[task].mm == mm &&
        PhaseOf(w_.tasks[task].op).waits.lock == LockKind::kVmaLock)
      return true;
  return false;
}

template <class C, class P>
Flow Machine<C, P>::AccessEnds(Op& op) {
  AccessOp& my = op.access;
  const bool retry = op.fault.outcome == FaultOutcome::kRetry;
  if (my.vma_locked == 0 && !retry) return EndMmapSem();
  bool foreign = false;
  if (my.vma_locked != 0) {
    EndVmaRead(op.fault.vma);
    my.vma_locked = 0;
    // What was mapped in another mm serves no access of this one.
    foreign = w_.vmas[op.fault.vma].mm != me().mm;
    if (!retry && !foreign) return Flow::kDone;
  }
  op.fault = Fault{};
  my.phase = foreign ? AccessPhase::kLookUp : AccessPhase::kStart;
  return Flow::kSync;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_ACCESS_INL_H_
