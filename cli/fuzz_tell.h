// What vmtrunc fuzz says of a run, and writes.
#ifndef VMTRUNC_CLI_FUZZ_TELL_H_
#define VMTRUNC_CLI_FUZZ_TELL_H_

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/fuzz_directory.h"
#include "cli/fuzzer_job.h"
#include "core/model/rules.h"

namespace vmtrunc::cli {

struct FuzzOptions {
  std::vector<std::string> verbs;
  std::string kernel = "2.6.11", unlike, property, out = "fuzz-out", corpus,
              fuzzer, of;
  KernelSpec spec;      // that `kernel` names, once the options are checked
  double seconds = 60;  // 0: no end
  long long runs = -1;  // any
  uint32_t seed = 0;    // any
  unsigned events = 32;
  bool keep_going = false;
};

// One line of how far it is.
std::string FuzzProgress(const FuzzOptions& options,
                         const fuzz::FuzzStatus& status, size_t corpus,
                         double seconds);

// Which of `all`, the abstract states in the file --of, were seen.
std::string FuzzShare(const FuzzOptions& options, std::span<const uint8_t> all,
                      const fuzz::FuzzStatus& status);

// Tells what the run broke, then writes it. Returns whether it broke something.
// `stop`: shrinking ends early. Throws UsageError, after it has told all, where
// something cannot be written.
bool TellBroken(const FuzzOptions& options, const FuzzDirectory& directory,
                const fuzz::FuzzStatus& status, double seconds,
                const std::atomic<bool>& stop);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_TELL_H_
