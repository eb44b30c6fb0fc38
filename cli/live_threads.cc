// vmtrunc live --threads: races the running kernel.
#include "cli/live_threads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/name_part.h"
#include "base/own_directory.h"
#include "base/place.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/streams.h"
#include "base/write.h"
#include "cli/input.h"
#include "core/version.h"
#include "live/rounds.h"
#include "live/sequence.h"
#include "live/tasks.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
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

double Rate(const live::RaceReport& r) {
  return r.seconds > 0 ? static_cast<double>(r.operations) / r.seconds : 0;
}

std::string Again(const ThreadsOptions& o) {
  const live::RaceOptions& r = o.race;
  if (!o.pattern.empty())
    return absl::StrCat(
        "vmtrunc live --threads --pattern ", o.pattern, " --seconds 60",
        r.dir.empty() ? "" : absl::StrCat(" --dir ", base::PathWord(r.dir)),
        o.plant.empty() ? "" : absl::StrCat(" --plant ", o.plant));
  std::string text = absl::StrFormat(
      "vmtrunc live --threads %s --runs 10000 --unit %d "
      "--meet %d --check %d --delay %d",
      base::PathWord(r.path), r.unit, r.meet, r.check, r.delay);
  if (!r.dir.empty()) absl::StrAppend(&text, " --dir ", base::PathWord(r.dir));
  if (!o.plant.empty()) absl::StrAppend(&text, " --plant ", o.plant);
  return text;
}

std::string TaskName(const ThreadsOptions& o, const live::RaceReport& r) {
  const Script names = o.race.script ? *o.race.script : EmptyScript();
  return names.task_names[r.task];
}

nlohmann::json Json(const ThreadsOptions& o, const live::RaceReport& r) {
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
  if (!r.ran_out.empty()) json["ran_out"] = r.ran_out;
  if (!o.pattern.empty()) {
    json["pattern"] = o.pattern;
    json["moves"] = r.moves;
    json["reads_served"] = r.reads_served;
    json["writes_served"] = r.writes_served;
  }
  if (!o.script.empty()) {
    json["events"] = o.race.script->events.size();
    json["events_of_timing"] = o.dealt.timing;
    json["events_with_nothing_to_do"] = o.dealt.idle;
  }
  if (r.invariant.empty()) return json;
  json["invariant"] = r.invariant;
  json["detail"] = r.what;
  if (r.task != live::kNobody) json["task"] = TaskName(o, r);
  if (o.pattern.empty()) json["file"] = o.race.path;
  json["again"] = Again(o);
  return json;
}

void PrintPattern(const ThreadsOptions& o, const live::RaceReport& r) {
  std::cout << absl::StreamFormat(
      "%s: %d epochs, %d operations in %.1f s, %.0f/s; %d moves\n"
      "overlapped: %.1f %% with one of another task, %.1f %% with its "
      "truncation\n"
      "touches: %d reads and %d writes served, %d SIGBUS, %d SIGSEGV\n"
      "compared: %d reads of the mapping, %d pages of other owners\n",
      o.pattern, r.rounds, r.operations, r.seconds, Rate(r), r.moves,
      Share(r.overlapped, r.operations), Share(r.overlapped_pass, r.operations),
      r.reads_served, r.writes_served, r.sigbus, r.sigsegv, r.reads_served,
      r.pages);
}

void PrintRounds(const ThreadsOptions& o, const live::RaceReport& r) {
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
  if (!o.script.empty()) {
    const size_t events = o.race.script->events.size();
    std::cout << absl::StreamFormat(
        "of %d events %d are raced; %d are steps, drops or finishes, which the "
        "kernel times; %d have no effect\n",
        events, events - o.dealt.timing - o.dealt.idle, o.dealt.timing,
        o.dealt.idle);
  }
}

// Why a race that has found nothing could not have found anything, or "".
std::string WhyNoResult(const ThreadsOptions& o, const live::RaceReport& r) {
  if (r.stopped || !r.ran_out.empty() || !r.invariant.empty()) return "";
  const char* const longer = "; expected a longer run (--runs, --seconds)";
  if (r.operations == 0) return absl::StrCat("no operation ran", longer);
  if (!o.pattern.empty() && r.moves == 0)
    return absl::StrCat("no move ran", longer);
  if (o.pattern.empty() && r.pages == 0)
    return "no page of a mapping was looked at; expected one that is there "
           "when the tasks stop";
  if (!o.plant.empty())
    return absl::StrCat("no check saw what --plant ", o.plant, " did", longer,
                        ", or a script that gives it something to do");
  return "";
}

const char* Held(const ThreadsOptions& o, const live::RaceReport& r) {
  if (r.stopped) return "stopped: no invariant violated so far\n";
  return o.pattern.empty() && r.pages_past == 0
             ? "no invariant violated; no page past the end was looked at\n"
             : "no invariant violated\n";
}

