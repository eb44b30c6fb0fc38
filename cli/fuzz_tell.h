// The output and the files of vmtrunc fuzz.
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

// A violated property, with the minimised script.
struct FuzzFinding {
  Property property = Property::kNoPagePastSize;
  uint64_t executions = 0;  // that violated it first
  size_t job = 0;           // the job with the input
  size_t events_before = 0;
  Violation violation;
  Script script = EmptyScript();
  std::string bug;    // that its script shows, "" if none is known
  std::string cause;  // in words
  bool is_known = false;
  std::string known_by;  // the script of the corpus, "" if there are several
  std::string path;      // "" until written
};

// The data of --json.
struct FuzzResult {
  std::span<const uint8_t> of;  // the abstract states of --of
  Replays replays;
  FuzzRun run;
  std::vector<FuzzFinding> findings;
  size_t corpus = 0;
  size_t known_scripts = 0;  // with none, all findings are new
};

// A progress line.
std::string FuzzProgress(const FuzzOptions& options,
                         const fuzz::FuzzStatus& status, size_t corpus,
                         double seconds);

// Which of `all`, the abstract states in the file --of, were seen.
std::string FuzzShare(const FuzzOptions& options, std::span<const uint8_t> all,
                      const fuzz::FuzzStatus& status);

// Minimises the violations of the run, looks up whether they are known, and
// prints them (unless --json). `stop`: ends minimisation early. `lost`: what is
// wrong with the first input that shows nothing any more, if there is one.
std::vector<FuzzFinding> TellBroken(
    const FuzzOptions& options, const std::vector<campaign::KnownScript>& known,
    const FuzzRun& run, const std::atomic<bool>& stop, std::string& lost);

// Writes the scripts, and notes beside libFuzzer's own files. Throws UsageError
// if writing fails.
void WriteBroken(const FuzzOptions& options, const FuzzDirectory& directory,
                 const FuzzRun& run, std::vector<FuzzFinding>& findings);

nlohmann::json ToJson(const FuzzOptions& options, const FuzzResult& result);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_TELL_H_
