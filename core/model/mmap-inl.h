// mmap, and populate after it.
#ifndef VMTRUNC_CORE_MODEL_MMAP_INL_H_
#define VMTRUNC_CORE_MODEL_MMAP_INL_H_

#include <algorithm>

#include "core/model/machine.h"

namespace vmtrunc {

// do_mmap_pgoff() with MAP_FIXED.
template <class C, class P>
Flow Machine<C, P>::StepMmap(Op& op) {
  using enum MmapPhase;
  const unsigned mm = me().mm;
  Mmap& map = op.mmap;
  for (;;) {
    switch (map.phase) {
      case kStart:
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        MmapUnmaps(op);
        continue;
      case kUnmap: {
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        // Detached; the rest would come after the new vma is in place.
        if (!rules_.unmap_before_expand && op.unmap.phase == UnmapPhase::kZap)
          map.phase = kPlace;
        if (flow != Flow::kDone) return flow;
        if (op.unmap.failed != 0) return EndMmapSem();
        map.phase = kPlace;
        continue;
      }
      case kComplete: {
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        if (flow != Flow::kDone) return flow;
        break;
      }
      case kPlace:
        MmapPlaces(op);
        if (map.phase != kPlace) return Flow::kSync;
        MmapFrees(op);
        if (!UnmapIsLeft(op)) return EndMmapSem();
        map.populate = 0;
        map.phase = kComplete;
        return Flow::kSync;
      case kMerge: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        // The struct that the merge made needless.
        if (!rules_.mmap_merges_first) FreeVma(map.new_vma);
        MmapFrees(op);
        break;
      }
      case kLink: {
        if (!TakeMapLock(map.file)) return Flow::kBlocked;
        w_.vmas[map.new_vma].count = LinkMark(map.file);
        if (!rules_.vma_locks) LinkMm(map.new_vma);
        IndexInsert(map.new_vma);
        probe_.Renewed(w_, map.new_vma, Renewal::kLinked);
        ReleaseMapLock(map.file);
        MmapFrees(op);
        break;
      }
      case kPopulate: {
        // One read fault a page, until one is refused.
        const Flow flow = StepFault(op.fault);
        if (flow != Flow::kDone) return flow;
        if (op.fault.outcome == FaultOutcome::kRetry) {
          // It has dropped mmap_sem: on with the same page.
          map.phase = kPopulateLock;
          return Flow::kSync;
        }
        if (op.fault.outcome == FaultOutcome::kServed) {
          ++map.populated;
        } else if (rules_.populate_unlocks) {
          map.populated = EndOf(op.fault.vma, map);
        } else {
          return EndMmapSem();
        }
        break;
      }
      case kPopulateLock:
        if (!TakeMmapSemRead(mm)) return Flow::kBlocked;
        break;
    }
    if (UnmapIsLeft(op)) {
      map.phase = kComplete;
      return Flow::kSync;
    }
    // The vma exists, or another page of it: to the next page.
    const Flow next = MmapPopulates(op);
    if (!GoesOn(next)) return next;
  }
}

// Unmaps existing mappings of the range.
template <class C, class P>
void Machine<C, P>::MmapUnmaps(Op& op) {
  Mmap& map = op.mmap;
  map.phase = UnmapBegin(me().mm, map.addr, map.addr + map.len, op.unmap)
                  ? MmapPhase::kUnmap
                  : MmapPhase::kPlace;
}

// Whether what was mapped there before is off the mm's list and not unmapped
// yet.
template <class C, class P>
bool Machine<C, P>::UnmapIsLeft(const Op& op) const {
  return !rules_.unmap_before_expand && op.unmap.phase == UnmapPhase::kZap &&
         op.mmap.phase != MmapPhase::kComplete;
}

// vms_complete_munmap_vmas() of 6.12: frees the structs of what was mapped
// there before.
template <class C, class P>
void Machine<C, P>::MmapFrees(Op& op) {
  if (!UnmapIsLeft(op)) FreeVmas(op.unmap);
}