void Print(const ThreadsOptions& o, const live::RaceReport& r) {
  if (o.pattern.empty())
    PrintRounds(o, r);
  else
    PrintPattern(o, r);
  if (!r.ran_out.empty() || !WhyNoResult(o, r).empty()) return;
  if (r.invariant.empty()) {
    std::cout << Held(o, r);
    return;
  }
  std::cout << absl::StreamFormat(
      "%s violated%s: %s\n%sRace it again:  %s\n", r.invariant,
      r.task == live::kNobody ? ""
                              : absl::StrCat(" in the mm of ", TaskName(o, r)),
      r.what,
      o.pattern.empty()
          ? absl::StrCat("script: ", base::Shown(o.race.path), "\n")
          : "",
      Again(o));
}

// Reads a script to race: either all its operations are raced, or it is
// refused.
void TakeScript(ThreadsOptions& o) {
  o.race.script = ReadScript(o.script, "");
  live::RaceShared plan;
  o.dealt = live::Deal(*o.race.script, o.race.meet, plan);
  const std::string name = base::Shown(o.script);
  if (!o.dealt.refused.empty())
    throw base::UsageError{absl::StrCat(name, ": ", o.dealt.refused)};
  if (plan.count == 0 || plan.setup.tasks == 0)
    throw base::UsageError{absl::StrCat(
        name, ": expected an event that is a system call",
        o.dealt.first_idle.empty() ? "" : "; ", o.dealt.first_idle)};
}

// The file of the raced script, created by this process; existing files are not
// touched. The destructor removes it, unless it is kept or another has changed
// its content, mode, owner or attributes.
class RacedFile {
 public:
  // `wanted`, or NAME-2 and so on if that exists and is a file.
  explicit RacedFile(const std::string& wanted) : wanted_(wanted) {
    base::ExpectNoBookkeeping(wanted, wanted);
    if (!base::CanBeNamedLater(wanted) || base::IsDirectory(wanted))
      throw base::UsageError{
          absl::StrCat("--out ", base::Shown(wanted),
                       ": expected a file, not a directory, a pipe, a device "
                       "or a descriptor")};
    Create();
  }
  ~RacedFile() {
    if (!kept_ && base::IsStill(file_, path_)) ::unlink(path_.c_str());
    if (file_ >= 0) ::close(file_);
  }
  RacedFile(const RacedFile&) = delete;
  RacedFile& operator=(const RacedFile&) = delete;

  void Put(const std::string& text) const {
    if (const int error = base::WriteAll(file_, text))
      base::FailPath(path_, error);
  }
  // The race of this script has ended. To keep it is to write it again where
  // the file has been moved, removed or changed. Throws UsageError if it cannot
  // be.
  void End(const std::string& script, bool keep) {
    const std::string content = live::ContentOf(file_);
    kept_ = keep || content != script || LooksOf(file_) != looks_;
    // It may have notes at its end.
    if (!keep || (base::IsStill(file_, path_) && content.starts_with(script)))
      return;
    ::close(std::exchange(file_, -1));
    kept_ = false;
    Create();
    Put(script);
    kept_ = true;
  }
  int file() const { return file_; }
  const std::string& path() const { return path_; }

 private:
  void Create() {
    const size_t dot = wanted_.rfind('.');
    const bool has_end = dot != std::string::npos && dot != 0 &&
                         wanted_.find('/', dot) == std::string::npos;
    const std::string stem = wanted_.substr(0, has_end ? dot : wanted_.size());
    const std::string ending = wanted_.substr(stem.size());
    for (unsigned i = 1; file_ < 0 && i <= base::kMostNames; ++i) {
      path_ = base::NumberedName(stem, i, ending);
      file_ =
          ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file_ < 0 && errno != EEXIST) base::FailPath(path_, errno);
    }
    if (file_ < 0) base::FailPath(wanted_, EEXIST);
    looks_ = LooksOf(file_);
  }

  using Looks = std::tuple<mode_t, uid_t, gid_t, ssize_t>;
  static Looks LooksOf(int file) {
    struct stat about{};
    ::fstat(file, &about);
    return {about.st_mode, about.st_uid, about.st_gid,
            ::flistxattr(file, nullptr, 0)};
  }

  Looks looks_;
  std::string wanted_, path_;
  int file_ = -1;
  bool kept_ = false;
};

live::RaceReport RaceAll(const ThreadsOptions& o) {
  if (!o.json) {
    std::cout << "running kernel: " << RunningKernel() << ", seed "
              << o.race.seed << "\n";
    if (o.race.script) PrintIgnored(*o.race.script);
    std::cout << std::flush;
  }
  base::ProgressLine progress;
  const live::RaceReport report =
      live::Race(o.race, [&](const live::RaceReport& r) {
        if (progress.IsDue())
          progress.Show(absl::StrFormat("%d rounds, %d operations, %.0f s",
                                        r.rounds, r.operations, r.seconds));
      });
  progress.End();
  return report;
}

// Without a violation: whether the run means anything.
int StatusOf(const ThreadsOptions& o, const live::RaceReport& r) {
  if (!r.invariant.empty()) return base::kExitBroken;
  if (!r.ran_out.empty()) {
    std::cerr << "vmtrunc: live: ran out: " << r.ran_out << "\n";
    return base::kExitRanOut;
  }
  if (r.stopped) return base::kExitRanOut;
  if (const std::string why = WhyNoResult(o, r); !why.empty())
    throw base::UsageError{absl::StrCat("live: ", why)};
  return base::kExitHeld;
}

}  // namespace

