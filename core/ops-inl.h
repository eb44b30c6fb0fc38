// How operations begin, and those that are short. Included by
// core/machine-inl.h alone.

namespace vmtrunc {
namespace mmap_phase {
enum : uint8_t { kStart, kUnmap, kPlace, kMerge, kLink, kPopulate };
}  // namespace mmap_phase
namespace munmap_phase {
enum : uint8_t { kStart, kUnmap };
}  // namespace munmap_phase
namespace mprotect_phase {
enum : uint8_t {
  kStart,
  kMerge,
  kSplitLow,
  kAdjustLow,
  kSplitHigh,
  kAdjustHigh,
  kProtect
};
}  // namespace mprotect_phase
namespace access_phase {
enum : uint8_t { kStart, kFault };
}  // namespace access_phase

// The last step of an operation that holds mmap_sem.
template <class C, class P>
Flow Machine<C, P>::EndMmapSem(Op&) {
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
    case Verb::kRemap:
      return Phases<&M::StepRemap>();
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

// Between two phases of one loop: tells the probe, and says whether the second
// follows at once.
template <class C, class P>
bool Machine<C, P>::GoesOn(Flow flow) {
  if (flow != Flow::kSync || through_ == 0) return false;
  VMT_CHECK(--through_ != 0);
  probe_.StepEnds(w_, task_, me().op.verb, flow);
  probe_.StepBegins(w_, task_);
  return true;
}

// Fills in the operation that the event starts. False when it cannot start: it
// ends at once without effect.
template <class C, class P>
bool Machine<C, P>::Start(const Event& event, Op& op) {
  op = Op{};
  op.verb = event.verb;
  op.file = event.file;
  op.addr = event.addr;
  op.len = event.len;
  const bool in_space = event.addr >= 1 && event.len >= 1 &&
                        unsigned{event.addr} + event.len <= C::kAddrs;
  switch (event.verb) {
    case Verb::kNone:
      return false;
    case Verb::kMmap:
      op.shared = event.is_private ? 0 : 1;
      op.write = event.write ? 1 : 0;
      op.populate = event.populate ? 1 : 0;
      op.pgoff = event.pgoff;
      return in_space && w_.files[event.file].exists != 0;
    case Verb::kMunmap:
      return in_space;
    case Verb::kMprotect:
      op.write = event.write ? 1 : 0;
      return in_space;
    case Verb::kMremap: {
      op.new_addr = event.new_addr;
      op.new_len = event.new_len;
      op.fail_after = event.fail_after;
      const unsigned end = unsigned{event.addr} + event.len;
      const unsigned new_end = unsigned{event.new_addr} + event.new_len;
      const bool overlaps = event.new_addr != event.addr &&
                            event.new_addr < end && event.addr < new_end;
      return in_space && event.new_addr >= 1 && event.new_len >= 1 &&
             new_end <= C::kAddrs && !overlaps;
    }
    case Verb::kRead:
    case Verb::kWrite:
      op.len = 0;
      return event.addr < C::kAddrs;
    case Verb::kFork: {
      op.child_task = event.new_addr;
      op.addr = op.len = 0;
      if (w_.tasks[event.new_addr].live != 0) return false;
      for (const Task& task : w_.tasks) {
        if (&task != &me() && task.op.verb == Verb::kFork &&
            task.op.child_task == event.new_addr)
          return false;  // that name is being made
      }
      for (unsigned mm = 0; mm < C::kMms; ++mm) {
        if (w_.mms[mm].live != 0) continue;
        w_.mms[mm].live = 1;
        w_.mms[mm].users = 1;
        op.child_mm = static_cast<uint8_t>(mm);
        return true;
      }
      if (!C::kExact) w_.ran_out = 1;
      return false;
    }
    case Verb::kExit:
      op.addr = op.len = 0;
      return true;
    case Verb::kTruncate:
      op.pgoff = event.addr;
      op.new_addr = 0xffff;
      op.addr = op.len = 0;
      return w_.files[event.file].exists != 0 && event.addr <= C::kFilePages;
    case Verb::kPunch:
    case Verb::kInvalidate:
      op.pgoff = event.addr;
      op.new_addr = static_cast<uint16_t>(event.addr + event.len - 1);
      op.addr = op.len = 0;
      if (event.verb == Verb::kInvalidate) {
        op.phase = truncate_phase::kNextPage;
        op.cursor = op.pgoff;
      }
      return w_.files[event.file].exists != 0 && event.len != 0;
    case Verb::kRemap:
      op.pgoff = event.pgoff;
      return in_space;
  }
  return false;
}

// do_mmap_pgoff() with MAP_FIXED.
template <class C, class P>
Flow Machine<C, P>::StepMmap(Op& op) {
  using namespace mmap_phase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (op.phase) {
      case kStart:
        if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
        op.phase = UnmapBegin(mm, op.addr, op.addr + op.len, op.unmap) ? kUnmap
                                                                       : kPlace;
        continue;
      case kUnmap: {
        const Flow flow = StepUnmap(op.unmap, op.adjust);
        if (flow != Flow::kDone) return flow;
        if (op.unmap.failed != 0) return EndMmapSem(op);
        op.phase = kPlace;
        continue;
      }
      case kPlace:
        MmapPlaces(op);
        if (op.phase == kPlace) return EndMmapSem(op);
        return Flow::kSync;
      case kMerge: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        FreeVma(op.new_vma);  // the struct that the merge made needless
        op.phase = kPopulate;
        continue;
      }
      case kLink: {
        if (!TakeMapLock(op.file)) return Flow::kBlocked;
        w_.vmas[op.new_vma].count = LinkMark(op.file);
        LinkMm(op.new_vma);
        IndexInsert(op.new_vma);
        probe_.Renewed(w_, op.new_vma, Renewal::kLinked);
        ReleaseMapLock(op.file);
        op.phase = kPopulate;
        continue;
      }
      default: {
        // One read fault a page, until one is refused.
        if (op.populate == 0 || op.cursor == op.len) return EndMmapSem(op);
        if (op.populate == 1) {
          const unsigned addr = op.addr + unsigned{op.cursor};
          // mmap's populate is the script's, up to i_size; remap's is the
          // kernel's own and finds out.
          if (op.verb == Verb::kMmap &&
              op.pgoff + unsigned{op.cursor} >= w_.files[op.file].size)
            return EndMmapSem(op);
          FaultBegin(FindVma(mm, addr), addr, false, op.fault);
          op.populate = 2;
          if (!GoesOn(Flow::kSync)) return Flow::kSync;
        }
        const Flow flow = StepFault(op.fault);
        if (flow != Flow::kDone) return flow;
        op.populate = op.fault.outcome == fault_phase::kServed ? 1 : 0;
        ++op.cursor;
        continue;
      }
    }
  }
}

