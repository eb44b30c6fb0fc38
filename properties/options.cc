#include "properties/options.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/input.h"

namespace vmtrunc::properties {
namespace {

// "; is it lock-order?" of a property that begins as the word does, or "".
std::string NearMiss(absl::string_view word) {
  const auto same = [&](absl::string_view name) {
    size_t n = 0;
    while (n < name.size() && n < word.size() &&
           (name[n] == word[n] || (name[n] == '-' && word[n] == '_')))
      ++n;
    return n;
  };
  const auto all = AllScriptProperties();
  const auto nearest = std::max_element(all.begin(), all.end(),
                                        [&](const auto& a, const auto& b) {
                                          return same(a.name) < same(b.name);
                                        });
  return same(nearest->name) < 3 ? ""
                                 : absl::StrCat("; is it ", nearest->name, "?");
}

// `reproduce` is one script of a check: what asks for others is refused.
void ExpectNoOther(const Options& o) {
  const std::pair<const char*, bool> others[] = {
      {"--cases", o.cases > 0}, {"--seed", o.seed_given},
      {"--hours", o.hours > 0}, {"--distribution", o.distribution},
      {"--bugs", o.bugs > 0},   {"--bug", !o.bug.empty()},
  };
  for (const auto& [option, is_given] : others)
    if (is_given)
      throw base::UsageError{
          absl::StrCat("RC_PARAMS: expected no reproduce, which is of one "
                       "script, as ",
                       option, " is given")};
}

}  // namespace

std::vector<const ScriptProperty*> Properties(const Options& o) {
  std::vector<const ScriptProperty*> all;
  for (const absl::string_view name : absl::StrSplit(o.properties, ',')) {
    if (o.properties.empty()) break;
    const ScriptProperty* property = FindScriptProperty(std::string(name));
    if (property == nullptr)
      throw base::UsageError{
          absl::StrCat("--property: expected a property, not ",
                       std::string(name), NearMiss(name), " (see --list)")};
    if (std::find(all.begin(), all.end(), property) != all.end())
      throw base::UsageError{
          absl::StrCat("--property: expected ", property->name, " once")};
    all.push_back(property);
  }
  if (all.empty())
    for (const ScriptProperty& property : AllScriptProperties())
      if (!IsOnlyNamed(property)) all.push_back(&property);
  return all;
}

std::vector<KernelSpec> Kernels(const Options& o) {
  std::vector<std::string> names;
  if (o.kernels != "all" && !o.kernels.empty())
    names = absl::StrSplit(o.kernels, ',');
  if (names.empty())
    names.assign(CheckedKernels().begin(), CheckedKernels().end());
  std::vector<KernelSpec> all;
  for (const std::string& name : names) all.push_back(cli::OneKernel(name));
  cli::ExpectOnce("--kernel", all);
  return all;
}

const BugInfo& FindBug(const std::string& name) {
  for (const BugInfo& bug : AllBugs())
    if (name == bug.name) return bug;
  throw base::UsageError{absl::StrCat("--bug: expected a known bug, not ", name,
                                      " (see vmtrunc bugs)")};
}

CheckParams Params(const Options& o) {
  rc::detail::Configuration defaults;
  defaults.testParams.maxSuccess = kDefaultCases;
  defaults.testParams.seed =
      uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  const char* text = std::getenv("RC_PARAMS");
  rc::detail::Configuration configuration = defaults;
  // rapidcheck itself ignores a word that it does not know.
  for (const absl::string_view word :
       absl::StrSplit(text != nullptr ? text : "", ' ', absl::SkipEmpty())) {
    constexpr absl::string_view kWords[] = {"seed",
                                            "max_success",
                                            "max_size",
                                            "max_discard_ratio",
                                            "noshrink",
                                            "verbose_progress",
                                            "verbose_shrinking",
                                            "reproduce"};
    const absl::string_view key = word.substr(0, word.find('='));
    if (std::find(std::begin(kWords), std::end(kWords), key) ==
        std::end(kWords))
      throw base::UsageError{absl::StrCat(
          "RC_PARAMS: expected ", absl::StrJoin(kWords, ", "), ", not ", key)};
  }
  try {
    if (text != nullptr)
      configuration = rc::detail::configFromString(text, defaults);
  } catch (const rc::detail::ConfigurationException& error) {
    throw base::UsageError{absl::StrCat("RC_PARAMS: ", error.what())};
  }
  if (!configuration.reproduce.empty()) ExpectNoOther(o);
  CheckParams params{configuration.testParams, configuration.reproduce, {}};
  if (o.cases > 0) params.rc.maxSuccess = o.cases;
  if (o.bugs > 0 || !o.bug.empty())
    params.rc.maxSuccess = o.cases > 0 ? o.cases : kBugCases;
  if (params.rc.maxSuccess < 1)
    throw base::UsageError{"RC_PARAMS: expected max_success of 1 or more"};
  if (o.seed_given) params.rc.seed = o.seed;
  // rapidcheck prints what it thinks that it runs with: let it be true.
  configuration.testParams = params.rc;
  ::setenv("RC_PARAMS",
           rc::detail::configToMinimalString(configuration).c_str(), 1);
  return params;
}

}  // namespace vmtrunc::properties
