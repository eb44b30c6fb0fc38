// A run of an instrumented fuzzing executable as a child: what vmtrunc fuzz and
// vmtrunc campaign both start and watch.
#ifndef VMTRUNC_CLI_FUZZER_JOB_H_
#define VMTRUNC_CLI_FUZZER_JOB_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/script/script.h"
#include "fuzz/status.h"

namespace vmtrunc::cli {

// Where `name` is: build/release/bin/vmtrunc's fuzzer is
// build/fuzz/bin/fuzz_truncate. `given` in its place, if not empty. Throws
// UsageError.
std::string FindFuzzer(const std::string& given,
                       const std::string& name = "fuzz_truncate");

struct JobSpec {
  std::string fuzzer;
  std::string directory;               // has its log, status, current
  std::vector<std::string> arguments;  // libFuzzer's flags and directories
  std::vector<std::string> variables;  // NAME=VALUE, beside kDirectoryVariable
  uint64_t most_bytes = 0;             // of address space; 0: any
  // Of processor time, for when we are stopped (SIGSTOP) and continue too late;
  // 0: any. Not libFuzzer's -max_total_time: it goes by a clock that can be
  // set, and where that goes back the time is up at once.
  uint64_t most_seconds = 0;
};

// Removes a regular file that we replace, if it is there. Throws UsageError
// where something else has its name: a link might lead out of the directory.
void RemoveOwn(const std::string& path);

// The child and what it tells. It is killed when this process ends, however
// that does, so that nothing writes to the directory without us.
class FuzzerJob {
 public:
  // Throws UsageError.
  explicit FuzzerJob(const JobSpec& spec);
  ~FuzzerJob();
  FuzzerJob(const FuzzerJob&) = delete;
  FuzzerJob& operator=(const FuzzerJob&) = delete;

  // True once it has ended; how it did is valid then.
  bool Ended();
  // It is asked to end between two inputs, so that what it writes is whole;
  // interrupted when it does not, and killed. Over in less than a second.
  void End();
  void Kill();
  // By itself and in error, or while it told what it had found.
  bool crashed() const;
  // By us, since it did not end when it was asked.
  bool killed() const;
  std::string EndInWords() const;  // "exit status 77", "signal 9"

  // Throws UsageError when the executable has another model than we, as soon as
  // it has said so; `at_end`: and when it has ended by itself and has not.
  void ExpectSameBuild(bool at_end);
  // The last that it said, in one line.
  std::string LastWords() const;

  uint64_t memory_mib() const { return memory_mib_; }  // the most it had

  pid_t pid() const { return pid_; }
  fuzz::FuzzStatus status() const { return ReadStatus(directory_); }

  // Zeros where there is none, or only a part, or of another build.
  static fuzz::FuzzStatus ReadStatus(const std::string& directory);

 private:
  using Clock = std::chrono::steady_clock;

  std::string fuzzer_, directory_;
  pid_t pid_ = 0;
  bool ended_ = false;
  bool is_same_build_ = false;  // as far as it has said
  int wait_status_ = 0;
  uint64_t memory_mib_ = 0;
  std::optional<Clock::time_point> asked_;  // to end
};

// The input in a file that a fuzz target saved, without the records at its end
// that have no effect. Throws UsageError.
Script ReadSaved(const std::string& path);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZER_JOB_H_
