// A run of an instrumented fuzzing executable as a child: what vmtrunc fuzz and
// vmtrunc campaign both start and watch.
#ifndef VMTRUNC_CLI_FUZZER_JOB_H_
#define VMTRUNC_CLI_FUZZER_JOB_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/script.h"
#include "fuzz/status.h"

namespace vmtrunc {

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
};

// The child and what it tells. It is killed when this process ends, however
// that does, so that nothing writes to the directory behind its back.
class FuzzerJob {
 public:
  // Throws UsageError.
  explicit FuzzerJob(const JobSpec& spec);

  // True once it has ended; how it did is valid then.
  bool Ended();
  void Interrupt();  // it ends soon, in order
  void Kill();
  bool crashed() const;
  std::string EndInWords() const;  // "exit status 77", "signal 9"

  uint64_t memory_mib() const { return memory_mib_; }  // the most it had

  pid_t pid() const { return pid_; }
  FuzzStatus status() const { return ReadStatus(directory_); }

  // Zeros where there is none, or only a part.
  static FuzzStatus ReadStatus(const std::string& directory);

 private:
  std::string directory_;
  pid_t pid_ = 0;
  bool ended_ = false;
  int wait_status_ = 0;
  uint64_t memory_mib_ = 0;
};

// The input in a file of the form of DIRECTORY/current. Throws UsageError.
Script ReadSaved(const std::string& path);

}  // namespace vmtrunc

#endif  // VMTRUNC_CLI_FUZZER_JOB_H_
