// Worlds, and the machines of exhaustive search, benchmarks and traces.
#include "core/model/machine.h"

#include <algorithm>
#include <optional>

#include "core/run/checker.h"
#include "core/model/machine-inl.h"
#include "core/run/tracer.h"
#include "core/model/where.h"

namespace vmtrunc {

namespace {

// All pages are in the cache, in folios as large as the file has them and fit.
void MakeFolios(const FolioSetup& setup, const Rules& rules, File& file) {
  Folios& folios = file.folios;
  folios.shmem = setup.shmem ? 1 : 0;
  folios.pfn = setup.pfn ? 1 : 0;
  folios.hugetlb = setup.hugetlb ? 1 : 0;
  folios.low = setup.low;
  folios.order = folios.high = setup.high;
  folios.min_order = setup.shmem ? 0 : setup.min_order;  // tmpfs has none
  file.cached = file.size == 0 ? 0 : PageBits(0, file.size - 1U);
  if (!rules.large_folios) return;
  const unsigned most = std::max(folios.high, folios.min_order);
  for (unsigned page = 0; page < file.size;) {
    const unsigned order =
        FittingOrder(page, file.size, folios.min_order, most);
    const uint64_t bits = PageBits(page, page + (1U << order) - 1);
    file.cached |= bits;
    SetOrder(folios, bits, order);
    page += 1U << order;
  }
}

}  // namespace

template <class C>
World<C> MakeWorld(const Setup& setup, const Rules& rules) {
  World<C> world{};
  world.block = setup.block;
  world.tlb = setup.tlb ? 1 : 0;
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
    MakeFolios(setup.folios[i], rules, file);
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
         (event.verb != Verb::kTruncate || event.addr <= C::kFilePages) &&
         ((event.verb != Verb::kPin && event.verb != Verb::kUnpin) ||
          event.addr < C::kFilePages);
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

// The pages that the operation has faulted in before, or tried to.
unsigned Faulted(const Op& op) {
  if (op.verb == Verb::kRemap) return op.remap.cursor + op.mmap.populated;
  return op.mmap.populated;
}

// The same fault, sent back: to look at i_size, or for another page.
std::optional<TraceNote::Kind> BeginsAgain(const Fault& from, const Fault& to) {
  using enum FaultPhase;
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
  const bool access = IsAccess(begins);
  const auto translates = [](const TraceNote& note) {
    return note.kind == Kind::kTranslates;
  };
  if (std::any_of(notes.begin(), notes.end(), translates)) return;
  if (access && begins.access.phase != AccessPhase::kFault &&
      flow == Flow::kDone) {
    notes.push_back(
        {.kind = Kind::kSigsegv,
         .id = VmaAt(world, mm, begins.access.addr) != nullptr ? 1U : 0U,
         .mm = mm,
         .start = begins.access.addr});
    return;
  }
  if (!InFault(begins) || flow == Flow::kBlocked) return;
  TraceNote note{.kind = Kind::kServed,
                 .id = ends.fault.index,
                 .mm = mm,
                 .start = fault.addr};
  if (ends.fault.outcome == FaultOutcome::kSigbus) {
    note.kind = Kind::kSigbus;
    note.end = world.files[FileOf(world, fault)].size;
    notes.push_back(note);
  } else if (access && flow == Flow::kDone) {
    const Pte pte = world.mms[mm].ptes[fault.addr];
    const bool allows = pte.present() && (fault.write == 0 || pte.writable());
    note.kind = allows ? Kind::kServed : Kind::kPteChanged;
    notes.push_back(note);
  } else if (Faulted(begins) == Faulted(ends) && flow == Flow::kSync) {
    const auto again = BeginsAgain(fault, ends.fault);
    if (!again) return;
    note.kind = *again;
    notes.push_back(note);
  }
}

}  // namespace vmtrunc
