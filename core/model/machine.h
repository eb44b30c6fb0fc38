// The modelled kernel, which changes a World.
//
// An operation in flight is at a sync point between two steps: a place where
// another processor could act. A phase is the code from one sync point to the
// next, and one call of Step() runs exactly one phase, or none if it starts
// with a lock that another task holds. Only values in the task's Op live from
// one phase to the next.
//
// `Probe` observes events as they happen (core/run/checker.h); with NoProbe the
// calls are compiled away.
#ifndef VMTRUNC_CORE_MODEL_MACHINE_H_
#define VMTRUNC_CORE_MODEL_MACHINE_H_

#include <cstdint>

#include "core/model/event.h"
#include "core/model/mark.h"
#include "core/model/prio_tree.h"
#include "core/model/rules.h"
#include "core/model/world.h"

namespace vmtrunc {

// How a step ended.
enum class Flow : uint8_t {
  kBlocked,  // at a lock that another task holds: nothing was done
  kSync,     // at the next sync point
  kDropped,  // at a break test that answered yes: i_mmap_lock is free
  kDone,     // the operation has ended
};

// Why a vma needs to be scanned again, for the budget of bounded-drops.
enum class Renewal : uint8_t {
  kLinked,
  kSplitOff,
  kForked,
  kGrown,
  kMovedInto,
  kCleared
};

// A probe without effect. It documents the calls.
template <class C>
struct NoProbe {
  using RulesSeen = Rules;  // what the machine reads its rules from
  void Acquires(const World<C>&, unsigned, LockKind, unsigned) {}
  void MaySleep(const World<C>&, unsigned) {}
  void Uses(const World<C>&, unsigned, Slot, unsigned) {}
  void UsesMm(const World<C>&, unsigned, unsigned) {}
  void Installs(const World<C>&, unsigned, Slot, unsigned) {}
  void WritesCount(const World<C>&, unsigned, unsigned) {}  // a pass, of a file
  void VmaBorn(const World<C>&, Slot) {}
  void GeometryChanged(const World<C>&, Slot) {}
  void IndexChanged(const World<C>&, Slot) {}
  void IndexInserted(const World<C>&, Slot) {}
  void Adjusts(unsigned) {}
  void MmFreed(unsigned) {}
  void Unmapped(unsigned, unsigned, unsigned) {}
  void PteChanged(unsigned) {}
  void PteSet(const World<C>&, unsigned, unsigned, unsigned) {}
  void Renewed(const World<C>&, Slot, Renewal) {}
  void PteMoved(unsigned, unsigned) {}
  void PassBegins(const World<C>&, unsigned) {}
  void Scans(const World<C>&, unsigned, unsigned, unsigned, unsigned) {}
  void Zaps(const World<C>&, unsigned, Slot, unsigned, unsigned) {}
  void Drops(const World<C>&, unsigned) {}
  void UsesTable(const World<C>&, unsigned, unsigned, unsigned) {}
  void UsesFreedTable(unsigned, unsigned) {}
  void WalkEnds(const World<C>&, unsigned) {}
  void PassEnds(const World<C>&, unsigned) {}
  void Removes(const World<C>&, unsigned, unsigned) {}
  void TruncationEnds(const World<C>&, unsigned, unsigned, unsigned) {}
  void StepBegins(const World<C>&, unsigned) {}
  void StepEnds(const World<C>&, unsigned, Verb, Flow) {}
  // Optional calls.
  void Translates(const World<C>&, unsigned, unsigned, unsigned) {}
  void FrameFreed(const World<C>&, unsigned) {}
  void Retakes(const World<C>&, unsigned) {}  // a pass, the lock it dropped
  void OperationEnds(const Op&) {}  // as it is then; what follows clears it
  void LooksAt(Slot) {}             // a pass's walk, at a vma of the index
  void NoMemory() {}                // an allocation fails
  void Blocks(LockKind, unsigned, unsigned) {}  // the lock is not free; `file`
                                                // is that of a page's
};

// The world before the first event. A first truncate_count that no pass of a
// kernel with these rules could have left (page-aligned, not 0, though it
// leaps) becomes the next one. Requires: `setup` fits C.
template <class C>
World<C> MakeWorld(const Setup& setup, const Rules& rules);

// True when the declarations and the event's task, file and range exist in C.
template <class C>
bool Fits(const Setup& setup);
template <class C>
bool Fits(const Event& event);

template <class C, class P>
class Machine {
 public:
  using RulesSeen = typename P::RulesSeen;