// Allocates the struct, then sees whether the range can join a neighbour.
// Leaves the phase alone on ENOMEM.
template <class C, class P>
void Machine<C, P>::MmapPlaces(Op& op) {
  const unsigned mm = me().mm;
  const Slot slot = AllocVma();
  if (slot == kNone) return;
  Vma& vma = w_.vmas[slot];
  vma.start = op.addr;
  vma.end = static_cast<uint16_t>(op.addr + op.len);
  vma.pgoff = op.pgoff;
  vma.mm = static_cast<uint8_t>(mm);
  vma.file = op.file;
  vma.shared = op.shared;
  vma.write = op.write;
  vma.accounted = op.shared == 0 && op.write != 0 ? 1 : 0;
  probe_.VmaBorn(w_, slot);
  op.new_vma = slot;
  Slot merged = kNone;
  Slot prev;
  FindVmaPrev(mm, op.addr, prev);
  op.phase =
      MergeBegin(prev, mm, vma.start, vma.end, vma, op.pgoff, op.adjust, merged)
          ? mmap_phase::kMerge
          : mmap_phase::kLink;
}

template <class C, class P>
Flow Machine<C, P>::StepMunmap(Op& op) {
  const unsigned mm = me().mm;
  if (op.phase == munmap_phase::kStart) {
    if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
    if (!UnmapBegin(mm, op.addr, op.addr + op.len, op.unmap))
      return EndMmapSem(op);
    op.phase = munmap_phase::kUnmap;
  }
  const Flow flow = StepUnmap(op.unmap, op.adjust);
  return flow == Flow::kDone ? EndMmapSem(op) : flow;
}

