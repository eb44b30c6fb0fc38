#include "properties/report.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/shown.h"
#include "report/verdict.h"

namespace vmtrunc::properties {
namespace {

std::string Plural(size_t number, const char* what) {
  return absl::StrCat(number, " ", what, number == 1 ? "" : "s");
}

// A kernel of CheckedKernels() with rules flipped is marked with a star.
std::string Short(const std::string& kernel) {
  const auto checked = CheckedKernels();
  const bool known =
      std::find(checked.begin(), checked.end(), kernel) != checked.end();
  const size_t flips = kernel.find('+');
  return known && flips != std::string::npos ? kernel.substr(0, flips) + "*"
                                             : kernel;
}

// "  WORD  item item", broken into lines of at most 100 columns.
void PrintList(const char* word, const std::vector<std::string>& items,
               const char* between) {
  if (items.empty()) return;
  std::string line = absl::StrFormat("  %-6s", word);
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item =
        absl::StrCat(items[i], i + 1 < items.size() ? between : "");
    if (line.size() + item.size() > 100) {
      std::cout << line << "\n";
      line = std::string(8, ' ');
    }
    absl::StrAppend(&line, " ", item);
  }
  std::cout << line << "\n";
}

}  // namespace

std::string FileName(const Cell& cell) {
  std::string name = absl::StrCat(cell.property->name, "-", cell.kernel);
  if (name.size() > 200) name.resize(200);
  return name + ".vmt";
}

std::string Asked(const CheckParams& params) {
  const std::string seed = absl::StrCat("seed ", params.rc.seed);
  return params.reproduce.empty()
             ? absl::StrCat(seed, ", ", params.rc.maxSuccess, " scripts each")
             : seed +
                   "; reproduce in RC_PARAMS: one script, and no other check";
}

std::string FileText(const Cell& cell) {
  return absl::StrCat("# violates ", cell.property->name, ": ",
                      cell.property->sentence, "\n# ", cell.outcome.what, "\n",
                      ToText(cell.outcome.script));
}

void PrintRow(const std::vector<Cell>& cells) {
  const ScriptProperty& property = *cells.front().property;
  std::cout << property.name << ": " << property.sentence << "\n";
  std::vector<std::string> holds, known, broken;
  int scripts = 0;
  for (const Cell& cell : cells) {
    const std::string kernel = Short(cell.kernel);
    if (cell.outcome.stopped) {
      continue;
    } else if (cell.unexpected()) {
      broken.push_back(kernel);
    } else if (cell.known == nullptr) {
      holds.push_back(kernel);
      scripts = std::max(scripts, cell.outcome.scripts);
    } else {
      const auto count = static_cast<size_t>(cell.outcome.scripts);
      known.push_back(
          absl::StrCat(kernel, " (", cell.known, "; ",
                       cell.outcome.holds ? "not seen in " : "script ",
                       cell.outcome.holds ? count : count + 1, ")"));
    }
  }
  if (!holds.empty())
    holds.push_back(
        absl::StrFormat("(%s each)", Plural(size_t(scripts), "script")));
  PrintList("holds", holds, "");
  PrintList("known", known, ",");
  PrintList("VIOLATED", broken, "");
  std::cout << std::flush;
}

std::string Legend() {
  std::string legend;
  for (const char* kernel : CheckedKernels()) {
    const std::string name = Short(kernel);
    if (name != kernel)
      absl::StrAppendFormat(&legend, "%s is %s\n", name, kernel);
  }
  return legend +
         "* looks past what is known; F: docs/findings.md, HB: "
         "vmtrunc bugs\n";
}

void PrintFailure(const Cell& cell, const rc::detail::TestParams& params,
                  const Options& o) {
  const std::string& command = o.command;
  const CheckOutcome& outcome = cell.outcome;
  std::cout << absl::StreamFormat(
      "\n%s is violated on %s: %s\n  %s\n  found by script %d, shrunk to %s "
      "(%s "
      "tried):\n\n",
      cell.property->name, cell.kernel, cell.property->sentence, outcome.what,
      outcome.scripts + 1, Plural(outcome.script.events.size(), "event"),
      Plural(outcome.tried, "smaller script"));
  for (const absl::string_view line :
       absl::StrSplit(ToText(outcome.script), '\n', absl::SkipEmpty()))
    std::cout << "    " << line << "\n";
  const std::string ask = absl::StrCat(
      "--property ", cell.property->name, " --kernel ",
      base::ShellWord(cell.kernel),
      o.out == Options().out ? std::string()
                             : absl::StrCat(" --out ", base::PathWord(o.out)));
  const int number = PropertyNumber(cell.property->name);
  const std::string named =
      number < kProperties ? report::OptionFor(static_cast<Property>(number))
                           : "";
  std::cout << absl::StreamFormat(
      "\n  written to    %s\n"
      "  what it does  vmtrunc run %s%s\n"
      "  check again   %s --property %s --replay %s\n"
      "  search again  RC_PARAMS=\"seed=%d max_success=%d\" %s %s\n"
      "  shrink again  RC_PARAMS=\"%s\" %s %s\n\n",
      base::Shown(cell.path), named, base::PathWord(cell.path), command,
      cell.property->name, base::PathWord(cell.path), params.seed,
      params.maxSuccess, command, ask, outcome.again, command, ask);
}

nlohmann::json ToJson(const Cell& cell) {
  nlohmann::json json = {{"property", cell.property->name},
                         {"kernel", cell.kernel},
                         {"holds", cell.outcome.holds},
                         {"scripts", cell.outcome.scripts}};
  if (cell.known != nullptr) json["known"] = cell.known;
  if (cell.outcome.holds) return json;
  json["detail"] = cell.outcome.what;
  json["path"] = cell.path;
  json["events"] = cell.outcome.script.events.size();
  json["rc_params"] = cell.outcome.again;
  return json;
}

}  // namespace vmtrunc::properties
