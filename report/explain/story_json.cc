#include "report/explain/story_json.h"

#include "report/explain/fact_json.h"
#include "report/explain/folio_victim.h"
#include "report/explain/folio_facts.h"
#include "report/explain/row_facts.h"
#include "report/explain/table_json.h"
#include "report/explain/tlb_json.h"
#include "report/explain/victim.h"
#include "report/explain/why.h"
#include "report/explain/words.h"

namespace vmtrunc::report {
namespace {

using Json = nlohmann::json;
using Kind = TraceNote::Kind;

Json VmaJson(const Story& story, const LargeWorld& world, size_t row,
             Slot slot) {
  const Vma& vma = world.vmas[slot];
  if (vma.state == VmaState::kFree) return nullptr;
  Json json = {
      {"mm", story.MmName(row, vma.mm)},
      {"start", vma.start},
      {"end", vma.end},
      {"file", story.FileName(vma.file)},
      {"pgoff", vma.pgoff},
      {"count", CountInWords(story, vma)},
      {"point", PointsInWords(story, RestartPointsIn(story, world, slot))},
      {"birth", vma.birth},
      {"ptes", SignsOf(LooksOf(world, vma))}};
  if (const Json mark = ToJson(CountOf(story, vma)); !mark.is_null())
    json["mark"] = mark;
  for (const auto& [task, addr] : RestartPointsIn(story, world, slot))
    json["points"].push_back(
        {{"task", story.script.task_names[task]}, {"addr", addr}});
  if (vma.shared == 0) json["private"] = true;
  if (vma.write == 0) json["readonly"] = true;
  if (vma.state != VmaState::kLinked)
    json["state"] =
        vma.state == VmaState::kNew ? "not linked yet" : "off its mm";
  if (vma.in_index == InIndex::kNot) json["unindexed"] = true;
  json.update(ToJson(story, LocksOn(world, slot)));
  if (vma.nonlinear != 0) {
    json["nonlinear"] = true;
    for (unsigned addr = vma.start; addr < vma.end; ++addr)
      json["pages"].push_back(world.mms[vma.mm].ptes[addr].index());
  }
  return json;
}

// The position of a pass, and where it would resume.
Json PassJson(const Story& story, const LargeWorld& world, unsigned task) {
  const Op& op = world.tasks[task].op;
  if (!IsPass(op.verb) || op.pass.active == 0) return nullptr;
  const Pass& pass = op.pass;
  Json json = {{"first", pass.first}, {"last", pass.last}};
  if (story.rules.stamp_vmas) json["count"] = pass.count;
  if (pass.dropped != 0) json["dropped"] = true;
  if (pass.cursor != kNone) {
    json["slot"] = pass.cursor;
    json["addr"] = pass.addr;
  }
  if (!story.rules.restart_in_vma && pass.restart_vma != kNone)
    json["restart"] = {{"slot", pass.restart_vma}, {"addr", pass.restart_addr}};
  return json;
}

Json FolioJson(const Story& story, const FolioView& folio) {
  Json json = {{"first", folio.first}, {"last", folio.last}};
  if (folio.dirty) json["dirty"] = true;
  if (!folio.pins.empty()) json["pins"] = folio.pins;
  if (!folio.old.empty()) json["old"] = folio.old;
  for (const unsigned task : folio.holders)
    json["held_by"].push_back(story.script.task_names[task]);
  if (folio.locker) json["locked_by"] = story.script.task_names[*folio.locker];
  return json;
}

Json FileJson(const Story& story, const LargeWorld& world, unsigned number) {
  const File& file = world.files[number];
  std::string cached;
  for (unsigned page = 0; page < LargeCaps::kFilePages; ++page)
    cached += (file.cached >> page & 1) != 0 ? '1' : '0';
  cached.resize(cached.find_last_not_of('0') + 1);
  Json json = {
      {"size", file.size}, {"count", file.truncate_count}, {"cached", cached}};
  if (file.folios.pfn != 0) json["device"] = true;
  if (file.folios.hugetlb != 0) json["huge_pages"] = true;
  if (!ShowsFolios(story, number)) return json;
  const CacheView view = CacheOf(story, world, number);
  json["folios"] = Json::array();
  for (const FolioView& folio : view.folios)
    json["folios"].push_back(FolioJson(story, folio));
  for (const SizeSample& it : view.samples)
    json["samples"].push_back(
        {{"task", story.script.task_names[it.task]}, {"size", it.size}});
  return json;
}

// In words, and as data.
struct HeldJson {
  Json words = Json::array(), locks = Json::array();

