// The processes of vmtrunc fuzz: started, watched, ended.
#ifndef VMTRUNC_CLI_FUZZ_RUN_H_
#define VMTRUNC_CLI_FUZZ_RUN_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "cli/fuzz_directory.h"
#include "cli/fuzzer_job.h"
#include "core/model/rules.h"

namespace vmtrunc::cli {

inline constexpr unsigned kMostJobs = 256;
inline constexpr uint32_t kMostSeed = std::numeric_limits<uint32_t>::max();

struct FuzzOptions {
  std::vector<std::string> verbs, known;
  std::string kernel = "2.6.11", unlike, property, out = "fuzz-out", corpus,
              fuzzer, of;
  KernelSpec spec;      // that `kernel` names, once the options are checked
  double seconds = 60;  // 0: no end
  long long runs = -1;  // any
  uint32_t seed = 0;    // of the first job; 0, any, until they are checked
  unsigned events = 32;
  unsigned jobs = 1;
  bool keep_going = false;
  bool json = false;
};

// Of the job with that number, from 0: seeds follow one another, and none is 0.
uint32_t SeedOf(const FuzzOptions& options, unsigned job);

// How a process ended.
struct JobEnd {
  std::string directory;  // has its log, status, current
  uint32_t seed = 0;
  fuzz::FuzzStatus status{};
  std::string error = {};  // "": it ended in order, or told a violation
};

struct FuzzRun {
  std::vector<JobEnd> jobs;
  fuzz::FuzzStatus total{};  // of all: sums, and the union of states
  double seconds = 0;
  bool stopped = false;      // by a signal
  std::string no_room = {};  // "": there was
};

// Runs the jobs until all have ended: by themselves, because one found
// something (unless --keep-going), one ended in error, time is up, there is no
// room, or `stop`. Throws UsageError.
FuzzRun RunJobs(const FuzzOptions& options, const FuzzDirectory& directory,
                const std::string& fuzzer,
                const std::vector<std::string>& seeds,
                const std::atomic<bool>& stop);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_RUN_H_
