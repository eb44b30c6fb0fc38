#include "cli/slice_left.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "cli/fuzzer_job.h"
#include "fuzz/artifact.h"
#include "search/cause.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

std::string FileOfCause(size_t number) {
  return absl::StrCat(fuzz::kCausePrefix, number, ".", fuzz::kInputExtension);
}

// Names of files that are not empty. Throws UsageError if the directory cannot
// be read.
std::set<std::string> InputsIn(const std::string& directory) {
  std::set<std::string> names;
  std::error_code error, none;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if ((name.starts_with(fuzz::kCausePrefix) ||
         name.starts_with(fuzz::kBrokenPrefix)) &&
        name.ends_with(absl::StrCat(".", fuzz::kInputExtension)) &&
        fs::is_regular_file(at->symlink_status(none)) &&
        at->file_size(none) > 0)
      names.insert(name);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(directory, error.value());
  return names;
}

// Whether a cause of that property was sorted: then an input for it is there.
bool HasSorted(const std::vector<InputLeft>& inputs, Property property,
               const KernelSpec& kernel) {
  return std::any_of(inputs.begin(), inputs.end(), [&](const InputLeft& one) {
    const auto cause = search::CauseNamed(one.cause, kernel);
    return cause && cause->property == property;
  });
}

}  // namespace

SliceLeft ReadSliceLeft(const std::string& directory,
                        const KernelSpec& kernel) {
  SliceLeft left;
  left.status = FuzzerJob::ReadStatus(directory);
  left.is_of_this_build = left.status.build[0] != '\0';
  std::set<std::string> files = InputsIn(directory);
  for (size_t i = 0; i < fuzz::kMostCauses; ++i) {
    const fuzz::SortedCause& cause = left.status.causes[i];
    if (cause.executions == 0) break;
    left.inputs.push_back({.file = FileOfCause(i),
                           .cause = cause.name,
                           .executions = cause.executions});
    files.erase(left.inputs.back().file);
  }
  // What was sorted has the input of its cause, which is as good.
  for (size_t i = 0; i < kProperties; ++i) {
    const std::string kept = left.status.kept[i];
    if (left.status.broken[i] == 0 || files.erase(kept) == 0 ||
        HasSorted(left.inputs, static_cast<Property>(i), kernel))
      continue;
    left.inputs.push_back({.file = kept, .is_unsorted = true});
  }
  for (const std::string& file : files) left.inputs.push_back({.file = file});
  if (!left.is_of_this_build) left.status = FuzzerJob::ReadTotals(directory);
  return left;
}

bool HasInputs(const std::string& directory) {
  if (!InputsIn(directory).empty()) return true;
  std::error_code error;
  for (fs::directory_iterator at(directory + "/corpus", error), end;
       !error && at != end; at.increment(error))
    if (fuzz::IsHash(at->path().filename().string())) return true;
  return false;
}

}  // namespace vmtrunc::cli
