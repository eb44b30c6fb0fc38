// vmtruncate(), vmtruncate_range() and invalidate_inode_pages2_range(): the
// operations that run passes and remove pages from the page cache.
#ifndef VMTRUNC_CORE_MODEL_TRUNCATE_INL_H_
#define VMTRUNC_CORE_MODEL_TRUNCATE_INL_H_

#include <algorithm>
#include <bit>

#include "core/model/machine.h"

namespace vmtrunc {
// Number of consecutive passes over one page that zapped nothing, after which
// the operation counts as spinning whatever the next would find: other passes
// restore their marks each time, or a flipped rule hides the page.
inline constexpr unsigned kMostInVain = 16;

// Truncate and punch, under i_sem: i_size, a pass, the pages, and, if the rule
// says so, a second pass.
template <class C, class P>
Flow Machine<C, P>::StepTruncate(Op& op) {
  using enum TruncatePhase;
  TruncateOp& my = op.truncate;
  const unsigned number = my.removal.file;
  File& file = w_.files[number];
  const bool punch = op.verb == Verb::kPunch;
  switch (my.phase) {
    case kMmapSem:
      if (!TakeMmapSemWrite(me().mm)) return Flow::kBlocked;
      my.phase = kStart;
      return Flow::kSync;
    case kStart:
      if (!TakeISem(number)) return Flow::kBlocked;
      if (!rules_.invalidate_lock || !FillsLocked(number))
        return TruncateBegins(op);
      my.phase = kInvalidateLock;
      return Flow::kSync;
    case kInvalidateLock:
      if (file.invalidate_lock != kNone || file.fillers != 0) {
        Blocks(LockKind::kInvalidateLock, number);
        return Flow::kBlocked;
      }
      probe_.Acquires(w_, task_, LockKind::kInvalidateLock, number);
      file.invalidate_lock = static_cast<uint8_t>(task_);
      return TruncateBegins(op);
    case kPass: {
      const Flow flow = StepPass(op.pass);
      if (flow != Flow::kDone) return flow;
      my.phase = kPages;
      my.removal.cursor = my.removal.first;
      return Flow::kSync;
    }
    case kPages: {
      const Flow flow = StepRemoval(my.removal, op.pass);
      if (flow != Flow::kDone) return flow;
      if (!rules_.second_pass || my.no_pass != 0 ||
          (punch && rules_.punch_keeps_copies))
        return TruncateEnds(op);
      RangePassBegin(my.removal, /*even_cows=*/true, /*final=*/true, op.pass);
      my.phase = kLastPass;
      return Flow::kSync;
    }
    case kLastPass: {
      const Flow flow = StepPass(op.pass);
      return flow == Flow::kDone ? TruncateEnds(op) : flow;
    }
  }
  return Flow::kDone;
}

template <class C, class P>
Flow Machine<C, P>::TruncateBegins(Op& op) {
  TruncateOp& my = op.truncate;
  const Removal& range = my.removal;
  File& file = w_.files[range.file];
  const bool punch = op.verb == Verb::kPunch;
  changed_ = true;
  if (!punch) {
    const unsigned before = file.size;
    file.size = range.first;
    if (range.first > before) {
      Shows(range.file, before, range.first - 1U);
      // truncate_setsize() cuts off past the new end too: there may be a part
      // of a large folio.
      if (IsShmem(range.file) || !HasLargeFolios(file)) return TruncateEnds(op);
    }
    // shmem_setattr() has no pass where the size stays. A folio over the end
    // that was not split may be mapped there.
    my.no_pass =
        range.first == before && IsShmem(range.file) && rules_.large_folios ? 1
                                                                            : 0;
  }
  CutOff(range.file, range.first, range.last);
  if (my.no_pass != 0) {
    my.phase = TruncatePhase::kPages;
    my.removal.cursor = range.first;
    return Flow::kSync;
  }
  const bool again = rules_.second_pass && !punch;
  RangePassBegin(range, /*even_cows=*/!punch || !rules_.punch_keeps_copies,
                 /*final=*/!again, op.pass);
  my.phase = TruncatePhase::kPass;
  return Flow::kSync;
}

// unmap_mapping_range(), which is called with bytes.
template <class C, class P>
void Machine<C, P>::RangePassBegin(const Removal& range, bool even_cows,
                                   bool final, Pass& pass) {
  unsigned first = range.first;
  unsigned last = range.last;
  // A page number has six bits here, of which the first comes back as the sign.
  constexpr unsigned kSign = 0x20;
  if (!rules_.unsigned_offsets && (first & kSign) != 0) {
    first |= 0x10000U - kSign;
    last = std::min(0xffffU, last + first - range.first);
  }
  PassBegin(range.file, first, last, even_cows, final, pass);
}

template <class C, class P>
Flow Machine<C, P>::TruncateEnds(Op& op) {
  const Removal& range = op.truncate.removal;
  File& file = w_.files[range.file];
  if (op.verb == Verb::kTruncate && rules_.kept_folio_is_zeroed &&
      range.first < C::kFilePages)
    file.folios.stale &= ~PageBits(range.first, FolioLast(file, range.first));
  if (op.verb == Verb::kTruncate)
    probe_.TruncationEnds(w_, task_, range.file, range.first);
  else
    Shows(range.file, range.first, range.last);
  if (file.invalidate_lock == task_) file.invalidate_lock = kNone;
  file.i_sem = kNone;
  if (w_.mms[me().mm].writer == task_) ReleaseMmapSem(me().mm);
  return Flow::kDone;
}

// invalidate_inode_pages2_range(): page by page, without i_sem.
template <class C, class P>
Flow Machine<C, P>::StepInvalidate(Op& op) {
  switch (op.invalidate.phase) {
    case InvalidatePhase::kPages:
      return StepRemoval(op.invalidate.removal, op.pass);
  }
  return Flow::kDone;
}

// A driver takes back memory that it has let tasks map: it marks the pages, so
// that no fault maps them, and unmaps them; after that it uses them itself.
template <class C, class P>
Flow Machine<C, P>::StepRevoke(Op& op) {
  RevokeOp& my = op.revoke;
  const unsigned number = my.removal.file;
  File& file = w_.files[number];
  const unsigned last = std::min<unsigned>(my.removal.last, C::kFilePages - 1);
  if (my.phase == RevokePhase::kStart) {
    if (!TakeISem(number)) return Flow::kBlocked;
    file.cached &= ~PageBits(my.removal.first, last);
    changed_ = true;
    PassBegin(number, my.removal.first, my.removal.last, /*even_cows=*/true,
              /*final=*/true, op.pass);
    my.phase = RevokePhase::kPass;
    return Flow::kSync;
  }
  const Flow flow = StepPass(op.pass);
  if (flow != Flow::kDone) return flow;
  for (unsigned page = my.removal.first; page <= last; ++page) {
    if (w_.mapcount[number][page] == 0) continue;
    probe_.Removes(w_, number, page);
    Orphan(number, page);
  }
  file.i_sem = kNone;
  return Flow::kDone;
}

// Whether a pass over one page that trusts no marks of others would find a pte
// of it.
template <class C, class P>
bool Machine<C, P>::WouldZap(unsigned file, unsigned index) const {
  for (const Vma& vma : w_.vmas) {
    if (vma.in_index == InIndex::kNot || vma.file != file) continue;
    const bool whole = vma.nonlinear != 0 && rules_.nonlinear_scans_all;
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      const Pte pte = w_.mms[vma.mm].ptes[addr];
      const unsigned linear = vma.pgoff + addr - vma.start;
      if (pte.kind() == PteKind::kPage &&
          (whole ? pte.index() : linear) == index)
        return true;
    }
  }
  return false;
}

