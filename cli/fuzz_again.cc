#include "cli/fuzz_again.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/shown.h"
#include "core/run/run.h"
#include "core/script/script.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> ScriptsIn(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    if (at->path().extension() == ".vmt") paths.push_back(at->path().string());
  if (error) base::FailPath(directory, error.value());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The property that the script expects to violate on its kernel.
std::optional<Property> FoundFor(const Script& script) {
  for (const Expect& expect : script.expects)
    if (expect.broken >= 0 && expect.spec && script.kernel &&
        *expect.spec == *script.kernel)
      return static_cast<Property>(expect.broken);
  return std::nullopt;
}

}  // namespace

std::vector<Replayed> ReplayFailures(const FuzzOptions& o,
                                     const FuzzDirectory& directory,
                                     const std::atomic<bool>& stop) {
  std::vector<Replayed> replayed;
  for (const std::string& path : ScriptsIn(directory.JobDirectory(0))) {
    if (stop) break;
    const auto text = base::ReadWhole(path, base::kMostInput);
    const auto script = ParseText(text.value_or(""));
    if (!text || !script.ok()) {
      const std::string what =
          text ? std::string(script.status().message())
               : " expected a script, a file of at most 16 MiB";
      std::cerr << "vmtrunc fuzz: not replayed: " << base::Shown(path) << ":"
                << what << "\n";
      continue;
    }
    const auto property = FoundFor(*script);
    if (!property || (!o.property.empty() && o.property != Name(*property)))
      continue;
    replayed.push_back(
        {.path = path,
         .found_on = *script->kernel,
         .property = *property,
         .holds = !Run(*script, o.spec.rules()).breaks(*property)});
  }
  return replayed;
}

std::string InWords(const FuzzOptions& o, const Replayed& one) {
  const std::string head = absl::StrCat(
      "replayed ", base::Shown(one.path), ", which an earlier run found",
      one.found_on == o.spec ? "" : " on " + one.found_on.Name(), ": ",
      Name(one.property));
  if (one.found_on == o.spec)
    return absl::StrCat(head, one.holds ? " now holds" : " is still violated");
  return absl::StrCat(head, one.holds ? " holds on " : " is violated on ",
                      o.spec.Name(), one.holds ? "" : " too");
}

size_t StillViolated(const FuzzOptions& o,
                     const std::vector<Replayed>& replayed) {
  return static_cast<size_t>(
      std::count_if(replayed.begin(), replayed.end(), [&](const Replayed& one) {
        return one.found_on == o.spec && !one.holds;
      }));
}

}  // namespace vmtrunc::cli
