// Searches without memory, for comparison: each script is new.
//
//   random  events drawn one by one, as the mutator draws them
//   pct     operations drawn so, and scheduled by priorities (Burckhardt et
//           al., "A Randomized Scheduler with Probabilistic Guarantees of
//           Finding Bugs", 2010)
//
//   random_search --bug HB-07a --engine pct [--seed S] [--executions N]
//
// Prints one line of JSON. Exit status: 0 found or not, 2 bad usage.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ctime>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/program.h"
#include "core/about/bugs.h"
#include "core/model/machine.h"
#include "core/run/run.h"
#include "fuzz/growth.h"
#include "search/mutate.h"

namespace vmtrunc::bench {
namespace {

constexpr size_t kEvents = 32;  // of a script, as vmtrunc fuzz has

// Processor time, so that who else runs does not count.
double Seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Script RandomScript(base::Random& random) {
  Script script = search::RandomSetup(random);
  while (script.events.size() < kEvents)
    script.events.push_back(search::RandomEvent(script, random));
  return script;
}

// Makes operations and runs them under a scheduler that at each step moves the
// task of the highest priority that can move; at depth - 1 steps, drawn before,
// the task that has just moved falls below all others. What it did is written
// down as a script, so that all else is as with other engines.
class Pct {
 public:
  explicit Pct(const Rules& rules) : rules_(rules) {}
  explicit Pct(const Rules&&) = delete;  // it keeps no copy

  Script Make(base::Random& random) {
    Script script = search::RandomSetup(random);
    DrawOperations(script, random);
    DrawPriorities(random);
    // Of so many break tests of a pass one answers yes; 0: none does.
    rarity_ = rules_.drop_lock ? random.Below(4) : 0;

    World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules_);
    NoProbe<LargeCaps> probe;
    Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules_, probe);
    for (const Event& event : script.events) machine.Apply(event);
    unsigned steps = 0;
    while (script.events.size() < kMaxEvents) {
      const auto moved = MoveOne(world, machine, random);
      if (!moved) break;
      script.events.push_back(*moved);
      ++steps;
      for (unsigned i = 0; i < changes_.size(); ++i)
        if (changes_[i] == steps) priority_[moved->task] = i;
    }
    length_ += (steps - length_) / 16;
    return script;
  }

 private:
  static constexpr unsigned kTasks = LargeCaps::kTasks;

  void DrawOperations(const Script& start, base::Random& random) {
    for (auto& operations : operations_) operations.clear();
    // Ranges are reused: it sees the operations that were drawn before.
    Script drawn = start;
    for (unsigned left = 2 + random.Below(11); left > 0;) {
      Event event = search::RandomEvent(drawn, random);
      if (event.verb == Verb::kNone) continue;
      event.kind = EventKind::kBegin;
      drawn.events.push_back(event);
      operations_[event.task].push_back(event);
      --left;
    }
    next_.fill(0);
  }

  void DrawPriorities(base::Random& random) {
    const unsigned depth = 2 + random.Below(4);
    for (unsigned i = 0; i < kTasks; ++i) priority_[i] = depth + i;
    for (unsigned i = kTasks - 1; i > 0; --i)
      std::swap(priority_[i], priority_[random.Below(i + 1)]);
    changes_.assign(depth - 1, 0);
    for (unsigned& change : changes_)
      change = 1 + random.Below(static_cast<unsigned>(length_) + 1);
  }

