#include "core/about/touch.h"

#include "core/model/machine-inl.h"

namespace vmtrunc {
namespace {

using namespace touched;

template <class C>
class Step {
 public:
  Step(const World<C>& world, unsigned task, const Rules& rules,
       bool passes_may_begin)
      : w_(world),
        task_(task),
        op_(world.tasks[task].op),
        rules_(rules),
        passes_may_begin_(passes_may_begin) {}

  Touched Touches() const {
    // Of what a step does to frames and shared tables, nothing yet.
    if (w_.tlb != 0 || HasHugePages(w_)) return kAll;
    // A fault may hold the lock of a vma of another mm for a moment, and who
    // changes vmas waits for it.
    const bool pins = op_.verb == Verb::kPin || op_.verb == Verb::kUnpin ||
                      op_.verb == Verb::kOrder;
    if (rules_.vma_locks && !InFault(op_) && !IsPass(op_.verb) && !pins)
      return kAll;
    switch (op_.verb) {
      case Verb::kMmap:
        if (op_.mmap.phase == MmapPhase::kStart) return Finds();
        return op_.mmap.phase == MmapPhase::kUnmap ? OfUnmap() : Touched{kAll};
      case Verb::kMunmap:
        return op_.munmap.phase == MunmapPhase::kStart ? Finds() : OfUnmap();
      case Verb::kMprotect:
        // A pass takes a pte away whether it is writable or not.
        return op_.mprotect.phase == MprotectPhase::kStart ||
                       op_.mprotect.phase == MprotectPhase::kProtect
                   ? Finds()
                   : Touched{kAll};
      case Verb::kMremap:
        return OfMremap();
      case Verb::kRead:
      case Verb::kWrite:
        return op_.access.phase == AccessPhase::kStart ? Touched{0} : OfFault();
      case Verb::kTruncate:
      case Verb::kPunch:
        return OfTruncate();
      case Verb::kInvalidate:
        return OfRemoval(op_.invalidate.removal);
      case Verb::kPin:
      case Verb::kUnpin:
      case Verb::kOrder:
        return kCache;
      case Verb::kNone:
      case Verb::kFork:
      case Verb::kExit:
      case Verb::kRemap:
      case Verb::kRevoke:
      case Verb::kCollapse:
        return kAll;
    }
    return kAll;
  }

 private:
  // A step that looks for vmas in the mm's list, and may copy one to split it.
  // The copy's count, and the edges, are settled under i_mmap_lock later. Where
  // those of fork's copies are not, the normal form keeps the counts of all
  // vmas that are not linked yet.
  Touched Finds() const {
    return rules_.split_under_lock && rules_.split_inherits &&
                   rules_.fork_inherits
               ? kSlab
               : kAll;
  }

  Touched OfMremap() const {
    using enum MremapPhase;
    switch (op_.mremap.phase) {
      case kStart:
        return Finds();
      case kExtentTable:
        return kPtes | Finds();
      case kMovePtl:
      case kExtentPtl:
        if (MoveShifts()) return kAll;
        // No pass gets at the ptes while i_mmap_lock is held.
        return w_.files[w_.vmas[op_.mremap.new_vma].file].i_mmap_lock == task_
                   ? Finds()
                   : kPtes | Finds();
      case kUnmapTarget:
      case kUnmapTail:
      case kUnmapSource:
        return OfUnmap();
      case kTrim:
      case kPlace:
      case kGrow:
      case kMerge:
      case kLink:
      case kMoveLock:
      case kMoveTable:
      case kMoveRelock:
      case kMoveRelockPtl:
      case kExtentLock:
      case kBegin:
      case kSourceLock:
      case kMoveFlush:
      case kTableLock:
      case kTablePtl:
        return kAll;
    }
    return kAll;
  }

  // Whether a private copy comes to lie at another page of the file: where it
  // does, what i_size is decides whether that is past the end.
  bool MoveShifts() const {
    const MremapOp& move = op_.mremap;
    const Vma& from = w_.vmas[move.vma];
    const Vma& to = w_.vmas[move.new_vma];
    return from.pgoff + move.addr - from.start !=
           to.pgoff + move.new_addr - to.start;
  }

