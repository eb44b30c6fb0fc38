// fork: dup_mmap() and copy_page_range() as in 2.6.11.
#ifndef VMTRUNC_CORE_MODEL_FORK_INL_H_
#define VMTRUNC_CORE_MODEL_FORK_INL_H_

#include "core/model/machine.h"
#include "core/model/prio_tree.h"
#include "core/model/vma_list.h"

namespace vmtrunc {
template <class C, class P>
Flow Machine<C, P>::StepFork(Op& op) {
  ForkOp& my = op.fork;
  using enum ForkPhase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (my.phase) {
      case kStart:
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        my.vma = w_.mms[mm].mmap;
        ForkLocks(my);
        if (my.phase == kVmaLock) return Flow::kSync;
        ForkVma(my);
        if (my.phase == kUndo || my.vma == kNone) continue;
        return Flow::kSync;
      case kLink:
        if (my.vma == kNone) {
          Task& child = w_.tasks[my.child_task];
          child = Task{};
          child.live = 1;
          child.mm = my.child_mm;
          child.order = w_.next_order++;
          changed_ = true;
          return EndMmapSem();
        }
        if (!TakeMapLock(w_.vmas[my.vma].file)) return Flow::kBlocked;
        ForkLinks(my);
        ReleaseMapLock(w_.vmas[my.vma].file);
        if (!rules_.fork_links_first) return ForkNextVma(op);
        LinkMm(my.new_vma);
        my.cursor = w_.vmas[my.vma].start;
        my.phase = kLockChild;
        return ForkCopies(my) ? Flow::kSync : ForkNextVma(op);
      case kLockChild:
        if (!TakePtl(my.child_mm)) return Flow::kBlocked;
        my.phase = kCopy;
        return Flow::kSync;
      case kCopy:
        return ForkCopiesSpan(op);
      case kVmaLock:
        if (!LockVma(my.vma)) return Flow::kBlocked;
        ForkVma(my);
        if (my.phase == kUndo) continue;
        return Flow::kSync;
      case kUndo:
        // ENOMEM: the parent's mmap_sem is released first, then the incomplete
        // mm.
        if (rules_.fork_unlocks_on_error) ReleaseMmapSem(mm);
        ExitBegin(my.child_mm, op.unmap);
        my.phase = kUndoUnmap;
        return Flow::kSync;
      case kUndoUnmap: {
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        if (flow != Flow::kDone) return flow;
        w_.mms[my.child_mm].users = 0;
        w_.mms[my.child_mm].live = 0;
        probe_.MmFreed(my.child_mm);
        return Flow::kDone;
      }
    }
  }
}

// The parent's vma is locked before it is copied (fb49c455323f, 6.5).
template <class C, class P>
void Machine<C, P>::ForkLocks(ForkOp& my) {
  if (my.vma == kNone) return;
  if (VmaHasReaders(my.vma)) {
    my.phase = ForkPhase::kVmaLock;
  } else {
    MarkLocked(my.vma);
  }
}

// Copies the next vma's struct, without i_mmap_lock.
template <class C, class P>
void Machine<C, P>::ForkVma(ForkOp& my) {
  my.phase = ForkPhase::kLink;
  if (my.vma == kNone) return;
  my.new_vma = AllocVma();
  if (my.new_vma == kNone) {
    my.new_vma = 0;
    my.phase = ForkPhase::kUndo;
    return;
  }
  Vma& child = w_.vmas[my.new_vma];
  const uint8_t birth = child.birth;
  child = w_.vmas[my.vma];
  child.birth = birth;
  if (child.anon != 0 && rules_.fork_clones_anon) {
    child.anon = 0;
    child.anon = NewAnon();
    child.cloned = 1;
  }
  child.mm = my.child_mm;
  child.locked = child.readers = 0;
  child.state = VmaState::kNew;
  child.in_index = InIndex::kNot;
  child.parent = child.left = child.right = 0;
  child.set_prev = child.set_next = child.mm_next = child.mm_prev = 0;
  probe_.VmaBorn(w_, my.new_vma);
  if (rules_.fork_links_first) return;
  LinkMm(my.new_vma);
  my.cursor = child.start;
  if (ForkCopies(my)) my.phase = ForkPhase::kLockChild;
}

// Whether the vma's ptes are copied, and not left to faults.
template <class C, class P>
bool Machine<C, P>::ForkCopies(const ForkOp& my) const {
  const Vma& parent = w_.vmas[my.vma];
  return !rules_.lazy_fork || parent.nonlinear != 0 || parent.anon != 0 ||
         IsPfn(parent.file);
}

template <class C, class P>
void Machine<C, P>::ForkLinks(const ForkOp& my) {
  const Vma& parent = w_.vmas[my.vma];
  Vma& child = w_.vmas[my.new_vma];
  if (rules_.fork_inherits) child.count = parent.count;
  if (parent.in_index == InIndex::kListed) {
    File& file = w_.files[parent.file];
    VmaList<C> list(w_, parent.nonlinear != 0 ? file.list : file.root);
    if (rules_.fork_after_parent) {
      list.InsertAfter(my.new_vma, my.vma);
    } else {
      list.InsertBefore(my.new_vma, my.vma);
    }
  } else {
    PrioTree<C, P>(w_, parent.file)
        .AddBeside(my.new_vma, my.vma, /*before=*/!rules_.fork_after_parent);
  }
  probe_.IndexInserted(w_, my.new_vma);
  probe_.Renewed(w_, my.new_vma, Renewal::kForked);
}

// Copies the ptes of one page table, under the child's and then the parent's
// page_table_lock. Private copies are shared until the next write.
template <class C, class P>
Flow Machine<C, P>::ForkCopiesSpan(Op& op) {
  ForkOp& my = op.fork;
  const unsigned mm = me().mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  const Vma& parent = w_.vmas[my.vma];
  const unsigned span_end =
      (unsigned{my.cursor} / kPtesPerTable + 1) * kPtesPerTable;
  const unsigned end = span_end < parent.end ? span_end : parent.end;
  for (unsigned addr = my.cursor; addr < end; ++addr) {
    Pte& from = w_.mms[mm].ptes[addr];
    if (from.none()) continue;
    if (parent.shared == 0) from = Pte::Make(from.kind(), from.index(), false);
    if (!HasTable(my.child_mm, addr)) AllocTable(my.child_mm, addr);
    SetPte(my.child_mm, parent.file, addr, from);
  }
  ReleasePtl(mm);
  ReleasePtl(my.child_mm);
  my.cursor = static_cast<uint16_t>(end);
  my.phase = ForkPhase::kLockChild;
  if (end < parent.end) return Flow::kSync;
  if (rules_.fork_links_first) return ForkNextVma(op);
  my.phase = ForkPhase::kLink;
  return Flow::kSync;
}

template <class C, class P>
Flow Machine<C, P>::ForkNextVma(Op& op) {
  ForkOp& my = op.fork;
  my.vma = w_.vmas[my.vma].mm_next;
  ForkLocks(my);
  if (my.phase == ForkPhase::kVmaLock) return Flow::kSync;
  ForkVma(my);
  return my.phase == ForkPhase::kUndo || my.vma == kNone ? StepFork(op)
                                                         : Flow::kSync;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_FORK_INL_H_
