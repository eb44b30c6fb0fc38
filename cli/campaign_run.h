// A campaign that runs: it starts slices, takes what they leave, and tells.
#ifndef VMTRUNC_CLI_CAMPAIGN_RUN_H_
#define VMTRUNC_CLI_CAMPAIGN_RUN_H_

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/stop.h"
#include "campaign/corpus.h"
#include "campaign/findings.h"
#include "campaign/log.h"
#include "campaign/schedule.h"
#include "campaign/store.h"
#include "campaign/summary.h"
#include "cli/fuzzer_job.h"

namespace vmtrunc::cli {

// In a slice's directory, a line each: its kernel, its engine, when it began by
// the clock, how long campaigns had run then, and the seconds since the machine
// was started. For when the campaign that began it is gone, and for --status.
inline constexpr const char* kSliceFile = "what";

struct CampaignOptions {
  std::string directory, fuzzers;
  std::vector<std::string> kernels, engines, known, corpus, of;
  double seconds = 0;  // 0: no end
  double slice_seconds = 30;
  unsigned jobs = 0;  // 0: one a processor
  unsigned memory_mib = 512;
  unsigned events = 32;
  uint32_t seed = 0;  // of the first slice, then counted up; 0: any
  bool json = false, status = false;
};

// What is read once, before the directory is made or opened: it may be a pipe,
// which may make us wait.
struct CampaignInputs {
  explicit CampaignInputs(const CampaignOptions& options);

  struct States {
    std::string kernel;         // empty: of each
    std::vector<uint8_t> seen;  // as ReadAbstract() has them
  };
  std::vector<campaign::KnownScript> known;
  std::vector<States> of;
};

// How a slice is fuzzed.
struct Engine {
  const char* name;
  const char* fuzzer;
  const char* describes;
  std::vector<std::string> flags, variables;
};
const std::vector<Engine>& AllEngines();

// The scripts in files below these places; by default of the sources that the
// command was built from, if they are there.
std::vector<campaign::KnownScript> ReadKnown(
    const std::vector<std::string>& places);

// The seconds that clocks of all processes agree on, also when the time is set.
double SecondsSinceBoot();

// How long campaigns have run in the directory, the one that runs now with it.
double RanUntilNow(const campaign::Store& store, const campaign::Log& log);

// Findings of a kernel as its files and the log have them.
campaign::Findings RestoreFindings(
    const campaign::Store& store, const std::string& kernel,
    const std::vector<campaign::KnownScript>& known,
    const std::vector<campaign::SliceRecord>& records);

// Invariants:
//   1  a slice's directory goes when its line in the log is on disk, not before
//   2  what is in the directory is enough to resume from, at any moment
class CampaignRun {
 public:
  // Takes what slices of a campaign that was killed have left. Throws
  // UsageError.
  CampaignRun(const CampaignOptions& options, const CampaignInputs& inputs);
  ~CampaignRun();

  // Until time is up, a signal comes, or nobody reads any more. Throws
  // UsageError when the disk is full, or jobs do not even begin.
  void Run();
  campaign::Summary Sum() const;
  bool stopped() const { return stop_; }               // by a signal
  double seconds() const;                              // of this run
  uint64_t executions() const { return executions_; }  // of its ended slices

 private:
  using Clock = std::chrono::steady_clock;

  struct KernelState {
    std::string name;
    KernelSpec spec;
    campaign::KernelCorpus corpus;
    campaign::Findings findings;
    std::vector<uint8_t> of;  // abstract states; empty: not given
  };
  struct Slice {
    uint64_t number;
    campaign::Pair pair;
    int64_t began_unix;
    Clock::time_point began, deadline;
    std::unique_ptr<FuzzerJob> job;
  };

  void OpenKernel(const std::string& name, const CampaignInputs& inputs);
  void GiveSeeds();
  void TakeLeftOvers();
  bool SetAside(uint64_t number);
  void MoveAside(uint64_t number, const std::string& why);
  void RemoveJob(uint64_t number);
  bool WaitedEnough();
  double ran() const { return ran_before_ + seconds(); }
  void Start();
  JobSpec SpecOf(uint64_t number, campaign::Pair pair, double seconds) const;
  void StopAll();
  void Look();  // at all slices
  // Takes what the slice left: its inputs, what it broke, and its line. Returns
  // false when there is no time for that.
  bool Harvest(const campaign::SliceRecord& record, KernelState& kernel);
  bool TakeSlice(campaign::SliceRecord record, KernelState& kernel);
  bool HarvestCauses(const fuzz::FuzzStatus& status, KernelState& kernel,
                     campaign::SliceRecord& record);
  void KeepFinding(const campaign::Finding& finding);
  void MakePages();  // those that there was no time for
  void MakePage(const campaign::Finding& finding);
  void KeepDied(const campaign::SliceRecord& record);
  void End(Slice& slice);
  void Tell();
  bool HasNews() const;
  std::vector<campaign::Group> Groups() const;
  void TellLine(const std::string& line);
  void ExpectReport() const;
  void WriteReport() const;

  const CampaignOptions options_;
  campaign::Store store_;
  campaign::Log log_;
  std::deque<KernelState> kernels_;
  std::vector<Engine> engines_;
  campaign::Schedule schedule_;
  std::vector<Slice> slices_;
  uint64_t last_slice_ = 0;
  uint64_t executions_ = 0;
  const double ran_before_;    // before this run, in this directory
  unsigned tries_ = 0;         // to take a slice, before this one
  unsigned died_at_once_ = 0;  // one after the other
  std::set<std::string> told_;
  std::set<std::string> without_page_;  // findings, by their files' names
  const Clock::time_point start_ = Clock::now();
  const std::atomic<bool>& stop_ = base::StopOnSignals();
  std::optional<Clock::time_point> stopped_at_;
  Clock::time_point next_line_;
  bool shown_ = false;
};

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CAMPAIGN_RUN_H_
