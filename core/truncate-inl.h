// vmtruncate(), vmtruncate_range() and invalidate_inode_pages2_range(): what
// runs passes and takes pages out of the page cache. Included by
// core/machine-inl.h alone.

namespace vmtrunc {
namespace truncate_phase {
enum : uint8_t {
  kStart,
  kInvalidateLock,
  kPass,      // over the whole range
  kNextPage,  // before the next page's lock
  kTest,      // the page is locked: is it mapped?
  kPagePass,  // over what is mapped
  kTake,      // out of the page cache
  kLastPass,  // over the whole range again
};
}  // namespace truncate_phase

// Passes over one page in a row that zapped nothing, after which it is said to
// spin whatever the next would find: others put their marks back each time, or
// a rule that is turned round hides the page.
inline constexpr unsigned kMostInVain = 16;

// Truncate and punch, under i_sem: i_size, a pass, the pages, and where the
// rule says so, a pass again.
template <class C, class P>
Flow Machine<C, P>::StepTruncate(Op& op) {
  using namespace truncate_phase;
  File& file = w_.files[op.file];
  const bool punch = op.verb == Verb::kPunch;
  switch (op.phase) {
    case kStart: {
      const unsigned mm = me().mm;
      if (punch && !rules_.punch_without_mmap_sem &&
          w_.mms[mm].writer != task_) {
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        return Flow::kSync;
      }
      if (!TakeISem(op.file)) return Flow::kBlocked;
      if (!rules_.invalidate_lock) return TruncateBegins(op);
      op.phase = kInvalidateLock;
      return Flow::kSync;
    }
    case kInvalidateLock:
      if (file.invalidate_lock != kNone || file.fillers != 0) {
        Blocks(LockKind::kInvalidateLock, op.file);
        return Flow::kBlocked;
      }
      probe_.Acquires(w_, task_, LockKind::kInvalidateLock, op.file);
      file.invalidate_lock = static_cast<uint8_t>(task_);
      return TruncateBegins(op);
    case kPass: {
      const Flow flow = StepPass(op.pass);
      if (flow != Flow::kDone) return flow;
      op.phase = kNextPage;
      op.cursor = op.pgoff;
      return Flow::kSync;
    }
    case kLastPass: {
      const Flow flow = StepPass(op.pass);
      return flow == Flow::kDone ? TruncateEnds(op) : flow;
    }
    default:
      break;
  }
  if (op.phase != kNextPage) return RemovePage(op);
  const unsigned index = NextCached(op);
  if (index > op.new_addr) {
    if (!rules_.second_pass || (punch && rules_.punch_keeps_copies))
      return TruncateEnds(op);
    PassBegin(op.file, op.pgoff, op.new_addr, /*even_cows=*/true,
              /*final=*/true, op.pass);
    op.phase = kLastPass;
    return Flow::kSync;
  }
  if (!TakePageLock(op, index)) return Flow::kBlocked;
  op.phase = rules_.unmap_per_page ? kTest : kTake;
  return RemovePage(op);
}

template <class C, class P>
Flow Machine<C, P>::TruncateBegins(Op& op) {
  File& file = w_.files[op.file];
  const bool punch = op.verb == Verb::kPunch;
  changed_ = true;
  if (!punch) {
    const bool grows = op.pgoff > file.size;
    file.size = op.pgoff;
    if (grows) return TruncateEnds(op);
  }
  const bool again = rules_.second_pass && !punch;
  PassBegin(op.file, op.pgoff, op.new_addr,
            /*even_cows=*/!punch || !rules_.punch_keeps_copies,
            /*final=*/!again, op.pass);
  op.phase = truncate_phase::kPass;
  return Flow::kSync;
}

template <class C, class P>
Flow Machine<C, P>::TruncateEnds(Op& op) {
  File& file = w_.files[op.file];
  if (op.verb == Verb::kTruncate)
    probe_.TruncationEnds(w_, task_, op.file, op.pgoff);
  if (file.invalidate_lock == task_) file.invalidate_lock = kNone;
  file.i_sem = kNone;
  if (w_.mms[me().mm].writer == task_) ReleaseMmapSem(me().mm);
  return Flow::kDone;
}

// invalidate_inode_pages2_range(): page by page, without i_sem. The first page
// that is mapped has the rest of the range unmapped in one go.
template <class C, class P>
Flow Machine<C, P>::StepInvalidate(Op& op) {
  using namespace truncate_phase;
  if (op.phase == kNextPage) {
    const unsigned index = NextCached(op);
    if (index > op.new_addr) return Flow::kDone;
    if (!TakePageLock(op, index)) return Flow::kBlocked;
    op.phase = kTest;
  }
  return RemovePage(op);
}

// Whether a pass over one page, without marks of others to believe, would find
// a pte of it.
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

// What is done to the page that is locked.
template <class C, class P>
Flow Machine<C, P>::RemovePage(Op& op) {
  using namespace truncate_phase;
  const unsigned index = op.locked - 1U;
  const bool invalidates = op.verb == Verb::kInvalidate;
  switch (op.phase) {
    case kTest: {
      op.phase = kTake;
      if (w_.mapcount[op.file][index] == 0) return Flow::kSync;
      op.phase = kTest;
      const bool rest = invalidates && op.passes == 0;
      unsigned first = index;
      if (invalidates && !rules_.wide_offsets) first &= 0xfU;
      // A pass over this page that zapped nothing is followed by another. It
      // spins when that would find nothing either. It may find the page: the
      // one before had believed what another's pass left in a vma.
      const bool in_vain = op.passes > 1 && op.pass.zapped == 0;
      if (in_vain && (op.passes > kMostInVain || !WouldZap(op.file, first)))
        return Flow::kBlocked;
      const unsigned last = first + (rest ? op.new_addr - index : 0);
      PassBegin(op.file, first, last, /*even_cows=*/false, /*final=*/false,
                op.pass);
      op.passes = static_cast<uint8_t>(in_vain ? op.passes + 1 : rest ? 1 : 2);
      op.phase = kPagePass;
      return Flow::kSync;
    }
    case kPagePass: {
      const Flow flow = StepPass(op.pass);
      if (flow != Flow::kDone) return flow;
      op.phase = invalidates && rules_.invalidate_loops ? kTest : kTake;
      return Flow::kSync;
    }
    default:
      TakePage(op.file, index);
      op.locked = 0;
      if (op.passes > 1) op.passes = 1;  // "the rest in one go" was once
      op.cursor = static_cast<uint16_t>(index + 1);
      op.phase = kNextPage;
      return Flow::kSync;
  }
}

// The first page in the cache from the cursor on, or one past any.
template <class C, class P>
unsigned Machine<C, P>::NextCached(const Op& op) const {
  const uint64_t left =
      op.cursor >= 64 ? 0 : w_.files[op.file].cached >> op.cursor;
  return left == 0 ? 0x10000U
                   : op.cursor + static_cast<unsigned>(std::countr_zero(left));
}

// Out of the page cache, with the page locked.
template <class C, class P>
void Machine<C, P>::TakePage(unsigned file, unsigned index) {
  probe_.Removes(w_, file, index);
  w_.files[file].cached &= ~(uint64_t{1} << index);
  changed_ = true;
  if (w_.mapcount[file][index] != 0) Orphan(file, index);
  for (Task& task : w_.tasks) {
    Fault& fault = task.op.fault;
    if (fault.page.kind() != PteKind::kPage) continue;
    if (fault.page.index() != index) continue;
    if (w_.vmas[fault.vma].file != file) continue;
    fault.page = Pte::Make(PteKind::kOrphan, index, false);
  }
}

// The page is in no cache any more, but ptes still hold it.
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
