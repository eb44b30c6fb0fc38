#include <algorithm>

#include "cli/fuzz_tell.h"
#include "core/version.h"

namespace vmtrunc::cli {
namespace {

nlohmann::json ToJson(const FuzzOptions& o, const FuzzFinding& finding) {
  nlohmann::json json = {
      {"property", Name(finding.property)},
      {"executions", finding.executions},
      {"seed", SeedOf(o.seed, static_cast<unsigned>(finding.job))},
      {"event", finding.violation.event},
      {"detail", finding.violation.ToString()},
      {"known", finding.is_known},
      {"bug", finding.bug},
      {"cause", finding.cause},
      {"events_before", finding.events_before},
      {"events", finding.script.events.size()},
      {"script", ToText(finding.script)}};
  if (!finding.known_by.empty()) json["known_by"] = finding.known_by;
  if (!finding.path.empty()) json["path"] = finding.path;
  return json;
}

nlohmann::json ToJson(const Replayed& one) {
  return {{"file", one.path},
          {"found_on", one.found_on.ToString()},
          {"property", Name(one.property)},
          {"holds", one.holds},
          {"minimised", one.is_minimised}};
}

}  // namespace

nlohmann::json ToJson(const FuzzOptions& o, const FuzzResult& result) {
  const fuzz::FuzzStatus& total = result.run.total;
  nlohmann::json json = {{"version", kJsonVersion},
                         {"kernel", o.spec.ToString()},
                         {"seed", o.seed},
                         {"jobs", o.jobs},
                         {"stopped", result.run.stopped},
                         {"seconds", result.run.seconds},
                         {"executions", total.executions},
                         {"ran_events", total.events},
                         {"effects", total.effects},
                         {"drops", total.drops},
                         {"abstract_states", CountSeen(total.seen)},
                         {"corpus", result.corpus},
                         {"known_scripts", result.known_scripts},
                         {"replayed", nlohmann::json::array()},
                         {"not_replayed", result.replays.unknown},
                         {"findings", nlohmann::json::array()}};
  if (!o.property.empty()) json["property"] = o.property;
  if (!o.of.empty()) {
    size_t seen = 0;
    for (size_t i = 0; i < result.of.size(); ++i)
      seen += result.of[i] != 0 && total.seen[i] != 0 ? 1 : 0;
    json["of"] = {{"states", CountSeen(result.of)}, {"seen", seen}};
  }
  for (const Replayed& one : result.replays.all)
    json["replayed"].push_back(ToJson(one));
  for (const FuzzFinding& finding : result.findings)
    json["findings"].push_back(ToJson(o, finding));
  return json;
}

}  // namespace vmtrunc::cli
