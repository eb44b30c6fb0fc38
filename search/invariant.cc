#include "search/invariant.h"

#include <algorithm>

#include "core/check.h"
#include "core/model/machine-inl.h"

namespace vmtrunc::search {

Invariant InvariantOf(const std::string& text, const Condition& condition,
                      const Problem& problem, const Rules& rules) {
  const Setup& first = problem.starts.front().setup;
  for (const Script& start : problem.starts)
    VMT_CHECK(std::ranges::equal(start.setup.sizes, first.sizes));
  const ConditionOf of{rules, {first.sizes[0], first.sizes[1]}};
  return {text, [=](const auto& world) { return condition.Holds(world, of); }};
}

bool BreaksAtLast(const Script& script, const Rules& rules,
                  const Invariant& invariant) {
  World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
  for (const Event& event : script.events) machine.Apply(event);
  return !invariant.Holds(world);
}

}  // namespace vmtrunc::search
