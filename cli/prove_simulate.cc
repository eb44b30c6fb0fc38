// vmtrunc prove --simulate: random runs within the bound.
#include "search/simulate.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/write.h"
#include "cli/input.h"
#include "cli/prove.h"
#include "cli/prove_reached.h"
#include "cli/trace.h"
#include "core/about/bugs.h"
#include "core/version.h"
#include "report/explain/text.h"
#include "report/json_text.h"
#include "report/verdict.h"

namespace vmtrunc::cli {
namespace {

using search::SimulatedRun;

// What many runs come to.
struct Simulated {
  uint64_t runs = 0, events = 0;
  std::map<std::string, uint64_t> broken;  // runs that break each first
  uint64_t all_broken = 0;
  std::optional<SimulatedRun> shown;  // the one, or the shortest that breaks
  search::Reached reached;
  RuleSet rules;  // that a run has asked for
  search::RanOut ran_out = search::RanOut::kNothing;
};

Simulated RunThem(const ProveArguments& o, const Asked& asked) {
  search::ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  options.properties = PropertiesOf(o);
  options.invariant = asked.always;
  const bool one = o.simulations == 0;
  Simulated all;
  all.ran_out = search::Simulate(
      asked.problem, options,
      {.seed = o.seed,
       .runs = one ? 1 : o.simulations,
       .most_events = o.simulate_events},
      all.reached, [&](const SimulatedRun& run) {
        ++all.runs;
        all.events += run.script.events.size();
        all.rules |= RulesAsked(run.script, asked.rules);
        if (run.breaks) {
          ++all.all_broken;
          ++all.broken[Violated(o, run.verdict.of_invariant,
                                run.verdict.property)];
        }
        const bool shorter =
            run.breaks && (!all.shown || run.script.events.size() <
                                             all.shown->script.events.size());
        if (one || shorter) all.shown = run;
        return true;
      });
  if (all.shown) SetKernel(asked.kernel, all.shown->script);
  return all;
}

// The verbs of the problem that no run has begun, or that some have.
std::vector<std::string> VerbsOf(const Asked& asked, const Simulated& all,
                                 bool begun) {
  const search::Verbs verbs = search::VerbsOf(asked.problem);
  std::vector<std::string> names;
  for (int verb = 1; verb <= kVerbs; ++verb)
    if ((verbs & search::Bit(static_cast<Verb>(verb))) != 0 &&
        (all.reached.begun[static_cast<size_t>(verb)] != 0) == begun)
      names.push_back(VerbName(static_cast<Verb>(verb)));
  return names;
}

uint64_t TimesBegun(const Simulated& all, const std::string& verb) {
  return all.reached.begun[static_cast<size_t>(VerbNamed(verb))];
}

std::vector<std::string> RulesNeverAsked(const Simulated& all) {
  std::vector<std::string> names;
  for (size_t rule = 0; rule < AllRules().size(); ++rule)
    if (!all.rules.test(rule)) names.emplace_back(AllRules()[rule].name);
  return names;
}

const char* WordOf(const Simulated& all) {
  return all.all_broken != 0                       ? "breaks"
         : all.ran_out != search::RanOut::kNothing ? "ran out"
                                                   : "holds";
}

nlohmann::json ToJson(const ProveArguments& o, const Asked& asked,
                      const Simulated& all) {
  nlohmann::json json = {{"version", kJsonVersion},
                         {"kernel", asked.kernel.ToString()},
                         {"bound", asked.what},
                         {"within", asked.within.words},
                         {"left_out", asked.within.left_out},
                         {"seed", o.seed},
                         {"answer", WordOf(all)},
                         {"runs", all.runs},
                         {"events", all.events},
                         {"broken_runs", all.all_broken}};
  json["broken"] = nlohmann::json::array();
  for (const auto& [violated, runs] : all.broken)
    json["broken"].push_back({{"violated", violated}, {"runs", runs}});
  if (!o.always.empty()) json["always"] = o.always;
  if (!o.property.empty()) json["only"] = o.property;
  json["phases"] =
      PhasesJson(asked.problem, all.reached.phases, SeenPhases::kSoFar);
  nlohmann::json begun = nlohmann::json::array();
  for (const std::string& verb : VerbsOf(asked, all, true))
    begun.push_back({{"verb", verb}, {"times", TimesBegun(all, verb)}});
  json["verbs"] = {{"begun", begun}, {"never", VerbsOf(asked, all, false)}};
  json["rules"] = {{"asked", all.rules.count()},
                   {"in_all", AllRules().size()},
                   {"never", RulesNeverAsked(all)}};
  if (all.ran_out != search::RanOut::kNothing)
    json["why"] = search::Words(all.ran_out);
  if (!all.shown) return json;
  json["shown"] = {{"seed", all.shown->seed},
                   {"ended", all.shown->ended},
                   {"beyond", all.shown->beyond},
                   {"script", ToText(all.shown->script)}};
  if (all.shown->breaks) {
    if (!all.shown->verdict.of_invariant)
      json["shown"]["property"] = Name(all.shown->verdict.property);
    json["shown"]["replays"] = all.shown->verdict.replays;
  }
  return json;
}

// As a search reports it.
void PrintViolation(const ProveArguments& o, const SimulatedRun& run) {
  std::cout << absl::StreamFormat(
      "violates %s: %d events, a random run (--simulate %d)\n%s\n%s",
      base::Shown(Violated(o, run.verdict.of_invariant, run.verdict.property)),
      run.script.events.size(), run.seed, ReplaysInWords(run.verdict.replays),
      ToText(run.script));
}

void PrintOne(const ProveArguments& o, const Asked& asked,
              const Simulated& all) {
  const SimulatedRun& run = *all.shown;
  RunTraced(run.script, asked.rules,
            [&](const TraceStep& step) { PrintStep(run.script, step); });
  std::cout << absl::StreamFormat("%s: %s: run %d: ", asked.kernel.Name(),
                                  asked.what, run.seed);
  if (run.breaks) {
    std::cout << "breaks\n";
    PrintViolation(o, run);
    return;
  }
  std::cout << absl::StreamFormat(
      "%s, %d events%s\n", HoldsInWords(o), run.script.events.size(),
      run.beyond  ? "; what is left needs more structs, tasks or file offsets "
                    "than the bound has"
      : run.ended ? "; nothing is left to begin or to continue"
                  : ", as many as --simulate-events");
}

void PrintAll(const ProveArguments& o, const Asked& asked,
              const Simulated& all) {
  std::cout << absl::StreamFormat(
      "%s: %s: %d random runs from seed %d, %d events; %s%d break%s\n",
      asked.kernel.Name(), asked.what, all.runs, o.seed, all.events,
      LookedFor(o).empty() ? "" : "looked for: " + LookedFor(o) + "; ",
      all.all_broken, all.all_broken == 0 ? "" : ":");
  for (const auto& [violated, runs] : all.broken)
    std::cout << absl::StreamFormat("%d violate %s first\n", runs,
                                    base::Shown(violated));
  if (all.ran_out != search::RanOut::kNothing)
    std::cout << RanOutInWords(all.ran_out) << " after these\n";
  std::vector<std::string> begun = VerbsOf(asked, all, true);
  for (std::string& verb : begun)
    absl::StrAppend(&verb, " ", TimesBegun(all, verb));
  std::cout << "begun: " << absl::StrJoin(begun, ", ") << "\n";
  for (const std::string& verb : VerbsOf(asked, all, false))
    std::cout << "never begun: " << verb << "\n";
  PrintPhases(asked.problem, all.reached.phases, SeenPhases::kSoFar);
  std::cout << absl::StreamFormat(
      "%d of %d rules were asked for; never:\n%s\n", all.rules.count(),
      AllRules().size(),
      report::Wrapped("    " + absl::StrJoin(RulesNeverAsked(all), " "), 4));
  if (all.shown) PrintViolation(o, *all.shown);
}

// Throws UsageError if a run may have no room for an operation: that it holds
// would say nothing.
void ExpectRoom(const ProveArguments& o, const Asked& asked) {
  size_t most = 0;
  for (const Script& start : asked.problem.starts)
    most = std::max(most, start.events.size());
  if (o.simulate_events <= most)
    throw base::UsageError{absl::StrFormat(
        "--simulate-events: expected more than the %d event%s that a run may "
        "start with, not %d",
        most, most == 1 ? "" : "s", o.simulate_events)};
}

}  // namespace

int SimulateIt(const ProveArguments& o, const Asked& asked) {
  ExpectRoom(o, asked);
  base::ExpectOtherFile("-o", o.out, o.from);
  std::optional<base::OutputFile> out;
  if (!o.out.empty()) out.emplace(o.out);
  const Simulated all = RunThem(o, asked);
  if (o.json)
    std::cout << report::JsonText(ToJson(o, asked, all)) << "\n";
  else if (o.simulations == 0 && all.shown)
    PrintOne(o, asked, all);
  else
    PrintAll(o, asked, all);
  std::cout << std::flush;
  if (out && all.shown) {
    out->Write(ToText(all.shown->script));
    if (!o.json) std::cout << "\nwritten to " << base::Shown(o.out) << "\n";
  }
  return all.all_broken != 0                       ? base::kExitBroken
         : all.ran_out != search::RanOut::kNothing ? base::kExitRanOut
                                                   : base::kExitHeld;
}

void AddSimulateOptions(CLI::App& sub, ProveArguments& arguments) {
  ProveArguments* const o = &arguments;
  CLI::Option* const simulate = sub.add_option(
      "--simulate", o->seed,
      "instead of a search one random run, the same for the same seed, and its "
      "trace");
  CLI::Option* const runs =
      sub.add_option("--simulations", o->simulations,
                     "so many runs, of this seed and the next ones, without a "
                     "trace: what they reach and what they never do")
          ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
          ->needs(simulate);
  CLI::Option* const events =
      sub.add_option("--simulate-events", o->simulate_events,
                     "the most events of a run, with those of its start")
          ->check(CLI::Range(1U, static_cast<unsigned>(kMaxEvents)))
          ->capture_default_str()
          ->needs(simulate);
  CLI::Option* const unreached = sub.add_flag(
      "--unreached", o->unreached,
      "list the phases of these operations that no state has entered");
  for (const char* other : {"--lasso", "--self-check", "--checkpoint",
                            "--shard", "--join", "--answers"})
    unreached->excludes(other);
  for (const char* other :
       {"--lasso", "--self-check", "--checkpoint", "--shard", "--join",
        "--answers", "--whole", "--steps", "--reduce", "--exact", "--abstract",
        "--abstract-to", "--unreached"})
    simulate->excludes(other);
  for (CLI::Option* option : {runs, events}) option->excludes("--join");
}

}  // namespace vmtrunc::cli
