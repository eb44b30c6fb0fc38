#include "report/verdict.h"

#include "absl/strings/str_format.h"

namespace vmtrunc::report {
const char* FlowName(Flow flow) {
  constexpr const char* kNames[] = {"blocked", "sync", "dropped", "done"};
  return kNames[static_cast<size_t>(flow)];
}

std::string HoldsInWords(const RunResult& result) {
  return absl::StrFormat(
      "holds (%u of %u events had an effect, %u lock drop%s)", result.effects,
      result.events, result.drops, result.drops == 1 ? "" : "s");
}

std::string VerdictOf(const RunResult& result) {
  if (result.holds()) return HoldsInWords(result);
  return absl::StrFormat("violates %s at event %u: %s",
                         Name(result.first.property), result.first.event,
                         result.first.ToString());
}

std::string OptionFor(Property property) {
  if ((kOnlyNamed & Bit(property)) == 0) return "";
  return absl::StrFormat("--property %s ", Name(property));
}

nlohmann::json VerdictJson(const std::string& path, const std::string& kernel,
                           const RunResult& result) {
  nlohmann::json json = {
      {"file", path},
      {"kernel", kernel},
      {"holds", result.holds()},
      {"events", result.events},
      {"effects", result.effects},
      {"drops", result.drops},
      {"state_hash", absl::StrFormat("%016x", result.state_hash)}};
  if (!result.holds()) {
    json["property"] = Name(result.first.property);
    json["event"] = result.first.event;
    json["detail"] = result.first.ToString();
    for (int i = 0; i < kProperties; ++i)
      if ((result.broken >> i & 1) != 0)
        json["broken"].push_back(Name(static_cast<Property>(i)));
  }
  return json;
}

}  // namespace vmtrunc::report