// Removes the folios of a range, one after the other; kDone when there is none
// left.
template <class C, class P>
Flow Machine<C, P>::StepRemoval(Removal& removal, Pass& pass) {
  using enum RemovalPhase;
  switch (removal.phase) {
    case kNextPage:
    case kEdge:
      return NextPage(removal, pass);
    case kTest:
      return TestPage(removal, pass);
    case kTake:
      return TakeLocked(removal);
    case kSplit:
      if (IsReferenced(removal.file, removal.locked - 1U) ||
          FolioIsMapped(removal.file, removal.locked - 1U)) {
        EdgeFails(removal, pass);
      } else {
        SplitFolio(removal);
      }
      return Flow::kSync;
    case kPass:
    case kRestPass:
    case kSplitPass:
    case kKeptPass:
      break;
  }
  const Flow flow = StepPass(pass);
  if (flow != Flow::kDone) return flow;
  if (removal.phase == kKeptPass) {
    EdgeStays(removal);
  } else if (removal.phase == kSplitPass) {
    removal.phase = kSplit;
  } else if (removal.phase == kRestPass) {
    removal.phase = kNextPage;
  } else {
    const bool again =
        me().op.verb == Verb::kInvalidate && rules_.invalidate_loops;
    removal.phase = again ? kTest : kTake;
  }
  return Flow::kSync;
}

