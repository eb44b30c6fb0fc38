#include "report/explain/cause.h"

#include "core/about/bugs.h"
#include "report/explain/no_return.h"
#include "search/reason.h"

namespace vmtrunc::report {
namespace {

RunResult RunOf(const Story& story, std::span<const Event> events,
                const Rules& rules) {
  return Run<LargeCaps>(story.script.setup, events, rules,
                        {.hash_state = false});
}

std::vector<RuleRole> RolesOf(const Story& story) {
  const RuleSet asked = RulesAsked(story.script, story.rules);
  std::vector<RuleRole> roles;
  for (const size_t i : asked) {
    const RuleInfo& rule = AllRules()[i];
    Rules turned = story.rules;
    turned.*rule.flag = !(turned.*rule.flag);
    const RunResult run = RunOf(story, story.script.events, turned);
    roles.push_back({.rule = &rule,
                     .number = i,
                     .on = story.rules.*rule.flag,
                     .decides = run.holds()});
  }
  return roles;
}

std::vector<Switch> SwitchesOf(const Story& story) {
  const Property property = story.result.first.property;
  std::vector<Switch> switches;
  for (size_t i = 1; i < story.rows.size(); ++i) {
    const StoryRow& row = story.rows[i];
    const StoryRow& last = story.rows[i - 1];
    if (row.event == 0 || row.event == last.event || row.task == last.task ||
        !last.to)
      continue;
    std::vector<Event> events = story.script.events;
    events.insert(
        events.begin() + (row.event - 1),
        {.kind = EventKind::kFinish, .task = static_cast<uint8_t>(last.task)});
    const RunResult run = RunOf(story, events, story.rules);
    switches.push_back({.event = row.event,
                        .from = last.task,
                        .decides = !run.breaks(property)});
  }
  return switches;
}

}  // namespace

Cause FindCause(const Story& story) {
  Cause cause;
  cause.rules = RolesOf(story);
  cause.switches = SwitchesOf(story);
  cause.no_return = FindNoReturn(story);
  const search::Reason reason =
      search::ReasonOf(story.script, story.kernel, story.result.first.property);
  if (!reason.unlike) return cause;
  const size_t rule = (reason.unlike->flips ^ story.kernel.flips).first();
  for (size_t i = 0; i < cause.rules.size(); ++i)
    if (cause.rules[i].number == rule) cause.main_rule = i;
  return cause;
}

}  // namespace vmtrunc::report
