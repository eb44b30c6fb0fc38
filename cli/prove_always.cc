// vmtrunc prove --always: a condition of one's own.
#include "absl/strings/str_cat.h"
#include "base/shown.h"
#include "cli/prove.h"
#include "core/about/condition.h"

namespace vmtrunc::cli {

search::Invariant AlwaysOf(const ProveArguments& o, const Asked& asked) {
  if (o.always.empty()) return {};
  const absl::StatusOr<Condition> condition = Condition::Parse(o.always);
  if (!condition.ok())
    throw base::UsageError{absl::StrCat(
        "--always: ",
        base::ShownInError(std::string(condition.status().message())))};
  return search::InvariantOf(o.always, *condition, asked.problem, asked.rules);
}

void AddAlwaysOption(CLI::App& sub, ProveArguments& o) {
  CLI::Option* const always = sub.add_option(
      "--always", o.always,
      "look for a state in which this is false, instead of violations of "
      "properties: predicates (docs/prove.md), ! & | -> ( )");
  for (const char* other : {"--reduce", "--lasso", "--self-check", "--shard",
                            "--answers", "--join"})
    always->excludes(other);
}

}  // namespace vmtrunc::cli
