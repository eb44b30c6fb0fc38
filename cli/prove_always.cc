// vmtrunc prove --always, --eventually: conditions of one's own.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/shown.h"
#include "cli/prove.h"
#include "core/about/condition.h"

namespace vmtrunc::cli {
namespace {

std::string PredicatesInWords() {
  return absl::StrJoin(AllPredicates(), " ",
                       [](std::string* out, const PredicateInfo& info) {
                         absl::StrAppend(out, info.name);
                       });
}

}  // namespace

search::Invariant ConditionOf(const char* option, const std::string& text,
                              const Asked& asked) {
  if (text.empty()) return {};
  const absl::StatusOr<Condition> condition = Condition::Parse(text);
  if (!condition.ok())
    throw base::UsageError{absl::StrCat(
        option, ": ",
        base::ShownInError(std::string(condition.status().message())))};
  return search::InvariantOf(text, *condition, asked.problem, asked.rules);
}

void ExpectLoops(const ProveArguments& o) {
  if (o.asks_fairness && !o.lasso && o.eventually.empty())
    throw base::UsageError{"--fairness: expected --lasso or --eventually"};
}

void AddConditionOptions(CLI::App& sub, ProveArguments& o) {
  CLI::Option* const always = sub.add_option(
      "--always", o.always,
      "look for a state in which this is false, instead of violations of "
      "properties: ! & | -> ( ) and " +
          PredicatesInWords() + "; docs/prove.md says what they mean");
  CLI::Option* const eventually = sub.add_option(
      "--eventually", o.eventually,
      "look for a run in which this is false from some state on, to its end or "
      "for ever");
  always->type_name("EXPR");
  eventually->type_name("EXPR");
  CLI::Option* const fairness =
      sub.add_option(
             "--fairness", o.fairness,
             "which loops --lasso and --eventually look for. none: all; "
             "weak: each task in flight moves in it or waits for a lock "
             "somewhere in it; strong: moves in it or waits everywhere")
          ->check(CLI::IsMember({"none", "weak", "strong"}))
          ->capture_default_str();
  for (const char* other : {"--reduce", "--lasso", "--self-check", "--shard",
                            "--answers", "--join"})
    for (CLI::Option* option : {always, eventually}) option->excludes(other);
  for (const char* other :
       {"--always", "--property", "--checkpoint", "--whole", "--exact",
        "--abstract", "--abstract-to", "--unreached", "--simulate"})
    eventually->excludes(other);
  for (const char* other : {"--self-check", "--simulate", "--join"})
    fairness->excludes(other);
}

}  // namespace vmtrunc::cli
