// vmtrunc coverage.
#include "search/covered.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/shown.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/input.h"
#include "cli/to_run.h"
#include "core/about/abstract_state.h"
#include "core/about/bugs.h"
#include "core/version.h"
#include "report/explain/text.h"
#include "report/json_text.h"
#include "search/distill.h"

namespace vmtrunc::cli {
namespace {

struct CoverageArguments {
  std::vector<std::string> paths;
  std::string kernels;
  bool states = false, json = false;
};

// The coverage of a file on the kernels that it is run on.
struct Reached {
  std::string file;
  search::Features features;
  RuleSet asked = {};  // rules

  void Add(const Reached& other) {
    search::Features both;
    std::set_union(features.begin(), features.end(), other.features.begin(),
                   other.features.end(), std::back_inserter(both));
    features = std::move(both);
    asked |= other.asked;
  }
};

Reached ReachOf(const CoverageArguments& o, const CorpusFile& file) {
  std::vector<Rules> kernels;
  Reached reached{.file = file.path, .features = {}};
  Script script = file.script;
  if (o.kernels.empty()) TakeKernelBeside(file.path, script);
  // Of a file that is named; a directory may have thousands.
  if (std::find(o.paths.begin(), o.paths.end(), file.path) != o.paths.end())
    NoteIgnored(file.path, script);
  for (const KernelSpec& spec :
       Kernels(o.kernels, script, file.path, "2.6.11")) {
    kernels.push_back(spec.rules());
    reached.asked |= RulesAsked(script, kernels.back());
  }
  reached.features = search::Reach(kernels, {}).Of(script).features;
  return reached;
}

std::vector<std::string> NamesOfRules(const RuleSet& asked) {
  std::vector<std::string> names;
  for (const size_t rule : asked) names.emplace_back(AllRules()[rule].name);
  return names;
}

std::vector<std::string> NamesOfBugs(const search::Reach& reach,
                                     const search::Features& features) {
  const size_t bugs = reach.Count(features).bugs;
  std::vector<std::string> names;
  for (size_t i = features.size() - bugs; i < features.size(); ++i)
    names.push_back(reach.Name(features[i]));
  return names;
}

// The abstract states in words, in the order of their numbers.
std::vector<std::string> NamesOfStates(const search::Reach& reach,
                                       const search::Features& features) {
  const search::FeatureCounts counts = reach.Count(features);
  std::vector<std::string> names;
  for (size_t i = counts.branches; i < counts.branches + counts.states; ++i)
    names.push_back(DescribeState(reach.StateOf(features[i])));
  return names;
}

std::string Words(const std::vector<std::string>& words) {
  return report::Wrapped("    " + absl::StrJoin(words, " "), 4);
}

nlohmann::json ToJson(const search::Reach& reach, const Reached& reached) {
  const search::FeatureCounts counts = reach.Count(reached.features);
  return {{"file", reached.file},
          {"branches", counts.branches},
          {"abstract_states", NamesOfStates(reach, reached.features)},
          {"rules", NamesOfRules(reached.asked)},
          {"bugs", NamesOfBugs(reach, reached.features)}};
}

void Print(const CoverageArguments& o, const search::Reach& reach,
           const Reached& reached) {
  const search::FeatureCounts counts = reach.Count(reached.features);
  const std::vector<std::string> rules = NamesOfRules(reached.asked);
  std::cout << absl::StreamFormat(
      "%s: %d of %d branches, %d abstract states, %d of %d rules, %d known "
      "bugs\n",
      base::Shown(reached.file), counts.branches, search::BranchCount(),
      counts.states, rules.size(), AllRules().size(), counts.bugs);
  if (!o.states) return;
  std::cout << "  rules asked for:\n" << Words(rules) << "\n";
  if (counts.bugs != 0)
    std::cout << "  known bugs detected:\n"
              << Words(NamesOfBugs(reach, reached.features)) << "\n";
  if (counts.states != 0) std::cout << "  abstract states:\n";
  for (const std::string& state : NamesOfStates(reach, reached.features))
    std::cout << "    " << state << "\n";
}

void PrintJson(const search::Reach& reach, const nlohmann::json& files,
               const Reached& all) {
  nlohmann::json total = ToJson(reach, all);
  total.erase("file");  // the total is of no file
  std::cout << report::JsonText({{"version", kJsonVersion},
                                 {"branches_in_all", search::BranchCount()},
                                 {"files", files},
                                 {"all", total}})
            << "\n";
}

int Coverage(const CoverageArguments& o) {
  base::EndOnSignals("vmtrunc coverage: stopped");
  const search::Reach reach({}, {});
  Reached all{.file = "all", .features = {}};
  nlohmann::json files = nlohmann::json::array();
  const std::vector<std::string> paths = ScriptsBelow(o.paths);
  const base::Places places(paths);
  size_t read = 0;
  try {
    for (const std::string& path : paths) {
      const auto file = ReadListed(path, places, o.paths);
      if (!file) continue;
      ++read;
      const Reached reached = ReachOf(o, *file);
      all.Add(reached);
      if (o.json)
        files.push_back(ToJson(reach, reached));
      else if (paths.size() == 1 || !o.states)
        Print(o, reach, reached);
    }
  } catch (const base::UsageError&) {
    // The lines of the text are printed by now.
    if (!files.empty()) PrintJson(reach, files, all);
    throw;
  }
  if (read == 0)
    throw base::UsageError{
        "expected scripts, and each was removed before it "
        "was read"};
  if (o.json)
    PrintJson(reach, files, all);
  else if (paths.size() != 1)
    Print(o, reach, all);
  return base::kExitHeld;
}

}  // namespace

void AddCoverage(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "coverage",
      "says what scripts reach: branches of the model, abstract states, rules, "
      "known bugs.\nA build by gcc counts no branches.");
  auto o = std::make_shared<CoverageArguments>();
  sub->add_option("FILE", o->paths, "scripts, or directories of them")
      ->required();
  sub->add_option("--kernel", o->kernels,
                  "K,... or all; else each script's own, else 2.6.11");
  sub->add_flag("--list", o->states,
                "names the rules, the bugs and the abstract states");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return Coverage(*o); }; });
}

}  // namespace vmtrunc::cli
