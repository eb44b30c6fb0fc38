// fork: dup_mmap() and copy_page_range() as in 2.6.11. Included by
// core/machine-inl.h alone.

namespace vmtrunc {
namespace fork_phase {
enum : uint8_t { kStart, kLink, kLockChild, kCopy, kUndo };
}  // namespace fork_phase

template <class C, class P>
Flow Machine<C, P>::StepFork(Op& op) {
  using namespace fork_phase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (op.phase) {
      case kStart:
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        op.vma = w_.mms[mm].mmap;
        ForkVma(op);
        if (op.phase == kUndo || op.vma == kNone) continue;
        return Flow::kSync;
      case kLink:
        if (op.vma == kNone) {
          Task& child = w_.tasks[op.child_task];
          child = Task{};
          child.live = 1;
          child.mm = op.child_mm;
          child.order = w_.next_order++;
          changed_ = true;
          return EndMmapSem(op);
        }
        if (!TakeMapLock(w_.vmas[op.vma].file)) return Flow::kBlocked;
        ForkLinks(op);
        ReleaseMapLock(w_.vmas[op.vma].file);
        LinkMm(op.new_vma);
        op.cursor = w_.vmas[op.vma].start;
        op.phase = kLockChild;
        if (rules_.lazy_fork && w_.vmas[op.vma].nonlinear == 0 &&
            w_.vmas[op.vma].anon == 0)
          return ForkNextVma(op);
        return Flow::kSync;
      case kLockChild:
        if (!TakePtl(op.child_mm)) return Flow::kBlocked;
        op.phase = kCopy;
        return Flow::kSync;
      case kCopy:
        return ForkCopiesSpan(op);
      default: {
        // ENOMEM: the parent's mmap_sem goes first, then the half-made mm.
        if (op.backwards == 0) {
          if (rules_.fork_unlocks_on_error) ReleaseMmapSem(mm);
          ExitBegin(op.child_mm, op.unmap);
          op.backwards = 1;
          return Flow::kSync;
        }
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        if (flow != Flow::kDone) return flow;
        w_.mms[op.child_mm].users = 0;
        w_.mms[op.child_mm].live = 0;
        probe_.MmFreed(op.child_mm);
        return Flow::kDone;
      }
    }
  }
}

// Copies the next vma's struct, without i_mmap_lock.
template <class C, class P>
void Machine<C, P>::ForkVma(Op& op) {
  op.phase = fork_phase::kLink;
  if (op.vma == kNone) return;
  op.new_vma = AllocVma();
  if (op.new_vma == kNone) {
    op.new_vma = 0;
    op.phase = fork_phase::kUndo;
    return;
  }
  Vma& child = w_.vmas[op.new_vma];
  const uint8_t birth = child.birth;
  child = w_.vmas[op.vma];
  child.birth = birth;
  if (child.anon != 0 && rules_.fork_clones_anon) {
    child.anon = 0;
    child.anon = NewAnon();
    child.cloned = 1;
  }
  child.mm = op.child_mm;
  child.state = VmaState::kNew;
  child.in_index = InIndex::kNot;
  child.parent = child.left = child.right = 0;
  child.set_prev = child.set_next = child.mm_next = child.mm_prev = 0;
  probe_.VmaBorn(w_, op.new_vma);
}

template <class C, class P>
void Machine<C, P>::ForkLinks(Op& op) {
  const Vma& parent = w_.vmas[op.vma];
  Vma& child = w_.vmas[op.new_vma];
  if (rules_.fork_inherits) child.count = parent.count;
  if (parent.in_index == InIndex::kListed) {
    File& file = w_.files[parent.file];
    VmaList<C> list(w_, parent.nonlinear != 0 ? file.list : file.root);
    if (rules_.fork_after_parent) {
      list.InsertAfter(op.new_vma, op.vma);
    } else {
      list.InsertBefore(op.new_vma, op.vma);
    }
  } else {
    PrioTree<C, P>(w_, parent.file)
        .AddBeside(op.new_vma, op.vma, /*before=*/!rules_.fork_after_parent);
  }
  probe_.IndexInserted(w_, op.new_vma);
  probe_.Renewed(w_, op.new_vma, Renewal::kForked);
}

// Copies the ptes of one page table, under the child's and then the parent's
// page_table_lock. Private copies are shared until the next write.
template <class C, class P>
Flow Machine<C, P>::ForkCopiesSpan(Op& op) {
  const unsigned mm = me().mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  const Vma& parent = w_.vmas[op.vma];
  const unsigned span_end =
      (unsigned{op.cursor} / kPtesPerTable + 1) * kPtesPerTable;
  const unsigned end = span_end < parent.end ? span_end : parent.end;
  for (unsigned addr = op.cursor; addr < end; ++addr) {
    Pte& from = w_.mms[mm].ptes[addr];
    if (from.none()) continue;
    if (parent.shared == 0) from = Pte::Make(from.kind(), from.index(), false);
    if (!HasTable(op.child_mm, addr)) AllocTable(op.child_mm, addr);
    SetPte(op.child_mm, parent.file, addr, from);
  }
  ReleasePtl(mm);
  ReleasePtl(op.child_mm);
  op.cursor = static_cast<uint16_t>(end);
  op.phase = fork_phase::kLockChild;
  return end < parent.end ? Flow::kSync : ForkNextVma(op);
}

template <class C, class P>
Flow Machine<C, P>::ForkNextVma(Op& op) {
  op.vma = w_.vmas[op.vma].mm_next;
  ForkVma(op);
  return op.phase == fork_phase::kUndo || op.vma == kNone ? StepFork(op)
                                                          : Flow::kSync;
}

}  // namespace vmtrunc
