// How operations start, and the short ones.
#ifndef VMTRUNC_CORE_MODEL_OPS_INL_H_
#define VMTRUNC_CORE_MODEL_OPS_INL_H_

#include "core/check.h"
#include "core/model/machine.h"

namespace vmtrunc {
// The last step of an operation that holds mmap_sem.
template <class C, class P>
Flow Machine<C, P>::EndMmapSem() {
  ReleaseMmapSem(me().mm);
  return Flow::kDone;
}

template <class C, class P>
Flow Machine<C, P>::Step(unsigned task) {
  task_ = task;
  using M = Machine;
  switch (me().op.verb) {
    case Verb::kNone:
      break;
    case Verb::kMmap:
      return Phases<&M::StepMmap>();
    case Verb::kMunmap:
      return Phases<&M::StepMunmap>();
    case Verb::kMprotect:
      return Phases<&M::StepMprotect>();
    case Verb::kMremap:
      return Phases<&M::StepMremap>();
    case Verb::kRead:
    case Verb::kWrite:
      return Phases<&M::StepAccess>();
    case Verb::kFork:
      return Phases<&M::StepFork>();
    case Verb::kExit:
      return Phases<&M::StepExit>();
    case Verb::kTruncate:
    case Verb::kPunch:
      return Phases<&M::StepTruncate>();
    case Verb::kInvalidate:
      return Phases<&M::StepInvalidate>();
    case Verb::kRevoke:
      return Phases<&M::StepRevoke>();
    case Verb::kCollapse:
      return Phases<&M::StepCollapse>();
    case Verb::kRemap:
      return Phases<&M::StepRemap>();
    case Verb::kPin:
    case Verb::kUnpin:
    case Verb::kOrder:
      return Phases<&M::StepFolio>();
  }
  return Flow::kDone;
}

// One phase, or all until the operation ends, blocks or drops its lock.
template <class C, class P>
template <auto kPhase>
Flow Machine<C, P>::Phases() {
  Op& op = me().op;
  const Verb verb = op.verb;
  for (;;) {
    probe_.StepBegins(w_, task_);
    const Flow flow = (this->*kPhase)(op);
    if (flow == Flow::kDone) {
      if constexpr (requires { probe_.OperationEnds(op); })
        probe_.OperationEnds(op);
      op = Op{};
    }
    probe_.StepEnds(w_, task_, verb, flow);
    if (flow != Flow::kSync || through_ == 0) return flow;
    VMT_CHECK(--through_ != 0);  // an operation that runs alone ends
  }
}

// Between two phases of one loop: reports the step, and returns whether the
// second phase follows at once.
template <class C, class P>
bool Machine<C, P>::GoesOn(Flow flow) {
  if (flow != Flow::kSync || through_ == 0) return false;
  VMT_CHECK(--through_ != 0);
  probe_.StepEnds(w_, task_, me().op.verb, flow);
  probe_.StepBegins(w_, task_);
  return true;
}

// Fills in the operation that the event starts. False if it cannot start: it
// ends at once without effect.
template <class C, class P>
bool Machine<C, P>::Start(const Event& event, Op& op) {
  op = Op{};
  op.verb = event.verb;
  const bool in_space = event.addr >= 1 && event.len >= 1 &&
                        unsigned{event.addr} + event.len <= C::kAddrs;
  switch (event.verb) {
    case Verb::kNone:
      return false;
    case Verb::kMmap:
      op.mmap.file = event.file;
      op.mmap.addr = event.addr;
      op.mmap.len = event.len;
      op.mmap.pgoff = event.pgoff;
      op.mmap.shared = event.is_private ? 0 : 1;
      op.mmap.write = event.write ? 1 : 0;
      op.mmap.populate = event.populate ? 1 : 0;
      // A private mapping of a device would copy its pages, and one of huge
      // pages needs some of its own.
      return in_space && w_.files[event.file].exists != 0 &&
             !(event.is_private && IsSpecial(event.file));
    case Verb::kMunmap:
      op.munmap.addr = event.addr;
      op.munmap.len = event.len;
      return in_space;
    case Verb::kMprotect:
      op.mprotect.addr = event.addr;
      op.mprotect.len = event.len;
      op.mprotect.write = event.write ? 1 : 0;
      return in_space;
    case Verb::kMremap:
      return in_space && StartMremap(event, op.mremap);
    case Verb::kRead:
    case Verb::kWrite:
      op.access.addr = event.addr;
      if (rules_.vma_locks) op.access.phase = AccessPhase::kLookUp;
      return event.addr < C::kAddrs;
    case Verb::kFork:
      return StartFork(event, op.fork);
    case Verb::kExit:
      return true;
    case Verb::kTruncate:
      op.truncate.removal.file = event.file;
      op.truncate.removal.first = event.addr;
      op.truncate.removal.last = 0xffff;
      return HasPages(event.file) && event.addr <= C::kFilePages;
    case Verb::kPunch:
    case Verb::kInvalidate: {
      Removal& removal = RemovalOf(op);
      removal.file = event.file;
      removal.first = event.addr;
      removal.last = static_cast<uint16_t>(event.addr + event.len - 1);
      if (event.verb == Verb::kInvalidate && !rules_.invalidate_range) {
        removal.first = 0;
        removal.last = 0xffff;
      }
      removal.cursor = removal.first;
      if (event.verb == Verb::kPunch && !rules_.punch_without_mmap_sem)
        op.truncate.phase = TruncatePhase::kMmapSem;
      if (event.verb == Verb::kInvalidate && IsHugetlb(event.file))
        return false;
      return HasPages(event.file) && event.len != 0;
    }
    case Verb::kRevoke:
      op.revoke.removal.file = event.file;
      op.revoke.removal.first = event.addr;
      op.revoke.removal.last =
          static_cast<uint16_t>(event.addr + event.len - 1);
      return IsPfn(event.file) && event.len != 0 &&
             event.addr < w_.files[event.file].size;
    case Verb::kCollapse:
      op.collapse.removal.file = event.file;
      op.collapse.removal.first = event.addr;
      op.collapse.removal.last =
          static_cast<uint16_t>(event.addr + kPtesPerTable - 1);
      return rules_.retracts_tables && HasPages(event.file) &&
             !IsHugetlb(event.file) && event.addr % kPtesPerTable == 0 &&
             event.addr < w_.files[event.file].size;
    case Verb::kRemap:
      op.remap.addr = event.addr;
      op.remap.len = event.len;
      op.remap.pgoff = event.pgoff;
      if (rules_.remap_emulated) op.remap.phase = RemapPhase::kEmulate;
      return in_space;
    case Verb::kPin:
    case Verb::kUnpin:
      op.folio.file = event.file;
      op.folio.page = event.addr;
      return HasPages(event.file) && event.addr < C::kFilePages;
    case Verb::kOrder:
      op.folio.file = event.file;
      op.folio.order = event.addr;
      return HasPages(event.file) && !IsHugetlb(event.file);
  }
  return false;
}

template <class C, class P>
bool Machine<C, P>::StartMremap(const Event& event, MremapOp& my) {
  my.addr = event.addr;
  my.len = event.len;
  my.new_addr = event.new_addr;
  my.new_len = event.new_len;
  my.fail_after = event.fail_after;
  const unsigned end = unsigned{event.addr} + event.len;
  const unsigned new_end = unsigned{event.new_addr} + event.new_len;
  const bool overlaps = event.new_addr != event.addr && event.new_addr < end &&
                        event.addr < new_end;
  return event.new_addr >= 1 && event.new_len >= 1 && new_end <= C::kAddrs &&
         !overlaps;
}

template <class C, class P>
bool Machine<C, P>::StartFork(const Event& event, ForkOp& my) {
  my.child_task = event.new_addr;
  if (w_.tasks[event.new_addr].live != 0) return false;
  for (const Task& task : w_.tasks) {
    if (&task != &me() && task.op.verb == Verb::kFork &&
        task.op.fork.child_task == event.new_addr)
      return false;  // that name is being made
  }
  for (unsigned mm = 0; mm < C::kMms; ++mm) {
    if (w_.mms[mm].live != 0) continue;
    w_.mms[mm].live = 1;
    w_.mms[mm].users = 1;
    my.child_mm = static_cast<uint8_t>(mm);
    return true;
  }
  if (!C::kExact) w_.ran_out = 1;
  return false;
}

template <class C, class P>
Flow Machine<C, P>::StepMunmap(Op& op) {
  MunmapOp& my = op.munmap;
  const unsigned mm = me().mm;
  if (my.phase == MunmapPhase::kStart) {
    if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
    if (!UnmapBegin(mm, my.addr, my.addr + my.len, op.unmap))
      return EndMmapSem();
    my.phase = MunmapPhase::kUnmap;
  }
  const Flow flow = StepUnmap(op.unmap, op.adjust);
  return flow == Flow::kDone ? EndMmapSem() : flow;
}

// sys_mprotect() and mprotect_fixup(): my.vma is the vma at my.cursor.
template <class C, class P>
Flow Machine<C, P>::StepMprotect(Op& op) {
  MprotectOp& my = op.mprotect;
  using enum MprotectPhase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (my.phase) {
      case kStart:
        if (my.cursor == 0) {
          if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
          my.cursor = my.addr;
        }
        MprotectNext(op);
        if (my.phase == kStart) return EndMmapSem();
        if (my.phase == kSplitLow) continue;
        return Flow::kSync;
      case kMerge: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        my.vma = my.merged;
        my.phase = ProtectPhase(my);
        return Flow::kSync;
      }
      case kSplitLow:
      case kSplitHigh: {
        const bool low = my.phase == kSplitLow;
        const Vma& vma = w_.vmas[my.vma];
        const unsigned edge = low ? unsigned{my.cursor} : unsigned{my.stop};
        if (edge == (low ? vma.start : vma.end)) {
          my.phase = low ? kSplitHigh : ProtectPhase(my);
          if (!low) return Flow::kSync;
          continue;
        }
        if (!SplitBegin(my.vma, edge, /*new_below=*/low, op.adjust))
          return EndMmapSem();
        my.phase = low ? kAdjustLow : kAdjustHigh;
        return Flow::kSync;
      }
      case kAdjustLow:
      case kAdjustHigh: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        my.phase = my.phase == kAdjustLow ? kSplitHigh : ProtectPhase(my);
        if (my.phase == kSplitHigh) continue;
        return Flow::kSync;
      }
      case kVmaLock:
        if (!LockVma(my.vma)) return Flow::kBlocked;
        my.phase = kProtect;
        return Flow::kSync;
      case kProtect:
        if (!TakePtl(mm)) return Flow::kBlocked;
        ChangeProtection(my);
        ReleasePtl(mm);
        my.phase = kStart;
        continue;
    }
  }
}

