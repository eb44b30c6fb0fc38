#include "properties/atomic.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/model/machine.h"

namespace vmtrunc::properties {
namespace {

using W = World<LargeCaps>;
constexpr unsigned kNever = std::numeric_limits<unsigned>::max();

// One operation of the run: the events at which it began and was over.
struct Span {
  Event event;
  unsigned begin, end;
};

struct Atomic {
  W world;
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine;

  Atomic(const W& from, const Rules& rules)
      : world(from), machine(world, rules, probe) {}
};

bool Busy(const W& w, unsigned task) {
  return w.tasks[task].op.verb != Verb::kNone;
}

// The page tables that were shared with others when an event was over.
class SharedTables {
 public:
  void Note(const W& w) {
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
      for (unsigned table = 0; w.tasks[task].live != 0 && table < kTables;
           ++table)
        if (w.shares[w.tasks[task].mm][table] != 0)
          tables_[task] |= uint64_t{1} << table;
  }

  bool Has(unsigned task, unsigned addr) const {
    return (tables_[task] >> (addr / kPtesPerTable) & 1) != 0;
  }

 private:
  static constexpr unsigned kTables = LargeCaps::kAddrs / kPtesPerTable;
  static_assert(kTables <= 64);
  uint64_t tables_[LargeCaps::kTasks] = {};
};

// Runs the script as it is written, and what is in flight to its end. An access
// whose fault found its pte changed is made again, as the processor does.
class Interleaved {
 public:
  Interleaved(W& world, const Rules& rules, SharedTables& shared)
      : world_(world), machine_(world, rules, probe_), shared_(shared) {}

  // False when something is left that cannot move.
  bool Run(std::span<const Event> events) {
    for (const Event& event : events) Apply(event);
    bool moved = true;
    while (std::exchange(moved, false)) {
      bool left = false;
      for (uint8_t task = 0; task < LargeCaps::kTasks; ++task) {
        if (!Busy(world_, task)) continue;
        Event finish;
        finish.kind = EventKind::kFinish;
        finish.task = task;
        moved |= Apply(finish);
        left |= Busy(world_, task);
      }
      if (!left) return true;
    }
    return false;
  }

  const std::vector<Span>& spans() const { return spans_; }

 private:
  bool Apply(const Event& event) {
    const unsigned task = event.task;
    const unsigned now = now_++;
    if (task >= LargeCaps::kTasks) return false;
    const bool was_busy = Busy(world_, task);
    before_ = world_;
    const bool effect = machine_.Apply(event);
    shared_.Note(world_);
    // What changed nothing is no operation, in whatever order.
    if (std::memcmp(&before_, &world_, sizeof(W)) == 0) return effect;
    if (!was_busy) {
      running_[task] = spans_.size();
      spans_.push_back({event, now, kNever});
      spans_.back().event.kind = EventKind::kStart;
    }
    if (Busy(world_, task)) return effect;
    Span& span = spans_[running_[task]];
    span.end = now;
    if (span.event.verb == Verb::kRead || span.event.verb == Verb::kWrite)
      machine_.Apply(span.event);
    return effect;
  }

  W& world_;
  W before_;
  NoProbe<LargeCaps> probe_;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine_;
  SharedTables& shared_;
  std::vector<Span> spans_;
  size_t running_[LargeCaps::kTasks] = {};  // the span of each busy task
  unsigned now_ = 0;
};

struct Mapping {
  uint16_t start, end, pgoff;
  uint8_t file, shared, write, nonlinear;
  bool operator==(const Mapping&) const = default;
};

std::vector<Mapping> MappingsOf(const W& w, unsigned task) {
  std::vector<Mapping> all;
  const unsigned mm = w.tasks[task].mm;
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next) {
    const Vma& v = w.vmas[slot];
    all.push_back(
        {v.start, v.end, v.pgoff, v.file, v.shared, v.write, v.nonlinear});
  }
  return all;
}

// Whether a fault gives `lacks` the page that `has` maps there, of a file of
// huge pages: the page of the address, which is no orphan and inside i_size.
bool FaultGives(const W& has, const W& lacks, unsigned task, unsigned addr) {
  const Vma* there = VmaAt(has, has.tasks[task].mm, addr);
  const Vma* here = VmaAt(lacks, lacks.tasks[task].mm, addr);
  const Pte pte = has.mms[has.tasks[task].mm].ptes[addr];
  if (there == nullptr || here == nullptr || there->file != here->file ||
      pte.kind() != PteKind::kPage)
    return false;
  const unsigned index = here->pgoff + addr - here->start;
  return lacks.files[here->file].folios.hugetlb != 0 && pte.index() == index &&
         index < lacks.files[here->file].size;
}

// Who unmaps a page in a shared table gives up all that it maps by it, and the
// last who has the table keeps its own. Which of them that is depends on where
// a pass meets its vma, which a split that is under way may have put after
// others. A fault gets the pages again.
bool MayDiffer(const W& a, const W& b, unsigned task, unsigned addr,
               const SharedTables& shared) {
  if (!shared.Has(task, addr)) return false;
  const bool a_lacks = a.mms[a.tasks[task].mm].ptes[addr].none();
  const bool b_lacks = b.mms[b.tasks[task].mm].ptes[addr].none();
  return (b_lacks && FaultGives(a, b, task, addr)) ||
         (a_lacks && FaultGives(b, a, task, addr));
}

std::string DifferenceOfTask(const W& a, const W& b, unsigned task,
                             const SharedTables& shared) {
  if (a.tasks[task].live != b.tasks[task].live)
    return absl::StrFormat("task %u lives in one alone", task);
  if (a.tasks[task].live == 0) return "";
  const auto& ptes_a = a.mms[a.tasks[task].mm].ptes;
  const auto& ptes_b = b.mms[b.tasks[task].mm].ptes;
  for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
    if (ptes_a[addr] == ptes_b[addr] || MayDiffer(a, b, task, addr, shared))
      continue;
    const auto show = [](Pte pte) {
      constexpr const char* kKinds[] = {"nothing", "page", "orphaned page",
                                        "private copy", "file pte"};
      return absl::StrFormat("%s %u%s", kKinds[static_cast<size_t>(pte.kind())],
                             pte.index(), pte.writable() ? " rw" : "");
    };
    return absl::StrFormat("%u of task %u maps %s; with whole operations, %s",
                           addr, task, show(ptes_a[addr]), show(ptes_b[addr]));
  }
  return MappingsOf(a, task) == MappingsOf(b, task)
             ? ""
             : absl::StrFormat("the vmas of task %u differ", task);
}

