#include "report/diff/json.h"

#include "core/script/script.h"
#include "core/version.h"
#include "report/explain/fact_json.h"
#include "report/explain/row_facts.h"
#include "report/verdict.h"

namespace vmtrunc::report {
namespace {

// The actions of the step; empty after the rows that a story keeps.
nlohmann::json FactsJson(const Half& half, size_t step) {
  const Story story =
      Tell(half.it.path, half.it.script, half.it.kernel, Folding::kNone);
  nlohmann::json facts = nlohmann::json::array();
  if (step > story.rows.size() || story.rows[step - 1].last_step != step)
    return facts;
  for (const Fact& fact : FactsOf(story, step - 1))
    facts.push_back(ToJson(story, fact));
  return facts;
}

nlohmann::json ToJson(const Half& half, const Moment& moment) {
  if (moment.ended) return nullptr;
  const std::string text =
      moment.event == 0
          ? ""
          : ToText(half.it.script.events[moment.event - 1], half.it.script);
  return {{"event", moment.event},
          {"text", text},
          {"task", half.it.script.task_names[moment.task]},
          {"verb", VerbName(moment.verb)},
          {"from", moment.from},
          {"flow", FlowName(moment.flow)},
          {"facts", FactsJson(half, moment.number)}};
}

}  // namespace

nlohmann::json DiffJson(const Pair& pair) {
  const auto half = [](const Half& half) {
    auto json = VerdictJson(half.it.path, half.it.kernel.ToString(),
                            half.course.result);
    json["kernel_from"] = half.it.kernel_from;
    return json;
  };
  nlohmann::json json = {{"version", kJsonVersion},
                         {"parts", pair.parts},
                         {"left", half(pair.left)},
                         {"right", half(pair.right)}};
  if (pair.step) {
    json["step"] = *pair.step;
    if (*pair.step != 0) {
      json["left"]["moves"] = ToJson(pair.left, pair.l);
      json["right"]["moves"] = ToJson(pair.right, pair.r);
    }
    json["differences"] = pair.differences;
  }
  for (const RuleDifference& it : pair.rules)
    json["rules"].push_back({{"name", it.rule->name},
                             {"left", it.on_left},
                             {"right", !it.on_left},
                             {"parts_alone", it.parts}});
  return json;
}

}  // namespace vmtrunc::report
