// vmtrunc fuzz: runs the instrumented fuzzing executable as a child, since this
// command is not instrumented, and reports its results.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/streams.h"
#include "cli/abstract.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/fuzz_again.h"
#include "cli/fuzz_run.h"
#include "cli/fuzz_tell.h"
#include "cli/input.h"
#include "cli/known_scripts.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;
constexpr const char* kSeeds = "seeds";
constexpr size_t kMostName = 200;  // bytes: a number and the file's name

// The inputs of --corpus: files in bytes unchanged, texts converted to bytes.
struct Seeds {
  std::vector<std::string> in_bytes;
  base::OwnDirectory::Files from_text;
  size_t longest_bytes = 0;
  base::Places places;
};

// Throws UsageError if what is read, a value of --corpus or below it, is what
// this run replaces before the fuzzer reads it.
void ExpectNotReplaced(const FuzzOptions& o, const std::string& path) {
  base::ExpectOutside("--corpus", path, "what --out replaces,",
                      o.out + "/" + kSeeds);
}

// Fewer after a stop.
Seeds ReadSeeds(const FuzzOptions& o, const std::atomic<bool>& stop) {
  const std::vector<std::string> paths = FilesBelow({o.corpus});
  if (paths.empty())
    throw base::UsageError{"--corpus " + base::Shown(o.corpus) +
                           ": expected scripts in it, and there is no file"};
  Seeds seeds;
  seeds.places = base::Places(paths);
  for (const std::string& path : paths) {
    if (stop) break;
    const auto file = ReadListed(path, seeds.places, {o.corpus});
    if (!file) continue;
    NoteIgnored(path, file->script);
    if (!file->is_text) {
      seeds.longest_bytes = std::max(seeds.longest_bytes, file->content.size());
      seeds.in_bytes.push_back(path);
      continue;
    }
    const std::vector<uint8_t> bytes = EncodeBytes(file->script);
    seeds.longest_bytes = std::max(seeds.longest_bytes, bytes.size());
    // Not .vmt: every command would read that as text.
    constexpr absl::string_view kBytes = ".bytes";
    seeds.from_text.emplace_back(
        absl::StrCat(absl::StrCat(seeds.from_text.size(), "-",
                                  fs::path(path).stem().string())
                         .substr(0, kMostName - kBytes.size()),
                     kBytes),
        std::string(bytes.begin(), bytes.end()));
  }
  return seeds;
}

// Writes what libFuzzer cannot read where it is to OUT/seeds, and adds it to
// `paths`.
void WriteSeeds(const FuzzOptions& o, const FuzzDirectory& directory,
                Seeds& seeds, std::vector<std::string>& paths,
                const std::atomic<bool>& stop) {
  const std::string place = directory.Path(kSeeds);
  std::error_code error;
  if (fs::is_symlink(fs::symlink_status(place, error)))
    throw base::UsageError{base::Shown(place) +
                           ": expected a directory, not a link"};
  if (place.find(',') != std::string::npos)
    throw base::UsageError{"--out " + base::Shown(o.out) +
                           ": expected a name without a comma"};
  // --corpus may be around it.
  base::ExpectOutside("--corpus", seeds.in_bytes, "what --out replaces,", place,
                      stop);
  if (stop) return;
  for (auto& [name, content] : seeds.from_text) {
    std::replace(name.begin(), name.end(), ',', '_');
    paths.push_back(absl::StrCat(place, "/", name));
  }
  base::OwnDirectory("--out", place, "fuzz", /*replace=*/true)
      .Write(seeds.from_text, /*durable=*/false);
}

// The list of files of --corpus for libFuzzer. In a directory it would take
// every file, including texts and our own, and none below a name with a dot. In
// the list a comma ends a name, so a file with a comma is copied to OUT/seeds.
FuzzSeeds SeedArguments(const FuzzOptions& o, const FuzzDirectory& directory,
                        const std::atomic<bool>& stop) {
  if (o.corpus.empty()) return {};
  Seeds seeds = ReadSeeds(o, stop);
  std::vector<std::string> paths;
  for (const std::string& path : seeds.in_bytes) {
    if (stop) return {};
    if (path.find(',') == std::string::npos)
      paths.push_back(path);
    else
      seeds.from_text.emplace_back(
          absl::StrCat(seeds.from_text.size(), "-bytes"), base::ReadFile(path));
  }
  if (stop) return {};
  if (!seeds.from_text.empty()) WriteSeeds(o, directory, seeds, paths, stop);
  const std::string list = directory.Path("seeds.list");
  RemoveOwn(list);
  base::WriteFile(list, absl::StrJoin(paths, ","));
  return {.arguments = {"-seed_inputs=@" + list},
          .longest_bytes = seeds.longest_bytes,
          .places = std::move(seeds.places),
          .in_place = seeds.in_bytes.size()};
}

