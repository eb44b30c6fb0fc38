#include "cli/fuzz_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/shown.h"
#include "cli/fuzz_tell.h"
#include "cli/input.h"

namespace vmtrunc::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kNet = 10;     // seconds, JobSpec::most_seconds
constexpr double kNoEnd = 1e9;  // seconds
constexpr auto kBetweenLooks = std::chrono::milliseconds(10);
constexpr auto kBetweenProbes = std::chrono::milliseconds(500);

// --runs is the sum over all jobs, of libFuzzer's executions: nothing runs
// between them.
long long RunsOf(const FuzzOptions& o, unsigned job) {
  if (o.runs < 0) return o.runs;
  const auto jobs = static_cast<long long>(o.jobs);
  return o.runs / jobs + (static_cast<long long>(job) < o.runs % jobs ? 1 : 0);
}

JobSpec SpecOf(const FuzzOptions& o, const FuzzDirectory& directory,
               const std::string& fuzzer, const FuzzSeeds& seeds,
               unsigned job) {
  JobSpec spec{
      .fuzzer = fuzzer,
      .directory = directory.JobDirectory(job),
      .arguments = {MaxLen(o.events, seeds.longest_bytes),
                    absl::StrFormat("-seed=%u", SeedOf(o.seed, job)),
                    absl::StrFormat("-runs=%d", RunsOf(o, job)),
                    absl::StrFormat("-artifact_prefix=%s/", o.out),
                    "-len_control=0", "-print_final_stats=0", "-verbosity=1",
                    "-timeout=10", base::PathArgument(o.out + "/corpus")},
      .variables = {std::string(fuzz::kKernelVariable) + "=" +
                    o.spec.ToString()}};
  spec.arguments.insert(spec.arguments.end(), seeds.arguments.begin(),
                        seeds.arguments.end());
  if (o.seconds > 0 && o.seconds < kNoEnd)
    spec.most_seconds = static_cast<uint64_t>(std::ceil(o.seconds + kNet));
  const auto set = [&](const char* name, const std::string& value) {
    spec.variables.push_back(absl::StrCat(name, "=", value));
  };
  set(fuzz::kEventsVariable, absl::StrCat(o.events));
  if (!o.property.empty()) set(fuzz::kPropertyVariable, o.property);
  if (!o.unlike.empty())
    set(fuzz::kUnlikeVariable, OneKernel(o.unlike, "--unlike").ToString());
  if (!o.verbs.empty()) set(fuzz::kVerbsVariable, absl::StrJoin(o.verbs, ","));
  if (o.keep_going) set(fuzz::kKeepGoingVariable, "1");
  spec.may_end = o.runs >= 0;
  if (spec.may_end)
    set(fuzz::kNoScoutVariable, "1");
  else if (seeds.arguments.empty())  // what is named runs before all else
    set(fuzz::kScoutFirstVariable, absl::StrCat(fuzz::kScoutFirst));
  return spec;
}

void Add(fuzz::FuzzStatus& total, const fuzz::FuzzStatus& one) {
  total.executions += one.executions;
  total.events += one.events;
  total.effects += one.effects;
  total.drops += one.drops;
  total.mutations += one.mutations;
  total.found |= one.found;
  for (size_t i = 0; i < kProperties; ++i) total.broken[i] += one.broken[i];
  AddSeen(total.seen, one.seen);
}

// The processes of one run. The destructor kills those that are left.
class Jobs {
 public:
  Jobs(const FuzzOptions& o, const FuzzDirectory& directory,
       const std::string& fuzzer, const FuzzSeeds& seeds)
      : o_(o) {
    for (unsigned job = 0; job < o.jobs; ++job) {
      const JobSpec spec = SpecOf(o, directory, fuzzer, seeds, job);
      directories_.push_back(spec.directory);
      jobs_.push_back(std::make_unique<FuzzerJob>(spec));
    }
  }

  // Whether all have ended. A job that ends because of a violation ends all.
  bool Ended() {
    bool all = true;
    for (const auto& job : jobs_) {
      const bool ended = job->Ended();
      job->ExpectSameBuild(/*at_end=*/false);
      all &= ended;
      if (ended && job->crashed()) End();
    }
    return all;
  }
  void End() {
    for (const auto& job : jobs_) job->End();
  }

  // Else they would write to what has the directory's name now.
  void Kill() {
    for (const auto& job : jobs_) job->Kill();
    for (const auto& job : jobs_)
      while (!job->Ended()) std::this_thread::sleep_for(kBetweenLooks);
  }

  // Whether each has run so many inputs.
  bool HaveRun(uint64_t executions) const {
    return std::all_of(jobs_.begin(), jobs_.end(), [&](const auto& job) {
      return job->status().executions >= executions;
    });
  }
  fuzz::FuzzStatus Total() const {
    fuzz::FuzzStatus total{};
    for (const auto& job : jobs_) Add(total, job->status());
    return total;
  }

  // Requires: all have ended.
  std::vector<JobEnd> Ends() const {
    std::vector<JobEnd> ends;
    for (unsigned i = 0; i < jobs_.size(); ++i) {
      jobs_[i]->ExpectSameBuild(/*at_end=*/true);
      ends.push_back({.directory = directories_[i],
                      .seed = SeedOf(o_.seed, i),
                      .status = jobs_[i]->status()});
      ReadInputs(*jobs_[i], ends.back());
      if (jobs_[i]->crashed()) ends.back().error = ErrorOf(i, ends.back());
    }
    return ends;
  }

