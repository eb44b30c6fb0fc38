// vmtrunc prove --self-check.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/write.h"
#include "cli/input.h"
#include "cli/prove.h"
#include "core/version.h"
#include "report/json_text.h"
#include "search/self_check.h"

namespace vmtrunc::cli {
namespace {

constexpr const char* kDefect =
    "this is a defect of vmtrunc or of a table it trusts: core/about/touch.h "
    "and core/about/touch.cc (what a step may touch), search/canonical.cc (the "
    "normal form)";

bool IsThrough(const search::SelfCheck& found) {
  for (const search::SelfCheckWay& way : found.ways)
    if (!way.is_through) return false;
  return true;
}

const char* Verdict(const search::SelfCheck& found) {
  return !found.differences.empty() ? "differs"
         : IsThrough(found)         ? "agrees"
                                    : "ran out";
}

std::string InWords(const search::SelfCheckWay& way,
                    const search::ProveOptions& options,
                    const ProveArguments& o) {
  if (way.is_through) return "";
  return absl::StrCat(", ", RanOutInWords(way.ran_out),
                      way.ran_out == search::RanOut::kMemory
                          ? " (" + MemoryInWords(o.bound, options) + ")"
                          : "");
}

void PrintWay(const search::SelfCheckWay& way, const std::string& end) {
  std::cout << absl::StreamFormat("%-12s %s %s: %s%s\n", way.name,
                                  Size(way.runs != 0 ? way.runs : way.states),
                                  way.runs != 0 ? "runs" : "states", way.is,
                                  end)
            << std::flush;
}

// The result for one property in each search.
std::string ByWay(const search::SelfCheck& found, int property) {
  const uint32_t bit = Bit(static_cast<Property>(property));
  std::string breaks, holds, open;
  for (const search::SelfCheckWay& way : found.ways) {
    const bool runs = &way == &found.ways.back();
    if (runs && (way.broken & bit) == 0) continue;
    std::string& in = (way.broken & bit) != 0 ? breaks
                      : way.is_through        ? holds
                                              : open;
    absl::StrAppend(&in, in.empty() ? "" : ", ", way.name);
  }
  std::string text;
  const auto add = [&](const char* word, const std::string& ways) {
    if (!ways.empty())
      absl::StrAppend(&text, text.empty() ? "" : "; ", word, " (", ways, ")");
  };
  add("violated", breaks);
  add("holds", holds);
  add("ran out", open);
  return text;
}

void Print(const Asked& asked, const search::ProveOptions& options,
           const search::SelfCheck& found, double seconds) {
  for (int i = 0; i < kProperties; ++i)
    if ((options.properties >> i & 1) != 0)
      std::cout << absl::StreamFormat(
          "%-24s %s\n", Name(static_cast<Property>(i)), ByWay(found, i));
  std::cout << absl::StreamFormat(
      "%d states that the normal form takes for another one, and %d pairs of "
      "steps that come in one order alone, were compared\n",
      found.merged, found.orders);
  if (found.one_step != 0)
    std::cout << absl::StreamFormat(
        "of %d of these states one step was looked at: the plain search went "
        "on from 4 others of the same normal form\n",
        found.one_step);
  std::cout << InWords(asked.within);
  for (const search::SelfCheckDifference& difference : found.differences) {
    std::cout << "\n" << difference.what << "\n";
    for (const Script& script : difference.scripts)
      std::cout << "\n" << ToText(script);
  }
  if (!found.differences.empty()) std::cout << "\n" << kDefect << "\n";
  std::cout << absl::StreamFormat(
      "%s: %s: self-check %s, %.1f s%s\n", asked.kernel.Name(), asked.what,
      Verdict(found), seconds,
      found.differences.empty() && !IsThrough(found)
          ? "; what came to its end agrees. To come to an end: --operations 1, "
            "--mms 1, fewer --verbs, more --seconds or --memory"
          : "");
}

nlohmann::json ToJson(const ProveArguments& o, const Asked& asked,
                      const search::ProveOptions& options,
                      const search::SelfCheck& found, double seconds) {
  nlohmann::json json = {{"version", kJsonVersion},
                         {"kernel", asked.kernel.ToString()},
                         {"bound", asked.what},
                         {"within", asked.within.words},
                         {"left_out", asked.within.left_out},
                         {"answer", Verdict(found)},
                         {"merged", found.merged},
                         {"one_step", found.one_step},
                         {"orders", found.orders},
                         {"seconds", seconds},
                         {"ways", nlohmann::json::array()},
                         {"differences", nlohmann::json::array()}};
  if (!o.property.empty()) json["only"] = o.property;
  for (const search::SelfCheckWay& way : found.ways) {
    nlohmann::json it = {{"way", way.name},
                         {"states", way.states},
                         {"runs", way.runs},
                         {"through", way.is_through},
                         {"breaks", nlohmann::json::array()}};
    for (int i = 0; i < kProperties; ++i)
      if ((way.broken >> i & options.properties >> i & 1) != 0)
        it["breaks"].push_back(Name(static_cast<Property>(i)));
    if (!way.is_through) it["why"] = search::Words(way.ran_out);
    json["ways"].push_back(it);
  }
  for (const search::SelfCheckDifference& difference : found.differences) {
    nlohmann::json it = {{"what", difference.what},
                         {"scripts", nlohmann::json::array()}};
    for (const Script& script : difference.scripts)
      it["scripts"].push_back(ToText(script));
    json["differences"].push_back(it);
  }
  if (!found.differences.empty()) json["defect"] = kDefect;
  return json;
}

}  // namespace

int CheckItself(const ProveArguments& o, const Asked& asked) {
  std::optional<base::OutputFile> out;
  if (!o.out.empty()) out.emplace(o.out);
  search::ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  options.properties = PropertiesOf(o) & ((1U << kProperties) - 1);
  ShowProgress show;
  options.on_progress = [&](const search::ProveProgress& p) { show(p); };
  if (!o.json)
    std::cout << absl::StreamFormat(
        "self-check of %s, %s; each way may take as much: %s; %s\n",
        asked.kernel.Name(), asked.what, MemoryInWords(o.bound, options),
        o.bound.seconds == 0
            ? "no end of time (--seconds)"
            : absl::StrFormat("%.6g s for all", o.bound.seconds));
  search::SelfCheck found = search::CheckSearch(
      asked.problem, options, [&](const search::SelfCheckWay& way) {
        show.End();
        if (!o.json) PrintWay(way, InWords(way, options, o));
      });
  for (search::SelfCheckDifference& difference : found.differences)
    for (Script& script : difference.scripts) SetKernel(asked.kernel, script);
  if (o.json)
    std::cout << report::JsonText(
                     ToJson(o, asked, options, found, show.seconds()))
              << "\n";
  else
    Print(asked, options, found, show.seconds());
  if (out && !found.differences.empty() &&
      !found.differences.front().scripts.empty()) {
    std::cout << std::flush;
    out->Write(ToText(found.differences.front().scripts.back()));
  }
  return !found.differences.empty() ? base::kExitBroken
         : IsThrough(found)         ? base::kExitHeld
                                    : base::kExitRanOut;
}

}  // namespace vmtrunc::cli