// Throws UsageError if a job failed without reporting a violation.
void ExpectNoError(const FuzzRun& run) {
  for (const JobEnd& job : run.jobs)
    if (!job.error.empty() && job.status.found == 0)
      throw base::UsageError{job.error};
}

void PrintEnd(const FuzzOptions& o, const FuzzResult& result) {
  std::cout << FuzzProgress(o, result.run.total, result.corpus,
                            result.run.seconds)
            << "\n";
  if (!o.of.empty()) std::cout << FuzzShare(o, result.of, result.run.total);
}

void TellTorn(const FuzzDirectory& directory, size_t torn) {
  if (torn > 0)
    std::cerr << absl::StrFormat(
        "vmtrunc fuzz: %d %s not what the name says: %s\n", torn,
        torn == 1 ? "file was" : "files were",
        base::Shown(directory.Path("torn-*.bytes")));
}

// Reports the results of the jobs after they have ended. Returns the exit
// status.
int Report(const FuzzOptions& o, const FuzzDirectory& directory,
           const std::vector<campaign::KnownScript>& known, FuzzResult& result,
           const std::atomic<bool>& stop) {
  const FuzzRun& run = result.run;
  std::string lost;
  result.findings = TellBroken(o, known, run, stop, lost);
  size_t torn = 0;
  try {
    if (!run.gone.empty()) throw base::UsageError{run.gone};
    directory.ExpectThere();
    WriteBroken(o, directory, run, result.findings);
    torn = directory.SetTornAside();
  } catch (const base::UsageError&) {
    try {
      directory.SetTornAside();
    } catch (const base::UsageError&) {  // the first error says more
    }
    if (o.json) std::cout << report::JsonText(ToJson(o, result)) << "\n";
    throw;
  }
  result.corpus = directory.CorpusSize();
  // A finding is printed even after an error.
  const bool is_told = o.json && !result.findings.empty();
  if (is_told) std::cout << report::JsonText(ToJson(o, result)) << std::endl;
  if (!lost.empty()) throw base::UsageError{lost};
  ExpectNoError(run);
  if (!o.json) PrintEnd(o, result);
  if (!run.no_room.empty() || (torn > 0 && !run.stopped))
    directory.ExpectRoom();
  if (!run.no_room.empty()) throw base::UsageError{run.no_room};
  if (run.total.executions == 0 && o.runs != 0 && !run.stopped) {
    directory.ExpectThere();
    throw base::UsageError{absl::StrFormat(
        "nothing ran in %.1f s; expected a longer --seconds", run.seconds)};
  }
  // libFuzzer's first two inputs are empty.
  if (run.total.events == 0 && o.runs != 0 && !run.stopped)
    throw base::UsageError{absl::StrFormat(
        "no event ran in %d executions; expected more --runs or --seconds",
        run.total.executions)};
  TellTorn(directory, torn);
  if (o.json && !is_told)
    std::cout << report::JsonText(ToJson(o, result)) << "\n";
  if (!result.findings.empty()) return base::kExitBroken;
  const std::string violated = ViolatedInWords(o, result.replays);
  const size_t unknown = result.replays.unknown;
  if (!o.json)
    std::cout << o.spec.Name()
              << (run.total.events == 0 ? ": no event ran, no violation"
                                        : ": no violation")
              << (o.property.empty() ? "" : " of " + o.property)
              << (run.stopped ? " before it was stopped" : " in that time")
              << absl::StrFormat(" (seed %u)", o.seed)
              << (violated.empty() ? "" : "; " + violated)
              << (unknown == 0 ? ""
                               : "; of what an earlier run found not all was "
                                 "replayed")
              << "\n";
  if (!violated.empty()) return base::kExitBroken;
  return run.stopped || unknown != 0 ? base::kExitRanOut : base::kExitHeld;
}

// Never 0, which means random to libFuzzer.
uint32_t AnySeed() {
  std::random_device random;
  return static_cast<uint32_t>(random() % kMostSeed + 1);
}

