// What a slice has left in its directory, for who takes it or counts it: the
// campaign that started it, the next one, or --status. Its fuzzer may have been
// of another build.
#ifndef VMTRUNC_CLI_SLICE_LEFT_H_
#define VMTRUNC_CLI_SLICE_LEFT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/rules.h"
#include "fuzz/status.h"

namespace vmtrunc::cli {

// An input that violates a property.
struct InputLeft {
  std::string file;          // its name; there may be no such file
  std::string cause = {};    // RootCause::Name(); "": not sorted
  uint64_t executions = 1;   // by this cause; not sorted: the input's alone
  bool is_unsorted = false;  // it is among FuzzStatus::unsorted
};

struct SliceLeft {
  fuzz::FuzzStatus status{};  // of another build: FuzzerJob::ReadTotals()
  bool is_of_this_build = true;
  // First those that `status` has sorted. Then files that it says nothing of,
  // whatever it says, and whatever build wrote them; not those that are empty.
  std::vector<InputLeft> inputs;
};

SliceLeft ReadSliceLeft(const std::string& directory, const KernelSpec& kernel);

// Whether there is any input: in its corpus, or one that violates a property.
bool HasInputs(const std::string& directory);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_SLICE_LEFT_H_