 private:
  static void ReadInputs(const FuzzerJob& job, JobEnd& end) {
    for (size_t property = 0; property < kProperties; ++property) {
      if (end.status.broken[property] == 0) continue;
      const std::string name = InputOf(end.status, property);
      KeptInput input;
      try {
        input.content = job.InputNamed(name);
      } catch (const base::UsageError& error) {
        input.wrong = error.what;
      }
      end.inputs.emplace(name, std::move(input));
    }
  }

  std::string ErrorOf(unsigned i, const JobEnd& end) const {
    return absl::StrCat("the fuzzer ended in error (", jobs_[i]->EndInWords(),
                        "): ", jobs_[i]->LastWords(), "; see ",
                        base::Shown(end.directory + "/log"),
                        LastInput(*jobs_[i], end));
  }

  // Where it is, or how to get it.
  static std::string LastInput(const FuzzerJob& job, const JobEnd& end) {
    const std::string current =
        base::Shown(end.directory + "/" + fuzz::kCurrentFile);
    if (const std::string again = job.ScoutedAgain(end.directory);
        !again.empty())
      return absl::StrCat("; it ran a generated script, which ", again,
                          " runs again and leaves in ", current);
    const std::string mutated = end.directory + "/mutated";
    if (const std::string again =
            job.MutatedAgain(mutated, end.directory + "/" + fuzz::kCurrentFile);
        !again.empty())
      return absl::StrCat("; it ran a script that it made of ", current,
                          ", which mkdir ", base::PathWord(mutated), " && ",
                          again, " runs again and leaves in ",
                          base::Shown(mutated + "/" + fuzz::kCurrentFile));
    return end.status.executions == 0 ? "" : "; its last input is " + current;
  }

  const FuzzOptions& o_;
  std::vector<std::string> directories_;
  std::vector<std::unique_ptr<FuzzerJob>> jobs_;
};

// "": it is there, and so is what the fuzzers have still to read.
std::string WhyGone(const FuzzDirectory& directory, const base::Places& reads) {
  try {
    directory.ExpectThere();
    reads.ExpectThere();
    return "";
  } catch (const base::UsageError& error) {
    return error.what;
  }
}

}  // namespace

uint32_t SeedOf(uint32_t first, uint64_t job) {
  const uint64_t seed = (uint64_t{first} - 1 + job % kMostSeed) % kMostSeed + 1;
  return static_cast<uint32_t>(seed);
}

uint32_t StopsFor(const FuzzOptions& o) {
  return o.property.empty()
             ? CountedProperties()
             : Bit(static_cast<Property>(PropertyNumber(o.property)));
}

std::string MaxLen(unsigned events, size_t longest_bytes) {
  const auto bytes = [](size_t count) {
    return kHeaderBytes + kRecordBytes * count;
  };
  return absl::StrCat(
      "-max_len=",
      std::max(bytes(events), std::min(longest_bytes, bytes(kMaxEvents))));
}

size_t LongestIn(const std::string& directory) {
  namespace fs = std::filesystem;
  size_t longest = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator
           at(directory, fs::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    std::error_code gone;
    const uintmax_t size = at->file_size(gone);
    if (!gone) longest = std::max<size_t>(longest, size);
  }
  return longest;
}

std::string InputOf(const fuzz::FuzzStatus& status, size_t property) {
  // Without room to keep it, it is the input that ran last.
  const std::string kept = status.kept[property];
  return status.found != 0 || kept.empty() ? fuzz::kCurrentFile : kept;
}

FuzzRun RunJobs(const FuzzOptions& o, const FuzzDirectory& directory,
                const std::string& fuzzer, const FuzzSeeds& seeds,
                const std::atomic<bool>& stop) {
  Jobs jobs(o, directory, fuzzer, seeds);
  FuzzRun run;
  base::ProgressLine progress;
  const Clock::time_point start = Clock::now();
  Clock::time_point probe = start;
  // Those of its corpus are read in turn with them.
  const uint64_t first = seeds.in_place + directory.CorpusSize();
  base::Places reads = seeds.in_place == 0 ? base::Places() : seeds.places;
  const auto seconds = [&] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  while (!jobs.Ended()) {
    std::this_thread::sleep_for(kBetweenLooks);
    const bool are_read = jobs.HaveRun(first);
    if (run.gone = WhyGone(directory, reads); !run.gone.empty()) {
      jobs.Kill();
      break;
    }
    if (are_read) reads = base::Places();
    run.stopped |= stop;
    if (run.stopped || !run.no_room.empty() ||
        (o.seconds > 0 && seconds() >= o.seconds))
      jobs.End();
    if (progress.IsDue())
      progress.Show(FuzzProgress(o, jobs.Total(), directory.CorpusSize(),
                                 progress.seconds()));
    if (Clock::now() < probe || !run.no_room.empty()) continue;
    probe = Clock::now() + kBetweenProbes;
    try {
      directory.ExpectRoom();
    } catch (const base::UsageError& error) {
      run.no_room = error.what;
    }
  }
  progress.End();
  try {
    run.jobs = jobs.Ends();
  } catch (const base::UsageError&) {
    if (run.gone.empty()) throw;  // else that is why it cannot be read
  }
  for (const JobEnd& job : run.jobs) Add(run.total, job.status);
  run.seconds = seconds();
  return run;
}

}  // namespace vmtrunc::cli
