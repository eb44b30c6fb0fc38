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
  kExtentTable,
  kExtentLock,
  kExtentPtl,
  kBegin,
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
        if (rules_.mremap_checks_first && !MremapChecks(op))
          return EndMmapSem(op);
        op.phase = kBegin;
        continue;
      case kBegin:
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
        if (op.unmap.failed != 0) return EndMmapSem(op);
        if (op.phase == kUnmapSource) {
          if (!MremapNext(op)) return EndMmapSem(op);
          return Flow::kSync;
        }
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
        vma.count = LinkMark(vma.file);
        LinkMm(op.new_vma);
        IndexInsert(op.new_vma);
        probe_.Renewed(w_, op.new_vma, Renewal::kLinked);
        ReleaseMapLock(vma.file);
        op.phase = kMoveLock;
        return Flow::kSync;
      }
      default: {
        const Flow flow = rules_.move_extents
                              ? MoveExtent(op)
                              : MovePage(op, op.phase >= kMoveTable);
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

// check_prep_vma() of 6.17: a vma at the source, which holds all of it unless
// it only shrinks in place. A range of several is cut to its first vma.
template <class C, class P>
bool Machine<C, P>::MremapChecks(Op& op) {
  const Slot slot = FindVma(me().mm, op.addr);
  if (slot == kNone || w_.vmas[slot].start > op.addr) return false;
  const bool moves = op.new_addr != op.addr;
  if (!moves && op.new_len <= op.len) return true;
  const unsigned held = w_.vmas[slot].end - unsigned{op.addr};
  if (std::min(op.len, op.new_len) <= held) {
    if (op.len > held && op.new_len > op.len) return false;
    return true;
  }
  if (!moves || op.new_len != op.len || !rules_.mremap_moves_many) return false;
  op.rest = static_cast<uint8_t>(op.len - held);
  op.len = op.new_len = static_cast<uint16_t>(held);
  return true;
}

// remap_move() of 6.17: on to the next vma of the range. False when it is done.
template <class C, class P>
bool Machine<C, P>::MremapNext(Op& op) {
  if (op.rest == 0 || op.failed != 0) return false;
  const unsigned addr = op.addr + unsigned{op.len};
  const unsigned end = addr + op.rest;
  const Slot slot = FindVma(me().mm, addr);
  if (slot == kNone || w_.vmas[slot].start >= end) return false;
  const Vma& vma = w_.vmas[slot];
  const unsigned start = std::max<unsigned>(addr, vma.start);
  const unsigned stop = std::min<unsigned>(end, vma.end);
  op.new_addr = static_cast<uint16_t>(op.new_addr + start - op.addr);
  op.addr = static_cast<uint16_t>(start);
  op.len = op.new_len = static_cast<uint16_t>(stop - start);
  op.rest = static_cast<uint8_t>(end - stop);
  op.phase = mremap_phase::kBegin;
  return true;
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
    const unsigned end = op.addr + unsigned{op.new_len};
    const Vma like = vma;
    if (!rules_.growth_merges ||
        !MergeBegin(slot, mm, like.end, end, like, like.last_pgoff() + 1,
                    op.adjust, op.new_vma))
      GrowBegin(slot, end, op.adjust);
    op.phase = kGrow;
    return;
  }
  op.vma = slot;
  op.vma_birth = vma.birth;
  if (!MremapCopies(op)) return;
  // need_rmap_locks of 6.x: a new struct lies behind the source in the walk,
  // one that it was merged into may not.
  op.passes = op.phase == kMerge && rules_.merged_move_locks &&
                      op.adjust.pgoff <= w_.vmas[slot].pgoff
                  ? 1
                  : 0;
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
    Vma& joined = w_.vmas[merged];
    // As Linux 6.18 does on the machines where `vmtrunc live` was run.
    if (rules_.mremap_moves_many) TakeAnon(joined, vma);
    op.new_vma = merged;
    op.new_vma_birth = joined.birth;
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
  copy.cloned = vma.cloned;
  copy.nonlinear = vma.nonlinear;
  copy.accounted = vma.accounted;
  copy.count = vma.count;
  op.new_vma = slot;
  op.new_vma_birth = copy.birth;
  op.phase = kLink;
  probe_.VmaBorn(w_, slot);
  return true;
}

// Whether ptes move under i_mmap_lock.
template <class C, class P>
bool Machine<C, P>::MoveLocks(const Op& op) const {
  if (!rules_.move_under_lock) return false;
  if (op.backwards != 0) return rules_.rewind_under_lock;
  return !rules_.move_in_order || op.passes != 0;
}

// The destination's count, before ptes move into it.
template <class C, class P>
void Machine<C, P>::MoveResets(const Op& op) {
  const Slot to_slot = op.backwards != 0 ? op.vma : op.new_vma;
  const Vma& from = w_.vmas[op.backwards != 0 ? op.new_vma : op.vma];
  Vma& to = w_.vmas[to_slot];
  if (to.count == 0) return;
  if (!rules_.mremap_always_resets &&
      !(rules_.mremap_resets && to.count != from.count))
    return;
  to.count = 0;
  probe_.Renewed(w_, to_slot, Renewal::kCleared);
}

