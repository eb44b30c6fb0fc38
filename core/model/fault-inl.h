// A page fault: handle_pte_fault(), do_no_page() or __do_fault(),
// do_file_page(), do_wp_page(). The caller holds mmap_sem or the vma's lock,
// and does not any more if the fault has dropped it.
#ifndef VMTRUNC_CORE_MODEL_FAULT_INL_H_
#define VMTRUNC_CORE_MODEL_FAULT_INL_H_

#include "core/model/machine.h"

namespace vmtrunc {
// Requires: addr lies in the vma, which is of the task's mm and allows the
// access.
template <class C, class P>
void Machine<C, P>::FaultBegin(Slot slot, unsigned addr, bool write,
                               Fault& fault) {
  const Vma& vma = w_.vmas[slot];
  fault = Fault{};
  fault.phase = FaultPhase::kReadPte;
  fault.write = write ? 1 : 0;
  fault.addr = static_cast<uint16_t>(addr);
  fault.vma = slot;
  fault.vma_birth = vma.birth;
  fault.index = static_cast<uint16_t>(vma.pgoff + addr - vma.start);
}

// Page `index` of the file is to be mapped at the address, whatever is there.
template <class C, class P>
void Machine<C, P>::InstallBegin(Slot slot, unsigned addr, unsigned index,
                                 Fault& fault) {
  FaultBegin(slot, addr, false, fault);
  fault.index = static_cast<uint16_t>(index);
  fault.from_file_pte = 1;
  fault.phase = FaultPhase::kReadSize;
}

template <class C, class P>
Flow Machine<C, P>::StepFault(Fault& fault) {
  using enum FaultPhase;
  Flow flow = Flow::kSync;
  do {
    if (fault.phase == kWait) {
      flow = FaultWaits(fault);
      continue;
    }
    const Vma& vma = Use(fault.vma, fault.vma_birth);
    const File& file = w_.files[vma.file];
    switch (fault.phase) {
      case kReadPte:
        flow = FaultReadsPte(fault);
        break;
      case kSampleCount:
        fault.seq = file.truncate_count;
        fault.phase = rules_.fault_count_first ? kReadSize : kTakePage;
        flow = Flow::kSync;
        break;
      case kReadSize:
        if (HoleIsPunched(fault)) {
          fault.phase = kHole;
          flow = Flow::kSync;
          break;
        }
        if (PastSize(file, fault)) {
          fault.outcome = FaultOutcome::kSigbus;
          flow = Flow::kDone;
          break;
        }
        fault.phase = !SamplesCount(fault) || rules_.fault_count_first ||
                              fault.retried != 0
                          ? kTakePage
                          : kSampleCount;
        flow = Flow::kSync;
        break;
      case kHoleSem:
        w_.files[vma.file].i_sem = kNone;
        fault.phase = kReadPte;
        flow = Flow::kSync;
        break;
      case kMkwriteLock:
        flow = FaultTellsLocked(fault);
        break;
      case kHole:
        flow = FaultHole(fault);
        break;
      case kAround:
        flow = AroundBegins(fault);
        break;
      case kAroundFolio:
        flow = AroundLocks(fault);
        break;
      case kAroundSize:
        fault.cap = static_cast<uint8_t>(file.size);
        fault.phase = kAroundMap;
        flow = Flow::kSync;
        break;
      case kAroundMap:
        flow = AroundMaps(fault);
        break;
      case kFillLock:
      case kTakePage:
        flow = FaultTakesPage(fault);
        break;
      case kLockPage:
        flow = FaultLocksPage(fault);
        break;
      case kTell:
        // page_mkwrite(), without locks.
        fault.told = 1;
        fault.phase = kLockPage;
        flow = Flow::kSync;
        break;
      case kInstall:
        flow = FaultInstalls(fault);
        break;
      case kSetPte:
        flow = FaultSetsPte(fault);
        break;
      case kCopy:
      case kMakeWritable:
        flow = FaultChangesPte(fault);
        break;
      case kShareTable:
        flow = FaultShares(fault);
        break;
      case kWait:
        break;  // above, as its vma may be gone
    }
  } while (GoesOn(flow));
  if (flow == Flow::kDone) FaultLetsGo(fault);
  return flow;
}

// Faults under the page lock and those on file ptes do not use the count.
template <class C, class P>
bool Machine<C, P>::SamplesCount(const Fault& fault) const {
  return !rules_.fault_page_lock && fault.from_file_pte == 0;
}

template <class C, class P>
bool Machine<C, P>::PastSize(const File& file, const Fault& fault) {
  if (rules_.fault_checks_size) return fault.index >= file.size;
  // No file is larger than this, and the page cache ends here too.
  if (fault.index < C::kFilePages) return false;
  if (!C::kExact) w_.ran_out = 1;
  return true;
}

// vmf_anon_prepare(): the first anon_vma of a vma may be a neighbour's, which
// mmap_sem guards. A fault without it tries to take it, or begins again.
template <class C, class P>
bool Machine<C, P>::AnonNeedsMmapSem(Fault& fault) {
  if (!HoldsVma(me().op) || w_.vmas[fault.vma].anon != 0 ||
      w_.mms[me().mm].writer == kNone)
    return false;
  fault.outcome = FaultOutcome::kRetry;
  return true;
}

template <class C, class P>
Flow Machine<C, P>::FaultReadsPte(Fault& fault) {
  using enum FaultPhase;
  const Vma& vma = w_.vmas[fault.vma];
  const unsigned mm = vma.mm;
  if (SharesTables(vma.file) && !HasTable(mm, fault.addr) &&
      MayShare(vma, fault.addr)) {
    fault.phase = kShareTable;
    return Flow::kSync;
  }
  if (!TakePtl(mm)) return Flow::kBlocked;
  if (!HasTable(mm, fault.addr)) AllocTable(mm, fault.addr);
  const Pte pte = w_.mms[mm].ptes[fault.addr];
  ReleasePtl(mm);
  if (!pte.present()) {
    // vmf_can_call_fault(): such vmas have no map_pages().
    if (IsPfn(vma.file) && HoldsVma(me().op)) {
      fault.outcome = FaultOutcome::kRetry;
      return Flow::kDone;
    }
    if (!pte.none()) {
      fault.index = static_cast<uint16_t>(pte.index());
      fault.from_file_pte = 1;
    }
    if (rules_.cow_prepares_first && fault.write != 0 && vma.shared == 0) {
      if (AnonNeedsMmapSem(fault)) return Flow::kDone;
      PrepareAnon(fault.vma);
    }
    const bool samples = SamplesCount(fault) && rules_.fault_count_first;
    const bool around = rules_.fault_around && fault.write == 0 &&
                        vma.nonlinear == 0 && !IsSpecial(vma.file);
    fault.phase = around ? kAround : samples ? kSampleCount : kReadSize;
    return Flow::kSync;
  }
  Touches(vma, fault, pte);
  if (fault.write == 0 || pte.writable()) return Flow::kDone;
  const bool tells = Tells(vma);
  if (!tells && (vma.shared != 0 || pte.kind() == PteKind::kCopy)) {
    // do_wp_page() reuses the page in the same hold.
    w_.mms[mm].ptes[fault.addr] = Pte::Make(pte.kind(), pte.index(), true);
    changed_ = true;
    return Flow::kDone;
  }
  fault.page = pte;
  fault.phase = !tells ? kCopy
                : pte.kind() == PteKind::kPage &&
                        OrderOf(w_.files[vma.file], pte.index()) != 0
                    ? kMkwriteLock
                    : kMakeWritable;
  return Flow::kSync;
}

// What a fault finds mapped already the processor would have used without it.
template <class C, class P>
void Machine<C, P>::Touches(const Vma& vma, const Fault& fault, Pte pte) {
  File& file = w_.files[vma.file];
  if constexpr (requires { probe_.Touches(w_, task_, vma, fault.addr, pte); })
    probe_.Touches(w_, task_, vma, fault.addr, pte);
  // It should have been refused: that is an effect, though nothing changes.
  if (vma.pgoff + fault.addr - unsigned{vma.start} >= file.size)
    changed_ = true;
  if (fault.write == 0 || vma.shared == 0 || !pte.writable() ||
      pte.kind() != PteKind::kPage)
    return;
  Dirties(vma.file, pte.index());
  // What is written past the end would be there when the file grows.
  const uint64_t bit = PageBits(pte.index(), pte.index());
  if (!rules_.large_folios || pte.index() < file.size) return;
  changed_ |= (file.folios.stale & bit) == 0;
  file.folios.stale |= bit;
}

// The folio of a page that is in the cache is written to.
template <class C, class P>
void Machine<C, P>::Dirties(unsigned number, unsigned index) {
  File& file = w_.files[number];
  if (OrderOf(file, index) == 0) return;
  const uint64_t bits = FolioBits(file, index);
  changed_ |= (file.folios.dirty & bits) != bits;
  file.folios.dirty |= bits;
}

// do_fault_around() where all folios of the window are single pages: it maps
// what the cache has and nobody holds locked.
template <class C, class P>
Flow Machine<C, P>::FaultAround(Fault& fault) {
  const Vma& vma = w_.vmas[fault.vma];
  const unsigned mm = vma.mm;
  const File& file = w_.files[vma.file];
  if (!TakePtl(mm)) return Flow::kBlocked;
  const Window window = AroundWindow(fault);
  for (unsigned addr = window.from; addr < window.end; ++addr) {
    const unsigned index = vma.pgoff + addr - unsigned{vma.start};
    if (index >= C::kFilePages || index >= file.size) break;
    if ((file.cached >> index & 1) == 0 || PageIsLocked(vma.file, index) ||
        !w_.mms[mm].ptes[addr].none())
      continue;
    FaultSets(fault, addr, Pte::Make(PteKind::kPage, index, MayWrite(vma)));
  }
  const bool served = w_.mms[mm].ptes[fault.addr].present();
  ReleasePtl(mm);
  fault.phase = FaultPhase::kReadSize;
  return served ? Flow::kDone : Flow::kSync;
}

// filemap_nopage() or filemap_fault(): finds the page in the cache, or reads it
// in, under invalidate_lock where there is one.
template <class C, class P>
Flow Machine<C, P>::FaultTakesPage(Fault& fault) {
  using enum FaultPhase;
  const unsigned number = w_.vmas[fault.vma].file;
  File& file = w_.files[number];
  if (IsPfn(number)) {
    fault.page = Pte::Make(PteKind::kPage, fault.index, false);
    fault.phase = kSetPte;
    return Flow::kSync;
  }
  if ((file.cached >> fault.index & 1) == 0) {
    if (rules_.invalidate_lock && fault.filler == 0 && FillsLocked(number)) {
      if (fault.phase == kTakePage) {
        fault.phase = kFillLock;
        return Flow::kSync;
      }
      if (file.invalidate_lock != kNone) {
        Blocks(LockKind::kInvalidateLock, number);
        return Flow::kBlocked;
      }
      probe_.Acquires(w_, task_, LockKind::kInvalidateLock, number);
      file.fillers = static_cast<uint8_t>(file.fillers | 1U << task_);
      fault.filler = 1;
    }
    FillFolio(number, fault.index);
    fault.major = HoldsVma(me().op) ? 1 : 0;
    // A new folio of tmpfs, or huge page, is locked before it is in the cache.
    fault.added = !FillsLocked(number) && rules_.fault_page_lock ? 1 : 0;
    fault.locked = fault.added;
  }
  fault.page = Pte::Make(PteKind::kPage, fault.index, false);
  const bool installs = fault.from_file_pte != 0 && !rules_.remap_file_ptes;
  fault.phase = rules_.fault_page_lock && !installs ? kLockPage
                : installs                          ? kInstall
                                                    : kSetPte;
  return Flow::kSync;
}

template <class C, class P>
void Machine<C, P>::FaultLetsGo(Fault& fault) {
  fault.locked = fault.added = 0;
  if (fault.filler == 0) return;
  File& file = w_.files[FileOf(w_, fault)];
  file.fillers = static_cast<uint8_t>(file.fillers & ~(1U << task_));
  fault.filler = 0;
}

// With the page locked, checks its mapping and i_size again. If the page has
// left the cache, the fault looks for another.
template <class C, class P>
Flow Machine<C, P>::FaultLocksPage(Fault& fault) {
  using enum FaultPhase;
  const Vma& vma = w_.vmas[fault.vma];
  if (fault.added == 0) {
    if (fault.page.kind() == PteKind::kPage &&
        PageIsLocked(vma.file, fault.index)) {
      if (fault.told == 0 && !IsShmem(vma.file) && FaultMayDrop())
        return FaultDrops(fault);
      Blocks(LockKind::kPageLock, fault.index, vma.file);
      return Flow::kBlocked;
    }
    probe_.Acquires(w_, task_, LockKind::kPageLock, vma.file);
  }
  const bool gone = fault.page.kind() != PteKind::kPage;
  if (fault.told != 0) {
    if (gone && rules_.mkwrite_rechecks) {
      fault.page = Pte{};  // no error and no pte: the access faults again
      fault.told = 0;
      fault.phase = kReadPte;
      return Flow::kSync;
    }
    if (rules_.mkwrite_checks_page && PastSize(w_.files[vma.file], fault)) {
      fault.page = Pte{};
      fault.outcome = FaultOutcome::kSigbus;
      return Flow::kDone;
    }
    fault.locked = 1;
    fault.phase = kSetPte;
    return Flow::kSync;
  }
  const bool added = fault.added != 0;
  FaultLetsGo(fault);
  if (gone) {
    fault.page = Pte{};
    fault.phase = kTakePage;
    return Flow::kSync;
  }
  // tmpfs looks again only at a page that it has added.
  const bool looks = !IsShmem(vma.file) || added ||
                     rules_.found_page_is_rechecked || !rules_.large_folios;
  if (looks && PastSize(w_.files[vma.file], fault)) {
    if (added && rules_.added_page_is_rechecked)
      TakeFolio(vma.file, fault.index);
    fault.page = Pte{};
    fault.outcome = FaultOutcome::kSigbus;
    return Flow::kDone;
  }
  if (fault.write != 0 && Tells(vma)) {
    fault.phase = kTell;  // unlocked again
    return Flow::kSync;
  }
  fault.locked = 1;
  fault.phase = kSetPte;
  return Flow::kSync;
}

// Whether page_mkwrite() is called before a page of it is written. tmpfs has
// none.
template <class C, class P>
bool Machine<C, P>::Tells(const Vma& vma) const {
  return vma.shared != 0 && rules_.page_mkwrite && !IsShmem(vma.file) &&
         !IsSpecial(vma.file);
}

// Whether a pte of this vma is writable from the first read on.
template <class C, class P>
bool Machine<C, P>::MayWrite(const Vma& vma) const {
  return vma.shared != 0 && vma.write != 0 && !Tells(vma);
}

// The pte that a fault on `vma` sets.
template <class C, class P>
Pte Machine<C, P>::NewPte(const Vma& vma, const Fault& fault) const {
  if (vma.shared == 0 && fault.write != 0)
    return Pte::Make(PteKind::kCopy, 0, true);
  return Pte::Make(fault.page.kind(), fault.page.index(),
                   fault.write != 0 || MayWrite(vma));
}

// A fault sets a pte of its vma's mm.
template <class C, class P>
void Machine<C, P>::FaultSets(const Fault& fault, unsigned addr, Pte pte) {
  const Vma& vma = w_.vmas[fault.vma];
  probe_.Installs(w_, task_, fault.vma, addr);
  // There may be none: around the address, or retracted since the fault looked.
  AllocTable(vma.mm, addr);
  if (pte.kind() == PteKind::kCopy && HasTlb())
    TakeFrame(FrameState::kCopy, vma.mm, addr);
  SetPte(vma.mm, vma.file, addr, pte);
}

template <class C, class P>
Flow Machine<C, P>::FaultSetsPte(Fault& fault) {
  Vma& vma = w_.vmas[fault.vma];
  const unsigned mm = vma.mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  // vmf_insert_pfn(), under the driver's lock: the page may be revoked.
  if (IsPfn(vma.file) && (w_.files[vma.file].cached >> fault.index & 1) == 0) {
    ReleasePtl(mm);
    fault.page = Pte{};
    fault.outcome = FaultOutcome::kSigbus;
    return Flow::kDone;
  }
  if (vma.shared == 0 && fault.write != 0) PrepareAnon(fault.vma);
  if (rules_.fault_rechecks_count &&
      w_.files[vma.file].truncate_count != fault.seq) {
    // The new sample is taken here, under the lock, and i_size read again.
    fault.seq = w_.files[vma.file].truncate_count;
    ReleasePtl(mm);
    fault.page = Pte{};
    fault.phase = FaultPhase::kReadSize;
    fault.retried = 1;
    return Flow::kSync;
  }
  const Pte was = fault.from_file_pte == 0
                      ? Pte{}
                      : Pte::Make(PteKind::kFilePte, fault.index, false);
  if (!SetsFolio(fault) && w_.mms[mm].ptes[fault.addr] == was)
    FaultSets(fault, fault.addr, NewPte(vma, fault));
  if (fault.write != 0 && vma.shared != 0 &&
      fault.page.kind() == PteKind::kPage)
    Dirties(vma.file, fault.index);
  ReleasePtl(mm);
  FaultLetsGo(fault);
  return Flow::kDone;
}

// page_mkwrite() returns with the folio locked, and so makes it dirty: this is
// a step of its own where the folio is large, since what a truncation does to
// one that it cannot split depends on that. (Of a single page it makes no
// difference when the lock is taken.)
template <class C, class P>
Flow Machine<C, P>::FaultTellsLocked(Fault& fault) {
  const Vma& vma = w_.vmas[fault.vma];
  if (fault.page.kind() != PteKind::kPage) {
    fault.page = Pte{};
    fault.phase = FaultPhase::kReadPte;
    return Flow::kSync;
  }
  if (!LockPage(vma.file, fault.page.index())) return Flow::kBlocked;
  fault.locked = 1;
  fault.phase = FaultPhase::kMakeWritable;
  return Flow::kSync;
}

// install_page() of filemap_populate(): it replaces an existing pte.
template <class C, class P>
Flow Machine<C, P>::FaultInstalls(Fault& fault) {
  const Vma& vma = w_.vmas[fault.vma];
  const unsigned mm = vma.mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  const bool gone = fault.page.kind() != PteKind::kPage ||
                    fault.index >= w_.files[vma.file].size;
  if (gone && rules_.install_checks_page) {
    fault.outcome = FaultOutcome::kSigbus;
  } else {
    ClearPte(mm, vma.file, fault.addr);
    FaultSets(fault, fault.addr, NewPte(vma, fault));
  }
  ReleasePtl(mm);
  return Flow::kDone;
}

// do_wp_page(): the copy is made, or page_mkwrite() called, and the pte changed
// if it is unchanged.
template <class C, class P>
Flow Machine<C, P>::FaultChangesPte(Fault& fault) {
  Vma& vma = w_.vmas[fault.vma];
  const unsigned mm = vma.mm;
  if (fault.phase == FaultPhase::kCopy && AnonNeedsMmapSem(fault))
    return Flow::kDone;
  if (!TakePtl(mm)) return Flow::kBlocked;
  Pte& pte = w_.mms[mm].ptes[fault.addr];
  // Prepared with the copy, before the pte is looked at again.
  if (fault.phase == FaultPhase::kCopy) PrepareAnon(fault.vma);
  if (pte == fault.page) {
    if (fault.phase == FaultPhase::kMakeWritable) {
      pte = Pte::Make(pte.kind(), pte.index(), true);
      changed_ = true;
      Dirties(vma.file, pte.index());
    } else {
      ClearPte(mm, vma.file, fault.addr);
      FaultSets(fault, fault.addr, Pte::Make(PteKind::kCopy, 0, true));
    }
  }
  ReleasePtl(mm);
  return Flow::kDone;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_FAULT_INL_H_
