// Locks have no queue: a Take returns false, having done nothing, when the lock
// is not free. Included by core/machine-inl.h alone.

namespace vmtrunc {

template <class C, class P>
bool Machine<C, P>::TakeMmapSemWrite(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  if (it.writer != kNone || it.readers != 0) return false;
  probe_.Acquires(w_, task_, LockKind::kMmapSemWrite, mm);
  it.writer = static_cast<uint8_t>(task_);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakeMmapSemRead(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  if (it.writer != kNone) return false;
  probe_.Acquires(w_, task_, LockKind::kMmapSemRead, mm);
  it.readers = static_cast<uint8_t>(it.readers | 1U << task_);
  return true;
}

template <class C, class P>
void Machine<C, P>::ReleaseMmapSem(unsigned mm) {
  Mm<C>& it = w_.mms[mm];
  if (it.writer == task_) {
    it.writer = kNone;
  } else {
    it.readers = static_cast<uint8_t>(it.readers & ~(1U << task_));
  }
}

template <class C, class P>
bool Machine<C, P>::TakeISem(unsigned file) {
  if (w_.files[file].i_sem != kNone) return false;
  probe_.Acquires(w_, task_, LockKind::kISem, file);
  w_.files[file].i_sem = static_cast<uint8_t>(task_);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakeMapLock(unsigned file) {
  if (w_.files[file].i_mmap_lock != kNone) return false;
  probe_.Acquires(w_, task_, LockKind::kIMmapLock, file);
  w_.files[file].i_mmap_lock = static_cast<uint8_t>(task_);
  return true;
}

// spin_trylock(): it does not wait, so it may be out of order.
template <class C, class P>
bool Machine<C, P>::TryMapLock(unsigned file) {
  if (w_.files[file].i_mmap_lock != kNone) return false;
  w_.files[file].i_mmap_lock = static_cast<uint8_t>(task_);
  return true;
}

template <class C, class P>
bool Machine<C, P>::TakePtl(unsigned mm) {
  if (w_.mms[mm].page_table_lock != kNone) return false;
  probe_.Acquires(w_, task_, LockKind::kPageTableLock, mm);
  w_.mms[mm].page_table_lock = static_cast<uint8_t>(task_);
  return true;
}

}  // namespace vmtrunc