// What the run `a` lacks of the run `b` of whole operations; empty when they
// are alike.
std::string Difference(const W& a, const W& b, const SharedTables& shared) {
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
    if (std::string what = DifferenceOfTask(a, b, task, shared); !what.empty())
      return what;
  for (unsigned file = 0; file < LargeCaps::kFiles; ++file) {
    if (a.files[file].size != b.files[file].size)
      return absl::StrFormat("file %u has %u pages; with whole operations, %u",
                             file, a.files[file].size, b.files[file].size);
    // More may be cached: a fault that finds out too late that its page was
    // cut off has put it into the cache and leaves it there, as the kernel's.
    const uint64_t missing = b.files[file].cached & ~a.files[file].cached;
    if (missing != 0)
      return absl::StrFormat("page %d of file %u is not cached",
                             std::countr_zero(missing), file);
  }
  return "";
}

// All orders that keep what was over before what began later.
class Orders {
 public:
  Orders(std::vector<Span> spans, const Rules& rules, SharedTables& shared)
      : spans_(std::move(spans)),
        rules_(rules),
        shared_(shared),
        done_(spans_.size(), false) {}

  // Whether all give one result; that is then result().
  bool Agree(const W& start) {
    Visit(start, 0);
    return agree_ && orders_ > 0 && orders_ <= kMostOrders;
  }
  const W& result() const { return result_; }
  int orders() const { return orders_; }

 private:
  bool MayBeNext(size_t i) const {
    for (size_t k = 0; k < spans_.size(); ++k)
      if (!done_[k] && k != i && spans_[k].end < spans_[i].begin) return false;
    return true;
  }

  void Visit(const W& world, size_t made) {
    if (!agree_ || orders_ > kMostOrders) return;
    if (made == spans_.size()) {
      ++orders_;
      if (orders_ == 1) {
        result_ = world;
      } else {
        agree_ = Difference(world, result_, shared_).empty();
      }
      return;
    }
    for (size_t i = 0; i < spans_.size(); ++i) {
      if (done_[i] || !MayBeNext(i)) continue;
      Atomic next(world, rules_);
      next.machine.Apply(spans_[i].event);
      shared_.Note(next.world);
      done_[i] = true;
      Visit(next.world, made + 1);
      done_[i] = false;
    }
  }

  std::vector<Span> spans_;
  const Rules& rules_;
  SharedTables& shared_;
  std::vector<bool> done_;
  W result_;
  int orders_ = 0;
  bool agree_ = true;
};

// Whether a mmap populates, without mmap_sem, what another task of its mm moves
// or unmaps meanwhile: these are two operations, as in the kernel.
bool IsTwo(const Span& mmap, const std::vector<Span>& spans, const W& world,
           const Rules& rules) {
  if (!rules.populate_unlocks || mmap.event.verb != Verb::kMmap ||
      !mmap.event.populate)
    return false;
  return std::any_of(spans.begin(), spans.end(), [&](const Span& other) {
    const Verb verb = other.event.verb;
    return (verb == Verb::kMmap || verb == Verb::kMunmap ||
            verb == Verb::kMremap) &&
           other.event.task != mmap.event.task &&
           world.tasks[other.event.task].mm ==
               world.tasks[mmap.event.task].mm &&
           other.begin < mmap.end && mmap.begin < other.end;
  });
}

}  // namespace

AtomicResult SameAsAtomic(const Script& script, const Rules& rules) {
  const W start = MakeWorld<LargeCaps>(script.setup, rules);
  W world = start;
  SharedTables shared;
  Interleaved run(world, rules, shared);
  AtomicResult result;
  // A collapse gives up where another holds a page: that is no order of whole
  // operations.
  for (const Event& event : script.events)
    if (event.verb == Verb::kCollapse) return result;
  if (!run.Run(script.events)) return result;
  for (const Span& span : run.spans())
    if (IsTwo(span, run.spans(), world, rules)) return result;
  Orders orders(run.spans(), rules, shared);
  if (!orders.Agree(start) || orders.orders() < 2) return result;
  result.compared = true;
  result.difference = Difference(world, orders.result(), shared);
  return result;
}

}  // namespace vmtrunc::properties
