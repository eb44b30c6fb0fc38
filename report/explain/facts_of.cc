// facts_of SCRIPT KERNEL AGAINST...: the findings of explain, a line of JSON
// for each three words. It is linked without the code for sentences, so that no
// sentence can decide anything. report/explain/facts_test.py compares it with
// the command.
#include <iostream>

#include "base/read.h"
#include "report/explain/fact_json.h"
#include "report/explain/parting.h"
#include "report/explain/row_facts.h"

namespace {

using namespace vmtrunc;
using namespace vmtrunc::report;

nlohmann::json RowsOf(const Story& story) {
  nlohmann::json rows = nlohmann::json::array();
  for (size_t row = 0; row < story.rows.size(); ++row) {
    nlohmann::json facts = nlohmann::json::array();
    for (const Fact& fact : FactsOf(story, row))
      facts.push_back(ToJson(story, fact));
    nlohmann::json moves = nlohmann::json::array();
    for (const LockMove& move : LockMovesOf(story, row))
      moves.push_back(ToJson(story, move));
    rows.push_back({{"facts", facts}, {"lock_moves", moves}});
  }
  return rows;
}

nlohmann::json CauseOf(const Story& story) {
  if (story.result.holds() || story.rows.empty()) return nullptr;
  const Cause cause = FindCause(story);
  nlohmann::json json = {{"rules", nlohmann::json::array()},
                         {"switches", nlohmann::json::array()}};
  for (size_t i = 0; i < cause.rules.size(); ++i)
    json["rules"].push_back({{"name", cause.rules[i].rule->name},
                             {"has", cause.rules[i].on},
                             {"decides", cause.rules[i].decides},
                             {"main", cause.main_rule == i}});
  for (const Switch& it : cause.switches)
    json["switches"].push_back({{"event", it.event},
                                {"from", story.script.task_names[it.from]},
                                {"decides", it.decides}});
  if (cause.no_return) json["no_return"] = ToJson(story, *cause.no_return);
  return json;
}

nlohmann::json FactsOf(const std::string& path, const KernelSpec& kernel,
                       const KernelSpec& against) {
  const Script script = *ParseText(base::ReadWhole(path, 1 << 20).value());
  const Story story = Tell(path, script, kernel, Folding::kQuiet);
  const Story other = Tell(path, script, against, Folding::kQuiet);
  nlohmann::json json = {{"rows", RowsOf(story)},
                         {"escape", EscapeJson(story)},
                         {"folio_story", FolioStoryJson(story)},
                         {"cause", CauseOf(story)}};
  json.update(PartingJson(story, other));
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i + 2 < argc; i += 3)
    std::cout << FactsOf(argv[i], *ParseKernelSpec(argv[i + 1]),
                         *ParseKernelSpec(argv[i + 2]))
                     .dump()
              << "\n";
}