void AddThreadsOptions(CLI::App& sub, CLI::Option& kernel, ThreadsOptions& o) {
  auto* on = sub.add_flag("--threads", o.on,
                          "race: tasks are threads and processes that do not "
                          "wait. The same seed gives the same scripts, not the "
                          "same run");
  on->excludes(&kernel);
  const std::vector<std::string> patterns(live::PatternNames().begin() + 1,
                                          live::PatternNames().end());
  auto* pattern =
      sub.add_option("--pattern", o.pattern,
                     "in place of scripts: mremap of a few pages (move-tlb) or "
                     "of a whole page table (move-table) against touches and "
                     "truncation")
          ->check(CLI::IsMember(patterns))
          ->needs(on);
  sub.add_option("--unit", o.race.unit, "real pages a page of a script, 1..16")
      ->check(CLI::Range(1U, live::kMaxUnit))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--meet", o.race.meet,
                 "operations a lap, at most; a barrier follows each lap")
      ->check(CLI::Range(1, kMaxEvents))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--check", o.race.check, "laps between checks")
      ->check(CLI::Range(1, kMaxEvents))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--delay", o.race.delay,
                 "largest random delay before a lap, in nanoseconds")
      ->check(CLI::Range(0, 1000000))
      ->needs(on)
      ->capture_default_str();
  sub.add_option("--dir", o.race.dir,
                 "create the files in this directory; default: memfds. Without "
                 "--threads: those with large folios, which are of tmpfs else");
  sub.add_option("--hang", o.race.hang,
                 "seconds without progress that count as a hang")
      ->check(kNumber)
      ->check(CLI::Range(0.1, 3600.0))
      ->needs(on)
      ->capture_default_str();
  const std::vector<std::string> plants(live::PlantNames().begin() + 1,
                                        live::PlantNames().end());
  sub.add_option("--plant", o.plant,
                 "violates this invariant, to test the check; M1 and M2 "
                 "with --pattern")
      ->check(CLI::IsMember(plants))
      ->needs(on);
  for (const char* of_scripts : {"--unit", "--meet", "--check", "--delay"})
    pattern->excludes(sub.get_option(of_scripts));
  sub.add_option("--out", o.out,
                 "file for the script, written before the race; an "
                 "existing file stays, and NAME-2 is used. Of a script "
                 "that is a file only if it is asked for")
      ->needs(on)
      ->excludes(pattern)
      ->capture_default_str();
  sub.add_flag("--json", o.json)->needs(on);
}

void PrintIgnored(const Script& script) {
  const std::string ignored = live::NotOfThisKernel(script);
  if (!ignored.empty())
    std::cout << "ignored, as they do not apply to the running kernel: "
              << ignored << "\n";
}

int RunThreads(const ThreadsOptions& given) {
  ThreadsOptions o = given;
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(live::kPage))
    throw base::UsageError{"live: expected pages of 4096 bytes"};
  if (o.race.runs == 0)
    throw base::UsageError{"live: expected at least one run"};
  if (!o.plant.empty() && !o.plant.starts_with("I5") &&
      o.plant.starts_with("M") == o.pattern.empty())
    throw base::UsageError{o.pattern.empty()
                               ? "live --plant: expected --pattern with M1, M2"
                               : "live --plant: expected M1, M2 or I5 with "
                                 "--pattern"};
  if (!o.script.empty()) TakeScript(o);
  const auto& names = live::PlantNames();
  o.race.plant = static_cast<live::Plant>(
      std::find(names.begin(), names.end(), o.plant) - names.begin());
  const auto& patterns = live::PatternNames();
  o.race.pattern = static_cast<live::Pattern>(
      std::find(patterns.begin(), patterns.end(), o.pattern) -
      patterns.begin());
  o.race.path = o.script;
  std::optional<RacedFile> made;
  if (o.pattern.empty() && (o.script.empty() || o.is_out_given ||
                            !base::CanBeNamedLater(o.script))) {
    base::StopOnSignals();  // what is made is removed
    base::OutliveReader();
    made.emplace(o.out);
    o.race.path = made->path();
    o.race.out = made->file();
    if (o.race.script) made->Put(ToText(*o.race.script));
  }
  const live::RaceReport report = RaceAll(o);
  const std::string script =
      o.race.script ? ToText(*o.race.script) : report.script;
  std::optional<base::UsageError> unwritten;
  if (made) {
    try {
      made->End(script, !report.invariant.empty());
    } catch (const base::UsageError& error) {
      unwritten = error;
    }
    o.race.path = made->path();
  }
  if (o.json) {
    if (WhyNoResult(o, report).empty())
      std::cout << report::JsonText(Json(o, report)) << std::endl;
  } else {
    Print(o, report);
    std::cout << std::flush;
  }
  if (unwritten) {
    (o.json ? std::cerr : std::cout) << script << std::flush;
    throw *unwritten;
  }
  return StatusOf(o, report);
}

}  // namespace vmtrunc::cli
