// Findings of earlier runs of vmtrunc fuzz in the same directory, replayed
// before a new run.
#ifndef VMTRUNC_CLI_FUZZ_AGAIN_H_
#define VMTRUNC_CLI_FUZZ_AGAIN_H_

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "cli/fuzz_run.h"
#include "core/property.h"

namespace vmtrunc::cli {

struct Replayed {
  std::string path;
  KernelSpec found_on;
  Property property = Property::kNoPagePastSize;
  bool holds = false;        // on the kernel of this run
  bool is_minimised = true;  // else it is an input, in bytes
};

struct Replays {
  std::vector<Replayed> all;
  // Files that cannot be read, or whose run ended in error: what they show is
  // not known.
  size_t unknown = 0;
};

// Runs the scripts DIRECTORY/*.vmt that expect to violate a property of the
// kernel that they name, on the kernel of this run; with --property, only those
// of that property. Skips files that are no such scripts. Then the inputs that
// a run kept and of which there is no script, as it was killed or someone has
// removed it (a script of the same property is of another bug if it expects
// to hold where the input violates something): of those whose kernel nobody
// says, and of those that are noted as another's, what violates a property of
// the kernel of this run. In the order of names; fewer after `stop`.
Replays ReplayFailures(const FuzzOptions& options,
                       const FuzzDirectory& directory,
                       const std::atomic<bool>& stop);

// One line.
std::string InWords(const FuzzOptions& options, const Replayed& replayed);

// That some of it violates its property on the kernel of this run, "still" if
// it was found on that; "" if none does.
std::string ViolatedInWords(const FuzzOptions& options, const Replays& replays);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_AGAIN_H_
