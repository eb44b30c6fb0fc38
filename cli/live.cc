// vmtrunc live: random sequential scripts on the model and on the running
// kernel, compared after every event. With --threads: cli/live_threads.cc.
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/place.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/streams.h"
#include "base/write.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/live_threads.h"
#include "live/compare.h"
#include "live/row.h"

namespace vmtrunc::cli {
namespace {

struct LiveOptions {
  uint64_t runs = 1000;
  int seconds = 0;
  uint64_t seed = 1;
  unsigned events = 32;
  bool folios = false;
  std::string kernel, script, dir;
};

// Prints the divergence before it writes a file. A script of the command line
// is in a file already, or in a pipe, which no command can name.
int ReportDivergence(const LiveOptions& o, const Script& script, size_t at,
                     const std::string& differs) {
  Script shown = script;
  shown.events.resize(at);
  const std::string text = ToText(shown);
  std::cout << absl::StrFormat(
                   "%s and the running kernel differ after event %d, `%s`:\n"
                   "%s\n%s\n",
                   base::Shown(o.kernel), at,
                   ToText(script.events[at - 1], script), differs, text)
            << std::flush;
  std::string path = o.script;
  if (path.empty()) path = base::WriteUnused("live-divergence", "vmt", text);
  if (!base::CanBeNamedLater(path)) return base::kExitBroken;
  const std::string kernel = base::CanBeNamedLater(o.kernel)
                                 ? o.kernel
                                 : OneKernel(o.kernel).ToString();
  std::cout << absl::StrFormat(
      "Run it again:  vmtrunc live %s --kernel %s%s\n", base::PathWord(path),
      base::PathWord(kernel),
      o.dir.empty() ? "" : " --dir " + base::PathWord(o.dir));
  return base::kExitBroken;
}

void PrintTotals(const live::Comparison& comparison, double seconds,
                 const char* result) {
  const live::CompareTotals& totals = comparison.totals();
  std::cout << absl::StrFormat(
      "%d scripts, %d events played, %d %% with an effect, %d not played "
      "(no effect), %.1f s: %s\n",
      totals.scripts, totals.events,
      totals.events == 0 ? 0 : 100 * totals.effects / totals.events,
      totals.idle, seconds, result);
  if (totals.again != 0)
    std::cout << absl::StrFormat(
        "played again, as somebody else held a folio that was to be split, or "
        "wrote it back: %d\n",
        totals.again);
  std::cout << "verbs:";
  for (const auto& [verb, count] : totals.verbs)
    std::cout << " " << VerbName(verb) << " " << count;
  std::cout << "\nmerge cases:";
  for (size_t i = 1; i < comparison.probe().cases().size(); ++i)
    std::cout << " " << i << ":" << comparison.probe().cases()[i];
  std::cout << "\n";
}

constexpr double kPatternSeconds = 5;

constexpr const char* kAgreed = "no divergence";
constexpr const char* kStopped = "stopped: no divergence so far";

int RunScript(const LiveOptions& o, const Rules& rules) {
  const Script script = ReadScript(o.script, "");
  const live::Sequence sequence =
      live::MakeSequence(script, rules, !o.dir.empty());
  if (!sequence.refused.empty())
    throw base::UsageError{
        absl::StrCat(base::Shown(o.script), ": ", sequence.refused)};
  if (sequence.played == 0)
    throw base::UsageError{absl::StrCat(
        base::Shown(o.script), ": expected an event that can be played",
        sequence.turns.empty()
            ? ""
            : absl::StrCat("; ", live::NameEvent(script, 0), ": ",
                           sequence.turns.front().idle))};
  PrintIgnored(script);
  live::Comparison comparison(rules, base::StopOnSignals(), o.dir);
  try {
    size_t at = 0;
    const std::string differs = comparison.Compare(script, sequence, at);
    if (!differs.empty()) return ReportDivergence(o, script, at, differs);
  } catch (const live::LiveStopped&) {
    PrintTotals(comparison, 0, kStopped);
    return base::kExitRanOut;
  }
  PrintTotals(comparison, 0, kAgreed);
  return base::kExitHeld;
}

int RunRandom(const LiveOptions& o, const Rules& rules) {
  const live::Files files = !o.folios       ? live::Files::kSmall
                            : o.dir.empty() ? live::Files::kTmpfs
                                            : live::Files::kDisk;
  live::Comparison comparison(rules, base::StopOnSignals(), o.dir);
  base::ProgressLine progress;
  const char* result = kAgreed;
  int status = base::kExitHeld;
  for (uint64_t run = 0; run < o.runs && status == base::kExitHeld; ++run) {
    if (o.seconds != 0 && progress.seconds() > o.seconds) break;
    if (base::NobodyReads()) {
      result = kStopped;
      status = base::kExitRanOut;
      break;
    }
    base::Random random(o.seed * 1000003 + run);
    const Script script = live::RandomLive(random, o.events, rules, files);
    const live::Sequence sequence =
        live::MakeSequence(script, rules, !o.dir.empty());
    if (!sequence.refused.empty())
      throw base::UsageError{
          absl::StrCat("live: random script ", run, ": ", sequence.refused)};
    try {
      size_t at = 0;
      const std::string differs = comparison.Compare(script, sequence, at);
      if (!differs.empty()) return ReportDivergence(o, script, at, differs);
    } catch (const live::LiveError& error) {
      if (comparison.totals().scripts == 0) throw;
      progress.End();
      std::cerr << "vmtrunc: ran out: " << error.what << "\n";
      status = base::kExitRanOut;
    } catch (const live::LiveStopped&) {
      result = kStopped;
      status = base::kExitRanOut;
    }
    if (progress.IsDue())
      progress.Show(
          absl::StrFormat("%d scripts, %.0f s", run, progress.seconds()));
  }
  progress.End();
  if (comparison.totals().events == 0 && result == kAgreed)
    throw base::UsageError{"live: expected at least one run"};
  PrintTotals(comparison, progress.seconds(), result);
  return status;
}

int RunLive(LiveOptions o) {
  utsname name{};
  ::uname(&name);
  const live::Row row = live::RowOf(name.release);
  const char* const newer = o.kernel.empty() && row.is_newer
                                ? ", the newest here: the running one is newer"
                                : "";
  if (o.kernel.empty()) o.kernel = row.kernel;
  std::cout << "running kernel: " << name.sysname << " " << name.release << " "
            << name.machine << ", compared with " << base::Shown(o.kernel)
            << newer << "\n"
            << std::flush;
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(live::kPage))
    throw base::UsageError{"live: expected pages of 4096 bytes"};
  const Rules rules = OneKernel(o.kernel).rules();
  if (!o.dir.empty() && !o.folios && o.script.empty())
    throw base::UsageError{
        "live --dir: expected --threads, --folios or a script with it"};
  // Of both: the model's, and the one that plays them.
  if (o.folios && (!rules.faults_map_folios ||
                   !OneKernel(row.kernel).rules().faults_map_folios))
    throw base::UsageError{
        "live --folios: expected a kernel whose tmpfs has them, 6.18 or later"};
  return o.script.empty() ? RunRandom(o, rules) : RunScript(o, rules);
}

}  // namespace