  Machine(World<C>& world, const RulesSeen& rules, P& probe)
      : w_(world), rules_(rules), probe_(probe) {
    for (Slot& slot : found_) slot = kNone;
  }
  Machine(World<C>&, const RulesSeen&&, P&) = delete;  // it keeps no copy

  // Runs one event. Any event may be applied to any world. Returns whether it
  // had an effect.
  bool Apply(const Event& event);

  // Completes all operations in flight, task after task, in rounds. Returns
  // false if some cannot move.
  bool Finish();

 private:
  // core/model/locks-inl.h
  bool Blocks(LockKind kind, unsigned id, unsigned file = 0);
  bool TakeMmapSemWrite(unsigned mm);
  bool TakeMmapSemRead(unsigned mm);
  void DowngradeMmapSem(unsigned mm);
  void ReleaseMmapSem(unsigned mm);
  bool VmaHasReaders(Slot slot) const;
  bool LockVma(Slot slot);
  Slot BusyVma(Slot first, Slot end) const;
  void MarkVmas(Slot first, Slot end);
  void MarkLocked(Slot slot);
  void EndVmaRead(Slot slot);
  void UnlockVmas(unsigned mm);
  bool IsLookedAt(Slot slot) const;
  bool TakeISem(unsigned file);
  bool MapLockIsFree(unsigned file) const {
    return w_.files[file].i_mmap_lock == kNone && w_.files[file].walkers == 0;
  }
  bool TakeMapLock(unsigned file);
  bool TryMapLock(unsigned file);
  bool TakePtl(unsigned mm);
  bool PageIsLocked(unsigned file, unsigned index) const;
  bool LockPage(unsigned file, unsigned index);
  bool TakePageLock(Removal& removal, unsigned index);
  void ReleaseMapLock(unsigned file) { w_.files[file].i_mmap_lock = kNone; }
  void ReleasePtl(unsigned mm) { w_.mms[mm].page_table_lock = kNone; }

  // core/model/vma-inl.h
  unsigned NextFree() const;
  Slot AllocVma();
  void FreeVma(Slot slot);
  Vma& Use(Slot slot, unsigned birth);
  void StoreVma(Slot slot);
  void LinkMm(Slot slot);
  void UnlinkMm(Slot slot);
  Slot FindVma(unsigned mm, unsigned addr);
  Slot FindVmaPrev(unsigned mm, unsigned addr, Slot& prev);
  bool RangeIsMapped(unsigned mm, unsigned start, unsigned end);
  void IndexInsert(Slot slot);
  void IndexRemove(Slot slot);
  bool SplitBegin(Slot slot, unsigned addr, bool new_below, Adjust& adjust);
  void GrowBegin(Slot slot, unsigned end, Adjust& adjust);
  bool AnonsAgree(const Vma& a, const Vma& b) const;
  bool AnonJoins(const Vma& neighbour, const Vma& like) const;
  bool MergeBegin(Slot prev, unsigned mm, unsigned addr, unsigned end,
                  const Vma& like, unsigned pgoff, Adjust& adjust, Slot& result,
                  bool asks_next = false);
  Flow StepAdjust(Adjust& adjust);
  Slot LastAdjusted(const Adjust& adjust) const;
  bool AdjustTakesLocks(const Adjust& adjust);
  void AdjustUnderLock(Adjust& adjust);
  static void TakeAnon(Vma& to, const Vma& from);
  uint8_t AnonFor(Slot slot) const;
  uint8_t NewAnon() const;
  void PrepareAnon(Slot slot);

