#include "cli/fuzz_tell.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/name_part.h"
#include "base/shown.h"
#include "campaign/findings.h"
#include "cli/fuzz_notes.h"
#include "cli/input.h"
#include "report/verdict.h"
#include "search/reason.h"

namespace vmtrunc::cli {
namespace {

// The input that violates `property`, minimised as far as `stop` allows.
void Shrink(const FuzzOptions& o, const Script& input,
            const std::atomic<bool>& stop, FuzzFinding& finding) {
  search::Reason reason = search::ReasonOf(input, o.spec, finding.property);
  if (!o.unlike.empty()) reason.unlike = OneKernel(o.unlike, "--unlike");
  const search::Judge judge = [shows = search::Shows(o.spec.rules(), reason)](
                                  const Draft& draft,
                                  bool* counts) -> std::optional<size_t> {
    const auto run = shows(draft, counts);
    if (!run) return std::nullopt;
    return run->first.event;
  };
  const Draft small =
      campaign::ShrinkUntil(input, judge, [&] { return stop.load(); });
  finding.script = ScriptOf(small);
  SetKernel(o.spec, finding.script);
  finding.script.expects.push_back(
      {.kernel = o.spec.ToString(),
       .spec = o.spec,
       .broken = static_cast<int>(finding.property)});
  if (reason.unlike)
    finding.script.expects.push_back(
        {.kernel = reason.unlike->ToString(), .spec = reason.unlike});
}

// Classified as in a campaign: by the root cause of the minimised script.
void LookUp(const FuzzOptions& o, const campaign::Known& known,
            FuzzFinding& finding) {
  campaign::Findings sorted(o.spec, o.spec.ToString(), known);
  sorted.Restore("", finding.script);
  if (sorted.all().empty()) return;
  const campaign::Finding& one = sorted.all().begin()->second;
  finding.bug = one.bug;
  finding.cause =
      one.bug.empty() ? one.words : absl::StrCat(one.bug, ": ", one.bug_what);
  finding.is_known = one.is_known;
  finding.known_by = one.known_path;
}

std::string KnownInWords(const FuzzFinding& finding, bool has_corpus) {
  if (finding.is_known)
    return absl::StrCat(
        "known",
        finding.known_by.empty() ? "" : " by " + base::Shown(finding.known_by),
        " (", finding.cause, ")");
  return absl::StrCat(
      finding.bug.empty() ? "new: " : "new on this kernel: ", finding.cause,
      has_corpus ? "; no script of the corpus shows it here"
                 : "; there is no corpus to compare it with");
}

void Tell(const FuzzOptions& o, const FuzzFinding& finding, bool has_corpus,
          const std::string& how) {
  const PropertyInfo& info =
      AllProperties()[static_cast<size_t>(finding.property)];
  std::cout << absl::StrFormat(
      "%s violates %s, %s.\n  %s\n  at event %u: %s\n  %s\n"
      "  %d events, minimised from %d, not proved shortest:\n\n%s\n",
      o.spec.Name(), info.name, how, info.text, finding.violation.event,
      finding.violation.ToString(), KnownInWords(finding, has_corpus),
      finding.script.events.size(), finding.events_before,
      ToText(finding.script));
  std::cout.flush();
}

// The job with an input that violated it: one that stopped for it first.
std::optional<size_t> JobOf(const FuzzRun& run, size_t property) {
  std::optional<size_t> job;
  for (size_t i = 0; i < run.jobs.size(); ++i) {
    const fuzz::FuzzStatus& status = run.jobs[i].status;
    if (status.broken[property] == 0) continue;
    if (status.found != 0) return i;
    if (!job) job = i;
  }
  return job;
}

// What the fuzzer kept for the property. Nothing if it shows nothing: `lost`,
// if it is empty, gets what is wrong with it.
std::optional<Script> InputFor(const FuzzOptions& o, const JobEnd& job,
                               Property property, std::string& lost) {
  const std::string name = InputOf(job.status, static_cast<size_t>(property));
  const KeptInput& kept = job.inputs.at(name);
  Script input = DecodeSaved(kept.content);
  if (Run(input, o.spec.rules()).breaks(property)) return input;
  const std::string path = base::Shown(job.directory + "/" + name);
  if (!lost.empty()) return std::nullopt;
  if (!kept.wrong.empty())
    lost = kept.wrong;
  else if (kept.content.empty())
    lost = path + ": " + std::strerror(ENOENT);
  else
    lost = path +
           ": violated a property when the fuzzer ran it, and holds "
           "when it is run again";
  return std::nullopt;
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

std::vector<FuzzFinding> TellBroken(
    const FuzzOptions& o, const std::vector<campaign::KnownScript>& scripts,
    const FuzzRun& run, const std::atomic<bool>& stop, std::string& lost) {
  std::vector<FuzzFinding> findings;
  std::optional<campaign::Known> known;
  for (size_t i = 0; i < kProperties; ++i) {
    const auto job = JobOf(run, i);
    if (!job) continue;
    const JobEnd& end = run.jobs[*job];
    FuzzFinding finding;
    finding.property = static_cast<Property>(i);
    finding.executions = run.total.broken[i];
    finding.job = *job;
    const auto input = InputFor(o, end, finding.property, lost);
    if (!input) continue;
    finding.events_before = input->events.size();
    Shrink(o, *input, stop, finding);
    finding.violation = Run<LargeCaps>(finding.script, o.spec.rules(),
                                       {.report = Bit(finding.property)})
                            .first;
    if (!known) known.emplace(o.spec, scripts);
    LookUp(o, *known, finding);
    const std::string how =
        end.status.found != 0
            ? absl::StrFormat("found after %d executions in %.1f s (seed %u)",
                              run.total.executions, run.seconds, end.seed)
            : absl::StrFormat("first in %d of %d executions (seed %u)",
                              finding.executions, run.total.executions,
                              end.seed);
    if (!o.json) Tell(o, finding, !scripts.empty(), how);
    findings.push_back(finding);
  }
  return findings;
}

void WriteBroken(const FuzzOptions& o, const FuzzDirectory& directory,
                 const FuzzRun& run, std::vector<FuzzFinding>& findings) {
  for (FuzzFinding& finding : findings) {
    finding.path = base::WriteUnused(
        directory.Path(absl::StrCat(base::NamePart(o.spec.ToString()), "-",
                                    Name(finding.property))),
        "vmt", ToText(finding.script));
    if (!o.json)
      std::cout << "Run it again:  vmtrunc run "
                << report::OptionFor(finding.property)
                << base::PathWord(finding.path) << "\n\n";
  }
  WriteNotes(o, directory, run);
}

}  // namespace vmtrunc::cli
