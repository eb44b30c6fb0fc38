// A running campaign: it starts slices, processes their results, and reports.
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

#include "base/own_files.h"
#include "base/stop.h"
#include "base/terminal.h"
#include "campaign/corpus.h"
#include "campaign/findings.h"
#include "campaign/log.h"
#include "campaign/schedule.h"
#include "campaign/store.h"
#include "campaign/summary.h"
#include "cli/abstract.h"
#include "cli/fuzzer_job.h"
#include "cli/slice_left.h"

namespace vmtrunc::cli {

struct CampaignOptions {
  std::string directory, fuzzers;
  std::vector<std::string> kernels, engines, known, corpus, of;
  double seconds = 0;  // 0: unlimited
  double slice_seconds = 30;
  unsigned jobs = 0;  // 0: one a processor
  unsigned memory_mib = 512;
  unsigned events = 32;
  uint32_t seed = 0;  // of the first slice, then incremented; 0: random
  bool json = false, status = false;
};

// Inputs that are read once, before the directory is created or opened: a file
// may be a pipe, which may block.
struct CampaignInputs {
  explicit CampaignInputs(const CampaignOptions& options);

  struct States {
    std::string kernel;  // empty: all kernels
    AbstractStates states;
  };
  std::vector<campaign::KnownScript> known;
  std::vector<States> of;
};

// The settings of a slice.
struct Engine {
  const char* name;
  const char* fuzzer;
  const char* describes;
  std::vector<std::string> flags, variables;
};
const std::vector<Engine>& AllEngines();

// A clock in seconds that all processes share, unaffected by changes of the
// time.
double SecondsSinceBoot();

// Total time that campaigns have run in the directory, including a running one,
// and slices that a campaign which was killed has left.
double RanUntilNow(const campaign::Store& store, const campaign::Log& log);

// A finding that an earlier campaign has kept.
struct KeptScript {
  std::string path, name;  // of its file; the name without .vmt
  Script script;
  bool is_edited = false;  // it is not as the campaign wrote it
};
// Says on standard error which files are none. Throws UsageError if the
// directory cannot be read.
std::vector<KeptScript> KeptScripts(const campaign::Store& store);

// The kernels of a directory: those of its log, then those of its findings.
std::vector<std::string> KernelsOf(
    const std::vector<KeptScript>& kept,
    const std::vector<campaign::SliceRecord>& records);

// Findings on a kernel, restored from their files and the log. Says on standard
// error which of these files do not show one.
campaign::Findings RestoreFindings(
    const std::vector<KeptScript>& kept, const std::string& kernel,
    const std::vector<campaign::KnownScript>& known,
    const std::vector<campaign::SliceRecord>& records);

// Invariants:
// 1  a slice's directory is removed after its line in the log is on disk
// 2  the directory is sufficient to resume from at any moment
class CampaignRun {
 public:
  // Processes slices that a killed campaign has left. Throws UsageError.
  CampaignRun(const CampaignOptions& options, const CampaignInputs& inputs);
  ~CampaignRun();

  // Runs until time is up, a signal, or a closed output. Throws UsageError if
  // the disk is full, or jobs fail at once.
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

  void OpenKernel(const std::string& name, const CampaignInputs& inputs,
                  const std::vector<KeptScript>& kept);
  void RestoreOthers(const CampaignInputs& inputs,
                     const std::vector<KeptScript>& kept);
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
  // Processes the results of the slice: its inputs, its violations, and its
  // line. Returns false if there is no time.
  bool Harvest(const campaign::SliceRecord& record, KernelState& kernel);
  bool TakeSlice(campaign::SliceRecord record, KernelState& kernel);
  bool HarvestCauses(const SliceLeft& left, KernelState& kernel,
                     campaign::SliceRecord& record);
  void CountLost(const std::vector<InputLeft>& lost, const KernelState& kernel,
                 campaign::SliceRecord& record);
  void KeepFinding(const campaign::Finding& finding,
                   campaign::Findings& findings);
  void TellRefused();  // once: why nothing in findings/ is replaced
  void MakePages();    // pages that there was no time for
  void MakePage(const campaign::Finding& finding);
  // Where a file is kept, or why it is not.
  struct Kept {
    std::string path, why;
  };
  Kept KeepDied(uint64_t slice, const char* name, const char* extension);
  std::string LastInput(uint64_t slice, const FuzzerJob& job);
  void TakeCrash(const campaign::SliceRecord& record, const FuzzerJob& job);
  void End(Slice& slice);
  void Tell();
  bool HasNews() const;
  std::vector<campaign::Group> Groups() const;
  void TellLine(const std::string& line);
  void ExpectReport() const;
  void WriteReport() const;

  const CampaignOptions options_;
  campaign::Store store_;
  base::OwnFiles own_;  // in findings/
  campaign::Log log_;
  std::deque<KernelState> kernels_;
  std::vector<campaign::Findings> others_;  // on kernels that do not run
  std::vector<Engine> engines_;
  campaign::Schedule schedule_;
  std::vector<Slice> slices_;
  uint64_t last_slice_ = 0;
  uint64_t executions_ = 0;
  const size_t known_scripts_;
  const double ran_before_;    // before this run, in this directory
  unsigned tries_ = 0;         // earlier attempts to process a slice
  std::string not_taken_;      // a file of the slice that was processed last
  unsigned died_at_once_ = 0;  // in a row
  std::set<std::string> told_;
  bool told_refused_ = false;
  std::set<std::string> without_page_;  // findings, by their files' names
  const Clock::time_point start_ = Clock::now();
  const std::atomic<bool>& stop_ = base::StopOnSignals();
  std::optional<Clock::time_point> stopped_at_;
  // Of progress, on standard error if it is a terminal, else among the results.
  const bool terminal_ = base::TakesEscapes(STDERR_FILENO);
  Clock::time_point next_line_;
  bool shown_ = false;
};

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_CAMPAIGN_RUN_H_
