// vmtrunc fuzz: starts the instrumented fuzzing executable as a child, since
// this command is not instrumented, and says in our words what it sees.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/own_directory.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "cli/abstract.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/fuzz_tell.h"
#include "cli/fuzzer_job.h"
#include "cli/input.h"
#include "fuzz/status.h"
#include "search/mutate.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr size_t kMostName = 200;  // bytes: a number and the file's name
constexpr double kNet = 10;        // seconds, JobSpec::most_seconds
constexpr double kNoEnd = 1e9;     // seconds
constexpr auto kBetweenLooks = std::chrono::milliseconds(10);
constexpr auto kBetweenProbes = std::chrono::milliseconds(500);

JobSpec SpecOf(const FuzzOptions& o, const std::string& fuzzer,
               const std::vector<std::string>& seeds) {
  JobSpec spec{
      .fuzzer = fuzzer,
      .directory = o.out,
      .arguments = {absl::StrFormat("-max_len=%u", 32 + 8 * o.events),
                    absl::StrFormat("-seed=%u", o.seed),
                    absl::StrFormat("-runs=%d", o.runs),
                    absl::StrFormat("-artifact_prefix=%s/", o.out),
                    "-len_control=0", "-print_final_stats=0", "-verbosity=1",
                    "-timeout=10", base::PathArgument(o.out + "/corpus")},
      .variables = {std::string(fuzz::kKernelVariable) + "=" +
                    o.spec.ToString()}};
  spec.arguments.insert(spec.arguments.end(), seeds.begin(), seeds.end());
  if (o.seconds > 0 && o.seconds < kNoEnd)
    spec.most_seconds = static_cast<uint64_t>(std::ceil(o.seconds + kNet));
  const auto set = [&](const char* name, const std::string& value) {
    spec.variables.push_back(absl::StrCat(name, "=", value));
  };
  if (!o.property.empty()) set(fuzz::kPropertyVariable, o.property);
  if (!o.unlike.empty())
    set(fuzz::kUnlikeVariable, OneKernel(o.unlike, "--unlike").ToString());
  if (!o.verbs.empty()) set(fuzz::kVerbsVariable, absl::StrJoin(o.verbs, ","));
  if (o.keep_going) set(fuzz::kKeepGoingVariable, "1");
  return spec;
}

// The inputs of --corpus: files in bytes as they are, and what those in text
// are in bytes.
struct Seeds {
  std::vector<std::string> in_bytes;
  base::OwnDirectory::Files from_text;
};

// Less, when it is stopped.
Seeds ReadSeeds(const FuzzOptions& o, const std::atomic<bool>& stop) {
  const std::vector<std::string> paths = FilesBelow({o.corpus});
  if (paths.empty())
    throw base::UsageError{"--corpus " + base::Shown(o.corpus) +
                           ": expected scripts in it, and there is no file"};
  Seeds seeds;
  for (const std::string& path : paths) {
    if (stop) break;
    const CorpusFile file = ReadCorpusFile(path);
    if (!file.is_text) {
      seeds.in_bytes.push_back(path);
      continue;
    }
    const std::vector<uint8_t> bytes = EncodeBytes(file.script);
    seeds.from_text.emplace_back(
        absl::StrCat(seeds.from_text.size(), "-",
                     fs::path(path).filename().string())
            .substr(0, kMostName),
        std::string(bytes.begin(), bytes.end()));
  }
  return seeds;
}

// What libFuzzer is to be started with for --corpus: a list of files, for in a
// directory it would take all that is there, texts and our own files too. In
// the list a comma ends a name: a file that has one is copied to OUT/seeds.
std::vector<std::string> SeedArguments(const FuzzOptions& o,
                                       const FuzzDirectory& directory,
                                       const std::atomic<bool>& stop) {
  if (o.corpus.empty()) return {};
  Seeds seeds = ReadSeeds(o, stop);
  if (stop) return {};
  if (seeds.from_text.empty()) return {base::PathArgument(o.corpus)};
  const std::string place = directory.Path("seeds");
  const std::string list = directory.Path("seeds.list");
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(place, error)))
    throw base::UsageError{base::Shown(place) +
                           ": expected a directory, not a link"};
  if (place.find(',') != std::string::npos)
    throw base::UsageError{"--out " + base::Shown(o.out) +
                           ": expected a name without a comma"};
  std::vector<std::string> paths;
  for (const std::string& path : seeds.in_bytes)
    if (path.find(',') == std::string::npos)
      paths.push_back(path);
    else
      seeds.from_text.emplace_back(
          absl::StrCat(seeds.from_text.size(), "-bytes"), base::ReadFile(path));
  for (auto& [name, content] : seeds.from_text) {
    std::replace(name.begin(), name.end(), ',', '_');
    paths.push_back(absl::StrCat(place, "/", name));
  }
  base::OwnDirectory("--out", place, "fuzz", /*replace=*/true)
      .Write(seeds.from_text, /*durable=*/false);
  RemoveOwn(list);
  base::WriteFile(list, absl::StrJoin(paths, ","));
  return {"-seed_inputs=@" + list};
}

struct FuzzRun {
  fuzz::FuzzStatus status;
  double seconds = 0;
  bool stopped = false;      // by a signal
  std::string no_room = {};  // "": there was
};

