// vmtrunc prove.
#include "fuzz/prove.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/abstract.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "fuzz/lasso.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

struct ProveArguments {
  BoundArguments bound;
  std::string kernel, from, property, out, checkpoint, abstract_to;
  bool whole = false, steps = false, reduce = false, exact = false,
       abstract = false, lasso = false, json = false;
};

struct Asked {
  Problem problem;
  std::string what;  // "bound tiny", "the operations of FILE"
  std::string kernel;
  Rules rules;
};

Asked Ask(const ProveArguments& o) {
  Asked asked;
  if (!o.from.empty()) {
    const Script script = ReadScript(o.from, "");
    const KernelSpec kernel =
        Kernels(o.kernel, script, o.from, "2.6.11").front();
    asked.problem = ProblemOf(script);
    if (asked.problem.operations.empty())
      throw UsageError{absl::StrCat(
          o.from,
          ": expected operations besides the mmaps that it begins with")};
    if (o.bound.in_flight != 0) asked.problem.in_flight = o.bound.in_flight;
    asked.what = "all schedules of " + o.from;
    asked.kernel = kernel.ToString();
    asked.rules = kernel.rules();
    return asked;
  }
  const Bound bound = BoundOf(o.bound, asked.what);
  const KernelSpec kernel = OneKernel(o.kernel.empty() ? "2.6.11" : o.kernel);
  asked.problem = ProblemOf(bound);
  asked.kernel = kernel.ToString();
  asked.rules = kernel.rules();
  return asked;
}

const char* Word(Answer answer) {
  constexpr const char* kWords[] = {"holds", "breaks", "ran out"};
  return kWords[static_cast<size_t>(answer)];
}

bool OneSearch(const ProveArguments& o) {
  return o.whole || o.steps || o.reduce;
}
const char* DepthIsIn(const ProveArguments& o, const ProveResult& result) {
  return result.is_reduced ? "moves" : o.steps ? "steps" : "events";
}

nlohmann::json ToJson(const Asked& asked, const ProveArguments& o,
                      const ProveResult& result, double seconds) {
  nlohmann::json json = {{"version", kJsonVersion},
                         {"kernel", asked.kernel},
                         {"bound", asked.what},
                         {"answer", Word(result.answer)},
                         {"states", result.progress.states},
                         {"transitions", result.progress.transitions},
                         {"depth", result.progress.depth},
                         {"depth_is_in", DepthIsIn(o, result)},
                         {"reduced", result.is_reduced},
                         {"states_by_depth", result.levels},
                         {"beyond", result.beyond},
                         {"bytes", result.progress.bytes},
                         {"seconds", seconds}};
  if (result.answer == Answer::kRanOut) {
    json["why"] = result.why;
    json["expanded"] = result.progress.expanded;
    json["left"] = result.progress.left;
  }
  if (result.reduced.states != 0)
    json["reduced_search"] = {{"states", result.reduced.states},
                              {"transitions", result.reduced.transitions}};
  if (result.answer == Answer::kBreaks) {
    json["fewest"] = !OneSearch(o) || o.whole ? result.fewest : false;
    json["property"] =
        AllProperties()[static_cast<size_t>(result.property)].name;
    json["script"] = ToText(result.script);
  }
  return json;
}

// How far it came, and what would make it come to an end.
void PrintRanOut(const ProveArguments& o, const ProveResult& result) {
  const ProveProgress& p = result.progress;
  std::cout << absl::StreamFormat(
      "%s: everything up to %d %s holds, and %s of the %s states "
      "behind them are expanded\n",
      result.stopped ? "stopped" : "ran out " + result.why,
      p.depth == 0 ? 0 : p.depth - 1, DepthIsIn(o, result),
      Size(result.levels.empty() ? 0 : result.levels.back() - p.left),
      Size(result.levels.empty() ? 0 : result.levels.back()));
  const size_t n = result.levels.size();
  if (n >= 3 && result.levels[n - 2] != 0)
    std::cout << absl::StreamFormat(
        "the last level has %.1f times as many states as the one before\n",
        double(result.levels[n - 1]) / double(result.levels[n - 2]));
  if (result.stopped) {
    std::cout << "with --checkpoint DIR it could go on from there\n";
    return;
  }
  std::cout << "to come to an end: --operations, --pages, --mms or fewer "
               "--verbs; or more --memory\n";
}

const char* HowFew(const ProveArguments& o, const ProveResult& result) {
  if (o.steps) return "not proved the fewest (--steps)";
  if (o.reduce) return "not proved the fewest (--reduce)";
  if (!result.fewest)
    return result.stopped ? "not proved the fewest: it was stopped"
                          : "not proved the fewest: it ran out of memory";
  return o.from.empty() ? "the fewest within the bound"
                        : "the fewest of all its schedules";
}

