// facts_of SCRIPT KERNEL AGAINST...: the findings of explain, a line of JSON
// for each three words. It is linked without the code for sentences, so that no
// sentence can decide anything. report/explain/facts_test.py compares it with
// the command.
#include <iostream>

#include "base/read.h"
#include "report/explain/fact_json.h"
#include "report/explain/parting.h"
#include "report/explain/row_facts.h"
#include "report/explain/table_json.h"
#include "report/explain/tlb_json.h"
#include "report/explain/vma_facts.h"

namespace {

using namespace vmtrunc;
using namespace vmtrunc::report;

// Who holds the locks of vmas after the row, who has found one, and who waits.
nlohmann::json LocksAfter(const Story& story, size_t row) {
  const LargeWorld& world = story.rows[row].world;
  nlohmann::json json = nlohmann::json::object();
  for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
    nlohmann::json locks =
        ToJson(story, LocksOn(world, static_cast<Slot>(slot)));
    if (world.vmas[slot].state != VmaState::kFree && !locks.empty())
      json["vmas"][std::to_string(slot)] = std::move(locks);
  }
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    const std::string& name = story.script.task_names[task];
    if (const auto found = FoundBy(world, task)) json["found"][name] = *found;
    for (const Holder& holder : AwaitedBy(story, row, task))
      json["waits"][name].push_back(ToJson(story, holder));
  }
  return json;
}

nlohmann::json RowsOf(const Story& story) {
  nlohmann::json rows = nlohmann::json::array();
  for (size_t row = 0; row < story.rows.size(); ++row) {
    nlohmann::json facts = nlohmann::json::array();
    for (const Fact& fact : FactsOf(story, row))
      facts.push_back(ToJson(story, fact));
    nlohmann::json moves = nlohmann::json::array();
    for (const LockMove& move : LockMovesOf(story, row))
      moves.push_back(ToJson(story, move));
    rows.push_back({{"facts", facts},
                    {"lock_moves", moves},
                    {"locks", LocksAfter(story, row)}});
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
                         {"tlb_story", TlbStoryJson(story)},
                         {"table_story", TableStoryJson(story)},
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
