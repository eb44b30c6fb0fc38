#include "report/explain/table_json.h"

#include "report/explain/fact_json.h"
#include "report/explain/table_victim.h"

namespace vmtrunc::report {
namespace {

using Json = nlohmann::json;

Json RangeFrom(unsigned first) {
  return {{"first", first}, {"last", first + kPtesPerTable - 1}};
}

}  // namespace

Json ToJson(const TableFact& table) {
  Json json = RangeFrom(table.first);
  json["number"] = table.number;
  if (table.now) json["now"] = RangeFrom(*table.now);
  return json;
}

Json TablesJson(const Story& story, size_t row) {
  Json json = Json::object();
  const TablesView view = TablesOf(story, row);
  for (const EntryView& it : view.entries) {
    Json entry = RangeFrom(it.first);
    entry[it.has_gone ? "was" : "number"] = it.table;
    json["tables"][story.script.task_names[it.owner]].push_back(
        std::move(entry));
  }
  for (const ReaderView& it : view.readers) {
    Json& reader = json["readers"][story.script.task_names[it.task]];
    reader = {{"mm", story.script.task_names[it.owner]},
              {"table", ToJson(it.table)}};
    if (it.is_move) reader["move"] = true;
  }
  return json;
}

Json TableStoryJson(const Story& story) {
  const auto tale = TableStoryOf(story);
  if (!tale) return nullptr;
  Json json = {{"table", ToJson(tale->table)},
               {"mm", story.script.task_names[tale->owner]},
               {"read", tale->read},
               {"freed", tale->freed},
               {"used", tale->used},
               {"leads", Json::array()}};
  for (const DatedFact& it : tale->leads)
    json["leads"].push_back({{"steps", {it.first_step, it.last_step}},
                             {"fact", ToJson(story, it.fact)}});
  return json;
}

}  // namespace vmtrunc::report
