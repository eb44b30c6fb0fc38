// The processes of vmtrunc fuzz: starts, watches and ends them.
#ifndef VMTRUNC_CLI_FUZZ_RUN_H_
#define VMTRUNC_CLI_FUZZ_RUN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/place.h"
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
  KernelSpec spec;      // of `kernel`, after the options are checked
  double seconds = 60;  // 0: unlimited
  long long runs = -1;  // -1: unlimited
  // Of the first job; 0, random, until options are checked.
  uint32_t seed = 0;
  unsigned events = 32;
  unsigned jobs = 1;
  bool keep_going = false;
  bool json = false;
};

// The seed of that job, counted from 0, where the first one has the seed
// `first`, above 0: consecutive, and none is 0, which is random for libFuzzer.
uint32_t SeedOf(uint32_t first, uint64_t job);

// The properties that a job stops for, or keeps an input of, a bit each.
uint32_t StopsFor(const FuzzOptions& options);

// What libFuzzer runs before it changes anything.
struct FuzzSeeds {
  std::vector<std::string> arguments = {};  // of libFuzzer, that name them
  size_t longest_bytes = 0;
  // Of those that it reads where they are, and how many they are. It says
  // nothing of one that it cannot read.
  base::Places places = {};
  size_t in_place = 0;
};

// libFuzzer's -max_len, which it cuts what it reads to: room for scripts of
// `events` and for the longest of its seeds, up to where bytes are ignored.
std::string MaxLen(unsigned events, size_t longest_bytes);

// The size of the largest file in the directory and below, in bytes; 0 if there
// is none.
size_t LongestIn(const std::string& directory);

// An input that a job kept, as it was when the job ended.
struct KeptInput {
  std::string content;  // "": it is not there
  std::string wrong;    // "": it could be read
};

// How a process ended.
struct JobEnd {
  std::string directory;  // has its log, status, current
  uint32_t seed = 0;
  fuzz::FuzzStatus status{};
  std::map<std::string, KeptInput> inputs = {};  // InputOf() what it violated
  std::string error = {};  // "": it ended normally, or with a violation
};

// The file, in the job's directory, with an input that violates the property.
std::string InputOf(const fuzz::FuzzStatus& status, size_t property);

struct FuzzRun {
  std::vector<JobEnd> jobs;
  fuzz::FuzzStatus total{};  // sums over all jobs, and the union of states
  double seconds = 0;
  bool stopped = false;      // by a signal
  std::string no_room = {};  // "": the disk was not full
  // The directory has moved, or cannot be looked at: nothing more is written.
  // "": it is there.
  std::string gone = {};
};

// Runs the jobs until all have ended: by themselves, because one found a
// violation (unless --keep-going), one failed, time is up, the disk is full, or
// `stop`; or until the directory is gone. Throws UsageError.
FuzzRun RunJobs(const FuzzOptions& options, const FuzzDirectory& directory,
                const std::string& fuzzer, const FuzzSeeds& seeds,
                const std::atomic<bool>& stop);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_RUN_H_
