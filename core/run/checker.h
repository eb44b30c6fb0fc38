// The properties, each recomputed from the world's primary data (ptes, vma
// geometry, lock owners) at the points that its text names.
//
// Checker is a Probe (core/model/machine.h) and a value: it is copied with the
// world it watches. Its own state is history that no world shows: what a pass
// has scanned, how much work it was given, where a vma was allocated.
#ifndef VMTRUNC_CORE_RUN_CHECKER_H_
#define VMTRUNC_CORE_RUN_CHECKER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/model/machine.h"
#include "core/model/names.h"
#include "core/property.h"

namespace vmtrunc {

// Sets of abstract states, as Checker::NoteFeatures() fills them: a byte each,
// 1 if seen. Requires: both of one size.
inline void AddSeen(std::span<uint8_t> to, std::span<const uint8_t> seen) {
  for (size_t i = 0; i < to.size(); ++i) to[i] |= seen[i];
}
inline size_t CountSeen(std::span<const uint8_t> seen) {
  return static_cast<size_t>(std::count(seen.begin(), seen.end(), 1));
}

template <class C>
class Checker {
 public:
  using RulesSeen = Rules;

  explicit Checker(const Rules& rules) : rules_(rules) {
    ReportOnly(CountedProperties());
  }

  // How many abstract states there are; see NoteFeatures().
  static constexpr unsigned kFeatures = 6 * 3 * 2 * 3 * 2 * 9 * 2;

  // From now on notes the abstract states that are seen while a pass runs in
  // `features`, kFeatures bytes that outlive this and become 1. One for each
  // vma that reaches into the pass's range, a product of:
  //   6  its count: older or none, the pass's, newer, a restart address below
  //      it, in it, or beyond it
  //   3  the walk: has not come to it, is in it, has been there
  //   2  whether a pte of it in the range is present
  //   3  linked, linked in a struct that was another's when the lock was
  //      dropped (or the pass began), not linked
  //   2  whether it begins before the range
  //   9  what has just moved: mmap, munmap, mprotect, mremap, a fault, fork,
  //      exit, remap, a pass
  //   2  whether the lock is dropped
  void NoteFeatures(uint8_t* features) { features_ = features; }

  // first() considers only properties with a bit here; broken() all, but those
  // of kOnlyNamed only with a bit here.
  void ReportOnly(uint32_t properties) {
    reported_ = properties;
    watches_done_ = (properties & Bit(Property::kDoneIsUnmapped)) != 0;
  }

  // A hash of the state of restart-progress and bounded-drops about running
  // passes, under other names: the part of their verdict that the world does
  // not determine.
  uint64_t History(const Names<C>& names = {}) const;
  // The same of done-is-unmapped; 0 where no fault has mapped a page that a
  // running pass is over.
  uint64_t DoneHistory(const World<C>& w, const Names<C>& names = {}) const;

  // The same of abstract states: which of the slots each running pass has
  // scanned some of, and which of the vmas in use are others than when it began
  // or last dropped the lock. In the order of `slots`: those in use, then the
  // free ones.
  uint64_t FeatureHistory(const World<C>& w, std::span<const Slot> slots,
                          const Names<C>& names = {}) const;

  uint32_t broken() const { return broken_; }        // a bit a property
  const Violation& first() const { return first_; }  // valid if broken()
  uint32_t drops() const { return all_drops_; }      // by all passes
  uint32_t steps() const { return step_; }

  // The driver reports the running event, its end, and the end of the run.
  void EventBegins(unsigned event) { event_ = static_cast<uint16_t>(event); }
  void EventEnds(const World<C>& w) {
    if ((index_dirty_ | geometry_dirty_ | ptes_dirty_) != 0) CheckEvent(w);
  }
  void RunEnds(const World<C>& w) { CheckMapcounts(w); }
  void Deadlock(const World<C>& w);