// Starts the fault of the next page, or ends.
template <class C, class P>
Flow Machine<C, P>::MmapPopulates(Op& op) {
  Mmap& map = op.mmap;
  const bool populates = map.populate != 0 && !IsPfn(map.file);
  if (populates && rules_.populate_unlocks) return PopulateNext(op);
  map.phase = MmapPhase::kPopulate;
  if (!populates || map.populated == map.len) return EndMmapSem();
  // mmap's populate is the script's, up to i_size; remap's is the kernel's own
  // and checks the size itself.
  if (op.verb == Verb::kMmap &&
      map.pgoff + unsigned{map.populated} >= w_.files[map.file].size)
    return EndMmapSem();
  const unsigned addr = map.addr + unsigned{map.populated};
  FaultBegin(FindVma(me().mm, addr), addr, false, op.fault);
  return Flow::kSync;
}

// __mm_populate(): from the next page on that a vma maps, whatever vma that is
// by now; of one whose fault was refused the rest is left out.
template <class C, class P>
Flow Machine<C, P>::PopulateNext(Op& op) {
  Mmap& map = op.mmap;
  const unsigned mm = me().mm;
  if (w_.mms[mm].writer == task_) {  // the vma has just been made
    ReleaseMmapSem(mm);
    map.phase = MmapPhase::kPopulateLock;
    return Flow::kSync;
  }
  const unsigned end = map.addr + unsigned{map.len};
  map.phase = MmapPhase::kPopulate;
  for (;;) {
    const Slot slot = FindVma(mm, map.addr + unsigned{map.populated});
    if (slot == kNone || w_.vmas[slot].start >= end || map.populated >= map.len)
      return EndMmapSem();
    const Vma& vma = w_.vmas[slot];
    const unsigned addr =
        std::max<unsigned>(map.addr + unsigned{map.populated}, vma.start);
    map.populated = static_cast<uint16_t>(addr - map.addr);
    const unsigned index = vma.pgoff + addr - unsigned{vma.start};
    if (op.verb != Verb::kMmap || index < w_.files[vma.file].size) {
      FaultBegin(slot, addr, false, op.fault);
      return Flow::kSync;
    }
    map.populated = EndOf(slot, map);
  }
}

// How far the vma reaches into the range of the mmap.
template <class C, class P>
uint16_t Machine<C, P>::EndOf(Slot slot, const Mmap& map) const {
  return static_cast<uint16_t>(
      std::min<unsigned>(w_.vmas[slot].end, map.addr + unsigned{map.len}) -
      map.addr);
}

// The range joins a neighbour, or gets a struct of its own. Up to 2.6.28 that
// is allocated first. Leaves the phase alone on ENOMEM.
template <class C, class P>
void Machine<C, P>::MmapPlaces(Op& op) {
  Mmap& map = op.mmap;
  const unsigned mm = me().mm;
  Vma vma{};
  vma.start = map.addr;
  vma.end = static_cast<uint16_t>(map.addr + map.len);
  vma.pgoff = map.pgoff;
  vma.mm = static_cast<uint8_t>(mm);
  vma.file = map.file;
  vma.shared = map.shared;
  vma.write = map.write;
  vma.accounted = map.shared == 0 && map.write != 0 ? 1 : 0;
  if (!rules_.mmap_merges_first && !MmapAllocs(vma, map)) return;
  Slot merged = kNone;
  Slot prev;
  FindVmaPrev(mm, map.addr, prev);
  if (MergeBegin(prev, mm, vma.start, vma.end, vma, map.pgoff, op.adjust,
                 merged, rules_.mmap_asks_next)) {
    map.phase = MmapPhase::kMerge;
    return;
  }
  if (rules_.mmap_merges_first && !MmapAllocs(vma, map)) return;
  map.phase = MmapPhase::kLink;
  if (rules_.vma_locks) StoreVma(map.new_vma);
}

// The struct of a new vma that is `like` this one. False on ENOMEM.
template <class C, class P>
bool Machine<C, P>::MmapAllocs(const Vma& like, Mmap& map) {
  const Slot slot = AllocVma();
  if (slot == kNone) return false;
  Vma& vma = w_.vmas[slot];
  const uint8_t birth = vma.birth;
  const VmaState state = vma.state;
  vma = like;
  vma.birth = birth;
  vma.state = state;
  probe_.VmaBorn(w_, slot);
  map.new_vma = slot;
  return true;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_MMAP_INL_H_