  const Folios& FoliosOf(const Vma& vma) const {
    return w_.files[vma.file].folios;
  }
  const Folios& FaultFolios() const { return FoliosOf(w_.vmas[op_.fault.vma]); }
  bool IsShmem() const { return FaultFolios().shmem != 0; }
  bool IsLarge() const { return IsLarge(FaultFolios()); }
  // Whether the file may have folios of more than a page.
  bool IsLarge(const Folios& folios) const {
    return rules_.large_folios && (folios.high | folios.min_order |
                                   folios.order1 | folios.order2) != 0;
  }

  Touched OfFault() const {
    const Fault& fault = op_.fault;
    switch (fault.phase) {
      case FaultPhase::kReadPte:
        // A touch past the end is seen, and marks what it writes.
        if (w_.mms[w_.tasks[task_].mm].ptes[fault.addr].present() &&
            rules_.large_folios)
          return kAll;
        if (fault.write != 0 && rules_.cow_prepares_first) return kAll;
        return OutOfRange(w_.vmas[fault.vma], fault.addr) ? 0 : Touched{kPtes};
      case FaultPhase::kSampleCount:
        return kCount;
      case FaultPhase::kReadSize:
        // tmpfs looks for a punch in flight too.
        return IsShmem() ? Touched{kAll} : kSize;
      case FaultPhase::kTakePage:
        // A large folio is filled up to i_size.
        return IsLarge() || IsShmem() ? Touched{kAll} : kCache;
      case FaultPhase::kSetPte:
        if (IsLarge()) return kAll;
        return fault.write != 0 ? kAll : kPtes | kCount | kCache | kSize;
      case FaultPhase::kCopy:
      case FaultPhase::kInstall:
      case FaultPhase::kAround:
      case FaultPhase::kFillLock:
      case FaultPhase::kLockPage:
      case FaultPhase::kTell:
      case FaultPhase::kMakeWritable:
      case FaultPhase::kAroundFolio:
      case FaultPhase::kAroundSize:
      case FaultPhase::kAroundMap:
      case FaultPhase::kHole:
      case FaultPhase::kHoleSem:
      case FaultPhase::kMkwriteLock:
      case FaultPhase::kWait:
      case FaultPhase::kShareTable:
        return kAll;
    }
    return kAll;
  }

  // One block of ZapDetached(): nothing that a pass sees if there is no pte in
  // it, or none that a pass would take.
  Touched OfUnmap() const {
    const Unmap& unmap = op_.unmap;
    if (unmap.phase != UnmapPhase::kZap) return kAll;
    const Vma& vma = w_.vmas[unmap.cursor];
    const unsigned stop =
        std::min<unsigned>(unmap.next_addr + unsigned{w_.block}, vma.end);
    // The page tables go with the last one, and a pass may look for them.
    const bool frees =
        stop == vma.end && vma.mm_next == kNone && !rules_.unlink_before_tables;
    if (frees && rules_.ptl_in_zap) return kPtes;
    for (unsigned addr = unmap.next_addr; addr < stop; ++addr)
      if (!w_.mms[unmap.mm].ptes[addr].none() && !OutOfRange(vma, addr))
        return kPtes;
    return 0;
  }

  // Whether no pass is or will be that does anything at this address. The split
  // of a large folio unmaps it also outside the range.
  bool OutOfRange(const Vma& vma, unsigned addr) const {
    if (passes_may_begin_ || IsLarge(FoliosOf(vma)) || vma.nonlinear != 0 ||
        !rules_.clip_to_range || !rules_.range_end_kept ||
        (rules_.ptl_in_zap &&
         (w_.mms[vma.mm].tables >> addr / kPtesPerTable & 1) == 0))
      return false;
    const unsigned index = vma.pgoff + addr - vma.start;
    for (unsigned task = 0; task < C::kTasks; ++task) {
      const Op& other = w_.tasks[task].op;
      if (task == task_ || !IsPass(other.verb)) continue;
      if (other.verb != Verb::kTruncate ||
          index >= other.truncate.removal.first)
        return false;
    }
    return true;
  }

  Touched OfPass() const {
    return op_.pass.phase == PassPhase::kMutex ? kMutex : kAll;
  }

  Touched OfTruncate() const {
    using enum TruncatePhase;
    switch (op_.truncate.phase) {
      case kPass:
      case kLastPass:
        return OfPass();
      case kPages:
        return OfRemoval(op_.truncate.removal);
      case kStart:
      case kMmapSem:
      case kInvalidateLock:
        return kAll;
    }
    return kAll;
  }

