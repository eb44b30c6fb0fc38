// Processes a slice that has ended.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/place.h"
#include "base/shown.h"
#include "cli/campaign_page.h"
#include "cli/campaign_run.h"
#include "cli/input.h"
#include "report/explain/page.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

// A job that fails within this time has not really started.
constexpr double kAtOnce = 3;
constexpr unsigned kMostDiedAtOnce = 6;
constexpr unsigned kMostDiedKept = 100;
// Time limit for minimising the findings of one slice.
constexpr auto kShrinking = std::chrono::seconds(8);
// Time after stopping the jobs; the rest is left to the next campaign run.
constexpr auto kMostWait = std::chrono::milliseconds(300);

bool ReadWhat(const std::string& directory, campaign::SliceRecord& record) {
  const auto what = ReadSliceWhat(directory);
  if (!what) return false;
  record.kernel = what->kernel;
  record.engine = what->engine;
  record.began_unix = what->began_unix;
  record.seconds = what->seconds;
  record.memory_mib = what->memory_mib;
  record.end = what->end;
  return true;
}

size_t CountIn(const std::string& directory) {
  std::error_code error;
  size_t count = 0;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    ++count;
  if (error) base::FailPath(directory, error.value());
  return count;
}

// Records how the slice ended, for the next start.
void AddEnd(const std::string& directory, const campaign::SliceRecord& record) {
  const std::string path = absl::StrCat(directory, "/", kSliceFile);
  base::WriteFile(path, absl::StrCat(base::ReadKnown(path, 4096).value_or(""),
                                     record.seconds, "\n", record.memory_mib,
                                     "\n", record.end, "\n"));
}

}  // namespace

void CampaignRun::TakeLeftOvers() {
  for (const uint64_t number : store_.Jobs()) {
    last_slice_ = std::max(last_slice_, number);
    if (stopped()) continue;
    if (SetAside(number)) continue;
    campaign::SliceRecord record{.slice = number, .at = ran()};
    const std::string directory = store_.JobDirectory(number);
    if (ReadWhat(directory, record)) {
      const auto kernel = std::find_if(
          kernels_.begin(), kernels_.end(),
          [&](const KernelState& k) { return k.name == record.kernel; });
      // Its kernel is not part of this campaign run: it stays for the next.
      if (kernel == kernels_.end()) continue;
      if (!Harvest(record, *kernel) || stopped()) continue;
    } else if (HasInputs(directory)) {
      MoveAside(number, absl::StrCat("has inputs and no file `", kSliceFile,
                                     "` that names their kernel"));
      continue;
    }
    RemoveJob(number);
  }
  tries_ = 0;
}

// A slice that crashed the campaign while it was processed might do so each
// time. Once it may have been killed for another reason; the third time nothing
// is minimised, and there is no fourth.
bool CampaignRun::SetAside(uint64_t number) {
  const std::string directory = store_.JobDirectory(number);
  tries_ = 0;
  while (tries_ < campaign::kMostTries &&
         base::IsThere(directory + "/" + campaign::TryFile(tries_)))
    ++tries_;
  if (tries_ < campaign::kMostTries) return false;
  MoveAside(number, "cannot be processed");
  return true;
}

void CampaignRun::MoveAside(uint64_t number, const std::string& why) {
  // The name may be taken: by a slice of a lost log, or a foreign file.
  const std::string aside =
      base::SetAside(store_.JobDirectory(number),
                     store_.Path(absl::StrCat("died/", number, "-slice")), "");
  TellLine(absl::StrCat("slice ", number, " ", why, ": ",
                        aside.empty()
                            ? base::Shown(store_.JobDirectory(number)) +
                                  ", where it stays: it cannot be renamed"
                            : base::Shown(aside)));
}

// A job that could write no more has counted a violation, and perhaps a cause,
// without an input. If nothing else shows that cause, it is but a name: the
// script may have shown a known bug.
void CampaignRun::CountLost(const std::vector<InputLeft>& lost,
                            const KernelState& kernel,
                            campaign::SliceRecord& record) {
  for (const InputLeft& one : lost)
    (kernel.findings.IsShown(one.cause) ? record.causes[one.cause]
                                        : record.unsorted) += one.executions;
}

