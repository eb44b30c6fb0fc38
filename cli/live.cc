// vmtrunc live: random sequential scripts on the model and on the running
// kernel, compared after every event. With --threads: cli/live_threads.cc.
#include <sys/utsname.h>
#include <unistd.h>

#include <iostream>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/live_threads.h"
#include "cli/progress.h"
#include "live/compare.h"

namespace vmtrunc {
namespace {

struct LiveOptions {
  uint64_t runs = 1000;
  int seconds = 0;
  uint64_t seed = 1;
  unsigned events = 32;
  std::string kernel, script;
};

int ReportDivergence(const LiveOptions& o, const Script& script, size_t at,
                     const std::string& differs) {
  Script shown = script;
  shown.events.resize(at);
  const std::string path = "live-divergence.vmt";
  WriteFile(path, ToText(shown));
  std::cout << absl::StrFormat(
      "%s and the running kernel differ after event %d, `%s`:\n%s\n%s\n"
      "Run it again:  vmtrunc live %s --kernel %s\n",
      o.kernel, at, ToText(script.events[at - 1], script), differs,
      ToText(shown), path, o.kernel);
  return kExitBroken;
}

void PrintTotals(const Comparison& comparison, double seconds) {
  const CompareTotals& totals = comparison.totals();
  std::cout << absl::StrFormat(
      "%d scripts, %d events, %d %% with an effect, %.1f s: no divergence\n",
      totals.scripts, totals.events,
      totals.events == 0 ? 0 : 100 * totals.effects / totals.events, seconds);
  std::cout << "verbs:";
  for (const auto& [verb, count] : totals.verbs)
    std::cout << " " << VerbName(verb) << " " << count;
  std::cout << "\nmerge cases:";
  for (size_t i = 1; i < comparison.probe().cases().size(); ++i)
    std::cout << " " << i << ":" << comparison.probe().cases()[i];
  std::cout << "\n";
}

// 6.x is 6.17 and later; what mremap has learned there is taken back before.
std::string KernelLike(const std::string& release) {
  int major = 0;
  int minor = 0;
  std::sscanf(release.c_str(), "%d.%d", &major, &minor);
  const bool older = major < 6 || (major == 6 && minor < 17);
  return older ? "6.x-mremap-checks-first-mremap-moves-many" : "6.x";
}

int RunScript(const LiveOptions& o, Comparison& comparison) {
  size_t at = 0;
  const Script script = ReadScript(o.script, "");
  const std::string differs = comparison.Compare(script, at);
  if (!differs.empty()) return ReportDivergence(o, script, at, differs);
  PrintTotals(comparison, 0);
  return kExitHeld;
}

int RunLive(LiveOptions o) {
  utsname name{};
  ::uname(&name);
  if (o.kernel.empty()) o.kernel = KernelLike(name.release);
  std::cout << "running kernel: " << name.sysname << " " << name.release << " "
            << name.machine << ", compared with " << o.kernel << "\n";
  if (::sysconf(_SC_PAGESIZE) != static_cast<long>(kPage))
    throw UsageError{"live: expected pages of 4096 bytes"};
  const Rules rules = OneKernel(o.kernel).rules();
  Comparison comparison(rules);
  if (!o.script.empty()) return RunScript(o, comparison);
  size_t at = 0;
  ProgressLine progress;
  for (uint64_t run = 0; run < o.runs; ++run) {
    if (o.seconds != 0 && progress.seconds() > o.seconds) break;
    Random random(o.seed * 1000003 + run);
    const Script script = RandomLive(random, o.events, rules);
    const std::string differs = comparison.Compare(script, at);
    if (!differs.empty()) return ReportDivergence(o, script, at, differs);
    if (progress.IsDue())
      progress.Show(
          absl::StrFormat("%d scripts, %.0f s", run, progress.seconds()));
  }
  progress.End();
  PrintTotals(comparison, progress.seconds());
  return kExitHeld;
}

}  // namespace

void AddLive(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "live",
      "plays sequential scripts on the model and the running kernel; with\n"
      "--threads races the running kernel with the tasks of scripts");
  auto o = std::make_shared<LiveOptions>();
  auto threads = std::make_shared<ThreadsOptions>();
  sub->add_option("script", o->script, "one script instead of random ones");
  auto* runs =
      sub->add_option("--runs", o->runs,
                      "how many scripts, 1000 by default; with --threads and "
                      "--seconds no limit by default")
          ->check(kNotNegative);
  auto* seconds =
      sub->add_option("--seconds", o->seconds, "at most so long; 0: no limit")
          ->check(CLI::Range(0, 1 << 30));
  sub->add_option("--seed", o->seed, "of the scripts")->check(kNotNegative);
  auto* events = sub->add_option("--events", o->events,
                                 "a script, 32 by default; with --threads 128")
                     ->check(CLI::Range(1, kMaxEvents));
  auto* kernel = sub->add_option("--kernel", o->kernel,
                                 "6.x by default, as the release is");
  AddThreadsOptions(*sub, *kernel, *threads);
  sub->callback([=, &run] {
    RaceOptions& race = threads->race;
    race.runs = runs->empty() && !seconds->empty() ? UINT64_MAX : o->runs;
    race.seconds = o->seconds;
    race.seed = o->seed;
    if (!events->empty()) race.events = o->events;
    threads->script = o->script;
    run = [=] {
      try {
        return threads->on ? RunThreads(*threads) : RunLive(*o);
      } catch (const LiveError& error) {
        throw UsageError{error.what};
      }
    };
  });
}

}  // namespace vmtrunc
