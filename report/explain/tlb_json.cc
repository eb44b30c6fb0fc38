#include "report/explain/tlb_json.h"

#include <array>
#include <string>

#include "report/explain/fact_json.h"
#include "report/explain/tlb_victim.h"

namespace vmtrunc::report {
namespace {

using Json = nlohmann::json;

// In the order of FrameUse::Is.
constexpr auto kUses =
    std::to_array<const char*>({"its-page", "held", "free", "page", "copy",
                                "being-revoked", "revoked", "unknown"});
static_assert(kUses.size() ==
              static_cast<size_t>(FrameUse::Is::kUnknown) + size_t{1});

Json ToJson(const Story& story, const TranslationView& it) {
  Json json = {{"addr", it.addr}, {"use", ToJson(story, it.use)}};
  if (it.made_for) json["made_for"] = ToJson(story, *it.made_for);
  if (it.frame) json["frame"] = *it.frame;
  if (it.writable) json["writable"] = true;
  if (IsStale(it.use)) json["stale"] = true;
  return json;
}

Json ToJson(const Story& story, const GatherView& it) {
  Json json = {{"mm", story.script.task_names[it.owner]},
               {"frames", it.frames}};
  if (it.first <= it.last) {
    json["first"] = it.first;
    json["last"] = it.last;
  }
  for (const PageName& page : it.pages)
    json["pages"].push_back(ToJson(story, page));
  if (it.is_full) json["full"] = true;
  if (it.is_move) json["move"] = true;
  return json;
}

}  // namespace

Json ToJson(const Story& story, const PageName& page) {
  return {{"file", story.FileName(page.file)}, {"page", page.page}};
}

Json ToJson(const Story& story, const FrameUse& use) {
  Json json = {{"is", kUses[static_cast<size_t>(use.is)]}};
  if (use.is == FrameUse::Is::kPage) json["page"] = ToJson(story, use.page);
  if (use.is == FrameUse::Is::kCopy) {
    json["mm"] = story.script.task_names[use.owner];
    json["addr"] = use.addr;
  }
  for (const unsigned task : use.holders)
    json["held_by"].push_back(story.script.task_names[task]);
  return json;
}

Json TlbJson(const Story& story, size_t row) {
  Json json = Json::object();
  const TlbView view = TlbOf(story, story.rows[row].world, row);
  for (const TranslationView& it : view.translations)
    json["tlb"][story.script.task_names[it.owner]].push_back(ToJson(story, it));
  for (const GatherView& it : view.gathers)
    json["gathers"][story.script.task_names[it.task]] = ToJson(story, it);
  for (const FrameView& it : view.frames) {
    Json& frame = json["frames"][std::to_string(it.number)];
    frame = {{"use", ToJson(story, it.use)}};
    if (it.was) frame["was"] = ToJson(story, *it.was);
  }
  return json;
}

Json TlbStoryJson(const Story& story) {
  const auto tale = TlbStoryOf(story);
  if (!tale) return nullptr;
  Json json = ToJson(story, tale->translation);
  json.erase("stale");
  json["mm"] = story.script.task_names[tale->translation.owner];
  json["left"] = tale->left;
  if (tale->taken_for) json["taken_for"] = *tale->taken_for;
  if (tale->gone) json["gone"] = *tale->gone;
  if (tale->freed) json["freed"] = *tale->freed;
  if (!tale->missed.empty()) json["missed"] = tale->missed;
  if (tale->owes) json["owes"] = story.script.task_names[tale->owes->task];
  json["users"] = Json::array();
  for (const unsigned task : tale->users)
    json["users"].push_back(story.script.task_names[task]);
  json["leads"] = Json::array();
  for (const DatedFact& it : tale->leads)
    json["leads"].push_back({{"steps", {it.first_step, it.last_step}},
                             {"fact", ToJson(story, it.fact)}});
  return json;
}

}  // namespace vmtrunc::report
