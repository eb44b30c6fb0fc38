// A page fault as in 2.6.11: handle_pte_fault(), do_no_page(), do_wp_page().
// The caller holds mmap_sem. Included by core/machine-inl.h alone.

namespace vmtrunc {
namespace fault_phase {
enum : uint8_t { kReadPte, kSampleCount, kReadSize, kTakePage, kSetPte, kCopy };
enum : uint8_t { kServed, kSigsegv, kSigbus };
}  // namespace fault_phase

// Requires: addr lies in the vma, which is of the task's mm and allows the
// access.
template <class C, class P>
void Machine<C, P>::FaultBegin(Slot slot, unsigned addr, bool write,
                               Fault& fault) {
  fault = Fault{};
  fault.phase = fault_phase::kReadPte;
  fault.write = write ? 1 : 0;
  fault.addr = static_cast<uint16_t>(addr);
  fault.vma = slot;
  fault.vma_birth = w_.vmas[slot].birth;
}

template <class C, class P>
Flow Machine<C, P>::StepFault(Fault& fault) {
  using namespace fault_phase;
  Flow flow = Flow::kSync;
  do {
    const Vma& vma = Use(fault.vma, fault.vma_birth);
    const File& file = w_.files[vma.file];
    const unsigned index = vma.pgoff + fault.addr - unsigned{vma.start};
    switch (fault.phase) {
      case kReadPte:
        flow = FaultReadsPte(fault);
        break;
      case kSampleCount:
        fault.seq = file.truncate_count;
        fault.phase = rules_.fault_count_first ? kReadSize : kTakePage;
        break;
      case kReadSize:
        if (index >= C::kFilePages ||
            (rules_.fault_checks_size && index >= file.size)) {
          fault.outcome = kSigbus;
          return Flow::kDone;
        }
        fault.phase = rules_.fault_count_first || fault.retried != 0
                          ? kTakePage
                          : kSampleCount;
        break;
      case kTakePage:
        flow = FaultTakesPage(fault);
        break;
      case kSetPte:
        flow = FaultSetsPte(fault);
        break;
      default:
        flow = FaultCopies(fault);
        break;
    }
  } while (GoesOn(flow));
  return flow;
}

template <class C, class P>
Flow Machine<C, P>::FaultReadsPte(Fault& fault) {
  using namespace fault_phase;
  const unsigned mm = me().mm;
  const Vma& vma = w_.vmas[fault.vma];
  if (!TakePtl(mm)) return Flow::kBlocked;
  if (!HasTable(mm, fault.addr)) AllocTable(mm, fault.addr);
  const Pte pte = w_.mms[mm].ptes[fault.addr];
  ReleasePtl(mm);
  if (!pte.present()) {
    fault.phase = rules_.fault_count_first ? kSampleCount : kReadSize;
    return Flow::kSync;
  }
  if (fault.write == 0 || pte.writable()) return Flow::kDone;
  if (vma.shared != 0 || pte.kind() == PteKind::kCopy) {
    // do_wp_page() reuses the page in the same hold.
    w_.mms[mm].ptes[fault.addr] = Pte::Make(pte.kind(), pte.index(), true);
    changed_ = true;
    return Flow::kDone;
  }
  fault.page = pte;
  fault.phase = kCopy;
  return Flow::kSync;
}

// filemap_nopage(): finds the page in the cache, or reads it in.
template <class C, class P>
Flow Machine<C, P>::FaultTakesPage(Fault& fault) {
  const Vma& vma = w_.vmas[fault.vma];
  const unsigned index = vma.pgoff + fault.addr - unsigned{vma.start};
  File& file = w_.files[vma.file];
  if ((file.cached >> index & 1) == 0) {
    file.cached |= uint64_t{1} << index;
    changed_ = true;
  }
  fault.page = Pte::Make(PteKind::kPage, index, false);
  fault.phase = fault_phase::kSetPte;
  return Flow::kSync;
}

// What a fault on `vma` puts into the page table.
template <class C, class P>
Pte Machine<C, P>::NewPte(const Vma& vma, const Fault& fault) const {
  if (vma.shared == 0 && fault.write != 0)
    return Pte::Make(PteKind::kCopy, 0, true);
  return Pte::Make(fault.page.kind(), fault.page.index(),
                   vma.shared != 0 && vma.write != 0);
}

template <class C, class P>
Flow Machine<C, P>::FaultSetsPte(Fault& fault) {
  const unsigned mm = me().mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  Vma& vma = w_.vmas[fault.vma];
  if (rules_.fault_rechecks_count &&
      w_.files[vma.file].truncate_count != fault.seq) {
    // The new sample is taken here, under the lock, and i_size read again.
    fault.seq = w_.files[vma.file].truncate_count;
    ReleasePtl(mm);
    fault.page = Pte{};
    fault.phase = fault_phase::kReadSize;
    fault.retried = 1;
    return Flow::kSync;
  }
  if (!w_.mms[mm].ptes[fault.addr].present()) {
    const Pte pte = NewPte(vma, fault);
    if (pte.kind() == PteKind::kCopy && vma.anon == 0)
      vma.anon = AnonFor(fault.vma);
    SetPte(mm, vma.file, fault.addr, pte);
  }
  ReleasePtl(mm);
  return Flow::kDone;
}

// do_wp_page(): the copy is made; it takes the pte's place if nothing has
// changed it meanwhile.
template <class C, class P>
Flow Machine<C, P>::FaultCopies(Fault& fault) {
  const unsigned mm = me().mm;
  if (!TakePtl(mm)) return Flow::kBlocked;
  Vma& vma = w_.vmas[fault.vma];
  if (w_.mms[mm].ptes[fault.addr] == fault.page) {
    if (vma.anon == 0) vma.anon = AnonFor(fault.vma);
    ClearPte(mm, vma.file, fault.addr);
    SetPte(mm, vma.file, fault.addr, Pte::Make(PteKind::kCopy, 0, true));
  }
  ReleasePtl(mm);
  return Flow::kDone;
}

}  // namespace vmtrunc