// Lets the child run until it ends, or time is up, or there is no room left.
FuzzRun Watch(const FuzzOptions& o, const FuzzDirectory& directory,
              FuzzerJob& child, const std::atomic<bool>& stop) {
  FuzzRun run{};
  base::ProgressLine progress;
  const Clock::time_point start = Clock::now();
  Clock::time_point probe = start;
  const auto seconds = [&] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  while (!child.Ended()) {
    std::this_thread::sleep_for(kBetweenLooks);
    child.ExpectSameBuild(/*at_end=*/false);
    run.stopped |= stop;
    if (run.stopped || !run.no_room.empty() ||
        (o.seconds > 0 && seconds() >= o.seconds))
      child.End();
    if (progress.IsDue())
      progress.Show(FuzzProgress(o, child.status(), directory.CorpusSize(),
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
  child.ExpectSameBuild(/*at_end=*/true);
  run.status = child.status();
  run.seconds = seconds();
  return run;
}

// What the child left when it has ended. Returns the exit status.
int Report(const FuzzOptions& o, std::span<const uint8_t> of,
           const FuzzDirectory& directory, const FuzzerJob& child,
           const FuzzRun& run, const std::atomic<bool>& stop) {
  bool broken = false;
  try {
    broken = TellBroken(o, directory, run.status, run.seconds, stop);
  } catch (const base::UsageError&) {
    directory.RemoveTorn();
    throw;
  }
  const size_t torn = directory.RemoveTorn();
  if (child.crashed() && run.status.found == 0)
    throw base::UsageError{absl::StrCat(
        "the fuzzer ended in error (", child.EndInWords(),
        "): ", child.LastWords(), "; see ", base::Shown(directory.Path("log")),
        run.status.executions == 0
            ? ""
            : "; its last input is " +
                  base::Shown(directory.Path(fuzz::kCurrentFile)))};
  std::cout << FuzzProgress(o, run.status, directory.CorpusSize(), run.seconds)
            << "\n";
  if (!o.of.empty()) std::cout << FuzzShare(o, of, run.status);
  if (!run.no_room.empty() || (torn > 0 && !run.stopped))
    directory.ExpectRoom();
  if (!run.no_room.empty()) throw base::UsageError{run.no_room};
  if (run.status.executions == 0 && o.runs != 0 && !run.stopped) {
    directory.ExpectThere();
    throw base::UsageError{absl::StrFormat(
        "nothing ran in %.1f s; expected a longer --seconds", run.seconds)};
  }
  if (broken) return base::kExitBroken;
  std::cout << o.spec.Name() << ": nothing broken"
            << (o.property.empty() ? "" : " of " + o.property)
            << (run.stopped ? " before it was stopped\n" : " in that time\n");
  return run.stopped ? base::kExitRanOut : base::kExitHeld;
}

void CheckOptions(FuzzOptions& o) {
  o.spec = OneKernel(o.kernel);
  if (!o.unlike.empty() && OneKernel(o.unlike, "--unlike") == o.spec)
    throw base::UsageError{"--unlike " + o.unlike +
                           ": expected another kernel than --kernel"};
  ParseVerbs(o.verbs);
  if (!o.property.empty() && PropertyNumber(o.property) == kProperties)
    throw base::UsageError{"--property " + o.property +
                           ": expected a property"};
  if (!o.corpus.empty() && !fs::is_directory(o.corpus))
    throw base::UsageError{"--corpus " + base::Shown(o.corpus) +
                           ": expected a directory"};
}

int Fuzz(FuzzOptions o) {
  CheckOptions(o);
  std::vector<uint8_t> of;
  if (!o.of.empty()) of = ReadAbstract(o.of);
  const std::string fuzzer = FindFuzzer(o.fuzzer);
  const std::atomic<bool>& stop = base::StopOnSignals();
  const FuzzDirectory directory(o.out);
  std::vector<std::string> seeds;
  try {
    seeds = SeedArguments(o, directory, stop);
  } catch (const base::UsageError&) {
    if (!stop) throw;  // or else of a file that had nothing to read yet
  }
  if (stop) {
    std::cout << o.spec.Name() << ": stopped before anything ran\n";
    return base::kExitRanOut;
  }
  FuzzerJob child(SpecOf(o, fuzzer, seeds));
  const FuzzRun run = Watch(o, directory, child, stop);
  return Report(o, of, directory, child, run, stop);
}

}  // namespace

void AddFuzz(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "fuzz", "fuzzes a kernel until a property is violated or time is up");
  auto o = std::make_shared<FuzzOptions>();
  sub->add_option("--kernel", o->kernel, "the kernel, 2.6.11 by default");
  sub->add_option("--unlike", o->unlike,
                  "count only what holds on this kernel, as "
                  "2.6.11+mremap-always-resets: which rule is it?");
  sub->add_option("--verbs", o->verbs,
                  "choose new operations from these alone: mmap,mremap,...")
      ->delimiter(',');
  sub->add_option("--property", o->property, "stop for this property alone");
  sub->add_flag("--keep-going", o->keep_going,
                "go on after a violation: one script a property at the end");
  sub->add_option("--seconds", o->seconds,
                  "how long, 60 by default, 0.5 is half of one; 0: no end")
      ->check(kNotNegative);
  sub->add_option("--runs", o->runs, "stop after so many executions")
      ->check(CLI::Range(0, std::numeric_limits<int>::max()));
  sub->add_option("--seed", o->seed,
                  "of the fuzzer, 32 bits; 0: another each time")
      ->check(CLI::Range(uint32_t{0}, std::numeric_limits<uint32_t>::max()));
  sub->add_option("--events", o->events, "at most so many a script, 32")
      ->check(CLI::Range(1, kMaxEvents));
  sub->add_option("--out", o->out, "directory for what is found, fuzz-out");
  sub->add_option("--corpus", o->corpus,
                  "directory of scripts to start from, in text or bytes");
  sub->add_option("--of", o->of,
                  "say which share of these abstract states was seen: a file "
                  "of vmtrunc prove --abstract-to");
  sub->add_option("--fuzzer", o->fuzzer, "the fuzzing executable");
  sub->callback([=, &run] { run = [=] { return Fuzz(*o); }; });
}

}  // namespace vmtrunc::cli
