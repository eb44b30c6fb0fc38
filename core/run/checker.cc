#include "core/run/checker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/run/checker_done-inl.h"
#include "core/run/checker_shape-inl.h"
#include "core/run/checker_tlb-inl.h"
#include "core/model/machine-inl.h"

namespace vmtrunc {
namespace {

template <class C>
bool InRange(const Vma& vma, const Pass& pass) {
  if (vma.nonlinear != 0) return true;  // its pages may be any
  return vma.last_pgoff() >= pass.first && vma.pgoff <= pass.last;
}

// Drops that one vma allows a pass: a block each, and one more.
template <class C>
uint32_t Allowance(const World<C>& w, const Vma& vma, const Pass& pass) {
  if (!InRange<C>(vma, pass)) return 0;
  if (vma.nonlinear != 0) return (vma.pages() + w.block - 1) / w.block + 1;
  const unsigned first = std::max<unsigned>(vma.pgoff, pass.first);
  const unsigned last = std::min<unsigned>(vma.last_pgoff(), pass.last);
  return (last - first + w.block) / w.block + 1;
}

// Whether the pte is one that a fault of tmpfs sets past i_size by design: of a
// folio that begins inside the file.
template <class C>
bool IsExempt(const World<C>& w, const Rules& rules, unsigned file, Pte pte) {
  const File& it = w.files[file];
  return rules.faults_map_folios && rules.shmem_maps_past_size &&
         it.folios.shmem != 0 && pte.kind() == PteKind::kPage &&
         OrderOf(it, pte.index()) != 0 && FolioFirst(it, pte.index()) < it.size;
}

// Whether a truncation of the file has stored its i_size and not ended.
template <class C>
bool Truncates(const World<C>& w, unsigned file) {
  const uint8_t holder = w.files[file].i_sem;
  if (holder == kNone) return false;
  return vmtrunc::Truncates(w.tasks[holder].op);
}

}  // namespace

template <class C>
void Checker<C>::Break(Breach breach, unsigned a, unsigned b, unsigned c,
                       unsigned d) {
  const Property property = InfoOf(breach).property;
  broken_ |= Bit(property);
  if ((reported_ & Bit(property)) == 0) return;
  const bool earlier = first_.breach == Breach::kNone ||
                       (first_.step == step_ && property < first_.property);
  if (earlier) first_ = {property, breach, event_, step_, {a, b, c, d}};
}

// ---- lock-order, no-deadlock

template <class C>
void Checker<C>::Acquires(const World<C>& w, unsigned task, LockKind kind,
                          unsigned id) {
  // i_sem, mmap_sem, a vma's lock, invalidate_lock, page lock, unmap_mutex,
  // i_mmap_lock, page_table_lock; that of fork's child nests around its
  // parent's. mmap_sem may be taken for read inside i_sem.
  const unsigned of = kind == LockKind::kVmaLock ? w.vmas[id].mm : id;
  taken_[task] = static_cast<uint8_t>(taken_[task] | 1U << of);
  // An operation holds no lock of an mm that it has not taken.
  bool ptl = false;
  bool mmap_sem = false;
  for (unsigned left = taken_[task]; left != 0; left &= left - 1) {
    const Mm<C>& mm = w.mms[std::countr_zero(left)];
    ptl |= mm.page_table_lock == task;
    mmap_sem |= mm.writer == task || (mm.readers >> task & 1) != 0;
  }
  const Op& op = w.tasks[task].op;
  bool wrong = false;
  if (kind == LockKind::kPageTableLock) {
    wrong = ptl && (op.verb != Verb::kFork || id != w.tasks[task].mm ||
                    w.mms[op.fork.child_mm].page_table_lock != task);
  } else {
    const bool page = LockedPage(op) != 0 || op.fault.locked != 0;
    const bool before_page = kind < LockKind::kPageLock;
    wrong = ptl || (page && kind <= LockKind::kPageLock) ||
            (mmap_sem && kind < LockKind::kVmaLock) ||
            (HoldsVma(op) && kind <= LockKind::kVmaLock);
    for (const File& file : w.files) {
      wrong |= file.i_mmap_lock == task || (file.walkers >> task & 1) != 0;
      wrong |= file.unmap_mutex == task && kind != LockKind::kIMmapLock;
      wrong |= before_page && file.invalidate_lock == task;
      wrong |= before_page && (file.fillers >> task & 1) != 0;
      wrong |= file.i_sem == task &&
               (kind == LockKind::kISem || kind == LockKind::kMmapSemWrite);
    }
  }
  if (wrong) Break(Breach::kOutOfOrder, task, static_cast<unsigned>(kind), id);
}

template <class C>
void Checker<C>::MaySleep(const World<C>& w, unsigned task) {
  bool wrong = false;
  for (const File& file : w.files)
    wrong |= file.i_mmap_lock == task && !rules_.lock_sleeps;
  for (const Mm<C>& mm : w.mms) wrong |= mm.page_table_lock == task;
  if (wrong) Break(Breach::kSleeps, task);
}

// A lock that is never released is a fault, also where no task wants it later.
template <class C>
void Checker<C>::CheckHoldsNothing(const World<C>& w, unsigned task) {
  unsigned alone = 0;   // locks that one task holds
  unsigned shared = 0;  // the tasks that hold others, a bit each
  for (const File& file : w.files) {
    alone += unsigned{file.i_sem == task} + unsigned{file.i_mmap_lock == task} +
             unsigned{file.unmap_mutex == task} +
             unsigned{file.invalidate_lock == task};
    shared |= unsigned{file.walkers} | file.fillers;
  }
  for (unsigned left = taken_[task]; left != 0; left &= left - 1) {
    const int mm = std::countr_zero(left);
    const Mm<C>& it = w.mms[mm];
    alone += unsigned{it.writer == task} + unsigned{it.page_table_lock == task};
    shared |= it.readers;
  }
  if (rules_.vma_locks)
    for (const Vma& vma : Vmas(w)) shared |= vma.readers;
  alone += shared >> task & 1;
  if (alone != 0) return Break(Breach::kStillHolds, task);
  taken_[task] = 0;
}

template <class C>
void Checker<C>::Deadlock(const World<C>& w) {
  unsigned tasks = 0;
  for (const Task& task : w.tasks) tasks += task.op.verb != Verb::kNone ? 1 : 0;
  Break(Breach::kNoneMoves, tasks);
}

// ---- restart-progress, bounded-drops

template <class C>
void Checker<C>::Unscan(unsigned mm, unsigned start, unsigned end) {
  for (unsigned left = passes_; left != 0; left &= left - 1) {
    PassLog& log = logs_[std::countr_zero(left)];
    for (unsigned addr = start; addr < end; ++addr)
      log.scanned[mm][addr / 64] &= ~(uint64_t{1} << addr % 64);
  }
}

template <class C>
void Checker<C>::VmaBorn(const World<C>& w, Slot slot) {
  const Vma& vma = w.vmas[slot];
  slots_ = std::max(slots_, slot + 1U);
  origin_[slot] = static_cast<int16_t>(int{vma.start} - int{vma.pgoff});
}

template <class C>
void Checker<C>::Renewed(const World<C>& w, Slot slot, Renewal why) {
  const Vma& vma = w.vmas[slot];
  for (unsigned left = passes_; left != 0; left &= left - 1) {
    const int task = std::countr_zero(left);
    const Pass& pass = w.tasks[task].op.pass;
    if (pass.file == vma.file) logs_[task].budget += Allowance(w, vma, pass);
  }
  if (why == Renewal::kCleared) Unscan(vma.mm, vma.start, vma.end);
}

template <class C>
void Checker<C>::NoteBirths(const World<C>& w, PassLog& log) {
  for (unsigned slot = 0; slot < slots_; ++slot)
    log.births[slot] = w.vmas[slot].birth;
}

template <class C>
void Checker<C>::PassBegins(const World<C>& w, unsigned task) {
  passes_ |= 1U << task;
  const Pass& pass = w.tasks[task].op.pass;
  PassLog& log = logs_[task];
  log = PassLog{};
  for (const Vma& vma : Vmas(w)) {
    if (vma.in_index != InIndex::kNot && vma.file == pass.file)
      log.budget += Allowance(w, vma, pass);
  }
  NoteBirths(w, log);
  if (rules_.restart_in_vma && IsPageAligned(pass.count))
    Break(Breach::kCountIsAligned, pass.count);
}

template <class C>
void Checker<C>::Scans(const World<C>& w, unsigned task, unsigned mm,
                       unsigned start, unsigned end) {
  PassLog& log = logs_[task];
  log.walked |= uint64_t{1} << w.tasks[task].op.pass.cursor % 64;
  for (unsigned addr = start; addr < end;) {
    const unsigned stop = std::min(end, (addr / 64 + 1) * 64);
    uint64_t& word = log.scanned[mm][addr / 64];
    const uint64_t bits = ~uint64_t{0} >> (64 - (stop - addr)) << addr % 64;
    if ((word & bits) != 0)
      Break(
          Breach::kScansTwice,
          addr / 64 * 64 + static_cast<unsigned>(std::countr_zero(word & bits)),
          mm);
    word |= bits;
    addr = stop;
  }
}

template <class C>
void Checker<C>::Drops(const World<C>& w, unsigned task) {
  ++all_drops_;
  PassLog& log = logs_[task];
  NoteBirths(w, log);
  if (++log.drops > log.budget)
    Break(Breach::kDropsTooOften, log.drops, log.budget);
  if (watches_done_) CheckDone(w, task, /*ended=*/false);
}

template <class C>
uint64_t Checker<C>::History(const Names<C>& names) const {
  uint64_t hash = names.Tasks(passes_);
  for (const uint8_t task : names.task_of) {
    if ((passes_ >> task & 1) == 0) continue;
    const PassLog& log = logs_[task];
    decltype(log.scanned) scanned;
    for (unsigned mm = 0; mm < C::kMms; ++mm)
      std::copy_n(log.scanned[names.mm_of[mm]], std::size(scanned[mm]),
                  scanned[mm]);
    const uint64_t parts[] = {hash, log.budget - log.drops,
                              HashBytes(scanned, sizeof(scanned))};
    hash = HashBytes(parts, sizeof(parts));
  }
  return hash;
}

// ---- what a pass does, and leaves

template <class C>
void Checker<C>::Zaps(const World<C>& w, unsigned task, Slot slot,
                      unsigned addr, unsigned at) {
  const Pass& pass = w.tasks[task].op.pass;
  const Vma& vma = w.vmas[slot];
  const Pte pte = w.mms[vma.mm].ptes[at];
  const unsigned index = IndexOf(vma, addr, pte);
  if (index < pass.first || index > pass.last)
    Break(Breach::kUnmapsOutside, index, addr, vma.mm, pass.first);
  if (pte.kind() == PteKind::kCopy && pass.even_cows == 0)
    Break(Breach::kUnmapsCopy, addr, vma.mm);
}

template <class C>
void Checker<C>::WalkEnds(const World<C>& w, unsigned task) {
  const Pass& pass = w.tasks[task].op.pass;
  if (!rules_.restart_in_vma || !rules_.stamp_vmas) return;
  for (unsigned slot = 0; slot < slots_; ++slot) {
    const Vma& vma = w.vmas[slot];
    if (vma.in_index == InIndex::kNot || vma.file != pass.file) continue;
    if (vma.nonlinear != pass.in_list) continue;
    if (InRange<C>(vma, pass) &&
        vma.count != DoneMark(pass.count, rules_.restart_names_pass))
      Break(Breach::kCarriesAnother, vma.start, vma.mm, vma.count, pass.count);
  }
}

template <class C>
void Checker<C>::CheckPastSize(const World<C>& w, unsigned file,
                               unsigned size) {
  if (w.files[file].size != size) return;  // grown since
  for (const Vma& vma : Vmas(w)) {
    if (vma.state == VmaState::kFree || vma.file != file) continue;
    for (unsigned addr = vma.start; addr < vma.end; ++addr) {
      const Pte pte = w.mms[vma.mm].ptes[addr];
      if (!pte.present()) continue;
      const unsigned index = IndexOf(vma, addr, pte);
      if (index < size || IsExempt(w, rules_, file, pte)) continue;
      Break(Breach::kMappedAtEnd, index, addr, vma.mm, size);
      return;
    }
  }
}

// A pte that has just been set. While no truncation runs, i_size only grows: so
// a state that is right when a truncation ends stays right as long as each pte
// that is set is. What a truncation in flight may still take is its end's to
// look at.
template <class C>
void Checker<C>::CheckPte(const World<C>& w, unsigned mm, unsigned addr) {
  const Pte pte = w.mms[mm].ptes[addr];
  for (const Vma& vma : Vmas(w)) {
    if (vma.state == VmaState::kFree || vma.state == VmaState::kNew ||
        vma.mm != mm || addr < vma.start || addr >= vma.end)
      continue;
    if (pte.kind() != PteKind::kCopy) CheckOwnPage(vma, addr, pte);
    const unsigned index = IndexOf(vma, addr, pte);
    const unsigned size = w.files[vma.file].size;
    if (index >= size && !Truncates(w, vma.file) &&
        !IsExempt(w, rules_, vma.file, pte))
      Break(Breach::kMappedAtRest, index, addr, mm, size);
    if (pte.kind() == PteKind::kOrphan)
      Break(Breach::kMapsRemoved, index, vma.file, addr, mm);
    return;
  }
}

template <class C>
void Checker<C>::PassEnds(const World<C>& w, unsigned task) {
  passes_ &= ~(1U << task);
  const Op& op = w.tasks[task].op;
  if (op.verb == Verb::kTruncate && op.pass.final != 0)
    CheckPastSize(w, op.truncate.removal.file, op.truncate.removal.first);
  if (w.tlb != 0 && w.files[op.pass.file].folios.pfn != 0) CheckTlb(w, op.pass);
  if (watches_done_) CheckDone(w, task, /*ended=*/true);
}

template <class C>
void Checker<C>::UsesTable(const World<C>& w, unsigned, unsigned mm,
                           unsigned addr) {
  if ((w.mms[mm].tables >> (addr / kPtesPerTable) & 1) == 0)
    Break(Breach::kFreedTable, addr, mm);
}

template <class C>
void Checker<C>::TruncationEnds(const World<C>& w, unsigned task, unsigned file,
                                unsigned size) {
  CheckPastSize(w, file, size);
  const File& it = w.files[file];
  // A fault that has looked at an older i_size may fill a page past a newer
  // one, and end in SIGBUS: growth does not take it away.
  if (!rules_.large_folios || it.size != size ||
      !vmtrunc::Truncates(w.tasks[task].op))
    return;
  // Not one that a fault has just added and still holds the lock of: it will
  // look at i_size.
  uint64_t added = 0;
  for (const Task& other : w.tasks)
    if (other.op.fault.added != 0 && FileOf(w, other.op.fault) == file)
      added |= FolioBits(it, other.op.fault.index);
  for (unsigned page = size; page < C::kFilePages; ++page)
    if (((it.cached & ~added) >> page & 1) != 0 &&
        FolioFirst(it, page) >= size) {
      Break(Breach::kCachedPastSize, page, file, size);
      return;
    }
}

template <class C>
void Checker<C>::Touches(const World<C>& w, unsigned task, const Vma& vma,
                         unsigned addr, Pte pte) {
  const unsigned index = IndexOf(vma, addr, pte);
  const unsigned size = w.files[vma.file].size;
  if (index >= size && !Truncates(w, vma.file))
    Break(Breach::kServedPastSize, index, addr, vma.mm, size);
  if (pte.kind() == PteKind::kForeign)
    Break(Breach::kReachesForeign, task, addr, vma.mm);
}

template <class C>
void Checker<C>::Shows(const World<C>& w, unsigned file, unsigned first,
                       unsigned last) {
  const File& it = w.files[file];
  last = std::min<unsigned>(last, C::kFilePages - 1);
  for (unsigned page = first; page <= last; ++page)
    if ((it.folios.stale & it.cached) >> page & 1) {
      Break(Breach::kShowsOld, page, file);
      return;
    }
}

template <class C>
void Checker<C>::Removes(const World<C>& w, unsigned file, unsigned index) {
  if (w.mapcount[file][index] != 0) CheckMapcounts(w);
  const File& it = w.files[file];
  if ((it.folios.dirty >> index & 1) != 0 && it.i_sem != kNone) {
    const Op& op = w.tasks[it.i_sem].op;
    const Removal& range = RemovalOf(op);
    const unsigned locked = LockedPage(op);
    if (op.verb != Verb::kInvalidate && locked != 0 &&
        FolioFirst(it, locked - 1) == FolioFirst(it, index) &&
        (index < range.first || index > range.last))
      Break(Breach::kLosesPage, index, file, range.first);
  }
  for (const Vma& vma : Vmas(w)) {
    if (vma.state == VmaState::kFree || vma.file != file) continue;
    // Where the geometry says first; all of it when the kernel's own count of
    // mappings is not 0.
    unsigned start = vma.start;
    unsigned end = vma.end;
    if (w.mapcount[file][index] == 0) {
      if (index < vma.pgoff || index > vma.last_pgoff()) continue;
      start += index - vma.pgoff;
      end = start + 1;
    }
    for (unsigned addr = start; addr < end; ++addr) {
      const Pte pte = w.mms[vma.mm].ptes[addr];
      if (pte.kind() != PteKind::kPage || pte.index() != index) continue;
      Break(Breach::kRemovedWhileMapped, index, file, addr, vma.mm);
      return;
    }
  }
}

// ---- what fuzzers see

template <class C>
unsigned Checker<C>::CountRelation(const Pass& pass, const Vma& vma,
                                   Slot slot) const {
  enum { kOlder, kDone, kNewer, kBelow, kInside, kBeyond };
  const auto place = [&](unsigned at) -> unsigned {
    return at <= vma.start ? kBelow : at < vma.end ? kInside : kBeyond;
  };
  if (rules_.restart_in_vma) {
    if (vma.count != 0 && IsRestart(vma.count, rules_.restart_names_pass))
      return place(vma.count >> kPageShift);
  } else if (pass.restart_vma == slot) {
    return place(pass.restart_addr);
  }
  const uint32_t done = DoneMark(pass.count, rules_.restart_names_pass);
  return vma.count == done ? kDone : vma.count < done ? kOlder : kNewer;
}

template <class C>
uint64_t Checker<C>::FeatureHistory(const World<C>& w,
                                    std::span<const Slot> slots,
                                    const Names<C>& names) const {
  uint64_t hash = names.Tasks(passes_);
  for (const uint8_t task : names.task_of) {
    if ((passes_ >> task & 1) == 0) continue;
    const PassLog& log = logs_[task];
    uint64_t walked = 0, others = 0;
    for (size_t i = 0; i < slots.size(); ++i) {
      const Vma& vma = w.vmas[slots[i]];
      const bool other =
          vma.state != VmaState::kFree && log.births[slots[i]] != vma.birth;
      walked |= (log.walked >> slots[i] % 64 & 1) << i % 64;
      others |= uint64_t{other} << i % 64;
    }
    const uint64_t parts[] = {hash, walked, others};
    hash = HashBytes(parts, sizeof(parts));
  }
  return hash;
}

template <class C>
void Checker<C>::CountFeatures(const World<C>& w, Verb verb) {
  // By verb: what has moved, as NoteFeatures() lists it.
  constexpr uint8_t kMover[] = {8, 0, 1, 2, 3, 4, 4, 5, 6,
                                8, 7, 8, 8, 8, 8, 8, 8, 8};
  static_assert(std::size(kMover) == kVerbs + 1);
  for (unsigned left = passes_; left != 0; left &= left - 1) {
    const int task = std::countr_zero(left);
    const Pass& pass = w.tasks[task].op.pass;
    const PassLog& log = logs_[task];
    for (unsigned slot = 0; slot < slots_; ++slot) {
      const Vma& vma = w.vmas[slot];
      if (vma.in_index == InIndex::kNot || vma.file != pass.file ||
          vma.last_pgoff() < pass.first || vma.pgoff > pass.last)
        continue;
      const unsigned skip =
          pass.first > vma.pgoff ? pass.first - unsigned{vma.pgoff} : 0U;
      bool present = false;
      for (unsigned addr = vma.start + skip; addr < vma.end && !present; ++addr)
        present = w.mms[vma.mm].ptes[addr].present();
      unsigned state = CountRelation(pass, vma, static_cast<Slot>(slot));
      state = state * 3 + (pass.cursor == slot                  ? 1U
                           : (log.walked >> slot % 64 & 1) != 0 ? 2U
                                                                : 0U);
      state = state * 2 + (present ? 1U : 0U);
      state = state * 3 + (vma.state != VmaState::kLinked  ? 2U
                           : log.births[slot] != vma.birth ? 1U
                                                           : 0U);
      state = state * 2 + (skip != 0 ? 1U : 0U);
      state = state * 9 + kMover[static_cast<unsigned>(verb)];
      state = state * 2 + (pass.dropped != 0 ? 1U : 0U);
      features_[state] = 1;
    }
  }
}

template class Checker<LargeCaps>;
template class Checker<SmallCaps>;

}  // namespace vmtrunc
