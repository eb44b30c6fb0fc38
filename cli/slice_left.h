// What a slice has left in its directory, for who takes it or counts it: the
// campaign that started it, the next one, or --status. Its fuzzer may have been
// of another build.
#ifndef VMTRUNC_CLI_SLICE_LEFT_H_
#define VMTRUNC_CLI_SLICE_LEFT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "campaign/log.h"
#include "campaign/store.h"
#include "campaign/summary.h"
#include "core/model/rules.h"
#include "fuzz/status.h"

namespace vmtrunc::cli {

// A file in a slice's directory, one value a line: its kernel, its engine, its
// start by the clock, the campaign time then, and the seconds since boot. Then,
// if it was not taken as the campaign was stopped, its seconds, the memory of
// its job in MiB, and how that crashed.
inline constexpr const char* kSliceFile = "what";

struct SliceWhat {
  std::string kernel, engine;
  int64_t began_unix = 0;
  double at = -1, began = -1;  // below 0: unknown
  // If its campaign was killed, and said nothing of its end: the time between
  // the files that were written first and last, which may be less.
  double seconds = 0;
  uint64_t memory_mib = 0;
  std::string end = campaign::kCutOff;

  campaign::SliceId Id(uint64_t slice) const {
    return {slice, began_unix, kernel, engine};
  }
};

// Nothing if the file is not there, or not whole. Throws UsageError if it
// cannot be read.
std::optional<SliceWhat> ReadSliceWhat(const std::string& directory);

// An input that violates a property.
struct InputLeft {
  std::string file;        // its name; there may be no such file
  std::string cause = {};  // RootCause::Name(); "": not sorted
  // By this cause. Not sorted: the input's alone; 0: a cause has counted them,
  // and its own input is missing.
  uint64_t executions = 1;
  bool is_unsorted = false;  // it is among SliceLeft::unsorted
};

struct SliceLeft {
  fuzz::FuzzStatus status{};  // of another build: FuzzerJob::ReadTotals()
  // Executions that violated a property and that no cause has counted: with
  // those of a job that could not write their input.
  uint64_t unsorted = 0;
  // First those that `status` has sorted. Then files that it says nothing of,
  // whatever it says, and whatever build wrote them; not those that are empty.
  std::vector<InputLeft> inputs;
};

// Throws UsageError if a file cannot be read, or not be looked at.
SliceLeft ReadSliceLeft(const std::string& directory, const KernelSpec& kernel);

// Counts the slices that run, are left or are set aside, and are not in the
// log, in the summary. Throws UsageError if a directory cannot be read.
void AddUntaken(const campaign::Store& store, const campaign::Log& log,
                campaign::Summary& summary);

// Whether there is any input: in its corpus, or one that violates a property.
// Throws UsageError if that cannot be found out.
bool HasInputs(const std::string& directory);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_SLICE_LEFT_H_
