// What a campaign takes from a slice that has ended.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cli/campaign_run.h"
#include "cli/input.h"
#include "explain/page.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

// A job that ends in error within this has not even begun.
constexpr double kAtOnce = 3;
constexpr unsigned kMostDiedAtOnce = 6;
// Marks that a slice is being taken, with a number; the second time nothing is
// shrunk, and there is no third.
constexpr const char* kTryFile = "try-";
constexpr unsigned kMostTries = 2;
constexpr unsigned kMostDiedKept = 100;
// What one slice's findings may take to shrink.
constexpr auto kShrinking = std::chrono::seconds(8);

bool ReadWhat(const std::string& directory, SliceRecord& record) {
  const auto text = ReadWhole(directory + "/" + kSliceFile, 4096);
  if (!text) return false;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  if (lines.size() < 3) return false;
  record.kernel = lines[0];
  record.engine = lines[1];
  return absl::SimpleAtoi(lines[2], &record.began_unix);
}

}  // namespace

void CampaignRun::TakeLeftOvers() {
  for (const uint64_t number : store_.Jobs()) {
    last_slice_ = std::max(last_slice_, number);
    if (!log_.Has(number) && SetAside(number)) continue;
    SliceRecord record{.slice = number};
    const std::string directory = store_.JobDirectory(number);
    if (!log_.Has(number)) {
      if (ReadWhat(directory, record)) {
        const auto kernel = std::find_if(
            kernels_.begin(), kernels_.end(),
            [&](const KernelState& k) { return k.name == record.kernel; });
        // Of a kernel that is left out this time: it stays for the next.
        if (kernel == kernels_.end()) continue;
        record.end = "the campaign ended";
        Harvest(record, *kernel);
      }
    }
    store_.RemoveJob(number);
  }
  tries_ = 0;
}

// What ended the campaign once while it was taken might end each one.
bool CampaignRun::SetAside(uint64_t number) {
  const std::string directory = store_.JobDirectory(number);
  std::error_code error;
  tries_ = 0;
  while (fs::exists(absl::StrCat(directory, "/", kTryFile, tries_), error))
    ++tries_;
  if (tries_ < kMostTries) return false;
  const std::string aside =
      store_.Path(absl::StrCat("died/", number, "-slice"));
  fs::rename(directory, aside, error);
  TellLine(absl::StrCat("slice ", number, " cannot be taken: ", aside));
  return true;
}

void CampaignRun::HarvestCauses(const FuzzStatus& status, KernelState& kernel,
                                SliceRecord& record) {
  record.unsorted = status.unsorted;
  const auto deadline = Clock::now() + kShrinking;
  const auto stop = [&] {
    return tries_ > 0 || Stopped() || Clock::now() > deadline;
  };
  for (size_t i = 0; i < kMostCauses; ++i) {
    const SortedCause& cause = status.causes[i];
    if (cause.executions == 0) break;
    std::string name = cause.name;
    const std::string path =
        absl::StrCat(store_.JobDirectory(record.slice), "/", kCausePrefix, i);
    // A job that was killed may have counted what it had not kept yet.
    if (ReadWhole(path, KernelCorpus::kMostBytes).value_or("").size() >= 8) {
      const Script script = ReadSaved(path);
      const size_t before = kernel.findings.all().size();
      const Finding* finding =
          kernel.findings.Add({script.setup, script.events}, stop, &name);
      record.gain.causes +=
          static_cast<unsigned>(kernel.findings.all().size() - before);
      if (finding != nullptr) KeepFinding(*finding);
    }
    record.causes[name] += cause.executions;
  }
}

void CampaignRun::Harvest(const SliceRecord& record, KernelState& kernel) {
  const std::string mark =
      absl::StrCat(store_.JobDirectory(record.slice), "/", kTryFile, tries_);
  WriteDurable(mark, "");
  try {
    TakeSlice(record, kernel);
  } catch (const UsageError&) {
    ::unlink(mark.c_str());  // the disk's fault, not the slice's
    throw;
  }
}

void CampaignRun::TakeSlice(SliceRecord record, KernelState& kernel) {
  const std::string directory = store_.JobDirectory(record.slice);
  const FuzzStatus status = FuzzerJob::ReadStatus(directory);
  record.executions = status.executions;
  record.events = status.events;
  record.effects = status.effects;
  record.drops = status.drops;
  record.gain = kernel.corpus.Take(directory + "/corpus");
  HarvestCauses(status, kernel, record);
  record.states = kernel.corpus.StateCount();
  record.corpus = kernel.corpus.names().size();
  record.of_count = CountSeen(kernel.of);
  for (size_t i = 0; i < kernel.of.size(); ++i)
    record.of_seen +=
        kernel.of[i] != 0 && kernel.corpus.states()[i] != 0 ? 1 : 0;
  log_.Append(record);  // from here on it has happened
  executions_ += record.executions;
  const int64_t end = record.began_unix + static_cast<int64_t>(record.seconds);
  for (const auto& [cause, executions] : record.causes)
    kernel.findings.Count(cause, executions, end);
}

void CampaignRun::KeepFinding(const Finding& finding) {
  const std::string name = store_.Path("findings/" + finding.FileName());
  WriteDurable(name + ".vmt", ToText(finding.script));
  WriteDurable(name + ".html", ExplainedPage(vmtrunc::Tell(
                                 finding.FileName() + ".vmt", finding.script,
                                 *finding.script.kernel, Folding::kQuiet)));
}

void CampaignRun::KeepDied(const SliceRecord& record) {
  const std::string directory = store_.JobDirectory(record.slice);
  std::error_code error;
  const auto kept =
      std::distance(fs::directory_iterator(store_.Path("died"), error),
                    fs::directory_iterator());
  if (kept >= kMostDiedKept) return;
  for (const char* name : {kCurrentFile, "log"})
    fs::copy_file(directory + "/" + name,
                  store_.Path(absl::StrCat("died/", record.slice, "-", name)),
                  error);
}

void CampaignRun::End(Slice& slice) {
  SliceRecord record{
      .slice = slice.number,
      .began_unix = slice.began_unix,
      .seconds =
          std::chrono::duration<double>(Clock::now() - slice.began).count(),
      .kernel = kernels_[slice.pair.kernel].name,
      .engine = engines_[slice.pair.engine].name,
      .memory_mib = slice.job->memory_mib()};
  if (slice.job->crashed() && !slice.stopped) {
    record.end = slice.job->EndInWords();
    KeepDied(record);
    TellLine(absl::StrCat("a job on ", record.kernel, " died (", record.end,
                          "); its last input: ", store_.Path("died/"),
                          record.slice, "-", kCurrentFile));
    if (record.seconds < kAtOnce && ++died_at_once_ >= kMostDiedAtOnce)
      throw UsageError{absl::StrCat("jobs die as soon as they begin; see ",
                                    store_.Path("died/"), record.slice,
                                    "-log")};
  } else {
    died_at_once_ = 0;
    if (slice.job->crashed() && Clock::now() >= slice.deadline)
      record.end = "killed: it did not end in time";
  }
  KernelState& kernel = kernels_[slice.pair.kernel];
  Harvest(record, kernel);
  schedule_.Note(slice.pair, log_.records().back().gain, record.seconds);
  store_.RemoveJob(slice.number);
}

}  // namespace vmtrunc
