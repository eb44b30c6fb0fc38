// The slab, an mm's list of vmas, split_vma(), vma_merge() and vma_adjust() as
// in 2.6.11 mm/mmap.c.
#ifndef VMTRUNC_CORE_MODEL_VMA_INL_H_
#define VMTRUNC_CORE_MODEL_VMA_INL_H_

#include "core/check.h"
#include "core/model/machine.h"
#include "core/model/prio_tree.h"
#include "core/model/vma_list.h"

namespace vmtrunc {

// The place in free_slots of the struct that is handed out next, or free_count.
// Freed last, used first; or after a grace period, not while somebody may look
// at it.
template <class C, class P>
unsigned Machine<C, P>::NextFree() const {
  if (rules_.slab_lifo && w_.free_count != 0) return w_.free_count - 1U;
  unsigned at = 0;
  while (rules_.vma_locks && at < w_.free_count &&
         IsLookedAt(w_.free_slots[at]))
    ++at;
  return at;
}

// kmem_cache_alloc(vm_area_cachep). Returns kNone when the slab is empty.
template <class C, class P>
Slot Machine<C, P>::AllocVma() {
  probe_.MaySleep(w_, task_);
  const unsigned at = NextFree();
  if (at >= w_.free_count) {
    if (!C::kExact) w_.ran_out = 1;
    if constexpr (requires { probe_.NoMemory(); }) probe_.NoMemory();
    return kNone;
  }
  const Slot slot = w_.free_slots[at];
  --w_.free_count;
  for (unsigned i = at; i < w_.free_count; ++i)
    w_.free_slots[i] = w_.free_slots[i + 1];
  w_.free_slots[w_.free_count] = 0;
  // Never 0, which stands for none.
  const auto birth = static_cast<uint8_t>(w_.vmas[slot].birth % 255 + 1);
  w_.vmas[slot] = Vma{};
  w_.vmas[slot].birth = birth;
  w_.vmas[slot].state = VmaState::kNew;
  changed_ = true;
  return slot;
}

template <class C, class P>
void Machine<C, P>::FreeVma(Slot slot) {
  Vma& vma = w_.vmas[slot];
  VMT_CHECK(vma.in_index == InIndex::kNot);
  VMT_CHECK(vma.state != VmaState::kFree);
  const uint8_t birth = vma.birth;
  vma = Vma{};
  vma.birth = birth;
  w_.free_slots[w_.free_count++] = slot;
  changed_ = true;
}

// Every use of a vma that was remembered across a sync point goes through this
// check.
template <class C, class P>
Vma& Machine<C, P>::Use(Slot slot, unsigned birth) {
  probe_.Uses(w_, task_, slot, birth);
  return w_.vmas[slot];
}

// find_vma(): the first vma of the mm that ends above `addr`, or kNone. It
// starts at the last result, as the kernel's mmap_cache does; in a sorted list
// the answer depends on the world alone.
template <class C, class P>
Slot Machine<C, P>::FindVma(unsigned mm, unsigned addr) {
  Slot slot = found_[mm];
  if (slot == kNone || w_.vmas[slot].state != VmaState::kLinked ||
      w_.vmas[slot].mm != mm) {
    slot = w_.mms[mm].mmap;
    if (slot == kNone) return kNone;
  }
  if (w_.vmas[slot].end <= addr) {
    Slot last = slot;
    while (slot != kNone && w_.vmas[slot].end <= addr) {
      last = slot;
      slot = w_.vmas[slot].mm_next;
    }
    found_[mm] = last;
    return slot;
  }
  for (Slot prev = w_.vmas[slot].mm_prev;
       prev != kNone && w_.vmas[prev].end > addr; prev = w_.vmas[slot].mm_prev)
    slot = prev;
  found_[mm] = slot;
  return slot;
}

// find_vma_prev(): the same, and the vma before it in `prev`.
template <class C, class P>
Slot Machine<C, P>::FindVmaPrev(unsigned mm, unsigned addr, Slot& prev) {
  const Slot slot = FindVma(mm, addr);
  // Past the last vma, what was found is the last.
  prev = slot != kNone              ? w_.vmas[slot].mm_prev
         : w_.mms[mm].mmap != kNone ? found_[mm]
                                    : Slot{kNone};
  return slot;
}

template <class C, class P>
bool Machine<C, P>::RangeIsMapped(unsigned mm, unsigned start, unsigned end) {
  const Slot slot = FindVma(mm, start);
  return slot != kNone && w_.vmas[slot].start < end;
}

template <class C, class P>
void Machine<C, P>::LinkMm(Slot slot) {
  Vma& vma = w_.vmas[slot];
  Slot prev;
  const Slot next = FindVmaPrev(vma.mm, vma.start, prev);
  vma.mm_next = next;
  vma.mm_prev = prev;
  (prev == kNone ? w_.mms[vma.mm].mmap : w_.vmas[prev].mm_next) = slot;
  if (next != kNone) w_.vmas[next].mm_prev = slot;
  vma.state = VmaState::kLinked;
  probe_.GeometryChanged(w_, slot);
  changed_ = true;
}

// A new vma goes into the mm's tree of vmas, where a fault may find it at once,
// before it is in i_mmap (vma_iter_store() before vma_link_file(); up to 6.0
// both lie in one hold of i_mmap_lock, and faults hold mmap_sem).
template <class C, class P>
void Machine<C, P>::StoreVma(Slot slot) {
  if (rules_.new_vma_is_locked) MarkLocked(slot);
  LinkMm(slot);
}

template <class C, class P>
void Machine<C, P>::UnlinkMm(Slot slot) {
  Vma& vma = w_.vmas[slot];
  const Slot prev = vma.mm_prev;
  (prev == kNone ? w_.mms[vma.mm].mmap : w_.vmas[prev].mm_next) = vma.mm_next;
  if (vma.mm_next != kNone) w_.vmas[vma.mm_next].mm_prev = prev;
  vma.mm_next = vma.mm_prev = kNone;
  vma.state = VmaState::kDetached;
  probe_.GeometryChanged(w_, slot);
}

template <class C, class P>
void Machine<C, P>::IndexInsert(Slot slot) {
  const Vma& vma = w_.vmas[slot];
  File& file = w_.files[vma.file];
  if (vma.nonlinear != 0) {
    VmaList<C>(w_, file.list).Append(slot);
  } else if (rules_.interval_tree) {
    VmaList<C>(w_, file.root).InsertSorted(slot);
  } else {
    PrioTree<C, P>(w_, vma.file).Insert(slot);
  }
  probe_.IndexInserted(w_, slot);
}

template <class C, class P>
void Machine<C, P>::IndexRemove(Slot slot) {
  const Vma& vma = w_.vmas[slot];
  File& file = w_.files[vma.file];
  if (vma.in_index == InIndex::kListed) {
    VmaList<C>(w_, vma.nonlinear != 0 ? file.list : file.root).Remove(slot);
  } else {
    PrioTree<C, P>(w_, vma.file).Remove(slot);
  }
  probe_.IndexChanged(w_, slot);
}

// split_vma() up to where vma_adjust() takes the lock: allocates the new
// struct and copies the old one into it. Returns false on ENOMEM.
//
//   new_below:  [ new | vma )      else:  [ vma | new )
template <class C, class P>
bool Machine<C, P>::SplitBegin(Slot slot, unsigned addr, bool new_below,
                               Adjust& adjust) {
  const Slot insert = AllocVma();
  if (insert == kNone) return false;
  Vma& vma = w_.vmas[slot];
  Vma& copy = w_.vmas[insert];
  const uint8_t birth = copy.birth;
  copy = vma;
  copy.birth = birth;
  copy.state = VmaState::kNew;
  copy.in_index = InIndex::kNot;
  copy.parent = copy.left = copy.right = copy.set_prev = copy.set_next = 0;
  copy.mm_next = copy.mm_prev = 0;
  copy.readers = 0;
  copy.locked = rules_.vma_locks ? 1 : 0;
  adjust = Adjust{};
  adjust.vma = slot;
  adjust.vma_birth = vma.birth;
  adjust.insert = insert;
  adjust.start = vma.start;
  adjust.end = vma.end;
  adjust.pgoff = vma.pgoff;
  const unsigned below = addr - vma.start;
  if (new_below) {
    copy.end = static_cast<uint16_t>(addr);
    adjust.start = static_cast<uint16_t>(addr);
    adjust.pgoff = static_cast<uint16_t>(vma.pgoff + below);
  } else {
    copy.start = static_cast<uint16_t>(addr);
    copy.pgoff = static_cast<uint16_t>(vma.pgoff + below);
    adjust.end = static_cast<uint16_t>(addr);
  }
  probe_.VmaBorn(w_, insert);
  if (!rules_.split_under_lock) {
    vma.start = adjust.start;
    vma.end = adjust.end;
    vma.pgoff = adjust.pgoff;
    probe_.GeometryChanged(w_, slot);
    probe_.IndexChanged(w_, slot);
  }
  return true;
}

// mremap's growth in place: vma_adjust() without importer.
template <class C, class P>
void Machine<C, P>::GrowBegin(Slot slot, unsigned end, Adjust& adjust) {
  const Vma& vma = w_.vmas[slot];
  adjust = Adjust{};
  adjust.vma = slot;
  adjust.vma_birth = vma.birth;
  adjust.insert = kNone;
  adjust.start = vma.start;
  adjust.end = static_cast<uint16_t>(end);
  adjust.pgoff = vma.pgoff;
}

// is_mergeable_anon_vma(), of two vmas.
template <class C, class P>
bool Machine<C, P>::AnonsAgree(const Vma& a, const Vma& b) const {
  if (a.anon == b.anon) return true;
  if (a.anon != 0 && b.anon != 0) return false;
  return !rules_.cloned_anon_apart || (a.anon != 0 ? a : b).cloned == 0;
}

// The same of a neighbour and what is to become part of it. 3.0 to 6.15 ask
// whether the neighbour's chain of anon_vmas has one entry, and that of a vma
// without one has none.
template <class C, class P>
bool Machine<C, P>::AnonJoins(const Vma& neighbour, const Vma& like) const {
  if (rules_.cloned_anon_apart && !rules_.anon_joins_none &&
      neighbour.anon == 0 && like.anon != 0)
    return false;
  return AnonsAgree(neighbour, like);
}

// vma_merge(): whether [addr, end) with the flags and file of `like` can become
// part of a neighbour, and how (the case numbers are the kernel's). On true
// `adjust` is ready for StepAdjust() and `result` is what vma_merge() returns.
// `asks_next`: as mmap_region() of 6.1, where the range that can join the next
// vma has that one's anon_vma when it asks the one before.
template <class C, class P>
bool Machine<C, P>::MergeBegin(Slot prev, unsigned mm, unsigned addr,
                               unsigned end, const Vma& like, unsigned pgoff,
                               Adjust& adjust, Slot& result, bool asks_next) {
  const Slot area = prev != kNone ? w_.vmas[prev].mm_next : w_.mms[mm].mmap;
  Slot next = area;
  if (next != kNone && w_.vmas[next].end == end) next = w_.vmas[next].mm_next;
  const auto alike = [&](Slot slot) {
    const Vma& vma = w_.vmas[slot];
    return vma.file == like.file && vma.shared == like.shared &&
           vma.write == like.write && vma.nonlinear == like.nonlinear &&
           (vma.accounted == like.accounted || !rules_.account_blocks_merge) &&
           AnonJoins(vma, like) && !IsSpecial(vma.file);
  };
  const bool before = next != kNone && w_.vmas[next].start == end &&
                      alike(next) && w_.vmas[next].pgoff == pgoff + end - addr;
  const bool after =
      prev != kNone && w_.vmas[prev].end == addr && alike(prev) &&
      w_.vmas[prev].pgoff + w_.vmas[prev].pages() == pgoff &&
      (!before || !asks_next || AnonJoins(w_.vmas[prev], w_.vmas[next]));
  if (!after && !before) return false;

  adjust = Adjust{};
  adjust.insert = kNone;
  const bool fills = area == next;  // mmap, mremap: [addr, end) is a hole
  Slot grows = prev;
  if (after) {
    const bool both = before && AnonsAgree(w_.vmas[prev], w_.vmas[next]);
    adjust.start = w_.vmas[prev].start;
    adjust.pgoff = w_.vmas[prev].pgoff;
    adjust.end = both ? w_.vmas[next].end : static_cast<uint16_t>(end);
    adjust.merge_case = both ? (fills ? 1 : 6) : (fills ? 2 : 7);
    if (!both && area != kNone && w_.vmas[area].start == addr && fills)
      adjust.merge_case = 5;
  } else if (prev != kNone && addr < w_.vmas[prev].end) {
    adjust.start = w_.vmas[prev].start;
    adjust.pgoff = w_.vmas[prev].pgoff;
    adjust.end = static_cast<uint16_t>(addr);
    adjust.merge_case = 4;
  } else {
    grows = area;
    adjust.start = static_cast<uint16_t>(addr);
    adjust.end = w_.vmas[next].end;
    adjust.pgoff =
        static_cast<uint16_t>(fills && !rules_.merge_moves_pgoff
                                  ? w_.vmas[next].pgoff
                                  : w_.vmas[next].pgoff - (end - addr));
    adjust.merge_case = fills ? 3 : 8;
  }
  adjust.vma = grows;
  adjust.vma_birth = w_.vmas[grows].birth;
  result = adjust.merge_case == 4 ? area : grows;
  return true;
}

// One hold of i_mmap_lock of vma_adjust(); case 6 takes two, and one in
// vma_complete().
template <class C, class P>
Flow Machine<C, P>::StepAdjust(Adjust& adjust) {
  Use(adjust.vma, adjust.vma_birth);
  const unsigned file = w_.vmas[adjust.vma].file;
  if (!AdjustTakesLocks(adjust)) return Flow::kBlocked;
  if (rules_.vma_locks && !rules_.vma_lock_before_index &&
      adjust.phase == AdjustPhase::kLock) {
    adjust.phase = AdjustPhase::kVmaLock;
    return Flow::kSync;
  }
  probe_.Adjusts(adjust.merge_case);
  AdjustUnderLock(adjust);
  if (adjust.remove_next != 0 && rules_.merge_in_one_hold)
    AdjustUnderLock(adjust);
  ReleaseMapLock(file);
  adjust.phase = AdjustPhase::kLock;
  if (adjust.remove_next != 0) return Flow::kSync;
  adjust = Adjust{};
  return Flow::kDone;
}

// The last vma, from adjust.vma on in its mm's list, that is changed or taken
// away: a merge may fill the gap between two vmas and take one of them with it.
template <class C, class P>
Slot Machine<C, P>::LastAdjusted(const Adjust& adjust) const {
  const Vma& vma = w_.vmas[adjust.vma];
  Slot last = adjust.vma;
  if (adjust.insert != kNone) return last;
  for (Slot slot = vma.mm_next; slot != kNone; slot = w_.vmas[slot].mm_next) {
    const unsigned start = w_.vmas[slot].start;
    const bool borders = last == adjust.vma && start == vma.end;
    if (start >= adjust.end && !(borders && adjust.end != vma.end)) break;
    last = slot;
  }
  return last;
}

// vma_prepare(): takes the locks of the vmas that change, then i_mmap_lock, all
// or none. In the other order it may wait for a reader with i_mmap_lock held.
template <class C, class P>
bool Machine<C, P>::AdjustTakesLocks(const Adjust& adjust) {
  const unsigned file = w_.vmas[adjust.vma].file;
  const bool under = adjust.phase == AdjustPhase::kVmaLock;
  if (!rules_.vma_locks) return TakeMapLock(file);
  if (!rules_.vma_lock_before_index && !under) return TakeMapLock(file);
  const Slot end = w_.vmas[LastAdjusted(adjust)].mm_next;
  const Slot busy = BusyVma(adjust.vma, end);
  if (busy != kNone) return Blocks(LockKind::kVmaLock, busy);
  if (!under && !MapLockIsFree(file)) return Blocks(LockKind::kIMmapLock, file);
  MarkVmas(adjust.vma, end);
  return under || TakeMapLock(file);
}

template <class C, class P>
void Machine<C, P>::AdjustUnderLock(Adjust& adjust) {
  Vma& vma = w_.vmas[adjust.vma];
  const Slot next_slot = adjust.insert == kNone ? vma.mm_next : kNone;
  Slot importer = kNone;
  unsigned end = adjust.end;
  unsigned remove_next = 0;
  int adjust_next = 0;
  if (next_slot != kNone) {
    const Vma& next = w_.vmas[next_slot];
    if (end >= next.end) {
      remove_next = 1U + (end > next.end ? 1U : 0U);
      end = next.end;
      importer = adjust.vma;
    } else if (end > next.start) {
      adjust_next = static_cast<int>(end) - next.start;
      importer = adjust.vma;
    } else if (end < vma.end) {
      adjust_next = static_cast<int>(end) - vma.end;
      importer = next_slot;
    }
  }
  const bool clears = importer != kNone && rules_.importer_rescans &&
                      vma.count != w_.vmas[next_slot].count;
  if (clears) w_.vmas[importer].count = 0;
  if (importer != kNone)
    TakeAnon(w_.vmas[importer],
             importer == adjust.vma ? w_.vmas[next_slot] : vma);
  if (adjust.insert != kNone) {
    if (rules_.split_inherits) w_.vmas[adjust.insert].count = vma.count;
    IndexInsert(adjust.insert);
  }

  // A nonlinear vma keeps its place: the list has no key.
  const bool linear = vma.nonlinear == 0;
  if (linear) IndexRemove(adjust.vma);
  if (linear && adjust_next != 0) IndexRemove(next_slot);
  const bool grows = adjust.insert == kNone && importer == kNone;
  vma.start = adjust.start;
  vma.end = static_cast<uint16_t>(end);
  vma.pgoff = adjust.pgoff;
  if (adjust_next != 0) {
    Vma& next = w_.vmas[next_slot];
    next.start = static_cast<uint16_t>(next.start + adjust_next);
    next.pgoff = static_cast<uint16_t>(next.pgoff + adjust_next);
    if (linear) IndexInsert(next_slot);
    probe_.GeometryChanged(w_, next_slot);
  }
  if (linear) IndexInsert(adjust.vma);
  probe_.GeometryChanged(w_, adjust.vma);
  if (remove_next != 0) {
    UnlinkMm(next_slot);
    IndexRemove(next_slot);
    FreeVma(next_slot);
  }
  if (adjust.insert != kNone) {
    LinkMm(adjust.insert);
    probe_.Renewed(w_, adjust.insert, Renewal::kSplitOff);
  }
  if (clears) {
    probe_.Renewed(w_, importer, Renewal::kCleared);
  } else if (importer != kNone || grows) {
    probe_.Renewed(w_, importer != kNone ? importer : adjust.vma,
                   Renewal::kGrown);
  }
  adjust.remove_next = remove_next == 2 ? 1 : 0;
  changed_ = true;
}

// A vma that gets pages of another also gets its anon_vma, if it has none.
template <class C, class P>
void Machine<C, P>::TakeAnon(Vma& to, const Vma& from) {
  if (to.anon != 0) return;
  to.anon = from.anon;
  to.cloned = from.cloned;
}

// anon_vma_prepare(), before a private copy is made.
template <class C, class P>
void Machine<C, P>::PrepareAnon(Slot slot) {
  Vma& vma = w_.vmas[slot];
  if (vma.anon != 0) return;
  vma.anon = AnonFor(slot);
  changed_ = true;
}

// A neighbour's anon_vma if the two could be one vma except for their
// protection (find_mergeable_anon_vma), else a new one.
template <class C, class P>
uint8_t Machine<C, P>::AnonFor(Slot slot) const {
  const Vma& vma = w_.vmas[slot];
  const auto joins = [&](const Vma& low, const Vma& high, const Vma& has) {
    return has.anon != 0 && (has.cloned == 0 || !rules_.cloned_anon_apart) &&
           low.end == high.start && low.file == high.file &&
           low.shared == high.shared && low.accounted == high.accounted &&
           low.pgoff + low.pages() == high.pgoff;
  };
  if (vma.mm_next != kNone) {
    const Vma& next = w_.vmas[vma.mm_next];
    if (joins(vma, next, next)) return next.anon;
  }
  if (vma.mm_prev != kNone) {
    const Vma& prev = w_.vmas[vma.mm_prev];
    if (joins(prev, vma, prev)) return prev.anon;
  }
  return NewAnon();
}

template <class C, class P>
uint8_t Machine<C, P>::NewAnon() const {
  uint64_t used_low = 0;  // ids 1..64; a vma has one at most
  for (const Vma& other : w_.vmas) {
    if (other.anon != 0) used_low |= uint64_t{1} << (other.anon - 1);
  }
  uint8_t id = 1;
  while ((used_low >> (id - 1) & 1) != 0) ++id;
  return id;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_VMA_INL_H_