std::string Searched(const ProveArguments& o, const ProveResult& result) {
  const ProveProgress& p = result.progress;
  const std::string states =
      absl::StrFormat("%s states, %s transitions, %d %s deep", Size(p.states),
                      Size(p.transitions), p.depth, DepthIsIn(o, result));
  if (result.is_reduced) return states + ", reduced";
  if (result.reduced.states == 0) return states;
  return absl::StrFormat("%s states reduced, then %s",
                         Size(result.reduced.states), states);
}

void Print(const Asked& asked, const ProveArguments& o,
           const ProveResult& result, double seconds) {
  const ProveProgress& p = result.progress;
  std::cout << absl::StreamFormat(
      "%s: %s: %s, %s, %.1f s, %.0f bytes a state\n", asked.kernel, asked.what,
      Word(result.answer), Searched(o, result), seconds,
      p.states == 0 ? 0.0 : double(p.bytes) / double(p.states));
  if (result.resumed != 0)
    std::cout << absl::StreamFormat(
        "went on from a checkpoint with %s states\n", Size(result.resumed));
  if (result.beyond != 0)
    std::cout << absl::StreamFormat(
        "%s events needed more structs or tasks than the bound has, and were "
        "left out\n",
        Size(result.beyond));
  if (result.answer == Answer::kRanOut) return PrintRanOut(o, result);
  if (result.answer == Answer::kHolds) {
    std::cout << absl::StreamFormat(
        "holds %s; %s\n",
        o.from.empty() ? "to the bound" : "in all its schedules",
        o.exact ? "states were compared whole"
                : absl::StrFormat(
                      "probability of a missed state below %.0e",
                      double(p.states) * double(p.states) / 1.8446744e19));
    return;
  }
  std::cout << absl::StreamFormat(
      "breaks %s: %d events, %s\n%s\n%s",
      AllProperties()[static_cast<size_t>(result.property)].name,
      result.script.events.size(), HowFew(o, result),
      result.replays ? ""
                     : "(with so few structs alone, first in, first out: "
                       "`vmtrunc run` has 64)\n",
      ToText(result.script));
  if (!o.out.empty()) std::cout << "\nwritten to " << o.out << "\n";
}

// Stem and loop, apart.
std::string LassoText(const LassoResult& lasso) {
  Script stem = lasso.script;
  stem.events.resize(lasso.stem);
  std::string text = ToText(stem) + "# the loop\n";
  for (size_t i = lasso.stem; i < lasso.script.events.size(); ++i)
    absl::StrAppend(&text, ToText(lasso.script.events[i], lasso.script), "\n");
  return text;
}

int FindIt(const ProveArguments& o, const Asked& asked) {
  ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  LassoResult lasso = FindLasso(asked.problem, options);
  lasso.script.kernel = OneKernel(asked.kernel);
  const bool loops = lasso.answer == Answer::kBreaks;
  if (loops && !o.out.empty()) WriteFile(o.out, LassoText(lasso));
  const size_t loop = lasso.script.events.size() - lasso.stem;
  if (o.json) {
    nlohmann::json json = {{"version", kJsonVersion},
                           {"kernel", asked.kernel},
                           {"bound", asked.what},
                           {"answer", loops ? "lasso" : Word(lasso.answer)},
                           {"states", lasso.states},
                           {"edges", lasso.edges}};
    if (lasso.answer == Answer::kRanOut) json["why"] = lasso.why;
    if (loops) {
      json["stem_events"] = lasso.stem;
      json["loop_events"] = loop;
      json["script"] = LassoText(lasso);
    }
    std::cout << json.dump(2) << "\n";
  } else if (loops) {
    std::cout << absl::StreamFormat(
        "%s: %s: a lasso, %s states\nafter %d events, the pass of task %s can "
        "drop its lock for ever in rounds of %d events, while every task in "
        "flight moves or waits for a lock in each; not proved shortest\n\n%s",
        asked.kernel, asked.what, Size(lasso.states), lasso.stem,
        lasso.script.task_names[lasso.task], loop, LassoText(lasso));
  } else {
    std::cout << absl::StreamFormat(
        "%s: %s: %s%s, %s states, %s edges\n", asked.kernel, asked.what,
        lasso.answer == Answer::kHolds ? "no lasso" : "ran out ", lasso.why,
        Size(lasso.states), Size(lasso.edges));
  }
  return loops                             ? kExitBroken
         : lasso.answer == Answer::kRanOut ? kExitRanOut
                                           : kExitHeld;
}

