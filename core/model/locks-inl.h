// Locks have no queue: a Take returns false without any effect if the lock is
// not free.
#ifndef VMTRUNC_CORE_MODEL_LOCKS_INL_H_
#define VMTRUNC_CORE_MODEL_LOCKS_INL_H_

#include "core/model/machine.h"

namespace vmtrunc {

// Reports the lock that is not free. Returns false, as the Take then does.
template <class C, class P>
bool Machine<C, P>::Blocks(LockKind kind, unsigned id, unsigned file) {
  if constexpr (requires { probe_.Blocks(kind, id, file); })
    probe_.Blocks(kind, id, file);
  return false;
}

template <class C, class P>
bool Machine<C, P>::TakeMmapSemWrite(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  if (it.writer != kNone || it.readers != 0)
    return Blocks(LockKind::kMmapSemWrite, mm);
  probe_.Acquires(w_, task_, LockKind::kMmapSemWrite, mm);
  it.writer = static_cast<uint8_t>(task_);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakeMmapSemRead(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  if (it.writer != kNone) return Blocks(LockKind::kMmapSemRead, mm);
  probe_.Acquires(w_, task_, LockKind::kMmapSemRead, mm);
  it.readers = static_cast<uint8_t>(it.readers | 1U << task_);
  return true;
}

// downgrade_write(): of a task that holds it for write.
template <class C, class P>
void Machine<C, P>::DowngradeMmapSem(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  it.writer = kNone;
  it.readers = static_cast<uint8_t>(it.readers | 1U << task_);
  UnlockVmas(mm);
}

template <class C, class P>
void Machine<C, P>::ReleaseMmapSem(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  if (it.writer == task_) {
    it.writer = kNone;
    UnlockVmas(mm);
  } else {
    it.readers = static_cast<uint8_t>(it.readers & ~(1U << task_));
  }
}

// ---- the locks of vmas (vma_start_read(), vma_start_write() of 6.4 and later)

// A task holds it for read: also one that has found another's vma in the
// struct, or one that is locked, and has not looked at that yet. (Of a vma that
// it has locked before, the kernel does not wait for these, but before it frees
// the struct.)
template <class C, class P>
bool Machine<C, P>::VmaHasReaders(Slot slot) const {
  return rules_.vma_locks && w_.vmas[slot].readers != 0;
}

// vma_start_write(): a vma stays locked until its mm's mmap_sem is released.
// The kernel marks it by the mm's sequence number, which then moves on.
template <class C, class P>
bool Machine<C, P>::LockVma(Slot slot) {
  if (VmaHasReaders(slot)) return Blocks(LockKind::kVmaLock, slot);
  MarkLocked(slot);
  return true;
}

// vma_end_read().
template <class C, class P>
void Machine<C, P>::EndVmaRead(Slot slot) {
  Vma& vma = w_.vmas[slot];
  vma.readers = static_cast<uint8_t>(vma.readers & ~(1U << task_));
}

// One of the vmas [first, end) of an mm's list that has readers, or kNone.
template <class C, class P>
Slot Machine<C, P>::BusyVma(Slot first, Slot end) const {
  for (Slot slot = first; slot != end; slot = w_.vmas[slot].mm_next)
    if (VmaHasReaders(slot)) return slot;
  return kNone;
}

// Requires: none of them has readers.
template <class C, class P>
void Machine<C, P>::MarkVmas(Slot first, Slot end) {
  for (Slot slot = first; slot != end; slot = w_.vmas[slot].mm_next)
    MarkLocked(slot);
}

// Requires: it has no readers.
template <class C, class P>
void Machine<C, P>::MarkLocked(Slot slot) {
  if (!rules_.vma_locks) return;
  probe_.Acquires(w_, task_, LockKind::kVmaLock, slot);
  w_.vmas[slot].locked = 1;
}

// vma_end_write_all().
template <class C, class P>
void Machine<C, P>::UnlockVmas(unsigned mm) {
  if (!rules_.vma_locks) return;
  for (Vma& vma : w_.vmas)
    if (vma.mm == mm) vma.locked = 0;
}

// By a task.
template <class C, class P>
bool Machine<C, P>::IsLookedAt(Slot slot) const {
  for (const Task& task : w_.tasks)
    if (LooksAtVma(task.op) && task.op.access.vma == slot) return true;
  return false;
}

template <class C, class P>
bool Machine<C, P>::TakeISem(unsigned file) {
  if (w_.files[file].i_sem != kNone) return Blocks(LockKind::kISem, file);
  probe_.Acquires(w_, task_, LockKind::kISem, file);
  w_.files[file].i_sem = static_cast<uint8_t>(task_);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakeMapLock(unsigned file) {
  if (!MapLockIsFree(file)) return Blocks(LockKind::kIMmapLock, file);
  probe_.Acquires(w_, task_, LockKind::kIMmapLock, file);
  w_.files[file].i_mmap_lock = static_cast<uint8_t>(task_);
  return true;
}

// spin_trylock(): it does not wait, so it may be out of order.
template <class C, class P>
bool Machine<C, P>::TryMapLock(unsigned file) {
  if (!MapLockIsFree(file)) return false;
  w_.files[file].i_mmap_lock = static_cast<uint8_t>(task_);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakePtl(unsigned mm) {
  if (w_.mms[mm].page_table_lock != kNone)
    return Blocks(LockKind::kPageTableLock, mm);
  probe_.Acquires(w_, task_, LockKind::kPageTableLock, mm);
  w_.mms[mm].page_table_lock = static_cast<uint8_t>(task_);
  return true;
}

// A page's lock is stored in the operation that holds it.
template <class C, class P>
bool Machine<C, P>::PageIsLocked(unsigned file, unsigned index) const {
  const File& it = w_.files[file];
  const auto same = [&](unsigned page) {
    return FolioFirst(it, page) == FolioFirst(it, index);
  };
  for (const Task& task : w_.tasks) {
    const Op& op = task.op;
    const unsigned locked = LockedPage(op);
    if (locked != 0 && RemovalOf(op).file == file && same(locked - 1))
      return true;
    if (op.verb == Verb::kCollapse && op.collapse.held != 0 &&
        op.collapse.removal.file == file &&
        index >= op.collapse.removal.first && index <= op.collapse.removal.last)
      return true;
    if (op.fault.locked != 0 && op.fault.page.kind() == PteKind::kPage &&
        w_.vmas[op.fault.vma].file == file && same(op.fault.page.index()))
      return true;
  }
  return false;
}

// The caller stores it.
template <class C, class P>
bool Machine<C, P>::LockPage(unsigned file, unsigned index) {
  if (PageIsLocked(file, index))
    return Blocks(LockKind::kPageLock, index, file);
  probe_.Acquires(w_, task_, LockKind::kPageLock, file);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakePageLock(Removal& removal, unsigned index) {
  if (!LockPage(removal.file, index)) return false;
  removal.locked = static_cast<uint8_t>(index + 1);
  return true;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_LOCKS_INL_H_
