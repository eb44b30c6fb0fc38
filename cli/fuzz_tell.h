// What vmtrunc fuzz says of a run, and writes.
#ifndef VMTRUNC_CLI_FUZZ_TELL_H_
#define VMTRUNC_CLI_FUZZ_TELL_H_

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "campaign/known.h"
#include "cli/fuzz_again.h"
#include "cli/fuzz_run.h"
#include "core/run/run.h"

namespace vmtrunc::cli {

// A property that a run violated, with the script that is left of the input.
struct FuzzFinding {
  Property property = Property::kNoPagePastSize;
  uint64_t executions = 0;  // that violated it first
  size_t job = 0;           // that has the input
  size_t events_before = 0;
  Violation violation;
  Script script = EmptyScript();
  std::string bug;    // that its script shows, "" where none is known
  std::string cause;  // in words
  bool is_known = false;
  std::string known_by;  // the script of the corpus, "" where several are
  std::string path;      // "" until it is written
};

// All that --json has.
struct FuzzResult {
  std::span<const uint8_t> of;  // the abstract states of --of
  std::vector<Replayed> replayed;
  FuzzRun run;
  std::vector<FuzzFinding> findings;
  size_t corpus = 0;
};

// One line of how far it is.
std::string FuzzProgress(const FuzzOptions& options,
                         const fuzz::FuzzStatus& status, size_t corpus,
                         double seconds);

// Which of `all`, the abstract states in the file --of, were seen.
std::string FuzzShare(const FuzzOptions& options, std::span<const uint8_t> all,
                      const fuzz::FuzzStatus& status);

// Shrinks what the run broke, looks up what is known, and tells it (unless
// --json). `stop`: shrinking ends early. Throws UsageError.
std::vector<FuzzFinding> TellBroken(
    const FuzzOptions& options, const FuzzDirectory& directory,
    const std::vector<campaign::KnownScript>& known, const FuzzRun& run,
    const std::atomic<bool>& stop);

// Writes the scripts, and notes beside libFuzzer's own files. Throws UsageError
// where something cannot be written.
void WriteBroken(const FuzzOptions& options, const FuzzDirectory& directory,
                 const FuzzRun& run, std::vector<FuzzFinding>& findings);

nlohmann::json ToJson(const FuzzOptions& options, const FuzzResult& result);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_TELL_H_
