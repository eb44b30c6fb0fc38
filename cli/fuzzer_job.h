// A child process that runs an instrumented fuzzing executable, for vmtrunc
// fuzz and vmtrunc campaign.
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

// The path of `name`: beside the command, or where it is installed. `given`
// instead, if not empty. Throws UsageError.
std::string FindFuzzer(const std::string& given,
                       const std::string& name = "fuzz_truncate");

struct JobSpec {
  std::string fuzzer;
  std::string directory;               // has its log, status, current
  std::vector<std::string> arguments;  // libFuzzer's flags and directories
  // It runs in its directory, and `arguments` are relative to that: it writes
  // there even if another directory gets the name.
  bool is_inside = false;
  // NAME=VALUE, in addition to kDirectoryVariable.
  std::vector<std::string> variables;
  uint64_t most_bytes = 0;  // of address space; 0: any
  // Limit of processor time, in case we are stopped (SIGSTOP) and continue too
  // late; 0: none. Not libFuzzer's -max_total_time: it uses a clock that can be
  // set, and ends the run at once if that goes back.
  uint64_t most_seconds = 0;
  bool may_end = false;  // unasked, without an error, as -runs does
};

// Removes a regular file that we replace, if it exists. Throws UsageError if it
// is not a regular file: a link might lead out of the directory.
void RemoveOwn(const std::string& path);

// The child and its status. It is killed when this process ends in any way, so
// that nothing writes to the directory without us.
class FuzzerJob {
 public:
  // Throws UsageError.
  explicit FuzzerJob(const JobSpec& spec);
  ~FuzzerJob();
  FuzzerJob(const FuzzerJob&) = delete;
  FuzzerJob& operator=(const FuzzerJob&) = delete;

  // True after it has ended; its exit status is valid then.
  bool Ended();
  // Asks it to end between two inputs, so that its files are complete;
  // interrupts it if it does not, then kills it. Takes less than a second.
  void End();
  void Kill();
  // Whether it ended by itself with an error, or while it reported a violation,
  // or hung.
  bool crashed() const;
  // Whether we killed it, since it did not end when asked.
  bool killed() const;
  // "exit status 77", "signal 9", "signal 9, ulimit -t", "no execution in 30 s"
  std::string EndInWords() const;

  // Throws UsageError if the executable has another model than we, as soon as
  // it has reported that; `at_end`: also if it ended by itself without
  // reporting.
  void ExpectSameBuild(bool at_end);
  // Its last message, in one line.
  std::string LastWords() const;
  // Where it ended in a script of its scout, which `current` does not have: the
  // command that runs that again and saves it in `directory`. Else "".
  std::string ScoutedAgain(const std::string& directory) const;
  // The same where it ended in its mutator; `input` is a copy of `current`.
  std::string MutatedAgain(const std::string& directory,
                           const std::string& input) const;

  uint64_t memory_mib() const { return memory_mib_; }  // its largest size

  pid_t pid() const { return pid_; }

  // Of the directory that it began in, whatever has its name now. Throws
  // UsageError if a file cannot be read.
  fuzz::FuzzStatus status() const;
  // What it saved there under this name; "" if there is no such file.
  std::string InputNamed(const std::string& name) const;

  // Zeros if there is none, or an incomplete one, or one of another build.
  // Throws UsageError if it cannot be read.
  static fuzz::FuzzStatus ReadStatus(const std::string& directory);
  // The same, but of another build, or incomplete, what is before
  // FuzzStatus::broken: its place does not depend on the model.
  static fuzz::FuzzStatus ReadTotals(const std::string& directory);

 private:
  using Clock = std::chrono::steady_clock;

  // Kills a job that has executed nothing for long: one that dies of a signal
  // in malloc() may wait in its handler for ever.
  void ExpectProgress();
  // Whether it reported an error of its own, and did not come to an end by
  // that.
  bool HasReportedError() const;
  std::string Log() const;  // "" if it cannot be read
  // Its `status`, open since it was seen first: what the job has done is not
  // lost with the name. -1: it is not there yet.
  int StatusFile() const;
  // The command of ScoutedAgain() and MutatedAgain(), with that variable.
  std::string Again(const std::string& directory,
                    const std::string& setting) const;

  std::string fuzzer_, directory_;
  std::vector<std::string> variables_;  // JobSpec::variables
  int place_ = -1;                      // the directory, open
  mutable int status_file_ = -1;        // StatusFile()
  pid_t pid_ = 0;
  bool ended_ = false;
  bool is_same_build_ = false;  // as reported so far
  int wait_status_ = 0;
  uint64_t memory_mib_ = 0;
  uint64_t seconds_ = 0;                    // of processor time
  uint64_t most_seconds_ = 0;               // JobSpec::most_seconds
  bool may_end_ = false;                    // JobSpec::may_end
  std::optional<Clock::time_point> asked_;  // when it was asked to end
  bool hung_ = false, kill_sent_ = false, reported_error_ = false;
  uint64_t executions_ = 0;
  Clock::time_point looked_ = Clock::now();  // at `executions_`
  Clock::time_point moved_ = Clock::now();   // when they were fewer
};

// The input in a file that a fuzz target saved, without trailing records that
// have no effect. Throws UsageError.
Script ReadSaved(const std::string& path);
// The same of the file's content.
Script DecodeSaved(const std::string& content);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZER_JOB_H_
