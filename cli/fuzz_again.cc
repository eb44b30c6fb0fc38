#include "cli/fuzz_again.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/shown.h"
#include "cli/input.h"
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

// The properties that the script expects to violate on its kernel; those of
// `asked` alone, if that is not empty.
std::vector<Property> FoundFor(const Script& script, const std::string& asked) {
  std::vector<Property> found;
  for (const Expect& expect : script.expects) {
    if (expect.broken < 0 || !expect.spec || !script.kernel ||
        *expect.spec != *script.kernel)
      continue;
    const auto property = static_cast<Property>(expect.broken);
    if (asked.empty() || asked == Name(property)) found.push_back(property);
  }
  return found;
}

// The script, or nothing after a line that says why not.
std::optional<Script> ReadOrSay(const std::string& path) {
  try {
    const auto text = base::ReadWhole(path, base::kMostInput);
    if (!text)
      throw base::UsageError{base::Shown(path) +
                             ": expected a script, a file of at most 16 MiB"};
    return ParseScript(path, *text, /*is_text=*/true);
  } catch (const base::UsageError& error) {
    std::cerr << "vmtrunc fuzz: not replayed: "
              << base::ShownInError(error.what) << "\n";
    return std::nullopt;
  }
}

}  // namespace

std::vector<Replayed> ReplayFailures(const FuzzOptions& o,
                                     const FuzzDirectory& directory,
                                     const std::atomic<bool>& stop) {
  std::vector<Replayed> replayed;
  for (const std::string& path : ScriptsIn(directory.JobDirectory(0))) {
    if (stop) break;
    const auto script = ReadOrSay(path);
    if (!script) continue;
    for (const Property property : FoundFor(*script, o.property))
      replayed.push_back({.path = path,
                          .found_on = *script->kernel,
                          .property = property,
                          .holds = !Run<LargeCaps>(*script, o.spec.rules(),
                                                   {.report = Bit(property)})
                                        .breaks(property)});
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
