#include "core/about/parting.h"

#include <algorithm>

namespace vmtrunc {
namespace {

uint64_t HashOfStep(const TraceStep& step) {
  const uint64_t moved = uint64_t{step.task} << 16 |
                         static_cast<uint64_t>(step.verb) << 8 |
                         static_cast<uint64_t>(step.flow);
  const uint64_t words[] = {HashOf(*step.world), moved};
  return HashBytes(words, sizeof(words));
}

}  // namespace

Course Follow(const Script& script, const Rules& rules) {
  Course course;
  course.steps.push_back(HashOf(MakeWorld<LargeCaps>(script.setup, rules)));
  course.result = RunTraced(script, rules, [&](const TraceStep& step) {
    course.steps.push_back(HashOfStep(step));
  });
  return course;
}

std::optional<size_t> PartAt(const Course& left, const Course& right) {
  const auto [at, other] =
      std::mismatch(left.steps.begin(), left.steps.end(), right.steps.begin(),
                    right.steps.end());
  if (at == left.steps.end() && other == right.steps.end()) return std::nullopt;
  return static_cast<size_t>(at - left.steps.begin());
}

bool SameVerdict(const RunResult& left, const RunResult& right) {
  if (left.broken != right.broken) return false;
  return left.holds() || (left.first.property == right.first.property &&
                          left.first.step == right.first.step &&
                          left.first.ToString() == right.first.ToString());
}

Moment MomentAt(const Script& script, const Rules& rules, size_t number) {
  Moment moment;
  moment.number = number;
  moment.world = MakeWorld<LargeCaps>(script.setup, rules);
  size_t step_number = 0;
  RunTraced(script, rules, [&](const TraceStep& step) {
    if (++step_number > number) return;
    moment.world = *step.world;
    if (step_number < number) return;
    moment.event = step.event;
    moment.task = step.task;
    moment.verb = step.verb;
    moment.from = step.from;
    moment.flow = step.flow;
  });
  moment.ended = step_number < number;
  return moment;
}

std::vector<RuleDifference> RuleDifferences(const Script& script,
                                            const Rules& left,
                                            const Rules& right,
                                            std::optional<size_t> number) {
  std::vector<RuleDifference> all;
  const Course course = Follow(script, left);
  for (const RuleInfo& rule : AllRules()) {
    if (left.*rule.flag == right.*rule.flag) continue;
    Rules turned = left;
    turned.*rule.flag = right.*rule.flag;
    const Course other = Follow(script, turned);
    const std::optional<size_t> at = PartAt(course, other);
    const bool parts = number ? at && *at <= *number
                              : at || !SameVerdict(course.result, other.result);
    all.push_back({&rule, left.*rule.flag, parts});
  }
  return all;
}

}  // namespace vmtrunc