template <class C, class P>
void Machine<C, P>::MovePte(Op& op, unsigned src, unsigned dst) {
  const unsigned mm = me().mm;
  const unsigned file = w_.vmas[op.new_vma].file;
  const Pte pte = w_.mms[mm].ptes[src];
  ClearPte(mm, file, src);
  SetPte(mm, file, dst, pte);
  probe_.PteMoved(mm, dst);
  probe_.Renewed(w_, op.backwards != 0 ? op.vma : op.new_vma,
                 Renewal::kMovedInto);
  ++op.pgoff;
}

// A page table could not be had: what has moved moves back.
template <class C, class P>
void Machine<C, P>::MoveFails(Op& op) {
  if constexpr (requires { probe_.NoMemory(); }) probe_.NoMemory();
  op.failed = 1;
  op.backwards = 1;
  op.len = op.cursor;
  op.cursor = 0;
}

// move_one_page(): one page a hold of i_mmap_lock and page_table_lock. The
// lock is let go to allocate the destination's page table, after the count was
// looked at; `relocked` says that this has happened for this page.
template <class C, class P>
Flow Machine<C, P>::MovePage(Op& op, bool relocked) {
  using namespace mremap_phase;
  const unsigned mm = me().mm;
  const bool back = op.backwards != 0;
  const Vma& from =
      Use(back ? op.new_vma : op.vma, back ? op.new_vma_birth : op.vma_birth);
  Use(back ? op.vma : op.new_vma, back ? op.vma_birth : op.new_vma_birth);
  const unsigned src = (back ? op.new_addr : op.addr) + unsigned{op.cursor};
  const unsigned dst = (back ? op.addr : op.new_addr) + unsigned{op.cursor};
  const bool locks = MoveLocks(op);
  switch (op.phase) {
    case kMoveLock:
      if (locks && !TakeMapLock(from.file)) return Flow::kBlocked;
      MoveResets(op);
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

  if (relocked && rules_.relock_resets) MoveResets(op);
  const bool moves = !w_.mms[mm].ptes[src].none();
  const bool fails =
      moves && !back && op.fail_after != 0 && op.pgoff + 1 == op.fail_after;
  if (moves && !fails && !HasTable(mm, dst)) {
    VMT_CHECK(!relocked);
    ReleasePtl(mm);
    if (locks) ReleaseMapLock(from.file);
    probe_.MaySleep(w_, task_);
    op.phase = kMoveTable;
    return Flow::kSync;
  }
  if (moves && !fails) MovePte(op, src, dst);
  ReleasePtl(mm);
  if (locks) ReleaseMapLock(from.file);
  op.phase = kMoveLock;
  if (fails) {
    MoveFails(op);
  } else {
    ++op.cursor;
  }
  if (op.cursor >= op.len) op.phase = kUnmapSource;
  return Flow::kSync;
}

// move_page_tables() of 2.6.15: what lies in one page table on both sides is
// moved in one hold; the destination's table is allocated before.
template <class C, class P>
Flow Machine<C, P>::MoveExtent(Op& op) {
  using namespace mremap_phase;
  const unsigned mm = me().mm;
  const bool back = op.backwards != 0;
  const Vma& from =
      Use(back ? op.new_vma : op.vma, back ? op.new_vma_birth : op.vma_birth);
  Use(back ? op.vma : op.new_vma, back ? op.vma_birth : op.new_vma_birth);
  const unsigned src = (back ? op.new_addr : op.addr) + unsigned{op.cursor};
  const unsigned dst = (back ? op.addr : op.new_addr) + unsigned{op.cursor};
  const unsigned pages = std::min(
      {unsigned{op.len} - op.cursor, TableEnd(src) - src, TableEnd(dst) - dst});
  const bool locks = MoveLocks(op);
  switch (op.phase) {
    case kExtentLock:
      if (locks && !TakeMapLock(from.file)) return Flow::kBlocked;
      MoveResets(op);
      op.phase = kExtentPtl;
      return Flow::kSync;
    case kExtentPtl:
      if (!TakePtl(mm)) return Flow::kBlocked;
      for (unsigned i = 0; i < pages; ++i)
        if (!w_.mms[mm].ptes[src + i].none()) MovePte(op, src + i, dst + i);
      ReleasePtl(mm);
      if (locks) ReleaseMapLock(from.file);
      break;
    default:
      if (HasTable(mm, src)) {
        if (!back && op.fail_after != 0 && op.pgoff + 1 >= op.fail_after) {
          MoveFails(op);
          op.phase = op.len == 0 ? kUnmapSource : kExtentTable;
          return Flow::kSync;
        }
        probe_.MaySleep(w_, task_);
        if (!HasTable(mm, dst)) AllocTable(mm, dst);
        op.phase = kExtentLock;
        return Flow::kSync;
      }
      break;  // nothing there to move
  }
  op.cursor = static_cast<uint16_t>(op.cursor + pages);
  op.phase = op.cursor >= op.len ? kUnmapSource : kExtentTable;
  return Flow::kSync;
}

}  // namespace vmtrunc