  HeldJson(const Story& story, const LargeWorld& world, size_t row,
           unsigned task) {
    for (const HeldLock& lock : LocksOf(world, task)) {
      const LockFact fact = FactOf(story, row, lock);
      words.push_back(InWords(story, fact));
      locks.push_back(ToJson(story, fact));
    }
  }
};

Json WaitsJson(const Story& story, size_t row, unsigned task) {
  Json waits = Json::array();
  for (const Holder& holder : AwaitedBy(story, row, task))
    waits.push_back(ToJson(story, holder));
  return waits;
}

// The changes of the state by a row.
class Changes {
 public:
  explicit Changes(const Story& story) : story_(story) {}

  Json Next(size_t row) {
    const LargeWorld& world = story_.rows[row].world;
    Json set = Json::object();
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot)
      Put(set, "vmas", std::to_string(slot),
          VmaJson(story_, world, row, static_cast<Slot>(slot)));
    for (unsigned file = 0; file < story_.script.setup.files; ++file)
      Put(set, "files", story_.FileName(file), FileJson(story_, world, file));
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
      const std::string& name = story_.script.task_names[task];
      const HeldJson held(story_, world, row, task);
      Put(set, "held", name, held.words);
      Put(set, "holds", name, held.locks);
      Put(set, "waits", name, WaitsJson(story_, row, task));
      const auto found = FoundBy(world, task);
      Put(set, "found", name, found ? Json(*found) : Json());
      Put(set, "passes", name, PassJson(story_, world, task));
      const Op& op = world.tasks[task].op;
      Put(set, "in_flight", name,
          op.verb == Verb::kNone ? Json() : Json(VerbName(op.verb)));
    }
    Named(set, TlbJson(story_, row), {"tlb", "gathers", "frames"});
    Named(set, TablesJson(story_, row), {"tables", "readers"});
    return set;
  }

 private:
  // Of kinds whose names come and go.
  void Named(Json& set, Json now, std::initializer_list<const char*> kinds) {
    for (const char* const kind : kinds) {
      for (const auto& [name, last] : last_[kind].items())
        if (!now[kind].contains(name)) now[kind][name] = nullptr;
      for (const auto& [name, value] : now[kind].items())
        Put(set, kind, name, value);
    }
  }

  // A missing value is null, and so is an empty list that was not empty.
  void Put(Json& set, const char* kind, const std::string& name, Json now) {
    if (now.is_array() && now.empty()) now = nullptr;
    Json& last = last_[kind][name];
    if (last == now) return;
    last = now;
    set[kind][name] = std::move(now);
  }

  const Story& story_;
  Json last_;
};

// The actions of each row.
using AllFacts = std::vector<std::vector<Fact>>;

std::vector<std::string> DeedsOf(const Story& story,
                                 const std::vector<Fact>& facts) {
  std::vector<std::string> deeds;
  deeds.reserve(facts.size());
  for (const Fact& fact : facts) deeds.push_back(InWords(story, fact));
  return deeds;
}

Json RowJson(const Story& story, const Cause* cause, const AllFacts& facts,
             size_t row) {
  const StoryRow& it = story.rows[row];
  Json json = {{"steps", {it.first_step, it.last_step}},
               {"event", it.event},
               {"task", story.script.task_names[it.task]},
               {"verb", VerbName(it.verb)},
               {"from", it.from.Name()},
               {"to", it.to ? it.to->Name() : ""},
               {"deeds", DeedsOf(story, facts[row])},
               {"locks", LocksInWords(story, row)}};
  const bool is_last_way_out =
      cause != nullptr && cause->no_return && cause->no_return->row == row;
  if (is_last_way_out || IsKeyRow(story, facts, row)) json["key"] = true;
  json["facts"] = Json::array();
  for (const Fact& fact : facts[row])
    json["facts"].push_back(ToJson(story, fact));
  json["lock_moves"] = Json::array();
  for (const LockMove& move : LockMovesOf(story, row)) {
    json["lock_moves"].push_back(ToJson(story, move));
    json["lock_moves"].back()["words"] = LockInWords(story, move);
  }
  if (it.flow == Flow::kDropped) json["drops"] = true;
  if (it.flow == Flow::kBlocked) json["blocked"] = true;
  if (const auto skips = SkippedBy(story, row))
    json["skips"] = {
        {"slot", skips->slot}, {"first", skips->first}, {"last", skips->last}};
  for (const TraceNote& note : it.notes) {
    if (note.kind == Kind::kZaps)
      json["zaps"].push_back({story.MmName(row, note.mm), note.start});
    if (note.kind == Kind::kPassBegins) json["pass_begins"] = true;
  }
  return json;
}