// sys_mprotect() and mprotect_fixup(): op.vma is the vma at op.cursor.
template <class C, class P>
Flow Machine<C, P>::StepMprotect(Op& op) {
  using namespace mprotect_phase;
  const unsigned mm = me().mm;
  for (;;) {
    switch (op.phase) {
      case kStart:
        if (op.cursor == 0) {
          if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
          op.cursor = op.addr;
        }
        MprotectNext(op);
        if (op.phase == kStart) return EndMmapSem(op);
        if (op.phase == kSplitLow) continue;
        return Flow::kSync;
      case kMerge: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        op.vma = op.new_vma;
        op.phase = kProtect;
        return Flow::kSync;
      }
      case kSplitLow:
      case kSplitHigh: {
        const bool low = op.phase == kSplitLow;
        const Vma& vma = w_.vmas[op.vma];
        const unsigned edge = low ? unsigned{op.cursor} : unsigned{op.new_addr};
        op.phase = low ? kSplitHigh : kProtect;
        if (edge == (low ? vma.start : vma.end)) {
          if (op.phase == kProtect) return Flow::kSync;
          continue;
        }
        if (!SplitBegin(op.vma, edge, /*new_below=*/low, op.adjust))
          return EndMmapSem(op);
        op.phase = low ? kAdjustLow : kAdjustHigh;
        return Flow::kSync;
      }
      case kAdjustLow:
      case kAdjustHigh: {
        const Flow flow = StepAdjust(op.adjust);
        if (flow != Flow::kDone) return flow;
        op.phase = op.phase == kAdjustLow ? kSplitHigh : kProtect;
        if (op.phase == kSplitHigh) continue;
        return Flow::kSync;
      }
      default:
        if (!TakePtl(mm)) return Flow::kBlocked;
        ChangeProtection(op);
        ReleasePtl(mm);
        op.phase = kStart;
        continue;
    }
  }
}

// Finds the next vma to change, [cursor, new_addr) of it, and how. Leaves the
// phase at kStart when there is none.
template <class C, class P>
void Machine<C, P>::MprotectNext(Op& op) {
  using namespace mprotect_phase;
  const unsigned mm = me().mm;
  const unsigned end = op.addr + unsigned{op.len};
  while (op.cursor < end) {
    Slot prev;
    const Slot slot = FindVmaPrev(mm, op.cursor, prev);
    if (slot == kNone || w_.vmas[slot].start > op.cursor) return;  // a hole
    const Vma& vma = w_.vmas[slot];
    const unsigned stop = vma.end < end ? vma.end : end;
    if (vma.write == op.write) {
      op.cursor = static_cast<uint16_t>(stop);
      continue;
    }
    op.vma = slot;
    op.new_addr = static_cast<uint16_t>(stop);
    Vma like = vma;
    like.write = op.write;
    if (vma.shared == 0 && op.write != 0) like.accounted = 1;
    if (op.cursor > vma.start) prev = slot;
    const unsigned pgoff = vma.pgoff + op.cursor - unsigned{vma.start};
    op.phase = MergeBegin(prev, mm, op.cursor, stop, like, pgoff, op.adjust,
                          op.new_vma)
                   ? kMerge
                   : kSplitLow;
    return;
  }
}

template <class C, class P>
void Machine<C, P>::ChangeProtection(Op& op) {
  Vma& vma = w_.vmas[op.vma];
  vma.write = op.write;
  if (vma.shared == 0 && op.write != 0) vma.accounted = 1;
  for (unsigned addr = op.cursor; addr < op.new_addr; ++addr) {
    Pte& pte = w_.mms[vma.mm].ptes[addr];
    if (!pte.present()) continue;
    pte = Pte::Make(pte.kind(), pte.index(), MayWrite(vma));
  }
  op.cursor = op.new_addr;
  changed_ = true;
}

// do_page_fault().
template <class C, class P>
Flow Machine<C, P>::StepAccess(Op& op) {
  const unsigned mm = me().mm;
  const bool write = op.verb == Verb::kWrite;
  if (op.phase == access_phase::kStart) {
    if (!TakeMmapSemRead(mm)) return Flow::kBlocked;
    const Slot slot = FindVma(mm, op.addr);
    if (slot == kNone || w_.vmas[slot].start > op.addr ||
        (write && w_.vmas[slot].write == 0))
      return EndMmapSem(op);  // SIGSEGV
    FaultBegin(slot, op.addr, write, op.fault);
    op.phase = access_phase::kFault;
    return Flow::kSync;
  }
  const Flow flow = StepFault(op.fault);
  return flow == Flow::kDone ? EndMmapSem(op) : flow;
}

// do_exit(): the last task of an mm takes it down, without mmap_sem.
template <class C, class P>
Flow Machine<C, P>::StepExit(Op& op) {
  const unsigned mm = me().mm;
  if (op.phase == 0) {
    changed_ = true;
    if (--w_.mms[mm].users != 0) {
      me() = Task{};
      return Flow::kDone;
    }
    ExitBegin(mm, op.unmap);
    op.phase = 1;
  }
  const Flow flow = StepUnmap(op.unmap, op.adjust);
  if (flow != Flow::kDone) return flow;
  w_.mms[mm].live = 0;
  probe_.MmFreed(mm);
  me() = Task{};
  return Flow::kDone;
}

}  // namespace vmtrunc