  // The calls of Machine.
  void Acquires(const World<C>& w, unsigned task, LockKind kind, unsigned id);
  void MaySleep(const World<C>& w, unsigned task);
  void Uses(const World<C>& w, unsigned, Slot slot, unsigned birth) {
    const Vma& vma = w.vmas[slot];
    if (vma.state == VmaState::kFree || vma.birth != birth)
      Break(Breach::kFreedVma, slot);
  }
  void UsesMm(const World<C>& w, unsigned task, unsigned mm) {
    if (w.mms[mm].live == 0) Break(Breach::kFreedMm, task, mm);
  }
  void Installs(const World<C>& w, unsigned task, Slot slot, unsigned addr) {
    const Vma& vma = w.vmas[slot];
    if (vma.state != VmaState::kLinked || vma.mm != w.tasks[task].mm ||
        addr < vma.start || addr >= vma.end) {
      Break(Breach::kNotOwnVma, task, addr, vma.start, vma.mm);
    } else if (vma.in_index == InIndex::kNot) {
      Break(Breach::kNotInIndex, task, addr, vma.mm);
    } else if (vma.locked != 0 && w.mms[vma.mm].writer != task) {
      Break(Breach::kLockedVma, task, addr, vma.mm);
    }
    if (watches_done_) NoteMapped(w, task, vma, addr);
  }
  void WritesCount(const World<C>& w, unsigned task, unsigned file) {
    if ((w.files[file].walkers >> task & 1) != 0)
      Break(Breach::kWritesShared, task, file);
  }
  void VmaBorn(const World<C>& w, Slot slot);
  void GeometryChanged(const World<C>& w, Slot slot) {
    geometry_dirty_ |= 1U << w.vmas[slot].mm;
  }
  void IndexChanged(const World<C>& w, Slot slot) {
    index_dirty_ |= 1U << w.vmas[slot].file;
    moved_ |= uint64_t{1} << slot;
  }
  void IndexInserted(const World<C>& w, Slot slot) {
    const Vma& vma = w.vmas[slot];
    keys_[slot] = {vma.pgoff, static_cast<uint16_t>(vma.last_pgoff())};
    IndexChanged(w, slot);
  }
  void Adjusts(unsigned) {}
  void MmFreed(unsigned mm) { Unscan(mm, 0, C::kAddrs); }
  void Unmapped(unsigned mm, unsigned start, unsigned end) {
    ptes_dirty_ |= 1U << mm;  // they were in a vma
    Unscan(mm, start, end);
  }
  void PteChanged(unsigned mm) { ptes_dirty_ |= 1U << mm; }
  void PteSet(const World<C>& w, unsigned mm, unsigned file, unsigned addr) {
    const Pte pte = w.mms[mm].ptes[addr];
    // Nearly all are a page of the file inside it: nothing more to look at.
    const bool inside =
        pte.kind() == PteKind::kPage && pte.index() < w.files[file].size;
    if ((!inside && pte.present()) || rules_.large_folios)
      CheckPte(w, mm, addr);
  }
  void Renewed(const World<C>& w, Slot slot, Renewal why);
  void PteMoved(unsigned mm, unsigned addr) { Unscan(mm, addr, addr + 1); }
  void PassBegins(const World<C>& w, unsigned task);
  void Scans(const World<C>& w, unsigned task, unsigned mm, unsigned start,
             unsigned end);
  void Zaps(const World<C>& w, unsigned task, Slot slot, unsigned addr,
            unsigned at);
  void Drops(const World<C>& w, unsigned task);
  void Retakes(const World<C>& w, unsigned task) {
    if (watches_done_) CheckDone(w, task, /*ended=*/false);
  }
  void UsesTable(const World<C>& w, unsigned task, unsigned mm, unsigned addr);
  void UsesFreedTable(unsigned mm, unsigned addr) {
    Break(Breach::kFreedTable, addr, mm);
  }
  void WalkEnds(const World<C>& w, unsigned task);
  void PassEnds(const World<C>& w, unsigned task);
  void Removes(const World<C>& w, unsigned file, unsigned index);
  void TruncationEnds(const World<C>& w, unsigned task, unsigned file,
                      unsigned size);
  void Touches(const World<C>& w, unsigned task, const Vma& vma, unsigned addr,
               Pte pte);
  void Shows(const World<C>& w, unsigned file, unsigned first, unsigned last);
  void Translates(const World<C>& w, unsigned task, unsigned mm, unsigned addr);
  void FrameFreed(const World<C>& w, unsigned frame);
  void StepBegins(const World<C>&, unsigned) {}
  void StepEnds(const World<C>& w, unsigned task, Verb verb, Flow flow) {
    const bool news = moved_ != 0;
    if (news) CheckPlaces(w);
    if (flow == Flow::kDone) CheckHoldsNothing(w, task);
    if (features_ != nullptr && passes_ != 0 && (news || flow != Flow::kSync))
      CountFeatures(w, verb);
    ++step_;
  }