  // core/model/pte-inl.h
  bool HasTable(unsigned mm, unsigned addr) const {
    return (w_.mms[mm].tables >> (addr / kPtesPerTable) & 1) != 0;
  }
  static unsigned TableEnd(unsigned addr) {
    return (addr / kPtesPerTable + 1) * kPtesPerTable;
  }
  void AllocTable(unsigned mm, unsigned addr);
  void DropTable(unsigned mm, unsigned addr);
  void FreeTables(unsigned mm, unsigned start, unsigned end);
  // core/model/hugetlb-inl.h
  bool IsHugetlb(unsigned file) const {
    return __builtin_expect(w_.files[file].folios.hugetlb, 0) != 0;
  }
  bool SharesTables(unsigned file) const {
    return IsHugetlb(file) && rules_.shares_tables;
  }
  bool IsSpecial(unsigned file) const {
    return vmtrunc::IsSpecial(w_.files[file]);
  }
  bool IsShared(unsigned mm, unsigned addr) const {
    return w_.shares[mm][addr / kPtesPerTable] != 0;
  }
  [[gnu::noinline]] bool MayShare(const Vma& vma, unsigned addr) const;
  [[gnu::noinline]] Flow FaultShares(Fault& fault);
  uint8_t* ShareFor(const Vma& vma, unsigned from);
  uint8_t NewShare() const;
  [[gnu::noinline]] void Unshare(unsigned mm, unsigned file, unsigned addr);
  void SetPte(unsigned mm, unsigned file, unsigned addr, Pte pte);
  void ClearPte(unsigned mm, unsigned file, Pte& pte);
  void ClearPte(unsigned mm, unsigned file, unsigned addr) {
    ClearPte(mm, file, w_.mms[mm].ptes[addr]);
  }

  // core/model/tlb-inl.h. Out of line: in it they would grow the steps of
  // scripts without tlb, which then take longer.
  bool HasTlb() const { return __builtin_expect(w_.tlb, 0) != 0; }
  bool Outlives() const;
  [[gnu::noinline]] void KeepTranslation(unsigned mm, unsigned file,
                                         unsigned addr, Pte pte);
  [[gnu::noinline]] bool UsesTranslation(unsigned addr, bool write);
  [[gnu::noinline]] void OpenGather(unsigned mm);
  [[gnu::noinline]] void AddToGather(unsigned mm, unsigned file, unsigned addr,
                                     unsigned at, Pte pte);
  [[gnu::noinline]] void FlushFull();
  bool IsGathered(unsigned file, uint64_t pages) const;
  bool IsNested(unsigned mm) const;
  [[gnu::noinline]] bool OwesFlush() const;
  [[gnu::noinline]] void FlushGather();
  [[gnu::noinline]] void FreeGathered();
  [[gnu::noinline]] void FinishGather();
  [[gnu::noinline]] void Flush(unsigned mm, unsigned start, unsigned end);
  [[gnu::noinline]] void PageLeaves(unsigned file, unsigned page, bool stays);
  void FreeFrame(unsigned frame);
  [[gnu::noinline]] void TakeFrame(FrameState as, unsigned file, unsigned page);
  [[gnu::noinline]] void ForgetFrames();

  // core/model/unmap-inl.h
  bool UnmapBegin(unsigned mm, unsigned start, unsigned end, Unmap& unmap);
  void ExitBegin(unsigned mm, Unmap& unmap);
  Flow StepUnmap(Unmap& unmap, Adjust& adjust);
  Slot LockUnmapped(const Unmap& unmap);
  void Detach(Unmap& unmap);
  bool Downgrades() const;
  Flow ZapDetached(Unmap& unmap);
  void ZapContinues(Unmap& unmap);
  bool FlushesPfn(const Unmap& unmap) const;
  Flow UnlinkDetached(Unmap& unmap);
  Flow FreesTables(Unmap& unmap);
  Flow FreeStructs(Unmap& unmap);
  bool FreesLast() const;
  void FreeVmas(Unmap& unmap);
  Flow FreeDetached(Unmap& unmap);

