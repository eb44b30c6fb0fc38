// vmtrunc live --threads: races the running kernel.
#include "cli/live_threads.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/input.h"
#include "cli/progress.h"
#include "core/version.h"
#include "live/rounds.h"
#include "live/tasks.h"

namespace vmtrunc {
namespace {

std::string RunningKernel() {
  utsname name{};
  ::uname(&name);
  return absl::StrCat(name.sysname, " ", name.release, " ", name.machine);
}

double Share(uint64_t part, uint64_t of) {
  return of == 0 ? 0
                 : 100.0 * static_cast<double>(part) / static_cast<double>(of);
}

double Rate(const RaceReport& r) {
  return r.seconds > 0 ? static_cast<double>(r.operations) / r.seconds : 0;
}

std::string Quoted(const std::string& path) {
  return path.find_first_of(" '\"$&|;<>()*?\\") == std::string::npos
             ? path
             : absl::StrCat("'", path, "'");
}

std::string Again(const ThreadsOptions& o) {
  const RaceOptions& r = o.race;
  std::string text = absl::StrFormat(
      "vmtrunc live --threads %s --runs 10000 --unit %d "
      "--meet %d --check %d --delay %d",
      Quoted(r.path), r.unit, r.meet, r.check, r.delay);
  if (!r.dir.empty()) absl::StrAppend(&text, " --dir ", Quoted(r.dir));
  if (!o.plant.empty()) absl::StrAppend(&text, " --plant ", o.plant);
  return text;
}

std::string TaskName(const ThreadsOptions& o, const RaceReport& r) {
  const Script names = o.race.script ? *o.race.script : EmptyScript();
  return names.task_names[r.task];
}

nlohmann::json Json(const ThreadsOptions& o, const RaceReport& r) {
  nlohmann::json json = {{"version", kJsonVersion},
                         {"running_kernel", RunningKernel()},
                         {"seed", o.race.seed},
                         {"rounds", r.rounds},
                         {"operations", r.operations},
                         {"operations_per_second", Rate(r)},
                         {"refused", r.refused},
                         {"overlapped", r.overlapped},
                         {"overlapped_a_pass", r.overlapped_pass},
                         {"forks", r.forks},
                         {"sigbus", r.sigbus},
                         {"sigsegv", r.sigsegv},
                         {"quiescent_points", r.quiescent},
                         {"pages_checked", r.pages},
                         {"pages_past_the_end", r.pages_past},
                         {"sigbus_checked", r.sigbus_checked},
                         {"seconds", r.seconds},
                         {"stopped", r.stopped},
                         {"holds", r.invariant.empty()}};
  if (r.invariant.empty()) return json;
  json["invariant"] = r.invariant;
  json["detail"] = r.what;
  if (r.task != kNobody) json["task"] = TaskName(o, r);
  json["file"] = o.race.path;
  json["again"] = Again(o);
  return json;
}

void Print(const ThreadsOptions& o, const RaceReport& r) {
  std::cout << absl::StreamFormat(
      "%d rounds, %d operations in %.1f s, %.0f/s; the kernel refused %d\n"
      "overlapped: %.1f %% with one of another task, %.1f %% with its "
      "truncation or punch\n"
      "touches of operations: %d SIGBUS, %d SIGSEGV; forks: %d\n"
      "checked: %d times, %d pages, %d of them past the end; %d SIGBUS\n",
      r.rounds, r.operations, r.seconds, Rate(r), r.refused,
      Share(r.overlapped, r.operations), Share(r.overlapped_pass, r.operations),
      r.sigbus, r.sigsegv, r.forks, r.quiescent, r.pages, r.pages_past,
      r.sigbus_checked);
  if (r.invariant.empty()) {
    std::cout << (r.stopped ? "stopped: nothing broke so far\n"
                            : "nothing broke\n");
    return;
  }
  std::cout << absl::StreamFormat(
      "%s broken%s: %s\nscript: %s\nRace it again:  %s\n", r.invariant,
      r.task == kNobody ? "" : absl::StrCat(" in the mm of ", TaskName(o, r)),
      r.what, o.race.path, Again(o));
}

// What is raced, and the file that it is in.
void TakeScript(ThreadsOptions& o) {
  o.race.path = o.script.empty() || o.script == "-" ? o.out : o.script;
  if (!o.script.empty()) {
    o.race.script = ReadScript(o.script, "");
    RaceShared plan;
    Deal(*o.race.script, o.race.meet, plan);
    if (plan.count == 0 || plan.setup.tasks == 0)
      throw UsageError{
          absl::StrCat(o.script, ": expected an event that is a system call")};
  }
  if (o.race.path == o.out)
    WriteFile(o.out, ToText(o.race.script.value_or(EmptyScript())));
}

}  // namespace

void AddThreadsOptions(CLI::App& sub, CLI::Option& kernel, ThreadsOptions& o) {
  auto* on = sub.add_flag("--threads", o.on,
                          "race: tasks are threads and processes that do not "
                          "wait. The same seed gives the same scripts, not the "
                          "same run");
  on->excludes(&kernel);
  sub.add_option("--unit", o.race.unit, "real pages a page of a script, 1..16")
      ->check(CLI::Range(1U, kMaxUnit))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--meet", o.race.meet,
                 "operations of a lap, at most; all tasks meet between laps")
      ->check(CLI::Range(1, kMaxEvents))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--check", o.race.check, "checks after so many laps")
      ->check(CLI::Range(1, kMaxEvents))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--delay", o.race.delay,
                 "nanoseconds that a task starts a lap late, at most")
      ->check(CLI::Range(0, 1000000))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--dir", o.race.dir,
                 "the files are on this directory's file system; else memfds")
      ->check(CLI::ExistingDirectory)
      ->needs(on);
  sub.add_option("--hang", o.race.hang, "seconds of silence that are a failure")
      ->check(kNumber)
      ->check(CLI::Range(0.1, 3600.0))
      ->needs(on)
      ->capture_default_str();
  const std::vector<std::string> plants(PlantNames().begin() + 1,
                                        PlantNames().end());
  sub.add_option("--plant", o.plant,
                 "a test of the checks: breaks this behind their back")
      ->check(CLI::IsMember(plants))
      ->needs(on);
  sub.add_option("--out", o.out, "where a script is written before it is raced")
      ->check(kNotEmpty)
      ->needs(on)
      ->capture_default_str();
  sub.add_flag("--json", o.json)->needs(on);
}

