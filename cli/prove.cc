// vmtrunc prove.
#include "cli/prove.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/abstract.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/prove_join.h"
#include "cli/prove_shard.h"

namespace vmtrunc {
namespace {

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

ProveOptions OptionsOf(const ProveArguments& o, const Asked& asked) {
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
  return options;
}

// The search, of a part where that is asked for.
ProveResult Search(const ProveArguments& o, const Asked& asked,
                   ProveOptions options) {
  const bool one = OneSearch(o);
  if (o.shard.empty())
    return one ? Prove(asked.problem, options)
               : ProveFewest(asked.problem, options);
  options.part_of = &asked.problem;
  const Problem part = PartOf(asked.problem, ParseShard(o.shard));
  return one ? Prove(part, options) : ProveFewest(part, options);
}

void PrintAbstract(const ProveArguments& o, const Asked& asked, Answer answer,
                   const std::vector<uint8_t>& features) {
  const bool all = answer == Answer::kHolds;
  if (!o.abstract_to.empty())
    WriteAbstract(
        o.abstract_to,
        absl::StrCat(asked.kernel, ", ", asked.what,
                     all ? ": all that are reached" : ": reached so far"),
        features);
  if (!o.json)
    std::cout << absl::StreamFormat("%d of %d abstract states are reached%s\n",
                                    CountSeen(features), features.size(),
                                    all ? ", no other is" : " so far");
}

int ProveIt(const ProveArguments& o) {
  if (!o.join.empty()) return Join(o.join, o.out, o.json);
  const Asked asked = Ask(o);
  if (o.lasso) return FindIt(o, asked);
  ProveOptions options = OptionsOf(o, asked);
  if (!o.shard.empty()) ParseShard(o.shard);
  if (!o.answers.empty()) ExpectToAnswer(o.answers);
  std::vector<uint8_t> features(kAbstractStates);
  if (o.abstract) options.features = features.data();
  ShowProgress show;
  options.on_progress = [&](const ProveProgress& p) { show(p); };
  ProveResult result = Search(o, asked, options);
  show.End();
  if (result.answer == Answer::kFailed) throw UsageError{result.why};
  if (result.answer == Answer::kBreaks) {
    result.script.kernel = OneKernel(asked.kernel);
    if (!o.out.empty()) WriteFile(o.out, ToText(result.script));
  }
  if (!o.answers.empty())
    WriteAnswer(asked, o, ParseShard(o.shard), options, result, show.seconds());
  if (o.json) {
    nlohmann::json json = ToJson(asked, o, result, show.seconds());
    if (o.abstract) json["abstract_states"] = CountSeen(features);
    std::cout << json.dump(2) << "\n";
  } else {
    Print(asked, o, result, show.seconds());
  }
  if (o.abstract) PrintAbstract(o, asked, result.answer, features);
  return result.answer == Answer::kHolds    ? kExitHeld
         : result.answer == Answer::kBreaks ? kExitBroken
                                            : kExitRanOut;
}

void AddShardOptions(CLI::App& sub, ProveArguments& arguments) {
  ProveArguments* const o = &arguments;
  CLI::Option* const shard =
      sub.add_option("--shard", o->shard,
                     "I/N: this of N jobs that split the bound, 0 to N-1")
          ->check(kNotEmpty)
          ->excludes("--lasso")
          ->excludes("--abstract")
          ->excludes("--abstract-to");
  sub.add_option("--answers", o->answers,
                 "the directory for its answer, shard-I-of-N.json")
      ->check(kNotEmpty)
      ->needs(shard);
  CLI::Option* const join =
      sub.add_option("--join", o->join,
                     "what the answers in a directory come to, and which are "
                     "missing; with -o and --json alone")
          ->check(kNotEmpty);
  for (CLI::Option* other : sub.get_options())
    if (other != join && !other->check_lname("help") &&
        !other->check_lname("out") && !other->check_lname("json"))
      join->excludes(other);
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
  AddShardOptions(*sub, *o);
  sub->callback([=, &run] {
    o->abstract |= !o->abstract_to.empty();
    o->steps |= o->abstract;
    run = [=] { return ProveIt(*o); };
  });
}

}  // namespace vmtrunc