void CheckOptions(FuzzOptions& o) {
  o.spec = OneKernel(o.kernel);
  if (o.seed == 0) o.seed = AnySeed();
  if (!o.unlike.empty() && OneKernel(o.unlike, "--unlike") == o.spec)
    throw base::UsageError{"--unlike " + o.unlike +
                           ": expected another kernel than --kernel"};
  ParseVerbs(o.verbs);
  CountProperty(o.property);
  if (!o.corpus.empty()) base::ExpectDirectory("--corpus", o.corpus);
  ExpectNotReplaced(o, o.corpus);
}

int Fuzz(FuzzOptions o) {
  base::EndOnSignals("vmtrunc fuzz: stopped");  // an input may be a pipe
  base::OutliveReader();
  CheckOptions(o);
  std::vector<uint8_t> of;
  if (!o.of.empty()) {
    const AbstractStates states = ReadAbstract(o.of);
    ExpectStatesOf(states, o.spec);
    of = states.seen;
  }
  const std::vector<campaign::KnownScript> known = ReadKnown(o.known);
  const std::string fuzzer = FindFuzzer(o.fuzzer);
  const std::atomic<bool>& stop = base::StopOnSignals();
  const FuzzDirectory directory(o.out);
  TellTorn(directory, directory.others());
  FuzzSeeds seeds;
  try {
    seeds = SeedArguments(o, directory, stop);
  } catch (const base::UsageError&) {
    if (!stop) throw;  // else a file had nothing to read yet
  }
  if (stop) {
    (o.json ? std::cerr : std::cout)
        << o.spec.Name() << ": stopped before anything ran\n";
    return base::kExitRanOut;
  }
  FuzzResult result;
  result.known_scripts = known.size();
  result.of = of;
  result.replays = ReplayFailures(o, directory, stop);
  if (!o.json)
    for (const Replayed& one : result.replays.all)
      std::cout << InWords(o, one) << "\n" << std::flush;
  // Those of earlier runs, perhaps with more --events, are seeds too.
  seeds.longest_bytes =
      std::max(seeds.longest_bytes, LongestIn(directory.Path("corpus")));
  result.run = RunJobs(o, directory, fuzzer, seeds, stop);
  return Report(o, directory, known, result, stop);
}

}  // namespace

void AddFuzz(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "fuzz", "fuzzes a kernel until a property is violated or time is up");
  auto o = std::make_shared<FuzzOptions>();
  sub->add_option("--kernel", o->kernel, "the kernel, 2.6.11 by default");
  sub->add_option(
      "--unlike", o->unlike,
      "look only for scripts that hold on this kernel: to find what "
      "one rule breaks, or to look past a known bug "
      "(2.6.11+unmap-mutex)");
  sub->add_option("--verbs", o->verbs,
                  "generate these operations only: mmap,mremap,...")
      ->delimiter(',');
  sub->add_option("--property", o->property,
                  "stop for a violation of this property only; default: any");
  sub->add_flag("--keep-going", o->keep_going,
                "do not stop at the first violation: at the end, minimise one "
                "script for each property that was violated");
  sub->add_option(
         "-j,--jobs", o->jobs,
         "number of processes; they share a corpus, their seeds count up "
         "from --seed, and the first finding stops all")
      ->check(CLI::Range(1U, kMostJobs));
  sub->add_option("--seconds", o->seconds,
                  "how long, 60 by default; 0: until it finds something")
      ->check(kNotNegative);
  sub->add_option("--runs", o->runs, "stop after so many executions")
      ->check(CLI::Range(0, std::numeric_limits<int>::max()));
  sub->add_option(
         "--seed", o->seed,
         "seed of the random choices, 32 bits; 0: draw one; it is printed")
      ->check(CLI::Range(uint32_t{0}, std::numeric_limits<uint32_t>::max()));
  sub->add_option("--events", o->events,
                  "make scripts of at most so many events, 32 by default; "
                  "seeds run whole")
      ->check(CLI::Range(1, kMaxEvents));
  sub->add_option("--out", o->out,
                  "directory for scripts, corpus and log; default: fuzz-out");
  sub->add_option("--corpus", o->corpus,
                  "directory of scripts to start from, in text or bytes");
  sub->add_option("--of", o->of,
                  "report how many of these abstract states were seen: a file "
                  "written by vmtrunc prove --abstract-to");
  sub->add_option(
      "--known", o->known,
      "directories of scripts whose expect lines say which violations "
      "are known; default: corpus/found, history and known");
  sub->add_option("--fuzzer", o->fuzzer,
                  "the fuzz target to start; default: fuzz_truncate");
  sub->add_flag("--json", o->json, "print one JSON object at the end");
  sub->callback([=, &run] { run = [=] { return Fuzz(*o); }; });
}

}  // namespace vmtrunc::cli