int RunThreads(const ThreadsOptions& given) {
  ThreadsOptions o = given;
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(kPage))
    throw UsageError{"live: expected pages of 4096 bytes"};
  TakeScript(o);
  const auto& names = PlantNames();
  o.race.plant = static_cast<Plant>(
      std::find(names.begin(), names.end(), o.plant) - names.begin());
  if (o.race.runs == 0) throw UsageError{"live: expected a run or more"};
  if (!o.json) {
    std::cout << "running kernel: " << RunningKernel() << ", seed "
              << o.race.seed << "\n"
              << std::flush;
  }
  ProgressLine progress;
  const bool ours = o.race.path != o.script;  // to remove
  RaceReport report;
  try {
    report = Race(o.race, [&](const RaceReport& r) {
      if (progress.IsDue())
        progress.Show(absl::StrFormat("%d rounds, %d operations, %.0f s",
                                      r.rounds, r.operations, r.seconds));
    });
  } catch (const LiveError&) {
    if (ours) ::unlink(o.out.c_str());
    throw;
  }
  progress.End();
  if (o.json) {
    std::cout << Json(o, report).dump(2) << "\n";
  } else {
    Print(o, report);
  }
  const bool held = report.invariant.empty();
  if (held && ours) ::unlink(o.out.c_str());
  return held ? kExitHeld : kExitBroken;
}

}  // namespace vmtrunc
