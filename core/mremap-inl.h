// mremap: do_mremap(), move_vma(), copy_vma() and move_one_page() as in
// 2.6.11. Included by core/machine-inl.h alone.

namespace vmtrunc {
namespace mremap_phase {
enum : uint8_t {
  kStart,
  kUnmapTarget,
  kTrim,
  kUnmapTail,
  kPlace,
  kGrow,
  kMerge,
  kLink,
  kMoveLock,
  kMovePtl,
  kMoveTable,
  kMoveRelock,
  kMoveRelockPtl,
  kUnmapSource,
};
}  // namespace mremap_phase

template <class C, class P>
Flow Machine<C, P>::StepMremap(Op& op) {
  using namespace mremap_phase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (op.phase) {
      case kStart:
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        op.phase = kTrim;
        if (op.new_addr != op.addr &&
            UnmapBegin(mm, op.new_addr, op.new_addr + op.new_len, op.unmap))
          op.phase = kUnmapTarget;
        continue;
      case kTrim:
        op.phase = kPlace;
        if (op.len <= op.new_len) continue;
        if (UnmapBegin(mm, op.addr + op.new_len, op.addr + op.len, op.unmap))
          op.phase = kUnmapTail;
        op.len = op.new_len;
        continue;
      case kUnmapTarget:
      case kUnmapTail:
      case kUnmapSource: {
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        if (flow != Flow::kDone) return flow;
        if (op.unmap.failed != 0 || op.phase == kUnmapSource)
          return EndMmapSem(op);
        op.phase = op.phase == kUnmapTarget ? kTrim : kPlace;
        continue;
      }
      case kPlace:
        MremapPlaces(op);
        if (op.phase == kPlace) return EndMmapSem(op);
        return Flow::kSync;
      case kGrow:
      case kMerge: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        if (op.phase == kGrow) return EndMmapSem(op);
        // The source may have become part of the destination.
        Vma& merged = w_.vmas[op.new_vma];
        if (op.addr >= merged.start && op.addr < merged.end) {
          op.vma = op.new_vma;
          op.vma_birth = op.new_vma_birth;
        }
        op.phase = kMoveLock;
        return Flow::kSync;
      }
      case kLink: {
        Vma& vma = w_.vmas[op.new_vma];
        if (!TakeMapLock(vma.file)) return Flow::kBlocked;
        vma.count = rules_.link_stamps ? w_.files[vma.file].truncate_count : 0;
        LinkMm(op.new_vma);
        IndexInsert(op.new_vma);
        probe_.Renewed(w_, op.new_vma, Renewal::kLinked);
        ReleaseMapLock(vma.file);
        op.phase = kMoveLock;
        return Flow::kSync;
      }
      default: {
        const Flow flow = MovePage(op, op.phase >= kMoveTable);
        if (op.phase != kUnmapSource || flow == Flow::kBlocked) return flow;
        // On failure the pages are back, and the new range goes instead.
        const bool moved = op.failed == 0;
        const unsigned start = moved ? op.addr : op.new_addr;
        const unsigned len = moved ? op.len : op.new_len;
        if (!UnmapBegin(mm, start, start + len, op.unmap))
          return EndMmapSem(op);
        continue;
      }
    }
  }
}

// From "Ok, we need to grow.. or relocate" on: leaves the phase alone when
// there is nothing to do or it cannot be done.
template <class C, class P>
void Machine<C, P>::MremapPlaces(Op& op) {
  using namespace mremap_phase;
  const unsigned mm = me().mm;
  const Slot slot = FindVma(mm, op.addr);
  if (slot == kNone || w_.vmas[slot].start > op.addr) return;
  const Vma& vma = w_.vmas[slot];
  if (op.addr + op.len > vma.end) return;
  if (op.new_addr == op.addr) {
    if (op.new_len <= op.len || op.addr + op.len != vma.end) return;
    const unsigned limit =
        vma.mm_next == kNone ? unsigned{C::kAddrs} : w_.vmas[vma.mm_next].start;
    if (op.addr + op.new_len > limit) return;
    GrowBegin(slot, op.addr + op.new_len, op.adjust);
    op.phase = kGrow;
    return;
  }
  op.vma = slot;
  op.vma_birth = vma.birth;
  if (!MremapCopies(op)) return;
  op.cursor = 0;
  op.pgoff = 0;  // pages moved so far
}