bool CampaignRun::HarvestCauses(const SliceLeft& left, KernelState& kernel,
                                campaign::SliceRecord& record) {
  record.unsorted = left.unsorted;
  const auto deadline = Clock::now() + kShrinking;
  const auto stop = [&] {
    return tries_ > 1 || stopped() || Clock::now() > deadline;
  };
  uint64_t counted = 0;
  std::vector<InputLeft> lost;
  for (const InputLeft& one : left.inputs) {
    if (WaitedEnough()) return false;
    std::string name = one.cause;
    const std::string path =
        absl::StrCat(store_.JobDirectory(record.slice), "/", one.file);
    const bool is_kept =
        base::ReadKnown(path, campaign::KernelCorpus::kMostBytes)
            .value_or("") != "";
    if (is_kept) {
      const Script script = ReadSaved(path);
      const size_t before = kernel.findings.all().size();
      const campaign::Finding* finding =
          kernel.findings.Add(script, stop, &name);
      record.gain.causes +=
          static_cast<unsigned>(kernel.findings.all().size() - before);
      if (finding != nullptr) KeepFinding(*finding, kernel.findings);
    }
    // It violates nothing here, or is no input.
    if (name.empty()) {
      not_taken_ = one.file;
      continue;
    }
    counted += one.executions;
    if (!is_kept) {
      lost.push_back(one);
      continue;
    }
    record.causes[name] += one.executions;
    if (one.is_unsorted && record.unsorted > 0) --record.unsorted;
  }
  CountLost(lost, kernel, record);
  // Without a status they are all that is known to have run.
  record.executions = std::max(record.executions, counted);
  return true;
}

bool CampaignRun::Harvest(const campaign::SliceRecord& record,
                          KernelState& kernel) {
  not_taken_.clear();
  const std::string mark =
      store_.JobDirectory(record.slice) + "/" + campaign::TryFile(tries_);
  base::WriteFile(mark, "");
  // It stays only if processing the slice ends the process.
  const absl::Cleanup unmark = [&] {
    if (store_.IsThere()) ::unlink(mark.c_str());
  };
  return TakeSlice(record, kernel);
}

// Whether the user, who has stopped us, has waited long enough.
bool CampaignRun::WaitedEnough() {
  if (!stopped()) return false;
  if (!stopped_at_) stopped_at_ = Clock::now();
  return Clock::now() - *stopped_at_ > kMostWait;
}

bool CampaignRun::TakeSlice(campaign::SliceRecord record, KernelState& kernel) {
  store_.ExpectThere();
  const std::string directory = store_.JobDirectory(record.slice);
  const SliceLeft left = ReadSliceLeft(directory, kernel.spec);
  const fuzz::FuzzStatus& status = left.status;
  record.executions = status.executions;
  record.events = status.events;
  record.effects = status.effects;
  record.drops = status.drops;
  // Messages come first.
  if (!HarvestCauses(left, kernel, record)) return false;
  const unsigned causes = record.gain.causes;
  store_.ExpectThere();
  record.gain = kernel.corpus.Take(directory + "/corpus",
                                   [this] { return WaitedEnough(); });
  record.gain.causes = causes;
  if (WaitedEnough()) return false;
  record.states = kernel.corpus.StateCount();
  record.corpus = kernel.corpus.names().size();
  record.of_count = CountSeen(kernel.of);
  for (size_t i = 0; i < kernel.of.size(); ++i)
    record.of_seen +=
        kernel.of[i] != 0 && kernel.corpus.states()[i] != 0 ? 1 : 0;
  // After a stop, does not wait for the disk: the slice stays, and the next
  // start processes it again.
  const bool is_durable = !stopped();
  if (is_durable)
    base::SyncFileSystem(store_.directory());  // all of it at once
  if (log_.Has(record.id())) return true;      // processed again
  log_.Append(record, is_durable);             // now it is done
  executions_ += record.executions;
  for (const auto& [cause, executions] : record.causes)
    kernel.findings.Count(cause, executions, log_.records().back().end_unix);
  return true;
}

void CampaignRun::KeepFinding(const campaign::Finding& finding,
                              campaign::Findings& findings) {
  store_.ExpectThere();  // it was minimised, which takes its time
  // Not what another finding has, nor what an earlier campaign called so: with
  // other known scripts a script has another cause.
  const std::string name = own_.Write(
      finding.Stem(), "vmt", ToText(finding.script),
      [&](const std::string& there) { return there == finding.file + ".vmt"; });
  findings.SetFile(finding, fs::path(name).stem().string());
  TellRefused();
  without_page_.insert(finding.FileName());
  MakePage(finding);
}

// For findings that there was no time for when the last campaign was stopped.
void CampaignRun::MakePages() {
  for (const KernelState& kernel : kernels_)
    for (const auto& [name, finding] : kernel.findings.all()) {
      const std::string stem = store_.Path("findings/" + finding.FileName());
      if (stopped() || !finding.has_script() || base::IsThere(stem + ".html"))
        continue;
      without_page_.insert(finding.FileName());
      MakePage(finding);
    }
}

void CampaignRun::MakePage(const campaign::Finding& finding) {
  const std::string title = finding.FileName() + ".vmt";
  const auto page = MakeUnless(stop_, [&] {
    return report::ExplainedPage(
        vmtrunc::report::Tell(title, finding.script, *finding.script.kernel,
                              report::Folding::kQuiet));
  });
  store_.ExpectThere();
  if (page) {
    own_.Write(
        finding.FileName(), "html", *page, [&](const std::string& there) {
          const std::string stem = fs::path(there).stem().string();
          return stem == finding.FileName() ||  // else it is of another script
                 !base::IsThere(store_.Path("findings/" + stem + ".vmt"));
        });
    TellRefused();
    without_page_.erase(finding.FileName());
  } else {
    own_.Remove(finding.FileName() + ".html");  // it explains another script
  }
}