void AddLive(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "live",
      "plays sequential scripts on the model and the running kernel, and "
      "compares\nthem; with --threads races the tasks of scripts on the "
      "running kernel");
  auto o = std::make_shared<LiveOptions>();
  auto threads = std::make_shared<ThreadsOptions>();
  sub->add_option("script", o->script, "a script; default: random scripts");
  auto* runs =
      sub->add_option("--runs", o->runs,
                      "number of scripts, default 1000; with --threads and "
                      "--seconds unlimited; with --pattern of epochs")
          ->check(kNotNegative);
  auto* seconds =
      sub->add_option("--seconds", o->seconds,
                      "time limit; 0: none; default of --pattern: 5 unless "
                      "--runs is given")
          ->check(CLI::Range(0, 1 << 30));
  sub->add_option("--seed", o->seed, "seed of the random scripts")
      ->check(kNotNegative);
  auto* events =
      sub->add_option("--events", o->events,
                      "events of a script, default 32, with --threads 128")
          ->check(CLI::Range(1, kMaxEvents));
  auto* kernel =
      sub->add_option("--kernel", o->kernel,
                      "the model's kernel; default: the newest one that is "
                      "not newer than the running one");
  auto* script = sub->get_option("script");
  sub->add_flag("--folios", o->folios,
                "random scripts of files with large folios, on a tmpfs of "
                "their own (as root)")
      ->excludes(script);
  AddThreadsOptions(*sub, *kernel, *threads);
  sub->get_option("--pattern")->excludes(script)->excludes(events);
  sub->get_option("--folios")->excludes("--threads");
  sub->callback([=, &run] {
    live::RaceOptions& race = threads->race;
    race.runs = runs->empty() && !seconds->empty() ? UINT64_MAX : o->runs;
    race.seconds = o->seconds;
    race.seed = o->seed;
    if (!threads->pattern.empty() && runs->empty() && seconds->empty()) {
      race.runs = UINT64_MAX;
      race.seconds = kPatternSeconds;
    }
    if (!events->empty()) race.events = o->events;
    threads->script = o->script;
    threads->is_out_given = !sub->get_option("--out")->empty();
    // A descriptor's directory by its own name, which commands to paste have.
    std::error_code error;
    if (const auto real = std::filesystem::canonical(race.dir, error);
        !error && !base::CanBeNamedLater(race.dir))
      race.dir = real.string();
    o->dir = race.dir;
    run = [=] {
      base::EndOnSignals("vmtrunc live: stopped");  // an input may be a pipe
      if (!race.dir.empty()) base::ExpectDirectory("--dir", race.dir);
      try {
        return threads->on ? RunThreads(*threads) : RunLive(*o);
      } catch (const live::LiveError& error) {
        throw base::UsageError{error.what};
      }
    };
  });
}

}  // namespace vmtrunc::cli