// Finds the next vma to change, [cursor, stop) of it, and how. Leaves the
// phase at kStart when there is none.
template <class C, class P>
void Machine<C, P>::MprotectNext(Op& op) {
  MprotectOp& my = op.mprotect;
  using enum MprotectPhase;
  const unsigned mm = me().mm;
  const unsigned end = my.addr + unsigned{my.len};
  while (my.cursor < end) {
    Slot prev;
    const Slot slot = FindVmaPrev(mm, my.cursor, prev);
    if (slot == kNone || w_.vmas[slot].start > my.cursor) return;  // a hole
    const Vma& vma = w_.vmas[slot];
    const unsigned stop = vma.end < end ? vma.end : end;
    if (vma.write == my.write) {
      my.cursor = static_cast<uint16_t>(stop);
      continue;
    }
    my.vma = slot;
    my.stop = static_cast<uint16_t>(stop);
    Vma like = vma;
    like.write = my.write;
    if (vma.shared == 0 && my.write != 0) like.accounted = 1;
    if (my.cursor > vma.start) prev = slot;
    const unsigned pgoff = vma.pgoff + my.cursor - unsigned{vma.start};
    my.phase =
        MergeBegin(prev, mm, my.cursor, stop, like, pgoff, op.adjust, my.merged)
            ? kMerge
            : kSplitLow;
    return;
  }
}