// Keeps a file of a job that crashed. Throws UsageError if the disk is full.
CampaignRun::Kept CampaignRun::KeepDied(uint64_t slice, const char* name,
                                        const char* extension) {
  const std::string died = store_.Path("died");
  if (const size_t count = CountIn(died); count >= kMostDiedKept)
    return {.path = {},
            .why = absl::StrCat(base::Shown(died), " has ", count,
                                " files, and no more are kept")};
  const std::string from = store_.JobDirectory(slice) + "/" + name;
  const auto content = base::ReadWhole(from, base::kMostInput);
  if (!content)
    return {.path = {},
            .why = base::Shown(from) +
                   (base::IsThere(from) ? " cannot be read" : " is not there")};
  return {.path = base::WriteUnused(absl::StrCat(died, "/", slice, "-", name),
                                    extension, *content),
          .why = {}};
}

// Keeps what a job that crashed ran last. Returns where it is, or how to get
// it.
std::string CampaignRun::LastInput(uint64_t slice, const FuzzerJob& job) {
  const std::string scouted =
      store_.Path(absl::StrCat("died/", slice, "-scouted"));
  if (const std::string again = job.ScoutedAgain(scouted); !again.empty())
    return absl::StrCat("it ran a generated script, which mkdir ",
                        base::PathWord(scouted), " && ", again,
                        " runs again and leaves in ",
                        base::Shown(scouted + "/" + fuzz::kCurrentFile));
  const Kept input = KeepDied(slice, fuzz::kCurrentFile, fuzz::kInputExtension);
  if (input.path.empty()) return "its last input is not kept: " + input.why;
  const std::string mutated =
      store_.Path(absl::StrCat("died/", slice, "-mutated"));
  const std::string path = base::Shown(input.path);
  const std::string again = job.MutatedAgain(mutated, input.path);
  if (again.empty()) return "its last input: " + path;
  return absl::StrCat("it ran a script that it made of ", path,
                      ", which mkdir ", base::PathWord(mutated), " && ", again,
                      " runs again and leaves in ",
                      base::Shown(mutated + "/" + fuzz::kCurrentFile));
}

// Keeps the last input and the log of a job that crashed, and says where they
// are.
void CampaignRun::TakeCrash(const campaign::SliceRecord& record,
                            const FuzzerJob& job) {
  const std::string input = LastInput(record.slice, job);
  const Kept log = KeepDied(record.slice, "log", "txt");
  TellLine(absl::StrCat("a job on ", record.kernel, " crashed (", record.end,
                        "); ", input));
  if (record.seconds >= kAtOnce || ++died_at_once_ < kMostDiedAtOnce) return;
  // The slice is left as it is, for the next start.
  throw base::UsageError{absl::StrCat(
      "jobs crash as soon as they start; see ",
      base::Shown(log.path.empty() ? store_.JobDirectory(record.slice) + "/log"
                                   : log.path))};
}

// Removes the rest of a processed slice.
void CampaignRun::RemoveJob(uint64_t number) {
  store_.ExpectThere();
  if (const std::string kept = std::exchange(not_taken_, ""); !kept.empty())
    MoveAside(number, absl::StrCat("has ", kept,
                                   ", which was kept for a violation and "
                                   "violates nothing in this build"));
  else if (!store_.RemoveJob(number))
    MoveAside(number, "has files that are not the campaign's");
}

void CampaignRun::End(Slice& slice) {
  store_.ExpectThere();
  FuzzerJob& job = *slice.job;
  campaign::SliceRecord record{
      .slice = slice.number,
      .began_unix = slice.began_unix,
      .seconds =
          std::chrono::duration<double>(Clock::now() - slice.began).count(),
      .at = ran(),
      .kernel = kernels_[slice.pair.kernel].name,
      .engine = engines_[slice.pair.engine].name,
      .memory_mib = job.memory_mib()};
  job.ExpectSameBuild(/*at_end=*/true);
  if (job.crashed() || (job.killed() && !stopped())) {
    record.end = job.EndInWords();
    TakeCrash(record, job);
  } else {
    died_at_once_ = 0;
  }
  KernelState& kernel = kernels_[slice.pair.kernel];
  if (!Harvest(record, kernel)) {
    AddEnd(store_.JobDirectory(slice.number), record);
    TellLine(
        absl::StrCat("slice ", slice.number, " is kept for the next start"));
    return;
  }
  schedule_.Note(slice.pair, log_.records().back().gain, record.seconds);
  if (!stopped()) RemoveJob(slice.number);
}

}  // namespace vmtrunc::cli
