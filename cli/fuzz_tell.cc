#include "cli/fuzz_tell.h"

#include <algorithm>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/shown.h"
#include "campaign/findings.h"
#include "cli/input.h"
#include "fuzz/kernel_beside.h"
#include "search/reason.h"

namespace vmtrunc::cli {
namespace {

// One property that an input breaks: told, and what is to be written.
class BrokenInput {
 public:
  BrokenInput(const FuzzOptions& options, Property property)
      : options_(options), spec_(options.spec), property_(property) {}

  // Returns false when the input does not break it.
  bool Tell(const Script& input, const std::string& how,
            const std::atomic<bool>& stop) {
    if (!Run(input, spec_.rules()).breaks(property_)) return false;
    Shrink(input, stop);
    const RunResult result =
        Run<LargeCaps>(script_, spec_.rules(), {.report = Bit(property_)});
    const PropertyInfo& info = AllProperties()[static_cast<size_t>(property_)];
    std::cout << absl::StrFormat(
        "%s violates %s, %s.\n  %s\n  at event %u: %s\n"
        "  %d events, shrunk from %d, not proved shortest:\n\n%s\n",
        spec_.Name(), info.name, how, info.text, result.first.event,
        result.first.ToString(), script_.events.size(), input.events.size(),
        ToText(script_));
    std::cout.flush();
    return true;
  }

  void Write(const FuzzDirectory& directory) const {
    const std::string path = base::WriteUnused(
        directory.Path(absl::StrCat(spec_.ToString(), "-", Name(property_))),
        "vmt", ToText(script_));
    std::cout << "Run it again:  vmtrunc run " << base::PathWord(path)
              << "\n\n";
  }

 private:
  void Shrink(const Script& input, const std::atomic<bool>& stop) {
    search::Reason reason = search::ReasonOf(input, spec_, property_);
    if (!options_.unlike.empty())
      reason.unlike = OneKernel(options_.unlike, "--unlike");
    const search::Judge judge = [shows = search::Shows(spec_.rules(), reason)](
                                    const Draft& draft,
                                    bool* counts) -> std::optional<size_t> {
      const auto run = shows(draft, counts);
      if (!run) return std::nullopt;
      return run->first.event;
    };
    const Draft small =
        campaign::ShrinkUntil(input, judge, [&] { return stop.load(); });
    script_ = ScriptOf(small);
    script_.kernel = spec_;
    script_.expects.push_back({.kernel = spec_.ToString(),
                               .spec = spec_,
                               .broken = static_cast<int>(property_)});
    if (reason.unlike)
      script_.expects.push_back(
          {.kernel = reason.unlike->ToString(), .spec = reason.unlike});
  }

  const FuzzOptions& options_;
  const KernelSpec spec_;
  const Property property_;
  Script script_ = EmptyScript();
};

// Beside each file that libFuzzer left: with what it was found.
void WriteNotes(const FuzzOptions& o, const FuzzDirectory& directory,
                const std::string& property) {
  const fuzz::InputNote note{
      .kernel = o.spec, .property = property, .seed = o.seed};
  for (const std::string& name : directory.NewArtifacts()) {
    const std::string path = directory.Path(name);
    if (const auto content = base::ReadWhole(path, base::kMostInput))
      base::WriteUnused(path, "md", fuzz::NoteText(note, path, *content));
  }
}

}  // namespace

std::string FuzzProgress(const FuzzOptions& o, const fuzz::FuzzStatus& s,
                         size_t corpus, double seconds) {
  const double share = s.events == 0 ? 0
                                     : 100.0 * static_cast<double>(s.effects) /
                                           static_cast<double>(s.events);
  return absl::StrFormat(
      "%s: %.*f s, %d executions (%.0f a second), corpus %d, %.0f %% of the "
      "events had an effect, %d lock drops, %d kinds of abstract states",
      o.spec.Name(), seconds < 10 ? 1 : 0, seconds, s.executions,
      static_cast<double>(s.executions) / std::max(seconds, 0.001), corpus,
      share, s.drops, CountSeen(s.seen));
}

std::string FuzzShare(const FuzzOptions& o, std::span<const uint8_t> all,
                      const fuzz::FuzzStatus& s) {
  size_t seen = 0;
  for (size_t i = 0; i < all.size(); ++i)
    seen += all[i] != 0 && s.seen[i] != 0 ? 1 : 0;
  const size_t count = CountSeen(all);
  return absl::StrFormat(
      "%d of the %d kinds of abstract states in %s were seen (%.1f %%), and "
      "%d others\n",
      seen, count, base::Shown(o.of),
      count == 0 ? 100
                 : 100 * static_cast<double>(seen) / static_cast<double>(count),
      CountSeen(s.seen) - seen);
}

bool TellBroken(const FuzzOptions& o, const FuzzDirectory& directory,
                const fuzz::FuzzStatus& status, double seconds,
                const std::atomic<bool>& stop) {
  std::vector<BrokenInput> inputs;
  std::string properties;
  for (int i = 0; i < kProperties; ++i) {
    if (status.broken[i] == 0) continue;
    const auto property = static_cast<Property>(i);
    const std::string how =
        status.found != 0
            ? absl::StrFormat("found after %d executions in %.1f s",
                              status.executions, seconds)
            : absl::StrFormat("first in %d of %d executions", status.broken[i],
                              status.executions);
    // Where there was no room to keep it, it is the one that ran last.
    const std::string kept = status.kept[i];
    const std::string input = directory.Path(
        status.found != 0 || kept.empty() ? fuzz::kCurrentFile : kept);
    BrokenInput& broken = inputs.emplace_back(o, property);
    if (!broken.Tell(ReadSaved(input), how, stop))
      throw base::UsageError{
          base::Shown(input) +
          ": broke a property when the fuzzer ran it, and holds "
          "when it is run again"};
    absl::StrAppend(&properties, properties.empty() ? "" : ",", Name(property));
  }
  for (const BrokenInput& input : inputs) input.Write(directory);
  if (status.found != 0) WriteNotes(o, directory, properties);
  return !inputs.empty();
}

}  // namespace vmtrunc::cli
