// What earlier runs of vmtrunc fuzz found in the same directory, replayed
// before a new one begins.
#ifndef VMTRUNC_CLI_FUZZ_AGAIN_H_
#define VMTRUNC_CLI_FUZZ_AGAIN_H_

#include <atomic>
#include <string>
#include <vector>

#include "cli/fuzz_run.h"
#include "core/property.h"

namespace vmtrunc::cli {

struct Replayed {
  std::string path;
  KernelSpec found_on;
  Property property = Property::kNoPagePastSize;
  bool holds = false;  // on the kernel of this run
};

// Runs the scripts DIRECTORY/*.vmt that expect to break a property of the
// kernel that they name, on the kernel of this run; with --property, those of
// that one alone. A file that is none is passed by. In the order of the names;
// fewer when `stop`.
std::vector<Replayed> ReplayFailures(const FuzzOptions& options,
                                     const FuzzDirectory& directory,
                                     const std::atomic<bool>& stop);

// One line.
std::string InWords(const FuzzOptions& options, const Replayed& replayed);

// How many of them were found on the kernel of this run, and do not hold.
size_t StillViolated(const FuzzOptions& options,
                     const std::vector<Replayed>& replayed);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_AGAIN_H_
