#include "fuzz/settings.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/shown.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/status.h"

namespace vmtrunc::fuzz {
namespace {

std::optional<std::string> ValueOf(const char* name, const char* built_in) {
  const char* const value = std::getenv(name);
  if (value == nullptr && built_in == nullptr) return std::nullopt;
  return value != nullptr ? value : built_in;
}

[[noreturn]] void Refuse(const char* name, const std::string& value,
                         const std::string& expected) {
  EndTarget(absl::StrCat(name, "=", value, ": expected ", expected));
}

KernelSpec KernelOf(const char* name, const std::string& value) {
  const auto spec = ParseKernelSpec(value);
  if (!spec.ok()) Refuse(name, value, std::string(spec.status().message()));
  return *spec;
}

void ReadKernels(const char* built_in, Settings& settings) {
  const auto kernel = ValueOf(kKernelVariable, built_in);
  settings.kernel_is_given = kernel.has_value();
  settings.kernel =
      KernelOf(kKernelVariable, kernel ? *kernel : std::string(kDefaultKernel));
  const auto unlike = ValueOf(kUnlikeVariable, nullptr);
  if (!unlike) return;
  settings.unlike = KernelOf(kUnlikeVariable, *unlike);
  if (settings.kernel_is_given && *settings.unlike == settings.kernel)
    Refuse(kUnlikeVariable, *unlike,
           absl::StrCat("another kernel than ", kKernelVariable));
}

void ReadNames(Settings& settings) {
  if (const auto known = ValueOf(kSortVariable, nullptr)) {
    const auto rules = ParseRuleNames(*known);
    if (!rules.ok())
      Refuse(kSortVariable, *known, std::string(rules.status().message()));
    settings.sort = *rules;
  }
  const auto verbs = ValueOf(kVerbsVariable, nullptr);
  if (!verbs) return;
  if (const auto parsed = ParseVerbsVariable(*verbs); !parsed.ok())
    Refuse(kVerbsVariable, *verbs, std::string(parsed.status().message()));
}

void ReadNumbers(Settings& settings) {
  if (const auto first = ValueOf(kScoutFirstVariable, nullptr))
    if (!absl::SimpleAtoi(*first, &settings.scouts_first))
      Refuse(kScoutFirstVariable, *first, "a number");
  // MutableBytes() reads it.
  if (const auto events = ValueOf(kEventsVariable, nullptr))
    if (const auto parsed = ParseEventsVariable(*events); !parsed.ok())
      Refuse(kEventsVariable, *events, std::string(parsed.status().message()));
}

}  // namespace

Settings SettingsOf(const char* built_in_kernel,
                    const char* built_in_property) {
  Settings settings;
  ReadKernels(built_in_kernel, settings);
  if (const auto property = ValueOf(kPropertyVariable, built_in_property)) {
    const bool none = *property == kNoProperty;
    const int number = none ? 0 : NameProperty(*property);
    if (number == kProperties)
      Refuse(kPropertyVariable, *property, "a property, or none");
    settings.reported = none ? 0 : 1U << number;
  }
  ReadNames(settings);
  if (const char* const given = std::getenv(kKeepGoingVariable)) {
    if (DirectorySetting().empty())
      Refuse(kKeepGoingVariable, given,
             absl::StrCat("a ", kDirectoryVariable, " for the inputs kept"));
    settings.keep_going = true;
  }
  if (settings.sort && !settings.keep_going)
    Refuse(kSortVariable, RuleNames(*settings.sort),
           absl::StrCat(kKeepGoingVariable, " as well"));
  settings.shows_features = std::getenv(kNoFeaturesVariable) == nullptr;
  settings.scouts = std::getenv(kNoScoutVariable) == nullptr;
  ReadNumbers(settings);
  if (const auto growth = ValueOf(kGrowthVariable, nullptr)) {
    if (growth->empty()) Refuse(kGrowthVariable, *growth, "a file's name");
    settings.growth = *growth;
  }
  return settings;
}

std::string DirectorySetting() {
  const auto directory = ValueOf(kDirectoryVariable, nullptr);
  if (!directory) return "";
  if (directory->empty())
    Refuse(kDirectoryVariable, *directory, "a directory's name");
  return *directory;
}

void EndTarget(const std::string& what) {
  std::fprintf(stderr, "%s: %s\n",
               base::Shown(program_invocation_short_name).c_str(),
               base::ShownInError(what).c_str());
  std::fflush(stderr);
  ::_exit(2);
}

}  // namespace vmtrunc::fuzz