// mprotect_fixup() locks the vma before it changes it.
template <class C, class P>
MprotectPhase Machine<C, P>::ProtectPhase(const MprotectOp& my) {
  if (VmaHasReaders(my.vma)) return MprotectPhase::kVmaLock;
  MarkLocked(my.vma);
  return MprotectPhase::kProtect;
}

template <class C, class P>
void Machine<C, P>::ChangeProtection(MprotectOp& my) {
  Vma& vma = w_.vmas[my.vma];
  vma.write = my.write;
  if (vma.shared == 0 && my.write != 0) vma.accounted = 1;
  for (unsigned addr = my.cursor; addr < my.stop; ++addr) {
    if (IsHugetlb(vma.file) && IsShared(vma.mm, addr))
      Unshare(vma.mm, vma.file, addr);
    Pte& pte = w_.mms[vma.mm].ptes[addr];
    if (!pte.present()) continue;
    pte = Pte::Make(pte.kind(), pte.index(), MayWrite(vma));
  }
  my.cursor = my.stop;
  changed_ = true;
}

// do_exit(): the last task of an mm takes it down, without mmap_sem.
template <class C, class P>
Flow Machine<C, P>::StepExit(Op& op) {
  const unsigned mm = me().mm;
  if (op.exit.phase == ExitPhase::kStart) {
    changed_ = true;
    if (--w_.mms[mm].users != 0) {
      me() = Task{};
      return Flow::kDone;
    }
    ExitBegin(mm, op.unmap);
    op.exit.phase = ExitPhase::kUnmap;
  }
  const Flow flow = StepUnmap(op.unmap, op.adjust);
  if (flow != Flow::kDone) return flow;
  w_.mms[mm].live = 0;
  probe_.MmFreed(mm);
  me() = Task{};
  return Flow::kDone;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_OPS_INL_H_
