// vmtrunc prove.
#include "cli/prove.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/work_directory.h"
#include "base/write.h"
#include "cli/abstract.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/prove_join.h"
#include "cli/prove_reached.h"
#include "cli/prove_shard.h"
#include "cli/to_run.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

// Throws UsageError for what asks about a number of operations.
void ExpectClosed(const ProveArguments& o, const search::Problem& problem) {
  const auto refuse = [](const char* option, const char* why) {
    throw base::UsageError{absl::StrCat(
        option, ": expected a bound that is not closed, as ", why)};
  };
  if (!o.shard.empty() && o.exchange.empty())
    throw base::UsageError{
        "--shard: expected --exchange DIR in a closed world, as each part of "
        "it comes to all of it"};
  if (o.self_check)
    refuse("--self-check", "states as they are have no end in a closed world");
  if (!o.property.empty() &&
      (PropertiesOf(o) & search::PropertiesOf(problem)) == 0)
    refuse("--property",
           absl::StrCat(o.property, " asks what a pass has done").c_str());
}

// Of the operations of a script. Throws UsageError.
search::Problem ProblemOf(const ProveArguments& o, const Script& script) {
  const BoundArguments& bound = o.bound;
  if (!bound.closed && (bound.vmas != 0 || bound.offsets != 0))
    throw base::UsageError{absl::StrCat(
        bound.vmas != 0 ? "--vmas" : "--offsets",
        ": expected a bound, or --closed with --from, which has all structs")};
  if (!bound.closed) return search::ProblemOf(script);
  for (const Event& event : script.events)
    if (search::IsOfFolios(event.verb))
      throw base::UsageError{absl::StrCat(
          o.from,
          ": expected no pin, unpin or order, which --closed has of a "
          "bound alone")};
  unsigned pages = 0;
  for (unsigned file = 0; file < script.setup.files; ++file)
    pages = std::max<unsigned>(pages, script.setup.sizes[file]);
  const search::Bound& closed = *search::FindBound("closed");
  return search::ClosedProblemOf(
      script, bound.vmas != 0 ? bound.vmas : closed.vmas,
      bound.offsets != 0 ? bound.offsets : search::ClosedOffsets(pages));
}

Asked WhatIsAsked(const ProveArguments& o) {
  Asked asked;
  if (!o.from.empty()) {
    const Script script = ReadToRun(o.from, "", o.kernel).script;
    const KernelSpec kernel = OnlyKernel(o.kernel, script, o.from);
    asked.problem = ProblemOf(o, script);
    if (asked.problem.operations.empty())
      throw base::UsageError{absl::StrCat(
          o.from,
          ": expected operations besides the mmaps that it begins with")};
    if (o.bound.in_flight != 0) asked.problem.in_flight = o.bound.in_flight;
    asked.what = absl::StrCat(
        o.bound.closed ? "any number of the operations" : "all schedules",
        " of ", base::Shown(o.from));
    asked.within = WithinOf(asked.problem);
    if (asked.problem.closed) ExpectClosed(o, asked.problem);
    asked.kernel = kernel;
    asked.rules = kernel.rules();
    return asked;
  }
  const search::Bound bound = BoundOf(o.bound, asked.what);
  const KernelSpec kernel = OneKernel(o.kernel.empty() ? "2.6.11" : o.kernel);
  ExpectFolios(bound, kernel);
  asked.within = WithinOf(bound);
  asked.problem = search::ProblemOf(bound);
  if (asked.problem.closed) ExpectClosed(o, asked.problem);
  ExpectOperations(asked.problem, asked.what);
  asked.kernel = kernel;
  asked.rules = kernel.rules();
  return asked;
}

// Throws UsageError if there is nothing to search: each search would say that
// it holds, and so would each part of one.
Asked Ask(const ProveArguments& o) {
  Asked asked = WhatIsAsked(o);
  ExpectFirstEvent(search::FirstEventOf(asked.problem, asked.rules), asked.what,
                   o.from.empty());
  return asked;
}

