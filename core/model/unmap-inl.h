// do_munmap() and exit_mmap() as in 2.6.11: split the edges, detach, zap,
// free the page tables, then take each vma out of the index and free it.
//
#ifndef VMTRUNC_CORE_MODEL_UNMAP_INL_H_
#define VMTRUNC_CORE_MODEL_UNMAP_INL_H_

#include <algorithm>

#include "core/model/machine.h"

namespace vmtrunc {
// Returns false when [start, end) maps nothing.
template <class C, class P>
bool Machine<C, P>::UnmapBegin(unsigned mm, unsigned start, unsigned end,
                               Unmap& unmap) {
  unmap = Unmap{};
  unmap.mm = static_cast<uint8_t>(mm);
  unmap.start = static_cast<uint16_t>(start);
  unmap.end = static_cast<uint16_t>(end);
  unmap.first = kNone;
  return start < end && RangeIsMapped(mm, start, end);
}

template <class C, class P>
void Machine<C, P>::ExitBegin(unsigned mm, Unmap& unmap) {
  unmap = Unmap{};
  unmap.mm = static_cast<uint8_t>(mm);
  unmap.end = C::kAddrs;
  unmap.whole_mm = 1;
  unmap.phase = UnmapPhase::kDetach;
}

// Ends with kDone, unmap.failed set on ENOMEM.
template <class C, class P>
Flow Machine<C, P>::StepUnmap(Unmap& unmap, Adjust& adjust) {
  using enum UnmapPhase;
  for (;;) {
    switch (unmap.phase) {
      case kSplitLow: {
        const Slot first = FindVma(unmap.mm, unmap.start);
        unmap.phase = kSplitHigh;
        if (w_.vmas[first].start >= unmap.start) continue;
        if (!SplitBegin(first, unmap.start,
                        /*new_below=*/rules_.unmapped_keeps_struct, adjust)) {
          unmap.failed = 1;
          return Flow::kDone;
        }
        unmap.phase = kAdjustLow;
        return Flow::kSync;
      }
      case kSplitHigh: {
        const Slot last = FindVma(unmap.mm, unmap.end);
        unmap.phase = kDetach;
        if (last == kNone || w_.vmas[last].start >= unmap.end) continue;
        if (!SplitBegin(last, unmap.end,
                        /*new_below=*/!rules_.unmapped_keeps_struct, adjust)) {
          unmap.failed = 1;
          return Flow::kDone;
        }
        unmap.phase = kAdjustHigh;
        return Flow::kSync;
      }
      case kAdjustLow:
      case kAdjustHigh: {
        const Flow flow = StepAdjust(adjust);
        if (flow != Flow::kDone) return flow;
        unmap.phase = unmap.phase == kAdjustLow ? kSplitHigh : kDetach;
        continue;
      }
      case kDetach:
      case kVmaLocks: {
        const Slot busy = LockUnmapped(unmap);
        if (busy != kNone) {
          if (unmap.phase == kVmaLocks) {
            Blocks(LockKind::kVmaLock, busy);
            return Flow::kBlocked;
          }
          unmap.phase = kVmaLocks;
          return Flow::kSync;
        }
        Detach(unmap);
        if (unmap.first == kNone) return Flow::kDone;
        if (Downgrades()) DowngradeMmapSem(unmap.mm);
        unmap.phase = kZap;
        return Flow::kSync;
      }
      case kZap: {
        const Flow flow = ZapDetached(unmap);
        if (!GoesOn(flow)) return flow;
        continue;
      }
      case kUnlink: {
        const Flow flow = UnlinkDetached(unmap);
        if (!GoesOn(flow)) return flow;
        continue;
      }
      case kFree: {
        const Flow flow = FreeDetached(unmap);
        if (!GoesOn(flow)) return flow;
        continue;
      }
      case kBatch:
        FreeGathered();
        ZapContinues(unmap);
        return Flow::kSync;
      case kHugetlbLock:
        // unmap_single_vma(): held for all of a vma of huge pages.
        if (!TakeMapLock(w_.vmas[unmap.cursor].file)) return Flow::kBlocked;
        unmap.phase = kZap;
        return Flow::kSync;
      case kFlushPfn:
        FlushGather();
        unmap.phase = kUnlink;
        return Flow::kSync;
      case kFlush:
        FlushGather();
        unmap.phase = kFreeFrames;
        return Flow::kSync;
      case kTables: {
        const Flow flow = FreesTables(unmap);
        if (!GoesOn(flow)) return flow;
        continue;
      }
      case kFreeFrames:
        FreeGathered();
        return FreeStructs(unmap);
    }
  }
}

// Whether what is left of this unmap continues under mmap_sem for read: that of
// munmap (dd2283f2605e), and of a mremap that shrinks in place and ends with it
// (85a06835f6f1).
template <class C, class P>
bool Machine<C, P>::Downgrades() const {
  if (!rules_.munmap_downgrades) return false;
  const Op& op = w_.tasks[task_].op;
  return op.verb == Verb::kMunmap ||
         (op.verb == Verb::kMremap &&
          op.mremap.phase == MremapPhase::kUnmapTail &&
          op.mremap.new_addr == op.mremap.addr);
}

// Takes the locks of all vmas of the range, or none: then returns one that has
// readers. (The kernel takes one after the other; a reader that comes between
// two of them might as well have come before the first, or after the last.)
template <class C, class P>
Slot Machine<C, P>::LockUnmapped(const Unmap& unmap) {
  if (!rules_.vma_locks) return kNone;
  const Slot first = FindVma(unmap.mm, unmap.start);
  Slot end = first;
  while (end != kNone && w_.vmas[end].start < unmap.end)
    end = w_.vmas[end].mm_next;
  const Slot busy = BusyVma(first, end);
  if (busy == kNone) MarkVmas(first, end);
  return busy;
}

// Takes the vmas of the range off the mm's list; they keep their order on a
// list of their own.
template <class C, class P>
void Machine<C, P>::Detach(Unmap& unmap) {
  Slot tail = kNone;
  unmap.first = kNone;
  Slot slot = FindVma(unmap.mm, unmap.start);
  while (slot != kNone && w_.vmas[slot].start < unmap.end) {
    const Slot next = w_.vmas[slot].mm_next;
    UnlinkMm(slot);
    (tail == kNone ? unmap.first : w_.vmas[tail].mm_next) = slot;
    tail = slot;
    slot = next;
  }
  unmap.cursor = unmap.first;
  if (unmap.first != kNone) unmap.next_addr = w_.vmas[unmap.first].start;
  changed_ = true;
}

// One block of unmap_vmas(), under page_table_lock; it releases the lock after
// each block, as the kernel may.
template <class C, class P>
Flow Machine<C, P>::ZapDetached(Unmap& unmap) {
  const Vma& vma = w_.vmas[unmap.cursor];
  const bool shares = SharesTables(vma.file);
  if (shares && w_.files[vma.file].i_mmap_lock != task_) {
    unmap.phase = UnmapPhase::kHugetlbLock;
    return Flow::kSync;
  }
  if (HasTlb()) OpenGather(unmap.mm);
  if (!TakePtl(unmap.mm)) return Flow::kBlocked;
  unsigned stop = unmap.next_addr + unsigned{w_.block};
  if (stop > vma.end) stop = vma.end;
  const Gather& gather = me().op.gather;
  Mm<C>& mm = w_.mms[unmap.mm];
  unsigned addr = unmap.next_addr;
  if (shares) {
    stop = std::min(stop, TableEnd(addr));
    if (IsShared(unmap.mm, addr)) {
      stop = std::min<unsigned>(vma.end, TableEnd(addr));
      Unshare(unmap.mm, vma.file, addr);
    }
  }
  while (addr < stop) {
    const Pte pte = mm.ptes[addr++];
    if (pte.none()) continue;
    ClearPte(unmap.mm, vma.file, mm.ptes[addr - 1]);
    if (!HasTlb()) continue;
    AddToGather(unmap.mm, vma.file, addr - 1, addr - 1, pte);
    if (gather.is_full()) break;
  }
  unmap.next_addr = static_cast<uint16_t>(addr);
  if (gather.is_full()) {
    FlushFull();
    unmap.phase = UnmapPhase::kBatch;
  } else {
    ZapContinues(unmap);
  }
  ReleasePtl(unmap.mm);
  return Flow::kSync;
}

// To the next block, the next vma, or what follows the last one: where the
// tables are freed before the vmas are unlinked, that is in the last hold.
template <class C, class P>
void Machine<C, P>::ZapContinues(Unmap& unmap) {
  unmap.phase = UnmapPhase::kZap;
  const Vma& vma = w_.vmas[unmap.cursor];
  if (unmap.next_addr < vma.end) return;
  if (SharesTables(vma.file)) ReleaseMapLock(vma.file);
  unmap.cursor = w_.vmas[unmap.cursor].mm_next;
  if (unmap.cursor != kNone) {
    unmap.next_addr = w_.vmas[unmap.cursor].start;
  } else if (rules_.unlink_before_tables) {
    unmap.cursor = unmap.first;
    unmap.phase =
        FlushesPfn(unmap) ? UnmapPhase::kFlushPfn : UnmapPhase::kUnlink;
  } else {
    if (HasTlb()) FinishGather();
    FreeTables(unmap.mm, unmap.start, unmap.end);
    unmap.phase = UnmapPhase::kFree;
  }
}

// tlb_flush_mmu() before the vmas are unlinked, where one of them maps memory
// of a device: nothing holds that until the gather ends (b67fbebd4cf9, 5.19).
template <class C, class P>
bool Machine<C, P>::FlushesPfn(const Unmap& unmap) const {
  if (!rules_.pfn_flush_before_unlink || w_.tasks[task_].op.gather.mm == 0)
    return false;
  for (Slot slot = unmap.first; slot != kNone; slot = w_.vmas[slot].mm_next) {
    if (IsPfn(w_.vmas[slot].file)) return true;
    if (!rules_.pfn_flush_looks_at_all) return false;
  }
  return false;
}

// free_pgtables() of 2.6.15: unlink_file_vma() of each vma, then the tables;
// last tlb_finish_mmu() and the structs.
template <class C, class P>
Flow Machine<C, P>::UnlinkDetached(Unmap& unmap) {
  const unsigned file = w_.vmas[unmap.cursor].file;
  if (!TakeMapLock(file)) return Flow::kBlocked;
  IndexRemove(unmap.cursor);
  ReleaseMapLock(file);
  unmap.cursor = w_.vmas[unmap.cursor].mm_next;
  if (unmap.cursor != kNone) return Flow::kSync;
  // Nobody finds a table that no vma of the index covers.
  if (rules_.unmap_before_expand) return FreesTables(unmap);
  unmap.phase = UnmapPhase::kTables;
  return Flow::kSync;
}

template <class C, class P>
Flow Machine<C, P>::FreesTables(Unmap& unmap) {
  FreeTables(unmap.mm, unmap.start, unmap.end);
  if (!HasTlb() || !OwesFlush()) return FreeStructs(unmap);
  unmap.phase = UnmapPhase::kFlush;
  return Flow::kSync;
}

template <class C, class P>
Flow Machine<C, P>::FreeStructs(Unmap& unmap) {
  if (HasTlb()) me().op.gather = Gather{};
  for (Slot slot = unmap.first; slot != kNone; slot = w_.vmas[slot].mm_next)
    probe_.Unmapped(unmap.mm, w_.vmas[slot].start, w_.vmas[slot].end);
  if (!FreesLast()) FreeVmas(unmap);
  return Flow::kDone;
}

// Whether mmap frees the structs, once a vma is in their place (MmapFrees()).
template <class C, class P>
bool Machine<C, P>::FreesLast() const {
  const Op& op = w_.tasks[task_].op;
  return rules_.mmap_frees_last && op.verb == Verb::kMmap &&
         op.mmap.phase == MmapPhase::kUnmap;
}

template <class C, class P>
void Machine<C, P>::FreeVmas(Unmap& unmap) {
  while (unmap.first != kNone) {
    const Slot slot = unmap.first;
    unmap.first = w_.vmas[slot].mm_next;
    FreeVma(slot);
  }
}

// remove_vm_struct() of one vma.
template <class C, class P>
Flow Machine<C, P>::FreeDetached(Unmap& unmap) {
  const Slot slot = unmap.first;
  const unsigned file = w_.vmas[slot].file;
  if (!TakeMapLock(file)) return Flow::kBlocked;
  IndexRemove(slot);
  probe_.Unmapped(unmap.mm, w_.vmas[slot].start, w_.vmas[slot].end);
  ReleaseMapLock(file);
  unmap.first = w_.vmas[slot].mm_next;
  FreeVma(slot);
  return unmap.first == kNone ? Flow::kDone : Flow::kSync;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_UNMAP_INL_H_