Json CauseJson(const Story& story, const Cause& cause) {
  Json json = {{"why", Json::array()}};
  for (const Sentence& sentence : WhySentences(story, cause))
    json["why"].push_back(sentence.text);
  json["rules"] = Json::array();
  for (size_t i = 0; i < cause.rules.size(); ++i) {
    const RuleRole& role = cause.rules[i];
    json["rules"].push_back({{"name", role.rule->name},
                             {"text", role.rule->decides},
                             {"flip", role.rule->flip},
                             {"has", role.on},
                             {"decides", role.decides},
                             {"main", cause.main_rule == i}});
  }
  json["switches"] = Json::array();
  for (const Switch& it : cause.switches)
    json["switches"].push_back({{"event", it.event},
                                {"from", story.script.task_names[it.from]},
                                {"decides", it.decides}});
  if (const auto& it = cause.no_return) {
    Json& at = json["no_return"] = ToJson(story, *it);
    at["way_out"] = it->way_out.empty() ? "nothing more begins"
                                        : WayOutInWords(story, it->way_out);
    for (size_t i = 0; i < it->way_out.size(); ++i)
      at["moves"][i]["words"] = MoveInWords(story, it->way_out[i]);
  }
  return json;
}

}  // namespace

Json ToJson(const Story& story, const Cause* cause) {
  Json json = {{"file", story.path},
               {"kernel", story.kernel.ToString()},
               {"holds", story.result.holds()},
               {"verdict", VerdictInWords(story)}};
  if (!story.result.holds()) {
    const auto& property =
        AllProperties()[static_cast<size_t>(story.result.first.property)];
    json["detail"] = ViolationInWords(story);
    json["property"] = {{"name", property.name}, {"text", property.text}};
    if (story.broken_row) json["broken_row"] = *story.broken_row;
    if (const auto victim = VictimOf(story.result.first);
        victim && story.broken_row)
      json["victim"] = {{"mm", story.MmName(*story.broken_row, victim->mm)},
                        {"addr", victim->addr},
                        {"page", victim->index}};
    if (const auto escape = EscapeOf(story);
        escape && escape->skip != Escape::Skip::kUnknown)
      json["skipped_row"] = escape->skipped;
    if (Json escape = EscapeJson(story); !escape.is_null())
      json["escape"] = std::move(escape);
    if (const auto victim = CacheVictimOf(story.result.first))
      json["victim"] = {{"file", story.FileName(victim->file)},
                        {"page", victim->page}};
    if (Json tale = FolioStoryJson(story); !tale.is_null())
      json["folio_story"] = std::move(tale);
    if (Json tale = TlbStoryJson(story); !tale.is_null()) {
      if (tale.contains("made_for"))
        json["victim"]["page"] = tale["made_for"]["page"];
      json["tlb_story"] = std::move(tale);
    }
  }
  if (Json tale = TableStoryJson(story); !tale.is_null())
    json["table_story"] = std::move(tale);
  json["tasks"] = Json::array();
  for (unsigned task = 0; task < story.script.setup.tasks; ++task)
    json["tasks"].push_back(story.script.task_names[task]);
  json["events"] = Json::array();
  for (unsigned i = 1; i <= story.script.events.size(); ++i)
    json["events"].push_back(EventInWords(story, i));
  json["no_effect"] = Json::array();
  for (unsigned i = 1; i <= story.script.events.size(); ++i)
    if (!story.HadEffect(i)) json["no_effect"].push_back(i);
  json["files"] = Json::object();
  for (unsigned file = 0; file < story.script.setup.files; ++file)
    json["files"][story.FileName(file)] = FileJson(story, story.start, file);
  if (story.loop)
    json["loop"] = {{"after_event", story.loop->after_event},
                    {"last_event", story.loop->last_event}};
  if (story.left_out != 0) json["left_out"] = story.left_out;
  Changes changes(story);
  AllFacts facts;
  for (size_t row = 0; row < story.rows.size(); ++row)
    facts.push_back(FactsOf(story, row));
  json["rows"] = Json::array();
  for (size_t row = 0; row < story.rows.size(); ++row) {
    json["rows"].push_back(RowJson(story, cause, facts, row));
    json["rows"].back()["set"] = changes.Next(row);
  }
  if (cause != nullptr) json["cause"] = CauseJson(story, *cause);
  return json;
}

}  // namespace vmtrunc::report