int ProveIt(const ProveArguments& o) {
  const Asked asked = Ask(o);
  if (o.lasso) return FindIt(o, asked);
  ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  if (!o.property.empty()) {
    const int number = PropertyNumber(o.property);
    if (number == kProperties)
      throw UsageError{"--property: expected a property, not " + o.property};
    options.properties = 1U << number;
  }
  options.steps_only = o.steps || o.reduce;
  options.reduce = o.reduce;
  options.checkpoint = o.checkpoint;
  options.exact = o.exact;
  std::vector<uint8_t> features(kAbstractStates);
  if (o.abstract) options.features = features.data();
  ShowProgress show;
  options.on_progress = [&](const ProveProgress& p) { show(p); };
  ProveResult result = OneSearch(o) ? Prove(asked.problem, options)
                                    : ProveFewest(asked.problem, options);
  show.End();
  if (result.answer == Answer::kFailed) throw UsageError{result.why};
  if (result.answer == Answer::kBreaks) {
    result.script.kernel = OneKernel(asked.kernel);
    if (!o.out.empty()) WriteFile(o.out, ToText(result.script));
  }
  const size_t reached = CountSeen(features);
  if (!o.abstract_to.empty())
    WriteAbstract(
        o.abstract_to,
        absl::StrCat(asked.kernel, ", ", asked.what,
                     result.answer == Answer::kHolds ? ": all that are reached"
                                                     : ": reached so far"),
        features);
  if (o.json) {
    nlohmann::json json = ToJson(asked, o, result, show.seconds());
    if (o.abstract) json["abstract_states"] = reached;
    std::cout << json.dump(2) << "\n";
  } else {
    Print(asked, o, result, show.seconds());
    if (o.abstract)
      std::cout << absl::StreamFormat(
          "%d of %d abstract states are reached%s\n", reached, features.size(),
          result.answer == Answer::kHolds ? ", no other is" : " so far");
  }
  return result.answer == Answer::kHolds    ? kExitHeld
         : result.answer == Answer::kBreaks ? kExitBroken
                                            : kExitRanOut;
}

}  // namespace

void AddProve(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "prove",
      "explores every interleaving of every script within a bound\n"
      "Exit status: 0 holds to the bound, 1 breaks, 2 bad usage or input, 3 "
      "ran out");
  auto o = std::make_shared<ProveArguments>();
  sub->add_option("--kernel", o->kernel, "K; else the script's own, or 2.6.11");
  AddBoundOptions(*sub, o->bound);
  sub->add_option("--from", o->from,
                  "all schedules and drops of this script's operations instead")
      ->check(kNotEmpty);
  for (const char* of_a_bound : {"--bound", "--pages", "--mms", "--vmas",
                                 "--passes", "--operations", "--verbs"})
    sub->get_option("--from")->excludes(of_a_bound);
  sub->add_option("--property", o->property, "only this one counts")
      ->check(kNotEmpty);
  sub->add_option("--checkpoint", o->checkpoint,
                  "a directory: a search that was killed goes on from there")
      ->check(kNotEmpty);
  CLI::Option* const whole = sub->add_flag(
      "--whole", o->whole, "all orders of all events, in one search");
  CLI::Option* const steps =
      sub->add_flag(
             "--steps", o->steps,
             "all orders of steps and drops: fewer edges, depth in steps")
          ->excludes(whole);
  sub->add_flag("--reduce", o->reduce,
                "of steps that commute one order alone: the verdict, not the "
                "fewest events")
      ->excludes(whole)
      ->excludes(steps);
  sub->add_flag("--exact", o->exact,
                "states are kept whole: no probability, more memory")
      ->excludes("--checkpoint");
  sub->add_flag("--abstract", o->abstract,
                "counts the abstract states that fuzzers are told of; implies "
                "--steps")
      ->excludes(whole)
      ->excludes("--reduce");
  sub->add_option("--abstract-to", o->abstract_to,
                  "writes them to a file, for vmtrunc fuzz --of")
      ->check(kNotEmpty)
      ->excludes(whole)
      ->excludes("--reduce");
  sub->add_flag("--lasso", o->lasso,
                "looks for a run in which a pass drops its lock for ever")
      ->excludes("--property")
      ->excludes("--checkpoint");
  sub->add_option("-o,--out", o->out, "where a script that breaks goes");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] {
    o->abstract |= !o->abstract_to.empty();
    o->steps |= o->abstract;
    run = [=] { return ProveIt(*o); };
  });
}

}  // namespace vmtrunc
