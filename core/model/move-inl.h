// How mremap moves what is mapped: move_page_tables() and move_one_page().
#ifndef VMTRUNC_CORE_MODEL_MOVE_INL_H_
#define VMTRUNC_CORE_MODEL_MOVE_INL_H_

#include <algorithm>

#include "core/check.h"
#include "core/model/machine.h"

namespace vmtrunc {

// Whether ptes move under i_mmap_lock.
template <class C, class P>
bool Machine<C, P>::MoveLocks(const MremapOp& my) const {
  if (!rules_.move_under_lock) return false;
  if (my.backwards != 0) return rules_.rewind_under_lock;
  return !rules_.move_in_order || my.locks != 0;
}

// The destination's count, before ptes move into it.
template <class C, class P>
void Machine<C, P>::MoveResets(const MremapOp& my) {
  const Slot to_slot = my.backwards != 0 ? my.vma : my.new_vma;
  const Vma& from = w_.vmas[my.backwards != 0 ? my.new_vma : my.vma];
  Vma& to = w_.vmas[to_slot];
  if (to.count == 0) return;
  if (!rules_.mremap_always_resets &&
      !(rules_.mremap_resets && to.count != from.count))
    return;
  to.count = 0;
  probe_.Renewed(w_, to_slot, Renewal::kCleared);
}

template <class C, class P>
void Machine<C, P>::MovePte(MremapOp& my, unsigned src, unsigned dst) {
  const unsigned mm = me().mm;
  const unsigned file = w_.vmas[my.new_vma].file;
  const Pte pte = w_.mms[mm].ptes[src];
  ClearPte(mm, file, src);
  SetPte(mm, file, dst, pte);
  // Where all is flushed before the lock is released, nobody sees a difference.
  if (HasTlb() && Outlives() && !rules_.move_flushes_before_unlock) {
    KeepTranslation(mm, file, src, pte);
    my.owes = 1;
  }
  probe_.PteMoved(mm, dst);
  probe_.Renewed(w_, my.backwards != 0 ? my.vma : my.new_vma,
                 Renewal::kMovedInto);
  ++my.moved;
}

// move_page_tables(): where the flush of the old addresses is owed until all
// has moved. (A failed move flushes before it goes back; then what went back.)
template <class C, class P>
MremapPhase Machine<C, P>::MoveEnds(const MremapOp& my) const {
  return my.owes != 0 ? MremapPhase::kMoveFlush : MremapPhase::kUnmapSource;
}

template <class C, class P>
void Machine<C, P>::MoveFlushes(MremapOp& my) {
  const unsigned from = my.backwards != 0 ? my.new_addr : my.addr;
  if (my.owes != 0) Flush(me().mm, from, from + my.len);
  my.owes = 0;
}

// A page table allocation failed: the moved pages move back.
template <class C, class P>
void Machine<C, P>::MoveFails(MremapOp& my) {
  if constexpr (requires { probe_.NoMemory(); }) probe_.NoMemory();
  MoveFlushes(my);
  my.failed = 1;
  my.backwards = 1;
  my.len = my.cursor;
  my.cursor = 0;
}

// The file whose pages move, and the addresses of the next one, in pages.
template <class C, class P>
typename Machine<C, P>::Move Machine<C, P>::MoveAt(const MremapOp& my) {
  const bool back = my.backwards != 0;
  const Vma& from =
      Use(back ? my.new_vma : my.vma, back ? my.new_vma_birth : my.vma_birth);
  Use(back ? my.vma : my.new_vma, back ? my.vma_birth : my.new_vma_birth);
  return {.file = from.file,
          .src = (back ? my.new_addr : my.addr) + unsigned{my.cursor},
          .dst = (back ? my.addr : my.new_addr) + unsigned{my.cursor},
          .back = back};
}

// move_one_page(): one page a hold of i_mmap_lock and page_table_lock. The
// lock is released to allocate the destination's page table, after the count
// was looked at.
template <class C, class P>
Flow Machine<C, P>::MovePage(MremapOp& my) {
  using enum MremapPhase;
  const unsigned mm = me().mm;
  const Move move = MoveAt(my);
  const unsigned file = move.file;
  const bool locks = MoveLocks(my);
  switch (my.phase) {
    case kMoveLock:
      if (locks && !TakeMapLock(file)) return Flow::kBlocked;
      MoveResets(my);
      my.phase = kMovePtl;
      return Flow::kSync;
    case kMoveTable:
      if (!TakePtl(mm)) return Flow::kBlocked;
      AllocTable(mm, move.dst);
      if (!locks) break;
      if (rules_.relock_in_order ? TryMapLock(file) : TakeMapLock(file)) break;
      if (rules_.relock_in_order) ReleasePtl(mm);
      my.phase = kMoveRelock;
      return Flow::kSync;
    case kMoveRelock:
      if (locks && !TakeMapLock(file)) return Flow::kBlocked;
      if (w_.mms[mm].page_table_lock == task_) break;
      my.phase = kMoveRelockPtl;
      return Flow::kSync;
    case kMovePtl:
    case kMoveRelockPtl:
      if (!TakePtl(mm)) return Flow::kBlocked;
      break;
    case kStart:
    case kUnmapTarget:
    case kTrim:
    case kUnmapTail:
    case kPlace:
    case kGrow:
    case kMerge:
    case kLink:
    case kUnmapSource:
    case kBegin:
    case kSourceLock:
    case kMoveFlush:
    case kTableLock:
    case kTablePtl:
    case kExtentTable:
    case kExtentLock:
    case kExtentPtl:
      VMT_CHECK(false);
      return Flow::kDone;
  }
  return MovePageHeld(my, move, locks);
}

// The page itself, with page_table_lock and, if `locks`, i_mmap_lock held.
// Releases them.
template <class C, class P>
Flow Machine<C, P>::MovePageHeld(MremapOp& my, const Move& move, bool locks) {
  using enum MremapPhase;
  const auto [file, src, dst, back] = move;
  const unsigned mm = me().mm;
  // The lock was released for this page.
  const bool relocked = my.phase == kMoveTable || my.phase == kMoveRelock ||
                        my.phase == kMoveRelockPtl;
  if (relocked && rules_.relock_resets) MoveResets(my);
  const bool moves = !w_.mms[mm].ptes[src].none();
  const bool fails =
      moves && !back && my.fail_after != 0 && my.moved + 1 == my.fail_after;
  if (moves && !fails && !HasTable(mm, dst)) {
    VMT_CHECK(!relocked);
    ReleasePtl(mm);
    if (locks) ReleaseMapLock(file);
    probe_.MaySleep(w_, task_);
    my.phase = kMoveTable;
    return Flow::kSync;
  }
  if (moves && !fails) MovePte(my, src, dst);
  ReleasePtl(mm);
  if (locks) ReleaseMapLock(file);
  my.phase = kMoveLock;
  if (fails) {
    MoveFails(my);
  } else {
    ++my.cursor;
  }
  if (my.cursor >= my.len) my.phase = MoveEnds(my);
  return Flow::kSync;
}

// move_page_tables() of 2.6.15: what lies in one page table on both sides is
// moved in one hold; the destination's table is allocated before.
template <class C, class P>
Flow Machine<C, P>::MoveExtent(MremapOp& my) {
  using enum MremapPhase;
  const unsigned mm = me().mm;
  const Move move = MoveAt(my);
  const auto [file, src, dst, back] = move;
  const unsigned pages = std::min(
      {unsigned{my.len} - my.cursor, TableEnd(src) - src, TableEnd(dst) - dst});
  const bool locks = MoveLocks(my);
  switch (my.phase) {
    case kExtentLock:
      if (locks && !TakeMapLock(file)) return Flow::kBlocked;
      MoveResets(my);
      my.phase = kExtentPtl;
      return Flow::kSync;
    case kExtentPtl:
      if (!TakePtl(mm)) return Flow::kBlocked;
      // A table may have been retracted since: begins again with the extent.
      if (!HasTable(mm, src) || !HasTable(mm, dst)) {
        ReleasePtl(mm);
        if (locks) ReleaseMapLock(file);
        my.phase = kExtentTable;
        return Flow::kSync;
      }
      if (MovePtes(my, move, pages) && my.owes != 0 &&
          rules_.move_flushes_dirty)
        Flush(mm, src, src + pages);
      ReleasePtl(mm);
      if (locks) ReleaseMapLock(file);
      break;
    case kTableLock:
    case kTablePtl:
      return MoveTable(my);
    case kMoveLock:  // a move begins there, whichever way it continues
    case kExtentTable:
      if (HasTable(mm, src)) {
        if (MovesTable(my)) {
          my.phase = kTableLock;
          return Flow::kSync;
        }
        if (!back && my.fail_after != 0 && my.moved + 1 >= my.fail_after) {
          MoveFails(my);
          my.phase = my.len == 0 ? MoveEnds(my) : kExtentTable;
          return Flow::kSync;
        }
        probe_.MaySleep(w_, task_);
        if (!HasTable(mm, dst)) AllocTable(mm, dst);
        my.phase = kExtentLock;
        return Flow::kSync;
      }
      break;  // nothing there to move
    case kStart:
    case kUnmapTarget:
    case kTrim:
    case kUnmapTail:
    case kPlace:
    case kGrow:
    case kMerge:
    case kLink:
    case kUnmapSource:
    case kBegin:
    case kSourceLock:
    case kMoveFlush:
    case kMovePtl:
    case kMoveTable:
    case kMoveRelock:
    case kMoveRelockPtl:
      VMT_CHECK(false);
      return Flow::kDone;
  }
  return MoveContinues(my, pages);
}

// The ptes of so many pages, in one hold. Returns whether one of them is dirty.
template <class C, class P>
bool Machine<C, P>::MovePtes(MremapOp& my, const Move& move, unsigned pages) {
  bool dirty = false;
  for (unsigned i = 0; i < pages; ++i) {
    const Pte pte = w_.mms[me().mm].ptes[move.src + i];
    if (pte.none()) continue;
    MovePte(my, move.src + i, move.dst + i);
    dirty |= pte.writable();
  }
  return dirty;
}

// To the next extent, so many pages on, or to what follows the last one.
template <class C, class P>
Flow Machine<C, P>::MoveContinues(MremapOp& my, unsigned pages) {
  my.cursor = static_cast<uint16_t>(my.cursor + pages);
  my.phase = my.cursor >= my.len ? MoveEnds(my) : MremapPhase::kExtentTable;
  return Flow::kSync;
}

// Whether the next extent is all of a page table on both sides, of which the
// destination's is not there (2c91bd4a4e2e, 5.0).
template <class C, class P>
bool Machine<C, P>::MovesTable(const MremapOp& my) {
  if (!rules_.moves_tables || my.fail_after != 0) return false;
  const Move move = MoveAt(my);
  return move.src % kPtesPerTable == 0 && move.dst % kPtesPerTable == 0 &&
         my.len - unsigned{my.cursor} >= kPtesPerTable &&
         !HasTable(me().mm, move.dst);
}

// move_normal_pmd(): the entry was read before the locks were taken.
template <class C, class P>
Flow Machine<C, P>::MoveTable(MremapOp& my) {
  using enum MremapPhase;
  const unsigned mm = me().mm;
  const Move move = MoveAt(my);
  const bool locks = rules_.table_move_locks || MoveLocks(my);
  if (my.phase == kTableLock) {
    if (locks && !TakeMapLock(move.file)) return Flow::kBlocked;
    my.phase = kTablePtl;
    return Flow::kSync;
  }
  if (!TakePtl(mm)) return Flow::kBlocked;
  // One that is gone has nothing to move.
  if (HasTable(mm, move.src) || !rules_.table_move_rereads) {
    probe_.UsesTable(w_, task_, mm, move.src);
    TakeTable(mm, move);
    MovePtes(my, move, kPtesPerTable);
    MoveFlushes(my);
  }
  ReleasePtl(mm);
  if (locks) ReleaseMapLock(move.file);
  return MoveContinues(my, kPtesPerTable);
}

// The directory's entry moves. A pass that has read it at the old address and
// waits for the table's lock finds the table where it is now.
template <class C, class P>
void Machine<C, P>::TakeTable(unsigned mm, const Move& move) {
  AllocTable(mm, move.dst);
  DropTable(mm, move.src);
  ForWalkersIn(mm, move.src / kPtesPerTable,
               static_cast<uint8_t>(move.dst / kPtesPerTable + 1));
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_MOVE_INL_H_