  // What moved, or nothing when no task can.
  std::optional<Event> MoveOne(const World<LargeCaps>& world,
                               Machine<LargeCaps, NoProbe<LargeCaps>>& machine,
                               base::Random& random) {
    std::array<uint8_t, kTasks> order;
    for (uint8_t i = 0; i < kTasks; ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](uint8_t a, uint8_t b) {
      return priority_[a] > priority_[b];
    });
    for (const uint8_t task : order) {
      if (world.tasks[task].live == 0) continue;
      // An operation that there is nothing to do for is passed over.
      while (world.tasks[task].op.verb == Verb::kNone &&
             next_[task] < operations_[task].size()) {
        const Event& event = operations_[task][next_[task]++];
        if (machine.Apply(event)) return event;
      }
      Event event = Onward(world.tasks[task].op.verb, random);
      event.task = task;
      if (machine.Apply(event)) return event;
    }
    return std::nullopt;
  }

  Event Onward(Verb verb, base::Random& random) const {
    Event event;
    event.kind = EventKind::kStep;
    if (IsPass(verb) && rarity_ != 0 && random.Below(rarity_) == 0)
      event.kind = EventKind::kDrop;
    return event;
  }

  const Rules& rules_;
  std::array<std::vector<Event>, kTasks> operations_;
  std::array<size_t, kTasks> next_;
  std::array<unsigned, kTasks> priority_;
  std::vector<unsigned> changes_;  // steps; the task falls to its index
  unsigned rarity_ = 0;
  double length_ = 32;  // of a script in steps, a running mean
};

struct Options {
  std::string bug, kernel, engine = "random", growth;
  uint64_t seed = 1;
  uint64_t executions = 2000000;
  double seconds = 60;
  bool print = false;
};

// Of a bug: the kernel with it, the property, and the kernel without.
struct Goal {
  Rules rules;
  std::optional<Property> property;  // none: nothing stops the search
  Rules right;
};

std::optional<Goal> FindGoal(const Options& o) {
  for (const BugInfo& bug : AllBugs())
    if (o.bug == bug.name)
      return Goal{WithBug(bug).rules(), bug.property,
                  ParseKernelSpec(bug.kernel)->rules()};
  const auto spec = ParseKernelSpec(o.kernel);
  if (!o.bug.empty() || !spec.ok()) return std::nullopt;
  return Goal{spec->rules(), std::nullopt, {}};
}

int Search(const Options& o, const Goal& goal) {
  base::Random random(o.seed);
  Pct pct(goal.rules);
  std::optional<fuzz::Growth> growth;
  if (!o.growth.empty()) growth.emplace(o.growth.c_str());
  std::vector<uint8_t> features(Checker<LargeCaps>::kFeatures);
  const double start = Seconds();
  uint64_t executions = 0;
  bool found = false;
  Script script;
  while (!found && executions < o.executions &&
         (executions % 256 != 0 || Seconds() - start < o.seconds)) {
    script = o.engine == "pct" ? pct.Make(random) : RandomScript(random);
    ++executions;
    const RunResult result = Run<LargeCaps>(
        script, goal.rules,
        {.hash_state = false, .features = growth ? features.data() : nullptr});
    if (growth) {
      growth->Note(features);
      std::fill(features.begin(), features.end(), 0);
    }
    found = goal.property && result.breaks(*goal.property) &&
            Run(script, goal.right).holds();
  }
  std::cout << absl::StreamFormat(
      "{\"found\": %d, \"executions\": %d, \"seconds\": %.3f}\n", found,
      executions, Seconds() - start);
  if (o.print && found) std::cerr << ToText(script);
  return 0;
}

int Main(int argc, char** argv) {
  Options o;
  CLI::App app("Searches for a known bug with scripts that are each new.");
  app.add_option("--bug", o.bug, "as vmtrunc bugs names it");
  app.add_option("--kernel", o.kernel, "instead: a kernel; nothing stops it");
  app.add_option("--engine", o.engine, "random or pct")
      ->check(CLI::IsMember({"random", "pct"}));
  app.add_option("--seed", o.seed, "1 by default");
  app.add_option("--executions", o.executions, "at most, 2000000 by default");
  app.add_option("--seconds", o.seconds, "of processor time, 60 by default");
  app.add_option("--growth", o.growth, "a file; see fuzz/growth.h");
  app.add_flag("--print", o.print, "prints the script on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  }
  const auto goal = FindGoal(o);
  if (!goal) {
    std::cerr << "random_search: expected a known bug or a kernel\n";
    return 2;
  }
  return Search(o, *goal);
}

}  // namespace
}  // namespace vmtrunc::bench

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("random_search", vmtrunc::bench::Main, argc,
                                   argv);
}