  Touched OfRemoval(const Removal& removal) const {
    using enum RemovalPhase;
    switch (removal.phase) {
      case kPass:
      case kRestPass:
        return OfPass();
      case kEdge:
      case kSplit:
        return kAll;
      case kSplitPass:
      case kKeptPass:
        return OfPass();
      case kNextPage:
      case kTest:
      case kTake:
        if (HasLargeFolios(w_.files[removal.file])) return kAll;
        return RemovesUnseen(removal) ? kCache : kAll;
    }
    return kAll;
  }

  // Whether the page that goes next, if there is one, is mapped nowhere, and of
  // a truncation nothing at all past the size: so that its checks find nothing,
  // and would not if others unmapped more.
  bool RemovesUnseen(const Removal& removal) const {
    const File& file = w_.files[removal.file];
    const unsigned cursor = removal.cursor;
    unsigned index = removal.locked - 1U;
    if (removal.locked == 0) {
      const uint64_t left = cursor >= 64 ? 0 : file.cached >> cursor;
      index =
          left == 0 ? C::kFilePages : cursor + unsigned(std::countr_zero(left));
    }
    if (index < C::kFilePages && w_.mapcount[removal.file][index] != 0)
      return false;
    if (op_.verb != Verb::kTruncate) return true;
    for (const Vma& vma : w_.vmas) {
      if (vma.state == VmaState::kFree || vma.file != removal.file) continue;
      for (unsigned addr = vma.start; addr < vma.end; ++addr) {
        const Pte pte = w_.mms[vma.mm].ptes[addr];
        const unsigned linear = vma.pgoff + addr - vma.start;
        if (pte.present() &&
            (linear >= removal.first || pte.index() >= removal.first))
          return false;
      }
    }
    return true;
  }

  const World<C>& w_;
  const unsigned task_;
  const Op& op_;
  const Rules& rules_;
  const bool passes_may_begin_;
};

}  // namespace

template <class C>
Touched NextTouches(const World<C>& world, unsigned task, const Rules& rules,
                    bool passes_may_begin) {
  return Step<C>(world, task, rules, passes_may_begin).Touches();
}

template Touched NextTouches<SmallCaps>(const World<SmallCaps>&, unsigned,
                                        const Rules&, bool);
template Touched NextTouches<LargeCaps>(const World<LargeCaps>&, unsigned,
                                        const Rules&, bool);

Touched MayTouch(const Op& op, const Rules& rules) {
  using enum TruncatePhase;
  Touched all = MayTouch(op.verb, op.mmap.populate != 0);
  if (op.verb != Verb::kTruncate) return all;
  const TruncatePhase phase = op.truncate.phase;
  if (SizeIsSet(phase)) all &= ~Touched{kSize};
  if (rules.second_pass || rules.unmap_per_page) return all;
  const bool passed = SizeIsSet(phase) && phase != kPass;
  if (passed || op.pass.active != 0) all &= ~Touched{kCount};
  if (passed) all &= ~(kIndex | kMutex);
  return all;
}

Touched MayTouch(Verb verb, bool populate) {
  switch (verb) {
    case Verb::kNone:
      return 0;
    case Verb::kRead:
      return kCache;
    case Verb::kWrite:
      return kCache | kAnon;
    case Verb::kMunmap:
    case Verb::kMprotect:
      return kSlab | kIndex;
    case Verb::kMremap:
    case Verb::kExit:
    case Verb::kFork:
      return kSlab | kIndex | kAnon;
    case Verb::kMmap:
      return kSlab | kIndex | kAnon | Touched{populate ? kCache : Touched{0}};
    case Verb::kRemap:
      return kSlab | kIndex | kCache | kAnon;
    case Verb::kTruncate:
      return kIndex | kPtes | kSize | kCount | kCache | kMutex;
    case Verb::kPunch:
    case Verb::kInvalidate:
    case Verb::kRevoke:
    case Verb::kCollapse:
      return kIndex | kPtes | kCount | kCache | kMutex;
    case Verb::kPin:
    case Verb::kUnpin:
    case Verb::kOrder:
      return kCache;
  }
  return kAll;
}

}  // namespace vmtrunc
