#include "explain/story_json.h"

#include "base/shown.h"
#include "explain/victim.h"
#include "explain/why.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Json = nlohmann::json;
using Kind = TraceNote::Kind;

Json VmaJson(const Story& story, const LargeWorld& world, size_t row,
             Slot slot) {
  const Vma& vma = world.vmas[slot];
  if (vma.state == VmaState::kFree) return nullptr;
  Json json = {{"mm", story.MmName(row, vma.mm)},
               {"start", vma.start},
               {"end", vma.end},
               {"file", story.FileName(vma.file)},
               {"pgoff", vma.pgoff},
               {"count", CountInWords(story, vma)},
               {"point", RestartPointIn(story, world, slot)},
               {"birth", vma.birth},
               {"ptes", SignsOf(world, vma)}};
  if (vma.shared == 0) json["private"] = true;
  if (vma.write == 0) json["readonly"] = true;
  if (vma.state != VmaState::kLinked)
    json["state"] =
        vma.state == VmaState::kNew ? "not linked yet" : "off its mm";
  if (vma.in_index == InIndex::kNot) json["unindexed"] = true;
  if (vma.nonlinear != 0) {
    json["nonlinear"] = true;
    for (unsigned addr = vma.start; addr < vma.end; ++addr)
      json["pages"].push_back(world.mms[vma.mm].ptes[addr].index());
  }
  return json;
}

// Where a pass is, and where it would go on.
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

Json FileJson(const File& file) {
  std::string cached;
  for (unsigned page = 0; page < LargeCaps::kFilePages; ++page)
    cached += (file.cached >> page & 1) != 0 ? '1' : '0';
  cached.resize(cached.find_last_not_of('0') + 1);
  return {
      {"size", file.size}, {"count", file.truncate_count}, {"cached", cached}};
}

Json HeldJson(const Story& story, const LargeWorld& world, size_t row,
              unsigned task) {
  Json held = Json::array();
  for (const HeldLock& lock : LocksOf(world, task))
    held.push_back(LockName(story, row, lock));
  return held;
}

// What the state behind a row has that the one before it has not.
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
      Put(set, "files", story_.FileName(file), FileJson(world.files[file]));
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
      const std::string& name = story_.script.task_names[task];
      Put(set, "held", name, HeldJson(story_, world, row, task));
      Put(set, "passes", name, PassJson(story_, world, task));
      const Op& op = world.tasks[task].op;
      Put(set, "in_flight", name,
          op.verb == Verb::kNone ? Json() : Json(VerbName(op.verb)));
    }
    return set;
  }

 private:
  // What is not there is null, and so is what an empty list was.
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

// Of each row, what it does.
using AllDeeds = std::vector<std::vector<std::string>>;

// In the midst of pages that are moved one by one.
bool GoesOnMoving(const Story& story, const AllDeeds& deeds, size_t row) {
  const auto moves = [&](size_t i) {
    return i < story.rows.size() &&
           story.rows[i].event == story.rows[row].event &&
           deeds[i].size() == 1 && deeds[i][0].starts_with("moves");
  };
  // Rows with locks alone lie between.
  return moves(row) && (moves(row - 1) || moves(row - 2)) &&
         (moves(row + 1) || moves(row + 2));
}

// Rows that tell the story by themselves.
bool IsKey(const Story& story, const Cause* cause, const AllDeeds& deeds,
           size_t row) {
  const StoryRow& it = story.rows[row];
  // The first step with the lock again says what it finds.
  if (it.from.find("dropped") != std::string::npos || it.broke != 0 ||
      row == story.broken_row || it.Has(Kind::kDrops) ||
      row + 1 == story.rows.size() ||
      (cause != nullptr && cause->no_return && cause->no_return->row == row))
    return true;
  for (const std::string& deed : deeds[row])
    if (deed.find("which was") != std::string::npos || SkippedBy(story, row) ||
        deed.starts_with("zaps") || deed.starts_with("frees") ||
        deed.starts_with("moves"))
      return !GoesOnMoving(story, deeds, row);
  return story.rows[row + 1].event != it.event;
}

Json RowJson(const Story& story, const Cause* cause, const AllDeeds& deeds,
             size_t row) {
  const StoryRow& it = story.rows[row];
  Json json = {{"steps", {it.first_step, it.last_step}},
               {"event", it.event},
               {"task", story.script.task_names[it.task]},
               {"verb", VerbName(it.verb)},
               {"from", it.from},
               {"to", it.to},
               {"deeds", deeds[row]},
               {"locks", LocksInWords(story, row)}};
  if (IsKey(story, cause, deeds, row)) json["key"] = true;
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
  Json json = {{"why", WhySentences(story, cause)}};
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
  if (cause.no_return)
    json["no_return"] = {{"row", cause.no_return->row},
                         {"way_out", cause.no_return->way_out},
                         {"settled", cause.no_return->settled}};
  return json;
}

}  // namespace

Json ToJson(const Story& story, const Cause* cause) {
  Json json = {{"file", Utf8(story.path)},
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
  }
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
    json["files"][story.FileName(file)] = FileJson(story.start.files[file]);
  if (story.loop)
    json["loop"] = {{"after_event", story.loop->after_event},
                    {"last_event", story.loop->last_event}};
  if (story.left_out != 0) json["left_out"] = story.left_out;
  Changes changes(story);
  AllDeeds deeds;
  for (size_t row = 0; row < story.rows.size(); ++row)
    deeds.push_back(Deeds(story, row));
  json["rows"] = Json::array();
  for (size_t row = 0; row < story.rows.size(); ++row) {
    json["rows"].push_back(RowJson(story, cause, deeds, row));
    json["rows"].back()["set"] = changes.Next(row);
  }
  if (cause != nullptr) json["cause"] = CauseJson(story, *cause);
  return json;
}

}  // namespace vmtrunc