  // core/model/pass-inl.h
  void PassBegin(unsigned file, unsigned first, unsigned last, bool even_cows,
                 bool final, Pass& pass);
  bool TakePassLock(unsigned file);
  void ReleasePassLock(unsigned file);
  Flow StepPass(Pass& pass);
  void CountPass(Pass& pass);
  void ResetCounts(unsigned file);
  void ClearRestarts(unsigned file);
  bool IsOverFolio() const;
  bool EnterVma(Pass& pass, Slot slot);
  bool SkipBelowRestart(Pass& pass, Slot slot, unsigned& addr, unsigned end);
  Slot Continue(const Pass& pass);
  Flow Walk(Pass& pass, Slot from);
  bool ZapPte(Pass& pass, Mm<C>& mm, unsigned addr, unsigned at);
  Flow ZapBlock(Pass& pass);
  Flow FindTable(Pass& pass);
  Flow ZapTable(Pass& pass);
  Flow BlockEnds(Pass& pass);
  Flow VmaEnds(Pass& pass);
  void Stamp(Slot slot, uint32_t count);

  // core/model/fault-inl.h. Steps that few faults take are out of line here and
  // in the next two: inlined, they would make all others take longer.
  void FaultBegin(Slot slot, unsigned addr, bool write, Fault& fault);
  Flow StepFault(Fault& fault);
  void InstallBegin(Slot slot, unsigned addr, unsigned index, Fault& fault);
  bool SamplesCount(const Fault& fault) const;
  bool PastSize(const File& file, const Fault& fault);
  bool Tells(const Vma& vma) const;
  bool MayWrite(const Vma& vma) const;
  bool AnonNeedsMmapSem(Fault& fault);
  Flow FaultReadsPte(Fault& fault);
  bool IsShmem(unsigned file) const { return w_.files[file].folios.shmem != 0; }
  bool IsPfn(unsigned file) const { return w_.files[file].folios.pfn != 0; }
  // Whether pages are read in under invalidate_lock. Else a fault adds the page
  // with its own lock, and looks at i_size again.
  bool FillsLocked(unsigned file) const {
    return !IsShmem(file) && !IsHugetlb(file);
  }
  // Whether it exists and has a page cache, which a device has not.
  bool HasPages(unsigned file) const {
    return w_.files[file].exists != 0 && !IsPfn(file);
  }
  [[gnu::noinline]] void Touches(const Vma& vma, const Fault& fault, Pte pte);
  void Dirties(unsigned number, unsigned index);
  Flow FaultAround(Fault& fault);
  Flow FaultTakesPage(Fault& fault);
  Flow FaultLocksPage(Fault& fault);
  void FaultLetsGo(Fault& fault);
  void FaultSets(const Fault& fault, unsigned addr, Pte pte);
  Flow FaultSetsPte(Fault& fault);
  [[gnu::noinline]] Flow FaultTellsLocked(Fault& fault);
  [[gnu::noinline]] Flow FaultInstalls(Fault& fault);
  [[gnu::noinline]] Flow FaultChangesPte(Fault& fault);
  Pte NewPte(const Vma& vma, const Fault& fault) const;

  // core/model/fault-wait-inl.h
  bool HoleIsPunched(const Fault& fault) const;
  [[gnu::noinline]] Flow FaultHole(Fault& fault);
  bool FaultMayDrop() const;
  [[gnu::noinline]] Flow FaultDrops(Fault& fault);
  [[gnu::noinline]] Flow FaultWaits(Fault& fault);

