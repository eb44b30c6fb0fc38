// Worlds, and the machines of exhaustive search, benchmarks and traces.
#include "core/machine.h"

#include <optional>

#include "core/checker.h"
#include "core/machine-inl.h"
#include "core/tracer.h"

namespace vmtrunc {

template <class C>
World<C> MakeWorld(const Setup& setup, const Rules& rules) {
  World<C> world{};
  world.block = setup.block;
  world.count_mask =
      setup.count_bits >= 32 ? 0xffffffffU : (1U << setup.count_bits) - 1;
  for (unsigned i = 0; i < C::kFiles; ++i) {
    File& file = world.files[i];
    file.root = file.list = kNone;
    file.i_sem = file.i_mmap_lock = file.unmap_mutex = kNone;
    file.invalidate_lock = kNone;
    file.index_bits = 1;
    if (i >= setup.files) continue;
    file.exists = 1;
    file.size = setup.sizes[i];
    file.truncate_count = setup.count & world.count_mask;
    if (rules.leap && file.truncate_count != 0 &&
        IsPageAligned(file.truncate_count))
      ++file.truncate_count;
    file.cached =
        file.size >= 64 ? ~uint64_t{0} : (uint64_t{1} << file.size) - 1;
  }
  for (unsigned i = 0; i < C::kVmas; ++i)
    world.free_slots[i] = static_cast<Slot>(C::kVmas - 1 - i);
  world.free_count = C::kVmas;
  for (Mm<C>& mm : world.mms) mm.writer = mm.page_table_lock = mm.mmap = kNone;
  for (unsigned i = 0; i < setup.tasks && i < C::kTasks; ++i) {
    Task& task = world.tasks[i];
    const unsigned owner = setup.mm_of[i] < i ? setup.mm_of[i] : i;
    task.live = 1;
    task.order = world.next_order++;
    task.mm = owner < i ? world.tasks[owner].mm : 0;
    if (owner == i) {
      while (world.mms[task.mm].live != 0) ++task.mm;
    }
    world.mms[task.mm].live = 1;
    ++world.mms[task.mm].users;
  }
  return world;
}

template <class C>
bool Fits(const Setup& setup) {
  if (setup.files > C::kFiles || setup.tasks > C::kTasks) return false;
  for (unsigned i = 0; i < setup.files; ++i)
    if (setup.sizes[i] > C::kFilePages) return false;
  unsigned mms = 0;
  for (unsigned i = 0; i < setup.tasks; ++i)
    mms += setup.mm_of[i] >= i ? 1U : 0U;
  return mms <= C::kMms;
}

template <class C>
bool Fits(const Event& event) {
  return event.task < C::kTasks && event.file < C::kFiles &&
         event.addr + unsigned{event.len} < C::kAddrs &&
         event.new_addr + unsigned{event.new_len} < C::kAddrs &&

         (event.verb != Verb::kFork || event.new_addr < C::kTasks) &&
         (event.verb != Verb::kTruncate || event.addr <= C::kFilePages);
}

template World<LargeCaps> MakeWorld<LargeCaps>(const Setup&, const Rules&);
template World<SmallCaps> MakeWorld<SmallCaps>(const Setup&, const Rules&);
template bool Fits<LargeCaps>(const Setup&);
template bool Fits<SmallCaps>(const Setup&);
template bool Fits<LargeCaps>(const Event&);
template bool Fits<SmallCaps>(const Event&);
template class Machine<LargeCaps, NoProbe<LargeCaps>>;
template class Machine<LargeCaps, Tracer>;
template class Machine<SmallCaps, NoProbe<SmallCaps>>;
template class Machine<SmallCaps, Checker<SmallCaps>>;

namespace {

constexpr const char* kAdjustAt = "vma_adjust: before i_mmap_lock";

const char* UnmapAt(const Unmap& unmap) {
  switch (unmap.phase) {
    case unmap_phase::kAdjustLow:
    case unmap_phase::kAdjustHigh:
      return "unmap: vma_adjust: before i_mmap_lock";
    case unmap_phase::kZap:
      return "unmap: before page_table_lock";
    case unmap_phase::kFree:
    case unmap_phase::kUnlink:
      return "unmap: unlink: before i_mmap_lock";
    default:
      return "unmap: start";
  }
}

const char* PassAt(const Pass& pass) {
  constexpr const char* kAt[] = {
      "pass: before unmap_mutex", "pass: before i_mmap_lock",
      "pass: before the next block", "pass: dropped, before i_mmap_lock",
      "pass: before page_table_lock"};
  return kAt[pass.phase];
}

const char* FaultAt(const Fault& fault) {
  constexpr const char* kAt[] = {"fault: before page_table_lock",
                                 "fault: before truncate_count is read",
                                 "fault: before i_size is read",
                                 "fault: before the page is taken",
                                 "fault: before the pte is set",
                                 "fault: before the copy is set",
                                 "fault: before the page is installed",
                                 "fault: before the pages around",
                                 "fault: before invalidate_lock",
                                 "fault: before the page's lock",
                                 "fault: before page_mkwrite",
                                 "fault: before the pte is made writable"};
  return kAt[fault.phase];
}

const char* MremapAt(const Op& op) {
  switch (op.phase) {
    case mremap_phase::kUnmapTarget:
    case mremap_phase::kUnmapTail:
    case mremap_phase::kUnmapSource:
      return UnmapAt(op.unmap);
    case mremap_phase::kGrow:
    case mremap_phase::kMerge:
      return kAdjustAt;
    case mremap_phase::kLink:
      return "vma_link: before i_mmap_lock";
    case mremap_phase::kExtentTable:
      return "move: before the page table is allocated";
    case mremap_phase::kExtentLock:
    case mremap_phase::kMoveLock:
      return "move: before i_mmap_lock";
    case mremap_phase::kExtentPtl:
    case mremap_phase::kMovePtl:
      return "move: before page_table_lock";
    case mremap_phase::kMoveTable:
      return "move: page table allocated";
    case mremap_phase::kMoveRelock:
      return "move: before i_mmap_lock again";
    case mremap_phase::kMoveRelockPtl:
      return "move: before page_table_lock again";
    default:
      return "before mmap_sem";
  }
}

const char* TruncateAt(const Op& op) {
  switch (op.phase) {
    case truncate_phase::kInvalidateLock:
      return "before invalidate_lock";
    case truncate_phase::kPass:
    case truncate_phase::kPagePass:
    case truncate_phase::kLastPass:
      return PassAt(op.pass);
    case truncate_phase::kNextPage:
      return "before the next page's lock";
    case truncate_phase::kTest:
      return "page locked, before it is seen whether it is mapped";
    case truncate_phase::kTake:
      return "page locked, before it is removed";
    default:
      return op.verb == Verb::kInvalidate ? "start" : "before i_sem";
  }
}

const char* MmapAt(const Op& op) {
  switch (op.phase) {
    case mmap_phase::kUnmap:
      return UnmapAt(op.unmap);
    case mmap_phase::kMerge:
      return kAdjustAt;
    case mmap_phase::kLink:
      return "vma_link: before i_mmap_lock";
    case mmap_phase::kPopulate:
      return FaultAt(op.fault);
    default:
      return "before mmap_sem";
  }
}

const char* RemapAt(const Op& op) {
  switch (op.phase) {
    case remap_phase::kWriteLock:
      return "before mmap_sem, for write";
    case remap_phase::kConvert:
      return "remap: before i_mmap_lock";
    case remap_phase::kFilePtes:
      return "remap: before page_table_lock";
    case remap_phase::kPopulate:
      return op.populate != 0 ? FaultAt(op.fault) : "remap: before a page";
    default:
      return MmapAt(op);
  }
}

}  // namespace

std::string WhereIs(const Op& op) {
  switch (op.verb) {
    case Verb::kNone:
      return "idle";
    case Verb::kMmap:
      return MmapAt(op);
    case Verb::kMunmap:
      return op.phase == 0 ? "before mmap_sem" : UnmapAt(op.unmap);
    case Verb::kExit:
      return op.phase == 0 ? "before exit" : UnmapAt(op.unmap);
    case Verb::kMprotect:
      switch (op.phase) {
        case mprotect_phase::kStart:
          return "before mmap_sem";
        case mprotect_phase::kProtect:
          return "before page_table_lock";
        default:
          return kAdjustAt;
      }
    case Verb::kMremap:
      return MremapAt(op);
    case Verb::kRead:
    case Verb::kWrite:
      return op.phase == 0 ? "before mmap_sem" : FaultAt(op.fault);
    case Verb::kFork:
      switch (op.phase) {
        case fork_phase::kLink:
          return "dup_mmap: before i_mmap_lock";
        case fork_phase::kLockChild:
          return "copy: before the child's page_table_lock";
        case fork_phase::kCopy:
          return "copy: before the parent's page_table_lock";
        case fork_phase::kUndo:
          return "out of memory: undoing";
        default:
          return "before mmap_sem";
      }
    case Verb::kTruncate:
    case Verb::kPunch:
    case Verb::kInvalidate:
      return TruncateAt(op);
    case Verb::kRemap:
      return RemapAt(op);
  }
  return "";
}

namespace {

// Whether a fault was in flight as the operation stood there.
bool Faults(const Op& op) {
  switch (op.verb) {
    case Verb::kRead:
    case Verb::kWrite:
      return op.phase == access_phase::kFault;
    case Verb::kMmap:
      return op.phase == mmap_phase::kPopulate && op.populate == 2;
    case Verb::kRemap:
      return op.phase == remap_phase::kPopulate
                 ? op.populate == 1
                 : op.phase == mmap_phase::kPopulate && op.populate == 2;
    default:
      return false;
  }
}

// The same fault, sent back: to look at i_size, or for another page.
std::optional<TraceNote::Kind> BeginsAnew(const Fault& from, const Fault& to) {
  using namespace fault_phase;
  if (from.phase == kSetPte && to.phase == kReadSize)
    return TraceNote::Kind::kCountChanged;
  if (from.phase == kLockPage &&
      (to.phase == kTakePage || to.phase == kReadPte))
    return TraceNote::Kind::kPageGone;
  return std::nullopt;
}

}  // namespace

void NoteFault(const World<LargeCaps>& world, unsigned task, const Op& begins,
               const Op& ends, Flow flow, std::vector<TraceNote>& notes) {
  using Kind = TraceNote::Kind;
  const Fault& fault = begins.fault;
  const unsigned mm = world.tasks[task].mm;
  const bool access = begins.verb == Verb::kRead || begins.verb == Verb::kWrite;
  if (access && begins.phase == access_phase::kStart && flow == Flow::kDone) {
    notes.push_back({.kind = Kind::kSigsegv,
                     .id = VmaAt(world, mm, begins.addr) != nullptr ? 1U : 0U,
                     .mm = mm,
                     .start = begins.addr});
    return;
  }
  if (!Faults(begins) || flow == Flow::kBlocked) return;
  TraceNote note{.kind = Kind::kServed,
                 .id = ends.fault.index,
                 .mm = mm,
                 .start = fault.addr};
  if (ends.fault.outcome == fault_phase::kSigbus) {
    note.kind = Kind::kSigbus;
    note.end = world.files[world.vmas[fault.vma].file].size;
    notes.push_back(note);
  } else if (access && flow == Flow::kDone) {
    const Pte pte = world.mms[mm].ptes[fault.addr];
    const bool allows = pte.present() && (fault.write == 0 || pte.writable());
    note.kind = allows ? Kind::kServed : Kind::kPteChanged;
    notes.push_back(note);
  } else if (begins.cursor == ends.cursor && flow == Flow::kSync) {
    const auto anew = BeginsAnew(fault, ends.fault);
    if (!anew) return;
    note.kind = *anew;
    notes.push_back(note);
  }
}

}  // namespace vmtrunc
