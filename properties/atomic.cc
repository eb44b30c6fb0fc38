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

// Runs the script as it is written, and what is in flight to its end. An access
// whose fault found its pte changed is made again, as the processor does.
class Interleaved {
 public:
  Interleaved(W& world, const Rules& rules)
      : world_(world), machine_(world, rules, probe_) {}

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

std::string DifferenceOfTask(const W& a, const W& b, unsigned task) {
  if (a.tasks[task].live != b.tasks[task].live)
    return absl::StrFormat("task %u lives in one alone", task);
  if (a.tasks[task].live == 0) return "";
  const auto& ptes_a = a.mms[a.tasks[task].mm].ptes;
  const auto& ptes_b = b.mms[b.tasks[task].mm].ptes;
  for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
    if (ptes_a[addr] == ptes_b[addr]) continue;
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
std::string Difference(const W& a, const W& b) {
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
    if (std::string what = DifferenceOfTask(a, b, task); !what.empty())
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
  Orders(std::vector<Span> spans, const Rules& rules)
      : spans_(std::move(spans)), rules_(rules), done_(spans_.size(), false) {}

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
        agree_ = Difference(world, result_).empty();
      }
      return;
    }
    for (size_t i = 0; i < spans_.size(); ++i) {
      if (done_[i] || !MayBeNext(i)) continue;
      Atomic next(world, rules_);
      next.machine.Apply(spans_[i].event);
      done_[i] = true;
      Visit(next.world, made + 1);
      done_[i] = false;
    }
  }

  std::vector<Span> spans_;
  const Rules& rules_;
  std::vector<bool> done_;
  W result_;
  int orders_ = 0;
  bool agree_ = true;
};

}  // namespace

AtomicResult SameAsAtomic(const Script& script, const Rules& rules) {
  const W start = MakeWorld<LargeCaps>(script.setup, rules);
  W world = start;
  Interleaved run(world, rules);
  AtomicResult result;
  // A collapse gives up where another holds a page: that is no order of whole
  // operations.
  for (const Event& event : script.events)
    if (event.verb == Verb::kCollapse) return result;
  if (!run.Run(script.events)) return result;
  Orders orders(run.spans(), rules);
  if (!orders.Agree(start) || orders.orders() < 2) return result;
  result.compared = true;
  result.difference = Difference(world, orders.result());
  return result;
}

}  // namespace vmtrunc::properties