  // core/model/folio-inl.h
  struct Window {
    unsigned from, end;  // addresses
    unsigned first;      // page at `from`
    int last;            // page before `end`
  };
  Window AroundWindow(const Fault& fault) const;
  [[gnu::noinline]] Flow AroundBegins(Fault& fault);
  unsigned NextUptodate(unsigned number, unsigned index, int last) const;
  [[gnu::noinline]] Flow AroundLocks(Fault& fault);
  [[gnu::noinline]] void SetPtes(const Fault& fault, unsigned first,
                                 unsigned last, unsigned folio_last);
  [[gnu::noinline]] Flow AroundMaps(Fault& fault);
  bool MapsWhole(const File& file, unsigned index, unsigned size) const;
  bool SetsFolio(Fault& fault);
  void FillFolio(unsigned number, unsigned index);
  const Removal* PunchOf(unsigned number) const;
  bool IsPunched(unsigned number, unsigned index) const;
  uint64_t PunchedPages(unsigned number) const;
  [[gnu::noinline]] void TakeFolio(unsigned file, unsigned index);
  bool IsReferenced(unsigned file, unsigned index) const;
  bool FolioIsMapped(unsigned file, unsigned index) const;
  unsigned EdgePage(const Removal& removal) const;
  bool OverEdge(const Removal& removal) const;
  bool IsLeft(const Removal& removal) const;
  bool NextEdge(Removal& removal);
  void EdgeBegins(Removal& removal, Pass& pass);
  void EdgeFails(Removal& removal, Pass& pass);
  void EdgeStays(Removal& removal);
  void SplitFolio(Removal& removal);
  [[gnu::noinline]] void CutOff(unsigned file, unsigned first, unsigned last);
  Flow StepFolio(Op& op);

  // core/model/ops-inl.h
  Flow Step(unsigned task);
  template <auto kPhase>
  Flow Phases();
  bool GoesOn(Flow flow);
  bool Start(const Event& event, Op& op);
  bool StartMremap(const Event& event, MremapOp& my);
  bool StartFork(const Event& event, ForkOp& my);
  Flow StepMunmap(Op& op);
  Flow StepMprotect(Op& op);
  void MprotectNext(Op& op);
  MprotectPhase ProtectPhase(const MprotectOp& my);
  void ChangeProtection(MprotectOp& my);
  Flow StepExit(Op& op);
  Flow EndMmapSem();

  // core/model/mmap-inl.h
  Flow StepMmap(Op& op);
  void MmapUnmaps(Op& op);
  bool UnmapIsLeft(const Op& op) const;
  void MmapFrees(Op& op);
  void MmapPlaces(Op& op);
  bool MmapAllocs(const Vma& like, Mmap& map);
  Flow MmapPopulates(Op& op);
  Flow PopulateNext(Op& op);
  uint16_t EndOf(Slot slot, const Mmap& map) const;

  // core/model/access-inl.h
  Flow StepAccess(Op& op);
  Flow AccessLooksUp(AccessOp& my);
  Flow AccessLocksVma(AccessOp& my);
  Flow AccessChecksVma(Op& op);
  bool IsVmaWriter(unsigned mm) const;
  Flow AccessEnds(Op& op);

  // core/model/truncate-inl.h
  Flow StepTruncate(Op& op);
  Flow TruncateBegins(Op& op);
  void RangePassBegin(const Removal& range, bool even_cows, bool final,
                      Pass& pass);
  Flow TruncateEnds(Op& op);
  Flow StepInvalidate(Op& op);
  [[gnu::noinline]] Flow StepRevoke(Op& op);
  Flow StepRemoval(Removal& removal, Pass& pass);
  Flow NextPage(Removal& removal, Pass& pass);
  Flow TakeLocked(Removal& removal);
  Flow TestPage(Removal& removal, Pass& pass);
  unsigned NextCached(const Removal& removal) const;
  unsigned NextFolio(const Removal& removal) const;
  bool ReachesOut(const Removal& removal, unsigned index) const;
  // The pages come to be seen, by growth or as a hole.
  void Shows(unsigned file, unsigned first, unsigned last) {
    if constexpr (requires { probe_.Shows(w_, file, first, last); })
      probe_.Shows(w_, file, first, last);
  }
  bool WouldZap(unsigned file, unsigned index) const;
  void TakePage(unsigned file, unsigned index);
  void Orphan(unsigned file, unsigned index);