// The lock of the next page, or of the folio over an edge, then what is done to
// it. The first page of an invalidation that is mapped has the rest of the
// range unmapped in one go: with its lock held (TestPage), or before it is
// taken (invalidate_inode_pages2_range() from 5.13 on).
template <class C, class P>
Flow Machine<C, P>::NextPage(Removal& removal, Pass& pass) {
  using enum RemovalPhase;
  const bool invalidates = me().op.verb == Verb::kInvalidate;
  // A step that has come to another walk, and there to a lock that is not free,
  // has done something.
  Flow waits = Flow::kBlocked;
  for (;;) {
    if (removal.phase == kEdge) {
      // It may have gone while nobody looked.
      if (!OverEdge(removal)) {
        removal.phase = kNextPage;
        waits = Flow::kSync;
        continue;
      }
      if (!TakePageLock(removal, EdgePage(removal))) return Flow::kBlocked;
      EdgeBegins(removal, pass);
      return Flow::kSync;
    }
    const bool walks =
        removal.edge == Edge::kNotYet || removal.edge == Edge::kDone;
    const unsigned index = walks ? NextCached(removal) : 0x10000U;
    if (index > removal.last) {
      if (!NextEdge(removal)) return Flow::kDone;
      if (removal.phase == kEdge) return Flow::kSync;
      waits = Flow::kSync;
      continue;
    }
    if (invalidates && rules_.invalidate_unmaps_first &&
        removal.rest_done == 0 && FolioIsMapped(removal.file, index)) {
      PassBegin(removal.file, index, removal.last, /*even_cows=*/false,
                /*final=*/false, pass);
      removal.rest_done = 1;
      removal.phase = kRestPass;
      return Flow::kSync;
    }
    if (!TakePageLock(removal, index)) return waits;
    if (!invalidates && ReachesOut(removal, index) &&
        rules_.late_folio_is_split) {
      EdgeBegins(removal, pass);
      return Flow::kSync;
    }
    const bool tests = invalidates || rules_.unmap_per_page;
    removal.phase = tests ? kTest : kTake;
    return tests ? TestPage(removal, pass) : TakeLocked(removal);
  }
}

// The locked folio leaves the cache.
template <class C, class P>
Flow Machine<C, P>::TakeLocked(Removal& removal) {
  const unsigned index = removal.locked - 1U;
  if (removal.edge == Edge::kNotYet || removal.edge == Edge::kDone)
    removal.cursor =
        static_cast<uint16_t>(FolioLast(w_.files[removal.file], index) + 1);
  TakeFolio(removal.file, index);
  removal.locked = 0;
  removal.page_passes = 0;
  removal.phase = RemovalPhase::kNextPage;
  return Flow::kSync;
}

