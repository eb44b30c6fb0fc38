// unmap_mapping_range(): the pass. Included by core/machine-inl.h alone.
//
// What survives a drop of i_mmap_lock is the range, the count N and, where the
// rule keeps it in the pass, one restart point; everything else is derived
// again from the tree.

namespace vmtrunc {
namespace pass_phase {
enum : uint8_t { kMutex, kLock, kZap, kRelock };
}  // namespace pass_phase

template <class C, class P>
void Machine<C, P>::PassBegin(unsigned file, unsigned first, unsigned last,
                              bool even_cows, Pass& pass) {
  pass = Pass{};
  pass.phase = rules_.unmap_mutex ? pass_phase::kMutex : pass_phase::kLock;
  pass.file = static_cast<uint8_t>(file);
  pass.first = static_cast<uint16_t>(first);
  pass.last = static_cast<uint16_t>(last);
  pass.even_cows = even_cows ? 1 : 0;
  pass.cursor = kNone;
  pass.restart_vma = kNone;
}

template <class C, class P>
Flow Machine<C, P>::StepPass(Pass& pass) {
  using namespace pass_phase;
  File& file = w_.files[pass.file];
  switch (pass.phase) {
    case kMutex:
      if (file.unmap_mutex != kNone) return Flow::kBlocked;
      probe_.Acquires(w_, task_, LockKind::kUnmapMutex, pass.file);
      file.unmap_mutex = static_cast<uint8_t>(task_);
      pass.phase = kLock;
      return Flow::kSync;
    case kLock:
      if (!TakeMapLock(pass.file)) return Flow::kBlocked;
      CountPass(pass);
      return Walk(pass, PrioTree<C>(w_, pass.file).First());
    case kRelock:
      if (!TakeMapLock(pass.file)) return Flow::kBlocked;
      pass.dropped = 0;
      return Walk(pass, Continue(pass));
    default: {
      Flow flow;
      do flow = ZapBlock(pass);
      while (GoesOn(flow));
      return flow;
    }
  }
}

// The new pass's count: it leaps over page-aligned values, and a wrap to 0
// takes with it every count that the vmas still carry.
template <class C, class P>
void Machine<C, P>::CountPass(Pass& pass) {
  File& file = w_.files[pass.file];
  const auto bump = [&] {
    file.truncate_count = (file.truncate_count + 1) & w_.count_mask;
  };
  bump();
  if (file.truncate_count == 0 && rules_.wrap_resets) ResetCounts(pass.file);
  if (rules_.pass_clears_restarts) ClearRestarts(pass.file);
  const bool zero = file.truncate_count == 0 && rules_.stamp_vmas;
  if (rules_.leap ? !IsStamp(file.truncate_count) : zero) bump();
  pass.count = file.truncate_count;
  pass.active = 1;
  changed_ = true;
  probe_.PassBegins(w_, task_);
}

// reset_vma_truncate_counts().
template <class C, class P>
void Machine<C, P>::ResetCounts(unsigned file) {
  const PrioTree<C> tree(w_, file);
  for (Slot slot = tree.First(); slot != kNone; slot = tree.Next(slot)) {
    w_.vmas[slot].count = 0;
    probe_.Renewed(w_, slot, Renewal::kCleared);
  }
}

template <class C, class P>
void Machine<C, P>::ClearRestarts(unsigned file) {
  const PrioTree<C> tree(w_, file);
  for (Slot slot = tree.First(); slot != kNone; slot = tree.Next(slot)) {
    if (!IsStamp(w_.vmas[slot].count)) w_.vmas[slot].count = 0;
  }
}

// Where the walk goes on after the lock is retaken.
template <class C, class P>
Slot Machine<C, P>::Continue(const Pass& pass) {
  if (rules_.walk_restarts) return PrioTree<C>(w_, pass.file).First();
  const Vma& vma = Use(pass.cursor, pass.cursor_birth);
  return vma.state == VmaState::kFree || vma.file != pass.file ? Slot{kNone}
                                                               : pass.cursor;
}

template <class C, class P>
void Machine<C, P>::Stamp(Slot slot, uint32_t count) {
  if (rules_.stamp_vmas) w_.vmas[slot].count = count;
}

// Goes on to the first vma from `from` with something to zap. Ends the pass,
// releasing i_mmap_lock, when there is none.
template <class C, class P>
Flow Machine<C, P>::Walk(Pass& pass, Slot from) {
  const PrioTree<C> tree(w_, pass.file);
  for (Slot slot = from; slot != kNone; slot = tree.Next(slot)) {
    if (EnterVma(pass, slot)) {
      pass.phase = pass_phase::kZap;
      return Flow::kSync;
    }
  }
  probe_.WalkEnds(w_, task_);
  ReleaseMapLock(pass.file);
  if (w_.files[pass.file].unmap_mutex == task_)
    w_.files[pass.file].unmap_mutex = kNone;
  pass.active = 0;
  probe_.PassEnds(w_, task_);
  return Flow::kDone;
}

// Sets the pass's cursor on a vma of its range. False when there is nothing to
// zap in it: out of range, or finished, or finished now.
template <class C, class P>
bool Machine<C, P>::EnterVma(Pass& pass, Slot slot) {
  const Vma& vma = w_.vmas[slot];
  if (vma.last_pgoff() < pass.first || vma.pgoff > pass.last) return false;
  if (rules_.stamp_vmas && vma.count == pass.count) return false;
  unsigned addr = vma.start;
  if (pass.first > vma.pgoff && rules_.clip_to_range)
    addr += pass.first - vma.pgoff;
  unsigned end = vma.end;
  if (pass.last < vma.last_pgoff()) end -= vma.last_pgoff() - pass.last;
  if (SkipBelowRestart(pass, slot, addr, end)) {
    Stamp(slot, pass.count);
    return false;
  }
  pass.cursor = slot;
  pass.cursor_birth = vma.birth;
  pass.addr = static_cast<uint16_t>(addr);
  pass.end = static_cast<uint16_t>(end);
  return true;
}

// Raises `addr` to where this pass left the vma. True when nothing is left.
template <class C, class P>
bool Machine<C, P>::SkipBelowRestart(Pass& pass, Slot slot, unsigned& addr,
                                     unsigned end) {
  const Vma& vma = w_.vmas[slot];
  unsigned restart = addr;
  if (rules_.restart_in_vma) {
    if (IsStamp(vma.count) || (addr << kPageShift) >= vma.count) return false;
    restart = vma.count >> kPageShift;
  } else {
    // The pointer is all that is compared: the struct may be another vma's.
    if (slot != pass.restart_vma || addr >= pass.restart_addr) return false;
    restart = pass.restart_addr;
    if (vma.pgoff + restart - vma.start != pass.restart_pgoff) return true;
  }
  if (restart >= end) return rules_.cut_is_done;
  addr = restart;
  return false;
}

// One block of zap_page_range() and the break test behind it.
template <class C, class P>
Flow Machine<C, P>::ZapBlock(Pass& pass) {
  const Slot slot = pass.cursor;
  Vma& vma = w_.vmas[slot];
  const unsigned mm = vma.mm;
  if (w_.mms[mm].page_table_lock != task_ && !TakePtl(mm))
    return Flow::kBlocked;
  unsigned stop = pass.addr + unsigned{w_.block};
  if (stop > pass.end) stop = pass.end;
  probe_.Scans(w_, task_, mm, pass.addr, stop);
  const Pte* const ptes = w_.mms[mm].ptes;
  for (unsigned addr = pass.addr; addr < stop; ++addr) {
    const Pte pte = ptes[addr];
    if (!pte.present()) continue;
    if (pass.even_cows == 0 && pte.kind() != PteKind::kPage) continue;
    probe_.Zaps(w_, task_, slot, addr);
    ClearPte(mm, vma.file, addr);
  }
  const bool done = stop >= pass.end;
  const bool drop = rules_.drop_lock && BreakTest();
  pass.addr = static_cast<uint16_t>(stop);
  if (!done && !drop) return Flow::kSync;  // page_table_lock stays held
  ReleasePtl(mm);
  if (done) {
    Stamp(slot, pass.count);
  } else if (rules_.restart_in_vma) {
    vma.count = stop << kPageShift;
  } else {
    pass.restart_vma = slot;
    pass.restart_addr = static_cast<uint16_t>(stop);
    pass.restart_pgoff = static_cast<uint16_t>(vma.pgoff + stop - vma.start);
  }
  if (!drop) return Walk(pass, PrioTree<C>(w_, pass.file).Next(slot));
  pass.phase = pass_phase::kRelock;
  pass.dropped = 1;
  if (rules_.walk_restarts) {
    pass.cursor = kNone;
    pass.cursor_birth = 0;
    pass.addr = pass.end = 0;
  }
  ReleaseMapLock(pass.file);
  probe_.Drops(w_, task_);
  return Flow::kDropped;
}

}  // namespace vmtrunc