search::ProveOptions OptionsOf(const ProveArguments& o, const Asked& asked) {
  search::ProveOptions options = OptionsOf(o.bound);
  options.rules = asked.rules;
  options.properties = PropertiesOf(o);
  options.invariant = asked.always;
  options.steps_only = o.steps || o.reduce;
  options.reduce = o.reduce;
  options.checkpoint = o.checkpoint;
  options.exact = o.exact;
  return options;
}

// Runs the search, of a part if requested.
search::ProveResult Search(const ProveArguments& o, const Asked& asked,
                           search::ProveOptions options, ShowProgress& show) {
  if (!o.exchange.empty()) return SearchShared(o, asked, options, show);
  const bool one = OneSearch(o);
  if (o.shard.empty())
    return one ? search::Prove(asked.problem, options)
               : search::ProveFewest(asked.problem, options);
  options.part_of = &asked.problem;
  const search::Problem part =
      search::PartOf(asked.problem, ParseShard(o.shard));
  return one ? search::Prove(part, options)
             : search::ProveFewest(part, options);
}

// Whether no other abstract state is reached. In a closed world there may be
// others: counts do not wrap there.
bool HasAllAbstract(const Told& told) {
  return told.result.answer == search::Answer::kHolds &&
         !told.asked.problem.closed;
}

void TellAbstract(const Told& told, const std::vector<uint8_t>& features,
                  nlohmann::json* json) {
  if (!told.o.abstract) return;
  if (json != nullptr) {
    (*json)["abstract_states"] = CountSeen(features);
    (*json)["abstract_states_all"] = HasAllAbstract(told);
    return;
  }
  const bool holds = told.result.answer == search::Answer::kHolds;
  std::cout << absl::StreamFormat(
      "%d of %d abstract states are reached%s\n", CountSeen(features),
      features.size(),
      HasAllAbstract(told) ? ", no other is"
      : holds              ? ", at least: counts do not wrap in a closed world"
                           : " so far");
}

SeenPhases PhasesSeen(const search::ProveResult& result) {
  return result.answer != search::Answer::kHolds ? SeenPhases::kSoFar
         : result.is_reduced                     ? SeenPhases::kOfSomeOrders
                                                 : SeenPhases::kAll;
}

// Where the results go in addition to standard output. Tried before the search.
class ProveOutputs {
 public:
  ProveOutputs(const Asked& asked, const ProveArguments& o,
               const search::ProveOptions& options) {
    base::ExpectOtherFile("-o", o.out, o.from);
    base::ExpectOtherFile("--abstract-to", o.abstract_to, o.from);
    const std::vector<std::string> others = OthersOf(o);
    base::ExpectApart("-o", o.out, others);
    base::ExpectApart("--abstract-to", o.abstract_to, others);
    base::ExpectApart("-o", o.out, {o.abstract_to});
    base::ExpectOutside("-o", o.out, "--exchange", o.exchange);
    ExpectNoAnswer("-o", o.out, o.answers);
    if (!o.out.empty()) script_.emplace(o.out);
    if (!o.abstract_to.empty()) abstract_.emplace(o.abstract_to);
    if (!o.checkpoint.empty())
      checkpoint_.emplace("--checkpoint", o.checkpoint, "prove");
    if (!o.answers.empty())
      ExpectToAnswer(asked, o, ParseShard(o.shard), options);
  }

  // False if another directory has the name of --checkpoint by now.
  bool IsThere() const { return !checkpoint_ || checkpoint_->IsThere(); }

