#include "cli/fuzz_again.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/shown.h"
#include "cli/campaign_page.h"
#include "cli/fuzz_notes.h"
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

// The kernels on which the script expects to hold, and that are built.
using HoldsOn = std::vector<KernelSpec>;
HoldsOn HeldBy(const Script& script) {
  HoldsOn kernels;
  for (const Expect& expect : script.expects)
    if (expect.broken < 0 && expect.spec) kernels.push_back(*expect.spec);
  return kernels;
}

void SayNotReplayed(const std::string& why) {
  std::cerr << "vmtrunc fuzz: not replayed: " << base::ShownInError(why)
            << "\n";
}

// The script, or nothing after a line that says why not. What cannot be read
// counts as `unknown`: nobody knows whether it is a script.
std::optional<Script> ReadOrSay(const std::string& path, size_t& unknown) {
  std::optional<std::string> text;
  try {
    text = base::ReadKnown(path, base::kMostInput);
  } catch (const base::UsageError& error) {
    SayNotReplayed(error.what);
    ++unknown;
    return std::nullopt;
  }
  try {
    if (!text)
      throw base::UsageError{base::Shown(path) +
                             ": expected a script, a file of at most 16 MiB"};
    Script script = ParseFound(path, *text);
    // It would hold now.
    if (!script.expects.empty() && script.events.empty())
      throw base::UsageError{base::Shown(path) + ": expected an event"};
    return script;
  } catch (const base::UsageError& error) {
    SayNotReplayed(error.what);
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
    SayNotReplayed(absl::StrCat(base::Shown(path),
                                ": its run ended in error: vmtrunc run "
                                "--kernel ",
                                kernel.ToString(), " --from bytes ",
                                base::PathWord(path)));
  if (!name || stop) return {};
  for (int i = 0; i < kProperties; ++i)
    if (*name == Name(static_cast<Property>(i)))
      return {RunEnd::kViolated, static_cast<Property>(i)};
  return {.end = RunEnd::kHeld};
}

// Who says which kernel an input ran on: its header, or nobody. libFuzzer's
// files are inputs as they were before they ran, which may name another.
enum class KernelOf { kHeader, kNobody };

// Replays what earlier runs left in the directory.
class EarlierRuns {
 public:
  EarlierRuns(const FuzzOptions& o, const FuzzDirectory& directory,
              const std::atomic<bool>& stop)
      : o_(o), directory_(directory), stop_(stop) {}

  void AddScripts();
  void AddCrashes();
  void AddKept();
  Replays replays() const { return replays_; }

 private:
  // What an input that was not minimised shows, if it shows anything.
  struct ReplayedInput {
    Replayed shows;
    Script input;
  };
  std::optional<ReplayedInput> ReplayInput(const std::string& path,
                                           KernelOf kernel);

  // Whether the input may be what a script was minimised from.
  bool HasScript(const ReplayedInput& one) const;

  // Whether it is reported that the property is violated on this kernel.
  bool IsViolated(Property property) const {
    return std::any_of(replays_.all.begin(), replays_.all.end(),
                       [&](const Replayed& one) {
                         return one.property == property && !one.holds;
                       });
  }

  const FuzzOptions& o_;
  const FuzzDirectory& directory_;
  const std::atomic<bool>& stop_;
  Replays replays_;
  // The scripts of each property, by the name of the kernel: of each the
  // kernels on which it expects to hold, which tell its bug from others.
  std::map<std::pair<std::string, Property>, std::vector<HoldsOn>> minimised_;
};

void EarlierRuns::AddScripts() {
  for (const std::string& path : ScriptsIn(directory_.JobDirectory(0))) {
    if (stop_) return;
    const auto script = ReadOrSay(path, replays_.unknown);
    if (!script) continue;
    for (const Property property : FoundFor(*script, ""))
      minimised_[{script->kernel->ToString(), property}].push_back(
          HeldBy(*script));
    for (const Property property : FoundFor(*script, o_.property))
      replays_.all.push_back(
          {.path = path,
           .found_on = *script->kernel,
           .property = property,
           .holds = !Run<LargeCaps>(*script, o_.spec.rules(),
                                    {.report = Bit(property)})
                         .breaks(property)});
  }
}

std::optional<EarlierRuns::ReplayedInput> EarlierRuns::ReplayInput(
    const std::string& path, KernelOf kernel) {
  std::optional<std::string> content;
  try {
    content = base::ReadKnown(path, base::kMostInput);
  } catch (const base::UsageError& error) {
    SayNotReplayed(error.what);
    ++replays_.unknown;
  }
  if (content.value_or("").empty()) return std::nullopt;
  const Script input = DecodeSaved(*content);
  const KernelSpec found_on =
      kernel == KernelOf::kHeader ? input.kernel.value_or(o_.spec) : o_.spec;
  const FirstViolated there =
      RunApart(input, found_on, StopsFor(o_), path, stop_);
  RunEnd here = there.end;
  if (there.end == RunEnd::kViolated && found_on != o_.spec)
    here = RunApart(input, o_.spec, Bit(there.property), path, stop_).end;
  if (here == RunEnd::kUnknown && !stop_) ++replays_.unknown;
  if (there.end != RunEnd::kViolated || here == RunEnd::kUnknown)
    return std::nullopt;
  return ReplayedInput{.shows = {.path = path,
                                 .found_on = found_on,
                                 .property = there.property,
                                 .holds = here == RunEnd::kHeld,
                                 .is_minimised = false},
                       .input = input};
}

// A run that wrote a note of its kernel had written its script before.
void EarlierRuns::AddCrashes() {
  for (const std::string& name : directory_.ArtifactsBefore()) {
    if (stop_) return;
    if (!name.starts_with("crash-")) continue;
    const Notes notes = NotesBeside(o_, directory_, name);
    if (notes.is_of_this_kernel &&
        (o_.property.empty() || notes.properties.contains(o_.property)))
      continue;
    const auto one = ReplayInput(directory_.Path(name), KernelOf::kNobody);
    if (!one) continue;
    Replayed shows = one->shows;
    if (notes.is_noted) {
      if (IsViolated(shows.property)) continue;
      shows.found_on = notes.first.value_or(o_.spec);
    }
    replays_.all.push_back(shows);
  }
}

// A script expects to hold where its input did, of all properties (Shrink() in
// fuzz_tell.cc). Where a run cannot be told, it is as if it held.
bool EarlierRuns::HasScript(const ReplayedInput& one) const {
  const auto scripts =
      minimised_.find({one.shows.found_on.ToString(), one.shows.property});
  if (scripts == minimised_.end()) return false;
  const auto breaks = [&](const KernelSpec& kernel) {
    return RunApart(one.input, kernel, CountedProperties(), one.shows.path,
                    stop_)
               .end == RunEnd::kViolated;
  };
  return std::any_of(scripts->second.begin(), scripts->second.end(),
                     [&](const HoldsOn& on) {
                       return std::none_of(on.begin(), on.end(), breaks);
                     });
}

void EarlierRuns::AddKept() {
  for (const std::string& name : directory_.KeptBefore()) {
    if (stop_) return;
    const auto one = ReplayInput(directory_.Path(name), KernelOf::kHeader);
    if (one && !HasScript(*one)) replays_.all.push_back(one->shows);
  }
}

}  // namespace

Replays ReplayFailures(const FuzzOptions& o, const FuzzDirectory& directory,
                       const std::atomic<bool>& stop) {
  EarlierRuns earlier(o, directory, stop);
  earlier.AddScripts();
  earlier.AddCrashes();
  earlier.AddKept();
  return earlier.replays();
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

std::string ViolatedInWords(const FuzzOptions& o, const Replays& replays) {
  bool is_violated = false;
  bool is_still = false;
  for (const Replayed& one : replays.all) {
    is_violated = is_violated || !one.holds;
    is_still = is_still || (!one.holds && one.found_on == o.spec);
  }
  if (!is_violated) return "";
  return absl::StrCat("what an earlier run found is ", is_still ? "still " : "",
                      "violated");
}

}  // namespace vmtrunc::cli