// copy_vma(): merge into a neighbour of the new place, or clone the vma there.
template <class C, class P>
bool Machine<C, P>::MremapCopies(Op& op) {
  using namespace mremap_phase;
  const unsigned mm = me().mm;
  const Vma vma = w_.vmas[op.vma];
  const unsigned pgoff = vma.pgoff + op.addr - unsigned{vma.start};
  const unsigned end = op.new_addr + op.new_len;
  Slot prev;
  FindVmaPrev(mm, op.new_addr, prev);
  Slot merged = kNone;
  if (MergeBegin(prev, mm, op.new_addr, end, vma, pgoff, op.adjust, merged)) {
    op.new_vma = merged;
    op.new_vma_birth = w_.vmas[merged].birth;
    op.phase = kMerge;
    return true;
  }
  const Slot slot = AllocVma();
  if (slot == kNone) return false;
  Vma& copy = w_.vmas[slot];
  copy.start = op.new_addr;
  copy.end = static_cast<uint16_t>(end);
  copy.pgoff = static_cast<uint16_t>(pgoff);
  copy.mm = vma.mm;
  copy.file = vma.file;
  copy.shared = vma.shared;
  copy.write = vma.write;
  copy.anon = vma.anon;
  copy.count = vma.count;
  op.new_vma = slot;
  op.new_vma_birth = copy.birth;
  op.phase = kLink;
  probe_.VmaBorn(w_, slot);
  return true;
}

// move_one_page(): one page a hold of i_mmap_lock and page_table_lock. The
// lock is let go to allocate the destination's page table, after the count was
// looked at; `relocked` says that this has happened for this page.
template <class C, class P>
Flow Machine<C, P>::MovePage(Op& op, bool relocked) {
  using namespace mremap_phase;
  const unsigned mm = me().mm;
  const bool back = op.backwards != 0;
  Vma& from =
      Use(back ? op.new_vma : op.vma, back ? op.new_vma_birth : op.vma_birth);
  Vma& to =
      Use(back ? op.vma : op.new_vma, back ? op.vma_birth : op.new_vma_birth);
  const unsigned src = (back ? op.new_addr : op.addr) + unsigned{op.cursor};
  const unsigned dst = (back ? op.addr : op.new_addr) + unsigned{op.cursor};
  const bool locks = rules_.move_under_lock;
  switch (op.phase) {
    case kMoveLock:
      if (locks && !TakeMapLock(from.file)) return Flow::kBlocked;
      if (rules_.mremap_resets && to.count != 0 && to.count != from.count) {
        to.count = 0;
        probe_.Renewed(w_, back ? op.vma : op.new_vma, Renewal::kCleared);
      }
      op.phase = kMovePtl;
      return Flow::kSync;
    case kMoveTable:
      if (!TakePtl(mm)) return Flow::kBlocked;
      AllocTable(mm, dst);
      if (!locks) break;
      if (rules_.relock_in_order ? TryMapLock(from.file)
                                 : TakeMapLock(from.file))
        break;
      if (rules_.relock_in_order) ReleasePtl(mm);
      op.phase = kMoveRelock;
      return Flow::kSync;
    case kMoveRelock:
      if (locks && !TakeMapLock(from.file)) return Flow::kBlocked;
      if (w_.mms[mm].page_table_lock == task_) break;
      op.phase = kMoveRelockPtl;
      return Flow::kSync;
    default:
      if (!TakePtl(mm)) return Flow::kBlocked;
      break;
  }

  const Pte pte = w_.mms[mm].ptes[src];
  const bool fails = pte.present() && !back && op.fail_after != 0 &&
                     op.pgoff + 1 == op.fail_after;
  if (pte.present() && !fails && !HasTable(mm, dst)) {
    VMT_CHECK(!relocked);
    ReleasePtl(mm);
    if (locks) ReleaseMapLock(from.file);
    probe_.MaySleep(w_, task_);
    op.phase = kMoveTable;
    return Flow::kSync;
  }
  if (pte.present() && !fails) {
    ClearPte(mm, from.file, src);
    SetPte(mm, to.file, dst, pte);
    probe_.PteMoved(mm, dst);
    probe_.Renewed(w_, back ? op.vma : op.new_vma, Renewal::kMovedInto);
    ++op.pgoff;
  }
  ReleasePtl(mm);
  if (locks) ReleaseMapLock(from.file);
  op.phase = kMoveLock;
  if (fails) {
    op.failed = 1;
    op.backwards = 1;
    op.len = op.cursor;
    op.cursor = 0;
  } else {
    ++op.cursor;
  }
  if (op.cursor >= op.len) op.phase = kUnmapSource;
  return Flow::kSync;
}

}  // namespace vmtrunc
