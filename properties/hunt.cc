#include "properties/hunt.h"

#include <climits>
#include <algorithm>
#include <ctime>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/about/bugs.h"
#include "properties/check.h"

namespace vmtrunc::properties {
namespace {

// Scripts until one is found; nothing after `params.maxSuccess`. `on_case` may
// fail as a property does, and counts as found.
std::optional<int> ScriptsUntilFound(const BugInfo& bug, Property by,
                                     const rc::detail::TestParams& params,
                                     const std::function<void()>& on_case) {
  const Rules flipped = WithBug(bug).rules();
  const Rules right = ParseKernelSpec(bug.kernel)->rules();
  QuietListener quiet;
  const auto result = CheckScripts(
      search::ScriptsFor(by), flipped,
      [&](const Script& script) {
        if (on_case) on_case();
        const RunOptions quietly{.hash_state = false,
                                 .report = CountedProperties() | Bit(by)};
        RC_ASSERT(!Run<LargeCaps>(script, flipped, quietly).breaks(by) ||
                  !Run<LargeCaps>(script, right, quietly).holds());
      },
      rc::detail::TestMetadata{}, params, quiet);
  if (!result.is<rc::detail::FailureResult>()) return std::nullopt;
  return result.get<rc::detail::FailureResult>().numSuccess + 1;
}

// The bugs that are one to a fuzzer: "HB-07a HB-07b".
std::string Names(const BugInfo& bug) {
  std::string names;
  for (const BugInfo& other : AllBugs())
    if (std::string_view(other.rule) == bug.rule &&
        std::string_view(other.kernel) == bug.kernel &&
        other.property == bug.property)
      absl::StrAppend(&names, names.empty() ? "" : " ", other.name);
  return names;
}

}  // namespace

void PrintHunt(int seeds, int cases, uint64_t first_seed, const Property* by,
               const std::function<void()>& on_case) {
  std::cout << absl::StreamFormat(
      "%d seeds from %d on, at most %d scripts each.\n\n"
      "| bug | kernel | rule | property | found | lowest | median | highest |\n"
      "|---|---|---|---|---|---|---|---|\n",
      seeds, first_seed, cases);
  for (const BugInfo& bug : AllBugs()) {
    const std::string names = Names(bug);
    if (names.substr(0, names.find(' ')) != bug.name) continue;
    const Property property = by != nullptr ? *by : bug.property;
    std::vector<int> scripts;
    int found = 0;
    for (int i = 0; i < seeds; ++i) {
      rc::detail::TestParams params;
      params.seed = first_seed + static_cast<uint64_t>(i);
      params.maxSuccess = cases;
      params.disableShrinking = true;
      const auto until = ScriptsUntilFound(bug, property, params, on_case);
      scripts.push_back(until.value_or(INT_MAX));
      found += until ? 1 : 0;
    }
    std::sort(scripts.begin(), scripts.end());
    const auto show = [&](int count) {
      return count == INT_MAX ? absl::StrFormat("more than %d", cases)
                              : absl::StrCat(count);
    };
    const size_t middle = scripts.size() / 2;
    std::cout << absl::StreamFormat(
                     "| %s | `%s` | `%s` | `%s` | %d/%d | %s | %s | %s |\n",
                     names, bug.kernel, bug.rule, Name(property), found, seeds,
                     show(scripts.front()), show(scripts[middle]),
                     show(scripts.back()))
              << std::flush;
  }
}

void PrintHuntOf(const BugInfo& bug, int cases, double seconds, uint64_t seed,
                 const Property* by) {
  const auto clock = [] {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  };
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = cases;
  params.disableShrinking = true;
  const double start = clock();
  int scripts = 0;
  bool late = false;
  const auto until =
      ScriptsUntilFound(bug, by != nullptr ? *by : bug.property, params, [&] {
        // The only way out of rapidcheck's loop is to fail.
        late = scripts % 256 == 0 && clock() - start >= seconds;
        RC_ASSERT(!late);
        ++scripts;
      });
  std::cout << absl::StreamFormat(
      "{\"found\": %d, \"executions\": %d, \"seconds\": %.3f}\n",
      until.has_value() && !late, scripts, clock() - start);
}

}  // namespace vmtrunc::properties