  // Called after printing: a file that cannot be written loses nothing, and
  // what is written first, the counterexample before the states, stays.
  void Write(const Told& told, const std::vector<uint8_t>& features) const {
    const Asked& asked = told.asked;
    std::optional<base::UsageError> unwritten;
    if (!told.o.answers.empty()) {
      try {
        WriteAnswer(told, ParseShard(told.o.shard));
      } catch (const base::UsageError& error) {
        unwritten = error;
      }
    }
    if (script_ && told.result.answer == search::Answer::kBreaks) {
      base::ExpectApart("-o", told.o.out, OthersOf(told.o));
      script_->Write(ToText(told.result.script));
      if (!told.o.json)
        std::cout << "\nwritten to " << base::Shown(told.o.out) << "\n";
    }
    if (unwritten) throw *unwritten;
    if (abstract_) {
      base::ExpectApart("--abstract-to", told.o.abstract_to, {told.o.out});
      WriteAbstract(told.o.abstract_to, asked.kernel,
                    absl::StrCat(asked.kernel.Name(), ", ", asked.what),
                    HasAllAbstract(told), features);
    }
    if (checkpoint_) checkpoint_->ExpectThere();
  }

 private:
  // What is written in directories.
  static std::vector<std::string> OthersOf(const ProveArguments& o) {
    std::vector<std::string> others;
    if (!o.checkpoint.empty())
      for (const char* name : {"prove", "prove-reduced", ".vmtrunc"})
        others.push_back(absl::StrCat(o.checkpoint, "/", name));
    if (!o.answers.empty())
      others.push_back(
          absl::StrCat(o.answers, "/", AnswerName(ParseShard(o.shard))));
    return others;
  }

  std::optional<base::OutputFile> script_, abstract_;
  std::optional<base::WorkDirectory> checkpoint_;
};

// The machine has less than requested.
void TellOfJobs(const search::ProveOptions& options,
                const search::ProveResult& result) {
  if (result.jobs >= options.jobs) return;
  std::cerr << absl::StreamFormat(
      "vmtrunc prove: %d of %d jobs: no more threads could be made (ulimit -u, "
      "ulimit -v)\n",
      result.jobs, options.jobs);
}

int ProveIt(const ProveArguments& o) {
  base::ExpectFile("-o", o.out);
  base::ExpectFile("--abstract-to", o.abstract_to);
  if (!o.join.empty()) {
    ExpectNoAnswer("-o", o.out, o.join);
    return Join(o.join, o.out, o.json);
  }
  Asked asked = Ask(o);
  ExpectLoops(o);
  asked.always = ConditionOf("--always", o.always, asked);
  if (o.lasso || !o.eventually.empty()) return FindIt(o, asked);
  if (o.self_check) return CheckItself(o, asked);
  if (o.simulates) return SimulateIt(o, asked);
  search::ProveOptions options = OptionsOf(o, asked);
  if (!o.shard.empty()) ParseShard(o.shard);
  const ProveOutputs outputs(asked, o, options);
  options.is_checkpoint_there = [&] { return outputs.IsThere(); };
  std::vector<uint8_t> features(kAbstractStates);
  if (o.abstract) options.features = features.data();
  PhaseSet phases;
  if (o.unreached) options.phases = &phases;
  ShowProgress show;
  options.on_progress = [&](const search::ProveProgress& p) { show(p); };
  search::ProveResult result = Search(o, asked, options, show);
  show.End();
  if (result.answer == search::Answer::kFailed)
    throw base::UsageError{result.why};
  TellOfJobs(options, result);
  if (result.answer == search::Answer::kBreaks)
    SetKernel(asked.kernel, result.script);
  const Told told{asked, o, options, result, show.seconds()};
  if (o.json) {
    nlohmann::json json = ToJson(told);
    TellAbstract(told, features, &json);
    if (o.unreached)
      json["phases"] = PhasesJson(asked.problem, phases, PhasesSeen(result));
    std::cout << report::JsonText(json) << "\n";
  } else {
    Print(told);
    TellAbstract(told, features, nullptr);
    if (o.unreached) PrintPhases(asked.problem, phases, PhasesSeen(result));
  }
  std::cout << std::flush;
  outputs.Write(told, features);
  return result.answer == search::Answer::kHolds    ? base::kExitHeld
         : result.answer == search::Answer::kBreaks ? base::kExitBroken
                                                    : base::kExitRanOut;
}

}  // namespace