// Checks whether the locked page is mapped, and starts a pass if it is.
template <class C, class P>
Flow Machine<C, P>::TestPage(Removal& removal, Pass& pass) {
  using enum RemovalPhase;
  const unsigned index = removal.locked - 1U;
  const bool invalidates = me().op.verb == Verb::kInvalidate;
  if (!FolioIsMapped(removal.file, index)) {
    removal.phase = kTake;
    return Flow::kSync;
  }
  const bool rest = invalidates && removal.rest_done == 0;
  const File& file = w_.files[removal.file];
  unsigned first = FolioFirst(file, index);
  if (invalidates && rules_.invalidate_range && !rules_.wide_offsets)
    first &= 0xfU;
  // A pass over this page that zapped nothing is followed by another. It spins
  // if that would find nothing either. It may find the page: the previous one
  // had trusted a mark that another pass left in a vma.
  const bool in_vain = removal.page_passes != 0 && pass.zapped == 0;
  if (in_vain &&
      (removal.page_passes >= kMostInVain || !WouldZap(removal.file, first)))
    return Flow::kBlocked;
  // Without ranges, a page's own pass has the length (index << PAGE_SHIFT) + 1.
  unsigned last = first + FolioLast(file, index) - FolioFirst(file, index);
  if (rest) {
    last = std::max(last, first + removal.last - index);
  } else if (invalidates && !rules_.invalidate_range) {
    last += index;
  }
  PassBegin(removal.file, first, last, /*even_cows=*/false, /*final=*/false,
            pass);
  removal.page_passes = static_cast<uint8_t>(in_vain ? removal.page_passes + 1
                                             : rest  ? 0
                                                     : 1);
  removal.rest_done = 1;
  removal.phase = kPass;
  return Flow::kSync;
}

// Whether the folio reaches over an end of the range.
template <class C, class P>
bool Machine<C, P>::ReachesOut(const Removal& removal, unsigned index) const {
  const File& file = w_.files[removal.file];
  return FolioFirst(file, index) < removal.first ||
         FolioLast(file, index) > removal.last;
}

// The next folio that a walk of truncation takes, or one past any. The first
// walk leaves out folios that are locked, and both those that reach over an
// end; but in tmpfs, which has no invalidate_lock, one may come in late, and
// the second walk meets it.
template <class C, class P>
unsigned Machine<C, P>::NextFolio(const Removal& removal) const {
  const File& file = w_.files[removal.file];
  const unsigned end =
      removal.stop != 0 ? removal.stop - 1U : unsigned{C::kFilePages};
  const bool first_walk = removal.edge == Edge::kNotYet;
  for (unsigned index = removal.cursor; index < end;
       index = FolioLast(file, index) + 1) {
    if ((file.cached >> index & 1) == 0) continue;
    if (first_walk && PageIsLocked(removal.file, index)) continue;
    if (!ReachesOut(removal, index) ||
        (!first_walk && IsShmem(removal.file) && index <= removal.last))
      return index;
  }
  return 0x10000U;
}

// The first page in the cache from the cursor on, or one past any.
template <class C, class P>
unsigned Machine<C, P>::NextCached(const Removal& removal) const {
  if (HasLargeFolios(w_.files[removal.file]) &&
      me().op.verb != Verb::kInvalidate)
    return NextFolio(removal);
  const unsigned cursor = removal.cursor;
  const uint64_t left =
      cursor >= 64 ? 0 : w_.files[removal.file].cached >> cursor;
  return left == 0 ? 0x10000U
                   : cursor + static_cast<unsigned>(std::countr_zero(left));
}

// Removes the locked page from the page cache.
template <class C, class P>
void Machine<C, P>::TakePage(unsigned file, unsigned index) {
  probe_.Removes(w_, file, index);
  w_.files[file].cached &= ~(uint64_t{1} << index);
  changed_ = true;
  bool stays = w_.mapcount[file][index] != 0;
  if (stays) Orphan(file, index);
  for (Task& task : w_.tasks) {
    Fault& fault = task.op.fault;
    if (fault.page.kind() != PteKind::kPage) continue;
    if (fault.page.index() != index) continue;
    if (FileOf(w_, fault) != file) continue;
    fault.page = Pte::Make(PteKind::kOrphan, index, false);
    stays = true;
  }
  if (!HasTlb()) return;
  stays |= (w_.files[file].folios.pinned >> index & 1) != 0;
  PageLeaves(file, index, stays);
}

// The page is no longer in the cache, but ptes still map it.
template <class C, class P>
void Machine<C, P>::Orphan(unsigned file, unsigned index) {
  for (const Vma& vma : w_.vmas) {
    if (vma.state == VmaState::kFree || vma.file != file) continue;
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      Pte& pte = w_.mms[vma.mm].ptes[addr];
      if (pte.kind() != PteKind::kPage || pte.index() != index) continue;
      pte = Pte::Make(PteKind::kOrphan, index, pte.writable());
    }
  }
  w_.mapcount[file][index] = 0;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_TRUNCATE_INL_H_
