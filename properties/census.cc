#include "properties/census.h"

#include <bit>

#include "core/check.h"
#include "core/model/machine-inl.h"

namespace vmtrunc::properties {
namespace {

using W = World<LargeCaps>;

class CensusProbe : public NoProbe<LargeCaps> {
 public:
  explicit CensusProbe(Census& census) : census_(census) {}

  void Adjusts(unsigned merge_case) { ++census_.merges[merge_case]; }
  void VmaBorn(const W& w, Slot slot) {
    if (w.vmas[slot].birth <= 1) return;
    ++census_.reused;
    if (dropped_ != 0) ++census_.reused_in_drop;
  }
  void PassBegins(const W& w, unsigned task) {
    const Pass& pass = w.tasks[task].op.pass;
    ++census_.passes;
    if (running_ != 0) ++census_.nested_passes;
    running_ |= 1U << task;
    has_dropped_ &= ~(1U << task);
    if (pass.first < last_first_) ++census_.wider;
    last_first_ = pass.first;
    if (pass.count != count_ + 1 && counted_) ++census_.leaps;
    count_ = pass.count;
    counted_ = true;
    for (const Task& other : w.tasks)
      if (other.op.fault.page.bits != 0) ++census_.faults_in_flight;
  }
  void PassEnds(const W&, unsigned task) { running_ &= ~(1U << task); }
  void Drops(const W&, unsigned task) {
    ++census_.drops;
    if ((has_dropped_ >> task & 1) == 0) ++census_.passes_dropped;
    has_dropped_ |= 1U << task;
    dropped_ |= 1U << task;
    idle_ |= 1U << task;
  }
  void StepBegins(const W&, unsigned task) {
    dropped_ &= ~(1U << task);
    idle_ &= ~(1U << task);
  }
  void StepEnds(const W&, unsigned task, Verb, Flow flow) {
    if (flow == Flow::kBlocked) return;
    // This step lay in the drops of all other tasks that have dropped.
    const unsigned busy = idle_ & ~(1U << task);
    census_.busy_drops += static_cast<unsigned>(std::popcount(busy));
    idle_ &= ~busy;
  }

 private:
  Census& census_;
  unsigned running_ = 0;      // tasks that run a pass, a bit each
  unsigned has_dropped_ = 0;  // of them, those that have dropped their lock
  unsigned dropped_ = 0;      // those that have not retaken it yet
  unsigned idle_ = 0;         // of these, those in whose drop nobody has moved
  unsigned last_first_ = 0;
  uint32_t count_ = 0;
  bool counted_ = false;
};

}  // namespace

void Census::Add(const Census& other) {
  static_assert(sizeof(Census) % sizeof(uint64_t) == 0);
  auto* to = reinterpret_cast<uint64_t*>(this);
  const auto* from = reinterpret_cast<const uint64_t*>(&other);
  for (size_t i = 0; i < sizeof(Census) / sizeof(uint64_t); ++i)
    to[i] += from[i];
}

Census CountRun(const Script& script, const Rules& rules) {
  Census census;
  census.scripts = 1;
  census.events = script.events.size();
  W world = MakeWorld<LargeCaps>(script.setup, rules);
  CensusProbe probe(census);
  Machine<LargeCaps, CensusProbe> machine(world, rules, probe);
  for (const Event& event : script.events) {
    const unsigned size = world.files[event.file].size;
    if (!machine.Apply(event)) continue;
    ++census.effects;
    ++census.verbs[static_cast<size_t>(event.verb)];
    if (event.verb == Verb::kTruncate && event.addr > size) ++census.growing;
  }
  machine.Finish();
  return census;
}

namespace {

constexpr Share kShares[] = {
    {"half of the events had an effect",
     [](const Census& c) { return 2 * c.effects >= c.events; }, 0.7},
    {"a pass dropped its lock",
     [](const Census& c) { return c.passes_dropped > 0; }, 0.7},
    {"two passes dropped their lock",
     [](const Census& c) { return c.passes_dropped > 1; }, 0.3},
    {"an operation ran inside a drop",
     [](const Census& c) { return c.busy_drops > 0; }, 0.5},
    {"a pass ran while another was under way",
     [](const Census& c) { return c.nested_passes > 0; }, 0.03},
    {"a truncation made the file larger",
     [](const Census& c) { return c.growing > 0; }, 0.15},
    {"a pass began before the one before it",
     [](const Census& c) { return c.wider > 0; }, 0.6},
    {"a count leapt or wrapped", [](const Census& c) { return c.leaps > 0; },
     0.12},
    {"a struct was used again", [](const Census& c) { return c.reused > 0; },
     0.4},
    {"a struct was used again inside a drop",
     [](const Census& c) { return c.reused_in_drop > 0; }, 0.1},
    {"a pass overtook a fault",
     [](const Census& c) { return c.faults_in_flight > 0; }, 0.003},
    {"merge case 1", [](const Census& c) { return c.merges[1] > 0; }, 0.004},
    {"merge case 2", [](const Census& c) { return c.merges[2] > 0; }, 0.12},
    {"merge case 3", [](const Census& c) { return c.merges[3] > 0; }, 0.015},
    {"merge case 4", [](const Census& c) { return c.merges[4] > 0; }, 0.002},
    {"merge case 5", [](const Census& c) { return c.merges[5] > 0; }, 0.0015},
    {"merge case 6", [](const Census& c) { return c.merges[6] > 0; }, 0.0015},
    {"merge case 7", [](const Census& c) { return c.merges[7] > 0; }, 0.008},
    {"merge case 8", [](const Census& c) { return c.merges[8] > 0; }, 0.007},
};

}  // namespace

std::span<const Share> AllShares() { return kShares; }

}  // namespace vmtrunc::properties