uint32_t PropertiesOf(const ProveArguments& o) {
  if (o.property.empty()) return o.always.empty() ? CountedProperties() : 0;
  const int number = NameProperty(o.property);
  if (number == kProperties)
    throw base::UsageError{"--property: expected a property, not " +
                           o.property};
  return 1U << number;
}

void AddProve(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "prove",
      "searches every interleaving of every script within a bound\n"
      "Exit status: 0 holds to the bound, 1 a violation, 2 bad usage or input, "
      "3 "
      "ran out");
  auto o = std::make_shared<ProveArguments>();
  sub->add_option("--kernel", o->kernel,
                  "default: the script's own, else 2.6.11");
  AddBoundOptions(*sub, o->bound);
  sub->add_option(
      "--from", o->from,
      "instead of a bound: every schedule of the operations of this script");
  for (const char* of_a_bound :
       {"--bound", "--pages", "--mms", "--threads", "--passes", "--operations",
        "--verbs", "--file", "--pins", "--private", "--tlb"})
    sub->get_option("--from")->excludes(of_a_bound);
  sub->add_option("--property", o->property,
                  "look for violations of this property only");
  sub->add_option("--checkpoint", o->checkpoint,
                  "a directory to save the search in; a search that was killed "
                  "resumes from it");
  CLI::Option* const whole = sub->add_flag(
      "--whole", o->whole,
      "search events, breadth first: finds a counterexample with the "
      "fewest events");
  CLI::Option* const steps =
      sub->add_flag(
             "--steps", o->steps,
             "search steps and drops instead of events: fewer edges, depth "
             "counted in steps")
          ->excludes(whole);
  sub->add_flag("--reduce", o->reduce,
                "partial-order reduction: search one order of steps that "
                "commute; for the verdict, not for the fewest events")
      ->excludes(whole)
      ->excludes(steps);
  sub->add_flag("--exact", o->exact,
                "keep whole states, not hashes: no chance of a missed state, "
                "more memory")
      ->excludes("--checkpoint");
  sub->add_flag("--abstract", o->abstract,
                "count the abstract states that fuzzers use as features; "
                "implies --steps")
      ->excludes(whole)
      ->excludes("--checkpoint")
      ->excludes("--reduce");
  sub->add_option("--abstract-to", o->abstract_to,
                  "the same, and write them to a file for vmtrunc fuzz --of")
      ->excludes(whole)
      ->excludes("--checkpoint")
      ->excludes("--reduce");
  sub->add_flag("--lasso", o->lasso,
                "look for a run in which a pass drops its lock for ever")
      ->excludes("--property")
      ->excludes("--checkpoint")
      ->excludes(whole)
      ->excludes(steps)
      ->excludes("--reduce")
      ->excludes("--exact")
      ->excludes("--abstract")
      ->excludes("--abstract-to");
  sub->add_flag("--self-check", o->self_check,
                "check the search itself: search the problem in five ways and "
                "by random runs, and compare")
      ->excludes(whole)
      ->excludes(steps)
      ->excludes("--reduce")
      ->excludes("--exact")
      ->excludes("--checkpoint")
      ->excludes("--abstract")
      ->excludes("--abstract-to")
      ->excludes("--lasso");
  sub->add_option("-o,--out", o->out, "where to write the counterexample");
  sub->add_flag("--json", o->json, "print JSON");
  AddShardOptions(*sub, *o);
  AddSimulateOptions(*sub, *o);
  AddConditionOptions(*sub, *o);
  sub->callback([=, &run] {
    o->abstract |= !o->abstract_to.empty();
    o->steps |= o->abstract;
    o->simulates = sub->count("--simulate") != 0;
    o->asks_fairness = sub->count("--fairness") != 0;
    run = [=] { return SearchWith("prove", [&] { return ProveIt(*o); }); };
  });
}

}  // namespace vmtrunc::cli