 private:
  // The interval under which a vma was put into the index.
  struct Key {
    uint16_t pgoff, last_pgoff;
  };

  // The history of one pass since it began.
  struct PassLog {
    uint32_t budget;  // drops that its work allows
    uint32_t drops;
    uint64_t scanned[C::kMms][(C::kAddrs + 63) / 64];  // a bit a page
    uint8_t births[C::kVmas];  // of the slots at its begin or last drop
    uint64_t walked;           // slots that it has scanned some of
    uint64_t mapped;           // pages that faults have mapped
  };

  // The structs that have ever been in use.
  std::span<const Vma> Vmas(const World<C>& w) const {
    return {w.vmas, slots_};
  }
  void Break(Breach breach, unsigned a = 0, unsigned b = 0, unsigned c = 0,
             unsigned d = 0);
  void NoteBirths(const World<C>& w, PassLog& log);
  void Unscan(unsigned mm, unsigned start, unsigned end);
  void CheckPlaces(const World<C>& w);
  void CheckEvent(const World<C>& w);
  void BreakIndex(const Vma& vma);
  void CheckIndex(const World<C>& w, unsigned file);
  void CheckList(const World<C>& w, unsigned file, Slot head, bool nonlinear,
                 uint64_t& seen);
  void CheckNode(const World<C>& w, unsigned file, Slot slot, Slot parent,
                 int depth, uint64_t radix, uint64_t& seen);
  void CheckGeometry(const World<C>& w, unsigned mm);
  void CheckPtes(const World<C>& w, unsigned mm);
  void CheckOwnPage(const Vma& vma, unsigned addr, Pte pte);
  void CheckMapcounts(const World<C>& w);
  unsigned CountRelation(const Pass& pass, const Vma& vma, Slot slot) const;
  void CountFeatures(const World<C>& w, Verb verb);
  void NoteMapped(const World<C>& w, unsigned task, const Vma& vma,
                  unsigned addr);
  unsigned DoneBelow(const Pass& pass, const Vma& vma, Slot slot) const;
  void CheckDone(const World<C>& w, unsigned task, bool ended);
  void CheckTlb(const World<C>& w, const Pass& pass);
  void CheckPastSize(const World<C>& w, unsigned file, unsigned size);
  void CheckPte(const World<C>& w, unsigned mm, unsigned addr);
  void CheckHoldsNothing(const World<C>& w, unsigned task);

  Rules rules_;
  uint32_t broken_ = 0;
  uint32_t reported_ = 0;
  bool watches_done_ = false;  // done-is-unmapped is reported
  uint32_t step_ = 0;
  uint32_t all_drops_ = 0;
  uint16_t event_ = 0;
  unsigned slots_ = 0;  // of the slab, that have ever been in use
  // For each task, the mms whose locks its operation may have taken: all bits
  // of what it has taken, also a file's number. No others need to be checked
  // when it ends.
  uint8_t taken_[C::kTasks] = {};
  uint64_t moved_ = 0;           // slots that the index got, lost or moved
  unsigned index_dirty_ = 0;     // files whose index is to be looked at
  unsigned geometry_dirty_ = 0;  // mms whose vmas are
  unsigned ptes_dirty_ = 0;      // mms whose ptes are
  unsigned passes_ = 0;          // tasks that run a pass
  uint8_t* features_ = nullptr;
  Violation first_;
  int16_t origin_[C::kVmas];  // start - pgoff of each vma, from its birth
  Key keys_[C::kVmas];        // valid for the vmas in an index
  PassLog logs_[C::kTasks];   // valid for the tasks in passes_
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_CHECKER_H_