  // core/model/collapse-inl.h
  [[gnu::noinline]] Flow StepCollapse(Op& op);
  uint64_t CollapsedPages(const CollapseOp& my) const;
  bool CollapseBegins(Op& op);
  Flow CollapseNextVma(CollapseOp& my);
  Flow RetractTable(CollapseOp& my);
  bool Retracts(const CollapseOp& my, const Vma& vma, unsigned& addr) const;

  // core/model/remap-inl.h
  Flow StepRemap(Op& op);
  Slot RemapVma(const RemapOp& my);
  bool RemapIsLinear(const RemapOp& my) const;
  Flow RemapAsMmap(Op& op);
  Flow RemapFilePtes(RemapOp& my);
  Flow RemapPopulates(Op& op);

  // core/model/mremap-inl.h
  Flow StepMremap(Op& op);
  bool MremapChecks(MremapOp& my);
  void MremapTrims(Op& op);
  MremapPhase PlacePhase(const MremapOp& my);
  void MremapMerged(MremapOp& my);
  void MremapLinks(MremapOp& my);
  bool MremapUnmapsSource(Op& op);
  bool MremapNext(MremapOp& my);
  void MremapPlaces(Op& op);
  bool MremapCopies(Op& op);
  bool MoveLocks(const MremapOp& my) const;
  void MoveResets(const MremapOp& my);
  struct Move {
    unsigned file, src, dst;
    bool back;  // as after a failure
  };
  Move MoveAt(const MremapOp& my);
  Flow MovePage(MremapOp& my);
  Flow MovePageHeld(MremapOp& my, const Move& move, bool locks);
  Flow MoveExtent(MremapOp& my);
  void MovePte(MremapOp& my, unsigned src, unsigned dst);
  bool MovePtes(MremapOp& my, const Move& move, unsigned pages);
  Flow MoveContinues(MremapOp& my, unsigned pages);
  [[gnu::noinline]] bool MovesTable(const MremapOp& my);
  [[gnu::noinline]] Flow MoveTable(MremapOp& my);
  void TakeTable(unsigned mm, const Move& move);
  void ForWalkersIn(unsigned mm, unsigned span, uint8_t table);
  void MoveFails(MremapOp& my);
  MremapPhase MoveEnds(const MremapOp& my) const;
  [[gnu::noinline]] void MoveFlushes(MremapOp& my);

  // core/model/fork-inl.h
  Flow StepFork(Op& op);
  void ForkLocks(ForkOp& my);
  void ForkVma(ForkOp& my);
  bool ForkCopies(const ForkOp& my) const;
  void ForkLinks(const ForkOp& my);
  Flow ForkCopiesSpan(Op& op);
  Flow ForkNextVma(Op& op);

  // Whether this break test is the one that answers yes.
  bool BreakTest() {
    if (drop_at_ == 0) return false;
    --drop_at_;
    return drop_at_ == 0;
  }
  Flow RunOn();
  Task& me() { return w_.tasks[task_]; }
  const Task& me() const { return w_.tasks[task_]; }
  // The count of a new vma: it is empty, so the running pass skips it.
  uint32_t LinkMark(unsigned file) const {
    if (!rules_.link_stamps) return 0;
    return DoneMark(w_.files[file].truncate_count, rules_.restart_names_pass);
  }

  World<C>& w_;
  const RulesSeen& rules_;
  P& probe_;
  unsigned task_ = 0;  // the task that moves
  static constexpr unsigned kMaxSteps = 1U << 20;
  unsigned through_ = 0;  // not 0: sync points are passed, so many at most
  unsigned drop_at_ = 0;  // break tests until the one that answers yes; 0: none
  bool changed_ = false;  // the event has changed the world
  Slot found_[C::kMms];   // where FindVma last was
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_MACHINE_H_
