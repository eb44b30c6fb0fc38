#include "cli/slice_left.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/place.h"
#include "base/read.h"
#include "cli/fuzzer_job.h"
#include "fuzz/artifact.h"
#include "search/cause.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

// Names of files that are not empty. Throws UsageError if the directory cannot
// be read, or a file not be looked at: what is not listed is removed.
std::set<std::string> InputsIn(const std::string& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!fuzz::NamesInput(name, fuzz::kCausePrefix) &&
        !fuzz::NamesInput(name, fuzz::kBrokenPrefix))
      continue;
    struct stat about{};
    if (::lstat(at->path().c_str(), &about) != 0) {
      // Its job may still run, and remove it.
      if (errno != ENOENT) base::FailPath(at->path().string(), errno);
    } else if (S_ISREG(about.st_mode) && about.st_size > 0) {
      names.insert(name);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(directory, error.value());
  return names;
}

uint64_t UnsortedIn(const fuzz::FuzzStatus& status) {
  uint64_t broken = 0, sorted = 0;
  for (const uint64_t one : status.broken) broken += one;
  for (const fuzz::SortedCause& one : status.causes) sorted += one.executions;
  return broken - std::min(broken, sorted);
}

// Causes of a property, and the executions that they have counted.
struct Sorted {
  size_t causes = 0;
  uint64_t executions = 0;
};
Sorted SortedOf(const std::vector<InputLeft>& causes, Property property,
                const KernelSpec& kernel) {
  Sorted sorted;
  for (const InputLeft& one : causes) {
    const auto cause = search::CauseNamed(one.cause, kernel);
    if (!cause || cause->property != property) continue;
    ++sorted.causes;
    sorted.executions += one.executions;
  }
  return sorted;
}

// Nothing if there is no such file.
std::optional<fs::file_time_type> WrittenAt(const std::string& path) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(path, error);
  if (!error) return time;
  if (!base::IsNoFile(error.value())) base::FailPath(path, error.value());
  return std::nullopt;
}

// Of a slice that nobody has ended: from its start to the last input that
// libFuzzer ran, by the clock of the files, which may have been set meanwhile.
double SecondsByFiles(const std::string& directory) {
  constexpr double kLongestSlice = 3600;  // --slice
  const auto first = WrittenAt(directory + "/" + kSliceFile);
  const auto last = WrittenAt(directory + "/" + fuzz::kCurrentFile);
  if (!first || !last) return 0;
  return std::clamp(std::chrono::duration<double>(*last - *first).count(), 0.0,
                    kLongestSlice);
}

// Executions that violated a property. Of another build at least as many as
// there are inputs of one kind: an input of a cause may be one of a property.
uint64_t ViolationsIn(const std::string& directory) {
  uint64_t broken = 0, causes = 0, properties = 0;
  for (const uint64_t one : FuzzerJob::ReadStatus(directory).broken)
    broken += one;
  for (const std::string& name : InputsIn(directory))
    ++(name.starts_with(fuzz::kCausePrefix) ? causes : properties);
  return std::max({broken, causes, properties});
}

// What could not be processed and has inputs: died/N-slice, died/N-slice-2.
std::vector<std::pair<uint64_t, std::string>> SetAsideIn(
    const campaign::Store& store) {
  std::vector<std::pair<uint64_t, std::string>> slices;
  const std::string died = store.Path("died");
  std::error_code error;
  for (fs::directory_iterator at(died, error), end; !error && at != end;
       at.increment(error)) {
    const std::string path = at->path().string();
    const std::string name = at->path().filename().string();
    uint64_t slice = 0;
    if (absl::SimpleAtoi(name.substr(0, name.find("-slice")), &slice) &&
        base::TypeOf(path) == fs::file_type::directory && HasInputs(path))
      slices.emplace_back(slice, path);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    base::FailPath(died, error.value());
  std::sort(slices.begin(), slices.end());
  return slices;
}

}  // namespace

