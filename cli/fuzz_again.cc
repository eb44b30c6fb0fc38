#include "cli/fuzz_again.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/shown.h"
#include "cli/campaign_page.h"
#include "cli/input.h"
#include "core/run/run.h"
#include "core/script/script.h"
#include "report/verdict.h"

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
    Script script = ParseFound(path, *text);
    // It would hold now.
    if (!script.expects.empty() && script.events.empty())
      throw base::UsageError{base::Shown(path) + ": expected an event"};
    return script;
  } catch (const base::UsageError& error) {
    std::cerr << "vmtrunc fuzz: not replayed: "
              << base::ShownInError(error.what) << "\n";
    return std::nullopt;
  }
}

// How an input ran: nobody knows if its run ended in error or was stopped.
enum class RunEnd { kHeld, kViolated, kUnknown };
struct FirstViolated {
  RunEnd end = RunEnd::kUnknown;
  Property property = Property::kNoPagePastSize;  // kViolated
};

// The property of `report` that the input violates first. In a process of its
// own: it may be an input that ends the process.
FirstViolated RunApart(const Script& input, const KernelSpec& kernel,
                       uint32_t report, const std::string& path,
                       const std::atomic<bool>& stop) {
  const auto name = MakeUnless(stop, [&]() -> std::string {
    const RunResult run =
        Run<LargeCaps>(input, kernel.rules(), {.report = report});
    return (run.broken & report) == 0 ? "" : Name(run.first.property);
  });
  if (!name && !stop)
    std::cerr << "vmtrunc fuzz: not replayed: " << base::Shown(path)
              << ": its run ended in error: vmtrunc run --kernel "
              << kernel.ToString() << " --from bytes " << base::PathWord(path)
              << "\n";
  if (!name || stop) return {};
  for (int i = 0; i < kProperties; ++i)
    if (*name == Name(static_cast<Property>(i)))
      return {RunEnd::kViolated, static_cast<Property>(i)};
  return {.end = RunEnd::kHeld};
}

// Who says which kernel an input ran on: its header, or nobody. libFuzzer's
// files are inputs as they were before they ran, which may name another.
enum class KernelOf { kHeader, kNobody };

// What an input that was not minimised shows, if it shows anything.
std::optional<Replayed> ReplayInput(const FuzzOptions& o,
                                    const std::string& path, KernelOf kernel,
                                    const std::atomic<bool>& stop) {
  if (base::ReadWhole(path, base::kMostInput).value_or("").empty())
    return std::nullopt;
  const Script input = ReadSaved(path);
  const KernelSpec found_on =
      kernel == KernelOf::kHeader ? input.kernel.value_or(o.spec) : o.spec;
  const FirstViolated there =
      RunApart(input, found_on, StopsFor(o), path, stop);
  if (there.end != RunEnd::kViolated) return std::nullopt;
  RunEnd here = there.end;
  if (found_on != o.spec)
    here = RunApart(input, o.spec, Bit(there.property), path, stop).end;
  if (here == RunEnd::kUnknown) return std::nullopt;
  return Replayed{.path = path,
                  .found_on = found_on,
                  .property = there.property,
                  .holds = here == RunEnd::kHeld,
                  .is_minimised = false};
}

}  // namespace

std::vector<Replayed> ReplayFailures(const FuzzOptions& o,
                                     const FuzzDirectory& directory,
                                     const std::atomic<bool>& stop) {
  std::vector<Replayed> replayed;
  std::set<std::pair<std::string, Property>> minimised;
  for (const std::string& path : ScriptsIn(directory.JobDirectory(0))) {
    if (stop) break;
    const auto script = ReadOrSay(path);
    if (!script) continue;
    for (const Property property : FoundFor(*script, ""))
      minimised.emplace(script->kernel->ToString(), property);
    for (const Property property : FoundFor(*script, o.property))
      replayed.push_back({.path = path,
                          .found_on = *script->kernel,
                          .property = property,
                          .holds = !Run<LargeCaps>(*script, o.spec.rules(),
                                                   {.report = Bit(property)})
                                        .breaks(property)});
  }
  const auto add = [&](const std::string& name, KernelOf kernel) {
    const auto one = stop ? std::nullopt
                          : ReplayInput(o, directory.Path(name), kernel, stop);
    // A script may be of the same input, unless nobody has noted it.
    if (one && (kernel == KernelOf::kNobody ||
                !minimised.contains({one->found_on.ToString(), one->property})))
      replayed.push_back(*one);
  };
  for (const std::string& name : directory.WithoutNote())
    add(name, KernelOf::kNobody);
  for (const std::string& name : directory.KeptBefore())
    add(name, KernelOf::kHeader);
  return replayed;
}

std::string InWords(const FuzzOptions& o, const Replayed& one) {
  const std::string head = absl::StrCat(
      "replayed ", base::Shown(one.path), ", which an earlier run ",
      one.is_minimised ? "found" : "kept",
      one.found_on == o.spec ? "" : " on " + one.found_on.Name(),
      one.is_minimised ? "" : " and of which there is no script", ": ",
      Name(one.property));
  if (!one.is_minimised && !one.holds)
    return absl::StrCat(
        head, " is violated",
        one.found_on == o.spec ? "" : " on " + o.spec.Name() + " too",
        "; vmtrunc shrink --kernel ", o.spec.ToString(), " ",
        report::OptionFor(one.property), "--from bytes ",
        base::PathWord(one.path), " -o small.vmt");
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
