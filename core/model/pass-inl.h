// unmap_mapping_range(): the pass.
//
// Across a drop of i_mmap_lock only these survive: the range, the count N,
// whether the tree is done and, if the rule keeps it in the pass, one restart
// point. Everything else is derived again from the tree.
#ifndef VMTRUNC_CORE_MODEL_PASS_INL_H_
#define VMTRUNC_CORE_MODEL_PASS_INL_H_

#include <algorithm>

#include "core/model/machine.h"
#include "core/model/prio_tree.h"

namespace vmtrunc {
// `final`: no pass over the whole range follows in its operation.
template <class C, class P>
void Machine<C, P>::PassBegin(unsigned file, unsigned first, unsigned last,
                              bool even_cows, bool final, Pass& pass) {
  pass = Pass{};
  pass.phase = rules_.unmap_mutex ? PassPhase::kMutex : PassPhase::kLock;
  pass.file = static_cast<uint8_t>(file);
  pass.first = static_cast<uint16_t>(first);
  pass.last = static_cast<uint16_t>(last);
  pass.even_cows = even_cows ? 1 : 0;
  pass.final = final ? 1 : 0;
  pass.cursor = kNone;
  pass.restart_vma = kNone;
}

template <class C, class P>
Flow Machine<C, P>::StepPass(Pass& pass) {
  using enum PassPhase;
  File& file = w_.files[pass.file];
  Flow flow = Flow::kSync;
  do {
    switch (pass.phase) {
      case kMutex:
        if (file.unmap_mutex != kNone) {
          Blocks(LockKind::kUnmapMutex, pass.file);
          return Flow::kBlocked;
        }
        probe_.Acquires(w_, task_, LockKind::kUnmapMutex, pass.file);
        file.unmap_mutex = static_cast<uint8_t>(task_);
        pass.phase = kLock;
        flow = Flow::kSync;
        break;
      case kLock:
        if (!TakePassLock(pass.file)) return Flow::kBlocked;
        CountPass(pass);
        flow = Walk(pass, PrioTree<C, P>(w_, pass.file).First());
        break;
      case kRelock:
        if (!TakePassLock(pass.file)) return Flow::kBlocked;
        if constexpr (requires { probe_.Retakes(w_, task_); })
          probe_.Retakes(w_, task_);
        pass.dropped = 0;
        flow = Walk(pass, Continue(pass));
        break;
      case kZap:
        flow = rules_.ptl_in_zap ? FindTable(pass) : ZapBlock(pass);
        break;
      case kZapTable:
        flow = ZapTable(pass);
        break;
      case kBatch:
        FreeGathered();
        pass.phase = kZap;
        flow = pass.addr < pass.end && pass.work < w_.block ? Flow::kSync
                                                            : BlockEnds(pass);
        break;
      case kFlush:
        FlushGather();
        pass.phase = kFree;
        flow = Flow::kSync;
        break;
      case kFree:
        FreeGathered();
        flow = VmaEnds(pass);
        break;
    }
  } while (GoesOn(flow));
  return flow;
}

template <class C, class P>
bool Machine<C, P>::TakePassLock(unsigned file) {
  if (!rules_.shared_walk || IsHugetlb(file)) return TakeMapLock(file);
  File& it = w_.files[file];
  if (it.i_mmap_lock != kNone) return Blocks(LockKind::kIMmapLock, file);
  probe_.Acquires(w_, task_, LockKind::kIMmapLock, file);
  it.walkers = static_cast<uint8_t>(it.walkers | 1U << task_);
  return true;
}

template <class C, class P>
void Machine<C, P>::ReleasePassLock(unsigned file) {
  File& it = w_.files[file];
  if (it.i_mmap_lock == task_) it.i_mmap_lock = kNone;
  it.walkers = static_cast<uint8_t>(it.walkers & ~(1U << task_));
}

// The new pass's count: it leaps over page-aligned values, and a wrap to 0
// resets every count that the vmas still carry.
template <class C, class P>
void Machine<C, P>::CountPass(Pass& pass) {
  File& file = w_.files[pass.file];
  const auto bump = [&] {
    probe_.WritesCount(w_, task_, pass.file);
    file.truncate_count = (file.truncate_count + 1) & w_.count_mask;
  };
  if (rules_.stamp_vmas || rules_.fault_rechecks_count) bump();
  if (file.truncate_count == 0 && rules_.wrap_resets) ResetCounts(pass.file);
  if (rules_.pass_clears_restarts) ClearRestarts(pass.file);
  const bool zero = file.truncate_count == 0 && rules_.stamp_vmas;
  if (rules_.leap ? IsPageAligned(file.truncate_count) : zero) bump();
  pass.count = file.truncate_count;
  pass.active = 1;
  changed_ = true;
  probe_.PassBegins(w_, task_);
}

// reset_vma_truncate_counts(): the tree, then the list.
template <class C, class P>
void Machine<C, P>::ResetCounts(unsigned file) {
  const auto reset = [&](Slot slot) {
    if (w_.vmas[slot].count != 0) probe_.WritesCount(w_, task_, file);
    w_.vmas[slot].count = 0;
    probe_.Renewed(w_, slot, Renewal::kCleared);
  };
  const PrioTree<C, P> tree(w_, file);
  for (Slot slot = tree.First(); slot != kNone; slot = tree.Next(slot))
    reset(slot);
  for (Slot slot = w_.files[file].list; slot != kNone;
       slot = w_.vmas[slot].set_next)
    reset(slot);
}

template <class C, class P>
void Machine<C, P>::ClearRestarts(unsigned file) {
  const auto clear = [&](Slot slot) {
    if (!IsRestart(w_.vmas[slot].count, rules_.restart_names_pass)) return;
    probe_.WritesCount(w_, task_, file);
    w_.vmas[slot].count = 0;
  };
  const PrioTree<C, P> tree(w_, file);
  for (Slot slot = tree.First(); slot != kNone; slot = tree.Next(slot))
    clear(slot);
  for (Slot slot = w_.files[file].list; slot != kNone;
       slot = w_.vmas[slot].set_next)
    clear(slot);
}

// Where the walk restarts after the lock is retaken: at the top of the tree, or
// of the list once the tree is done.
template <class C, class P>
Slot Machine<C, P>::Continue(const Pass& pass) {
  if (rules_.walk_restarts) {
    return pass.in_list != 0 ? w_.files[pass.file].list
                             : PrioTree<C, P>(w_, pass.file).First();
  }
  const Vma& vma = Use(pass.cursor, pass.cursor_birth);
  return vma.state == VmaState::kFree || vma.file != pass.file ? Slot{kNone}
                                                               : pass.cursor;
}

template <class C, class P>
void Machine<C, P>::Stamp(Slot slot, uint32_t count) {
  if (!rules_.stamp_vmas) return;
  probe_.WritesCount(w_, task_, w_.vmas[slot].file);
  w_.vmas[slot].count = DoneMark(count, rules_.restart_names_pass);
}

// Advances to the first vma from `from`, in the tree and then in the list, with
// something to zap. Ends the pass, releasing its locks, when there is none.
template <class C, class P>
Flow Machine<C, P>::Walk(Pass& pass, Slot from) {
  const PrioTree<C, P> tree(w_, pass.file);
  for (;;) {
    for (Slot slot = from; slot != kNone; slot = tree.Next(slot)) {
      if constexpr (requires { probe_.LooksAt(slot); }) probe_.LooksAt(slot);
      if (EnterVma(pass, slot)) {
        pass.phase = PassPhase::kZap;
        return Flow::kSync;
      }
    }
    probe_.WalkEnds(w_, task_);
    if (pass.in_list != 0) break;
    pass.in_list = 1;
    from = w_.files[pass.file].list;
  }
  ReleasePassLock(pass.file);
  if (w_.files[pass.file].unmap_mutex == task_)
    w_.files[pass.file].unmap_mutex = kNone;
  pass.active = 0;
  probe_.PassEnds(w_, task_);
  // Clears the old position, which would distinguish equal states.
  pass.phase = PassPhase::kMutex;
  pass.cursor = pass.restart_vma = kNone;
  pass.cursor_birth = pass.in_list = pass.work = 0;
  pass.addr = pass.end = pass.restart_addr = pass.restart_pgoff = 0;
  pass.count = 0;
  return Flow::kDone;
}

// Whether the pass is over one folio, which is locked and large.
template <class C, class P>
bool Machine<C, P>::IsOverFolio() const {
  const Op& op = me().op;
  const unsigned locked = LockedPage(op);
  return locked != 0 && OrderOf(w_.files[RemovalOf(op).file], locked - 1) != 0;
}

// Sets the pass's cursor on a vma of its range. False if there is nothing to
// zap in it: out of range, or already finished.
template <class C, class P>
bool Machine<C, P>::EnterVma(Pass& pass, Slot slot) {
  const Vma& vma = w_.vmas[slot];
  const bool whole = vma.nonlinear != 0 && rules_.nonlinear_scans_all;
  if (!rules_.walk_clips_folio && vma.pgoff > pass.first && IsOverFolio())
    return false;
  if (!whole && (vma.last_pgoff() < pass.first || vma.pgoff > pass.last)) {
    if (vma.nonlinear != 0) Stamp(slot, pass.count);
    return false;
  }
  if (rules_.stamp_vmas &&
      vma.count == DoneMark(pass.count, rules_.restart_names_pass))
    return false;
  unsigned addr = vma.start;
  unsigned end = vma.end;
  if (!whole) {
    if (pass.first > vma.pgoff && rules_.clip_to_range)
      addr += pass.first - vma.pgoff;
    if (pass.last < vma.last_pgoff()) end -= vma.last_pgoff() - pass.last;
  }
  if (!rules_.range_end_kept) pass.last = vma.end;
  if (SkipBelowRestart(pass, slot, addr, end)) {
    Stamp(slot, pass.count);
    return false;
  }
  pass.cursor = slot;
  pass.cursor_birth = vma.birth;
  pass.addr = static_cast<uint16_t>(addr);
  pass.end = static_cast<uint16_t>(end);
  pass.work = 0;
  return true;
}

// Raises `addr` to where this pass left the vma. True if nothing is left.
template <class C, class P>
bool Machine<C, P>::SkipBelowRestart(Pass& pass, Slot slot, unsigned& addr,
                                     unsigned end) {
  const Vma& vma = w_.vmas[slot];
  unsigned restart = addr;
  if (rules_.restart_in_vma) {
    if (!IsRestartOf(vma.count, pass.count, rules_.restart_names_pass))
      return false;
    restart = vma.count >> kPageShift;
    if (addr >= restart) return false;
  } else {
    // Only the pointer is compared: the struct may hold another vma.
    if (slot != pass.restart_vma || addr >= pass.restart_addr) return false;
    restart = pass.restart_addr;
    if (vma.pgoff + restart - vma.start != pass.restart_pgoff) return true;
  }
  if (restart >= end) return rules_.cut_is_done;
  addr = restart;
  return false;
}

// One pte of the cursor's vma and mm, under page_table_lock: of `addr`, and now
// that of `at`, if its table has moved. Returns whether there was one, which is
// what a block of 2.6.15 counts.
template <class C, class P>
bool Machine<C, P>::ZapPte(Pass& pass, Mm<C>& mm, unsigned addr, unsigned at) {
  const Pte pte = mm.ptes[at];
  if (pte.none()) return false;
  if (!pte.present()) return true;
  const Vma& vma = w_.vmas[pass.cursor];
  if (pass.even_cows == 0 && pte.kind() != PteKind::kPage) return true;
  const bool by_index = vma.nonlinear != 0 && rules_.nonlinear_scans_all;
  if (by_index && (pte.index() < pass.first || pte.index() > pass.last))
    return true;
  probe_.Zaps(w_, task_, pass.cursor, addr, at);
  ClearPte(vma.mm, vma.file, mm.ptes[at]);
  if (HasTlb()) AddToGather(vma.mm, vma.file, addr, at, pte);
  pass.zapped = 1;
  if (by_index && rules_.nonlinear_file_pte &&
      pte.index() != vma.pgoff + addr - unsigned{vma.start})
    SetPte(vma.mm, vma.file, addr,
           Pte::Make(PteKind::kFilePte, pte.index(), false));
  return true;
}

// Blocks of address space: one block of zap_page_range() of 2.6.11, which holds
// page_table_lock throughout, and the break test after it.
template <class C, class P>
Flow Machine<C, P>::ZapBlock(Pass& pass) {
  const unsigned mm = w_.vmas[pass.cursor].mm;
  if (HasTlb()) OpenGather(mm);
  if (w_.mms[mm].page_table_lock != task_ && !TakePtl(mm))
    return Flow::kBlocked;
  unsigned stop = pass.addr + unsigned{w_.block};
  if (stop > pass.end) stop = pass.end;
  probe_.Scans(w_, task_, mm, pass.addr, stop);
  Mm<C>& in = w_.mms[mm];
  for (unsigned addr = pass.addr; addr < stop; ++addr) {
    if (!ZapPte(pass, in, addr, addr) || !me().op.gather.is_full()) continue;
    FlushFull();
    FreeGathered();
  }
  pass.addr = static_cast<uint16_t>(stop);
  return BlockEnds(pass);
}

// zap_pte_range() of 2.6.15, first half: finds the next page table, without a
// lock. It stays while the vma is in the tree.
template <class C, class P>
Flow Machine<C, P>::FindTable(Pass& pass) {
  const unsigned mm = w_.vmas[pass.cursor].mm;
  if (HasTlb()) OpenGather(mm);
  while (pass.addr < pass.end && !HasTable(mm, pass.addr)) {
    const unsigned stop = std::min<unsigned>(pass.end, TableEnd(pass.addr));
    probe_.Scans(w_, task_, mm, pass.addr, stop);
    pass.addr = static_cast<uint16_t>(stop);
  }
  if (pass.addr == pass.end) return BlockEnds(pass);
  pass.phase = PassPhase::kZapTable;
  return Flow::kSync;
}

// Second half: zaps in that table under its lock, until the block is used up.
template <class C, class P>
Flow Machine<C, P>::ZapTable(Pass& pass) {
  const unsigned mm = w_.vmas[pass.cursor].mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  if (pass.table == kFreedTable) {
    probe_.UsesFreedTable(mm, pass.addr);
    ReleasePtl(mm);
    pass.table = 0;
    pass.phase = PassPhase::kZap;
    return Flow::kSync;
  }
  if (pass.table == 0) {
    // pte_offset_map_lock() fails if the entry has changed (6.5).
    if (rules_.walk_rereads_table && !HasTable(mm, pass.addr)) {
      ReleasePtl(mm);
      pass.phase = PassPhase::kZap;
      return Flow::kSync;
    }
    probe_.UsesTable(w_, task_, mm, pass.addr);
  }
  const unsigned stop = std::min<unsigned>(pass.end, TableEnd(pass.addr));
  // From an address to that which the table is of now.
  const unsigned moved = pass.table == 0
                             ? 0
                             : (pass.table - 1U) * kPtesPerTable -
                                   (TableEnd(pass.addr) - kPtesPerTable);
  Mm<C>& in = w_.mms[mm];
  unsigned addr = pass.addr;
  bool full = false;
  if (IsHugetlb(pass.file) && IsShared(mm, addr)) {
    Unshare(mm, pass.file, addr);
    addr = stop;
  }
  while (addr < stop && pass.work < w_.block && !full) {
    const bool found = ZapPte(pass, in, addr, addr + moved);
    full = found && me().op.gather.is_full();
    const bool works = found || !rules_.work_blocks;
    pass.work = static_cast<uint8_t>(pass.work + (works ? 1 : 0));
    ++addr;
  }
  probe_.Scans(w_, task_, mm, pass.addr, addr);
  pass.table = 0;
  if (full) FlushFull();
  ReleasePtl(mm);
  pass.addr = static_cast<uint16_t>(addr);
  pass.phase = full ? PassPhase::kBatch : PassPhase::kZap;
  if (full) return Flow::kSync;
  if (addr < pass.end && pass.work < w_.block) return Flow::kSync;
  return BlockEnds(pass);
}

// The cursor's vma is finished, and the lock is kept.
template <class C, class P>
Flow Machine<C, P>::VmaEnds(Pass& pass) {
  const Slot slot = pass.cursor;
  if (HasTlb()) me().op.gather = Gather{};
  Stamp(slot, pass.count);
  return Walk(pass, PrioTree<C, P>(w_, pass.file).Next(slot));
}

// The break test after a block, or after a finished vma; if both coincide it is
// one test.
template <class C, class P>
Flow Machine<C, P>::BlockEnds(Pass& pass) {
  const Slot slot = pass.cursor;
  Vma& vma = w_.vmas[slot];
  const bool done = pass.addr >= pass.end;
  const bool drop = rules_.drop_lock && BreakTest();
  pass.work = 0;
  if (!done && !drop) return Flow::kSync;  // a page_table_lock stays held
  if (!rules_.ptl_in_zap) ReleasePtl(vma.mm);
  if (done && !drop) {
    if (!HasTlb() || !OwesFlush()) return VmaEnds(pass);
    pass.phase = PassPhase::kFlush;
    return Flow::kSync;
  }
  if (HasTlb()) FinishGather();
  if (done) {
    Stamp(slot, pass.count);
  } else if (rules_.restart_in_vma) {
    probe_.WritesCount(w_, task_, vma.file);
    vma.count = RestartMark(pass.addr, pass.count, rules_.restart_names_pass);
  } else {
    pass.restart_vma = slot;
    pass.restart_addr = pass.addr;
    pass.restart_pgoff =
        static_cast<uint16_t>(vma.pgoff + pass.addr - vma.start);
  }
  pass.phase = PassPhase::kRelock;
  pass.dropped = 1;
  if (rules_.walk_restarts) {
    pass.cursor = kNone;
    pass.cursor_birth = 0;
    pass.addr = pass.end = 0;
  }
  ReleasePassLock(pass.file);
  probe_.Drops(w_, task_);
  return Flow::kDropped;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_PASS_INL_H_