std::optional<SliceWhat> ReadSliceWhat(const std::string& directory) {
  const auto text = base::ReadKnown(directory + "/" + kSliceFile, 4096);
  if (!text) return std::nullopt;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  SliceWhat what;
  if (lines.size() < 3 || !absl::SimpleAtoi(lines[2], &what.began_unix))
    return std::nullopt;
  what.kernel = lines[0];
  what.engine = lines[1];
  if (lines.size() < 5 || !absl::SimpleAtod(lines[3], &what.at) ||
      !absl::SimpleAtod(lines[4], &what.began))
    what.at = what.began = -1;
  if (lines.size() > 6 && absl::SimpleAtod(lines[5], &what.seconds) &&
      absl::SimpleAtoi(lines[6], &what.memory_mib))
    what.end = lines.size() > 7 ? lines[7] : "";
  else
    what.seconds = SecondsByFiles(directory);
  return what;
}

SliceLeft ReadSliceLeft(const std::string& directory,
                        const KernelSpec& kernel) {
  SliceLeft left;
  left.status = FuzzerJob::ReadStatus(directory);
  const bool is_of_this_build = left.status.build[0] != '\0';
  left.unsorted = UnsortedIn(left.status);
  std::set<std::string> files = InputsIn(directory);
  std::vector<InputLeft> kept;  // of causes, those whose input is there
  for (size_t i = 0; i < fuzz::kMostCauses; ++i) {
    const fuzz::SortedCause& cause = left.status.causes[i];
    if (cause.executions == 0) break;
    left.inputs.push_back({.file = cause.file,
                           .cause = cause.name,
                           .executions = cause.executions});
    if (files.erase(left.inputs.back().file) > 0)
      kept.push_back(left.inputs.back());
  }
  const std::vector<InputLeft> sorted = left.inputs;
  for (size_t i = 0; i < kProperties; ++i) {
    const std::string file = left.status.kept[i];
    if (left.status.broken[i] == 0 || files.erase(file) == 0) continue;
    const auto property = static_cast<Property>(i);
    const auto [causes, executions] = SortedOf(sorted, property, kernel);
    // The inputs of all its causes are as good, if each violation was sorted:
    // else it may have another cause.
    if (causes > 0 && causes == SortedOf(kept, property, kernel).causes &&
        executions >= left.status.broken[i])
      continue;
    // Its execution may be one that a cause has counted.
    left.inputs.push_back({.file = file,
                           .executions = causes > 0 ? 0U : 1U,
                           .is_unsorted = causes == 0});
  }
  for (const std::string& file : files) left.inputs.push_back({.file = file});
  if (!is_of_this_build) left.status = FuzzerJob::ReadTotals(directory);
  return left;
}

void AddUntaken(const campaign::Store& store, const campaign::Log& log,
                campaign::Summary& summary) {
  std::vector<std::pair<uint64_t, std::string>> left = SetAsideIn(store);
  for (const uint64_t slice : store.Jobs())
    left.emplace_back(slice, store.JobDirectory(slice));
  for (const auto& [slice, directory] : left) {
    const auto what = ReadSliceWhat(directory);
    if (what ? log.Has(what->Id(slice)) : log.HasNumber(slice)) continue;
    const uint64_t violations = ViolationsIn(directory);
    // Without a status, what was kept is all that is known to have run.
    const uint64_t executions =
        std::max(violations, FuzzerJob::ReadTotals(directory).executions);
    if (what && executions > 0) std::erase(summary.unsearched, what->kernel);
    summary.executions += executions;
    summary.untaken_violations += violations;
    ++summary.untaken_slices;
  }
}

bool HasInputs(const std::string& directory) {
  if (!InputsIn(directory).empty()) return true;
  const std::string corpus = directory + "/corpus";
  if (base::TypeOf(corpus) != fs::file_type::directory) return false;
  std::error_code error;
  for (fs::directory_iterator at(corpus, error), end; !error && at != end;
       at.increment(error))
    if (fuzz::IsHash(at->path().filename().string())) return true;
  if (error) base::FailPath(corpus, error.value());
  return false;
}

}  // namespace vmtrunc::cli
