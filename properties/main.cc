// Checks the properties: what ci/properties calls. See --help.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/work_directory.h"
#include "cli/input.h"
#include "cli/to_run.h"
#include "core/check.h"
#include "core/version.h"
#include "properties/census.h"
#include "properties/check.h"
#include "properties/hunt.h"
#include "properties/options.h"
#include "properties/report.h"
#include "report/json_text.h"

namespace vmtrunc::properties {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// ---- what is said

std::string Current(const Options& o) { return o.out + "/current"; }

char g_current[512];  // the line for the handler below

// An abort or a crash of the model: says where the script is.
void OnCrash(int signal) {
  const ssize_t ignored =
      ::write(STDERR_FILENO, g_current, std::strlen(g_current));
  static_cast<void>(ignored);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void HandleCrashes(const Options& o) {
  absl::SNPrintF(g_current, sizeof(g_current),
                 "the script that ran is in %s: vmtrunc run %s\n",
                 base::Shown(Current(o)), base::PathWord(Current(o)));
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    ::signal(signal, OnCrash);
}

// What has been found by then is printed.
bool IsStopped() { return base::StopOnSignals(); }

class Progress {
 public:
  explicit Progress(std::string what = "") : what_(std::move(what)) {}
  void Case() {
    ++cases_;
    if (cases_ % 64 == 0 && line_.IsDue())
      line_.Show(absl::StrFormat("%s: %d scripts", what_, cases_));
  }

 private:
  std::string what_;
  uint64_t cases_ = 0;
  base::ProgressLine line_;
};

int Status(bool broken) {
  if (broken) return base::kExitBroken;
  return IsStopped() ? base::kExitRanOut : base::kExitHeld;
}

void TellEnded(const CurrentScript& current) {
  if (!current.ended().empty())
    std::cerr
        << "properties: what ran when an earlier command was killed is in "
        << base::Shown(current.ended()) << ": vmtrunc run "
        << base::PathWord(current.ended()) << "\n";
}

// What was found by then has been told.
void ExpectWritten(const CurrentScript& current) {
  if (!current.refused()) return;
  std::cout << std::flush;
  throw *current.refused();
}

// ---- what is done

// What is known is kept apart from what is not.
std::string PlaceOf(const Options& o, const Cell& cell) {
  if (cell.known == nullptr) return o.out;
  const std::string place = absl::StrCat(o.out, "/known");
  std::error_code error;
  fs::create_directory(place, error);
  if (error && error != std::errc::file_exists)
    base::FailPath(place, error.value());
  if (!fs::is_directory(fs::symlink_status(place, error)))
    throw base::UsageError{base::Shown(place) +
                           ": expected a directory, not a link"};
  return place;
}

Cell CheckCell(const Options& o, const ScriptProperty& property,
               const KernelSpec& kernel, CheckParams params,
               CurrentScript& current) {
  const std::string name = kernel.ToString();
  Cell cell{&property, name, KnownBreak(property, name), {}, {}};
  Progress progress(CheckId(property, kernel));
  params.on_case = [&] { progress.Case(); };
  params.stop = &base::StopOnSignals();
  cell.outcome = Check(property, kernel, kernel, params, current);
  if (cell.broken()) {
    // A finding is shown whether or not it can be kept.
    try {
      current.ExpectThere();
      std::string stem = absl::StrCat(PlaceOf(o, cell), "/", FileName(cell));
      if (stem.ends_with(".vmt")) stem.resize(stem.size() - 4);
      cell.path = base::WriteUnused(stem, "vmt", FileText(cell));
    } catch (const base::UsageError& error) {
      (o.json ? std::cerr : std::cout) << FileText(cell) << std::flush;
      throw;
    }
  }
  return cell;
}

// A `reproduce` of RC_PARAMS that no check is would pass for having held.
void ExpectReproduced(const Options& o, const CheckParams& params) {
  const auto kernels = Kernels(o);
  size_t found = 0;
  for (const ScriptProperty* property : Properties(o))
    for (const KernelSpec& kernel : kernels)
      found += params.reproduce.count(CheckId(*property, kernel));
  if (found != params.reproduce.size())
    throw base::UsageError{
        "RC_PARAMS: reproduce is of a property or kernel that is not checked"};
}

int CheckAll(const Options& o, const CheckParams& params) {
  const auto kernels = Kernels(o);
  CurrentScript current(Current(o));
  TellEnded(current);
  HandleCrashes(o);
  nlohmann::json all = nlohmann::json::array();
  size_t broken = 0, known = 0, held = 0;
  if (!o.json) std::cout << Asked(params) << "\n\n" << std::flush;
  for (const ScriptProperty* property : Properties(o)) {
    std::vector<Cell> cells;
    for (const KernelSpec& kernel : kernels) {
      if (IsStopped() || current.refused()) break;
      if (!params.Runs(CheckId(*property, kernel))) continue;
      cells.push_back(CheckCell(o, *property, kernel, params, current));
    }
    if (cells.empty()) continue;
    for (const Cell& cell : cells) {
      if (cell.outcome.stopped) continue;
      if (o.json) all.push_back(ToJson(cell));
      broken += cell.unexpected() ? 1 : 0;
      known += cell.known != nullptr && cell.broken() ? 1 : 0;
      held += cell.outcome.holds ? 1 : 0;
    }
    if (o.json) continue;
    PrintRow(cells);
    for (const Cell& cell : cells)
      if (cell.unexpected()) PrintFailure(cell, params.rc, o);
  }
  if (o.json) {
    std::cout << report::JsonText({{"version", kJsonVersion},
                                   {"seed", params.rc.seed},
                                   {"checks", all}})
              << "\n";
  } else {
    std::cout << "\n"
              << Legend()
              << absl::StreamFormat(
                     "%s%d checks hold, %d violations are known, %d are not "
                     "(seed %d)\n",
                     IsStopped() || current.refused() ? "stopped: " : "", held,
                     known, broken, params.rc.seed);
  }
  ExpectWritten(current);
  return Status(broken != 0);
}

// For hours: round after round with the next seed, and a tally.
int CheckLong(const Options& o, CheckParams params) {
  const auto kernels = Kernels(o);
  const auto properties = Properties(o);
  struct Tally {
    uint64_t scripts = 0, broken = 0, known = 0;
  };
  std::map<std::string, Tally> tally;
  CurrentScript current(Current(o));
  TellEnded(current);
  HandleCrashes(o);
  const auto end = Clock::now() + std::chrono::duration<double>(o.hours * 3600);
  const auto print = [&] {
    for (const ScriptProperty* property : properties) {
      const Tally& it = tally[property->name];
      std::cout << absl::StreamFormat(
          "  %-24s %12d scripts %8d known %8d broken\n", property->name,
          it.scripts, it.known, it.broken);
    }
    std::cout << std::flush;
  };
  std::cout << absl::StreamFormat("seed %d, %d scripts each a round\n",
                                  params.rc.seed, params.rc.maxSuccess)
            << std::flush;
  bool broken = false;
  uint64_t rounds = 0;
  auto next = Clock::now() + std::chrono::minutes(10);
  const auto is_over = [&] {
    return IsStopped() || current.refused() ||
           (rounds > 0 && Clock::now() >= end);
  };
  while (!is_over()) {
    for (const ScriptProperty* property : properties) {
      for (const KernelSpec& kernel : kernels) {
        if (is_over()) break;
        const Cell cell = CheckCell(o, *property, kernel, params, current);
        Tally& it = tally[property->name];
        it.scripts += static_cast<uint64_t>(cell.outcome.scripts);
        if (!cell.broken()) continue;
        ++(cell.unexpected() ? it.broken : it.known);
        if (!cell.unexpected()) continue;
        broken = true;
        PrintFailure(cell, params.rc, o);
      }
    }
    ++rounds;
    ++params.rc.seed;
    if (Clock::now() < next) continue;
    next = Clock::now() + std::chrono::minutes(10);
    std::cout << absl::StreamFormat("%d rounds, next seed %d\n", rounds,
                                    params.rc.seed);
    print();
  }
  std::cout << absl::StreamFormat("%d rounds, next seed %d\n", rounds,
                                  params.rc.seed);
  print();
  ExpectWritten(current);
  return Status(broken);
}

int Replay(const Options& o) {
  const Script script = cli::ReadToRun(o.replay, "", o.kernels).script;
  if (!script.unknown_kernel.empty() && o.kernels.empty())
    throw base::UsageError{absl::StrCat(base::Shown(o.replay),
                                        ": expected a kernel, not ",
                                        script.unknown_kernel)};
  std::vector<KernelSpec> kernels;
  if (o.kernels.empty() && script.kernel) kernels = {*script.kernel};
  if (kernels.empty()) kernels = Kernels(o);
  // Each property holds then.
  const std::string nothing = cli::NothingRunInWords(script);
  bool broken = false;
  for (const KernelSpec& kernel : kernels) {
    for (const ScriptProperty* property : Properties(o)) {
      const Rules rules = kernel.rules();
      const std::string what = property->check(script, rules, rules);
      broken |= !what.empty();
      std::cout << absl::StreamFormat(
          "%s: %s: %s%s%s\n", CheckId(*property, kernel), base::Shown(o.replay),
          what.empty() ? "holds" : absl::StrCat("violated: ", what),
          nothing.empty() ? "" : "; ", nothing);
    }
  }
  return broken ? base::kExitBroken : base::kExitHeld;
}

// How often what matters happens, on 2.6.11 unless one kernel is named.
int Distribution(const Options& o, const CheckParams& params) {
  KernelSpec kernel = *ParseKernelSpec("2.6.11");
  if (!o.kernels.empty()) {
    const std::vector<KernelSpec> kernels = Kernels(o);
    if (kernels.size() != 1)
      throw base::UsageError{absl::StrCat("--kernel ", base::Shown(o.kernels),
                                          ": expected one kernel, as "
                                          "--distribution is given")};
    kernel = kernels.front();
  }
  const Rules rules = kernel.rules();
  Census all;
  Progress progress("distribution");
  QuietListener quiet;
  const auto result = rc::detail::checkTestable(
      [&](const Script& script) {
        const Census census = CountRun(script, rules);
        all.Add(census);
        progress.Case();
        for (const Share& share : AllShares())
          RC_CLASSIFY(share.in_script(census), std::string(share.name));
      },
      rc::detail::TestMetadata{}, params.rc, quiet);
  const auto* success = &result.get<rc::detail::SuccessResult>();
  std::map<std::string, int> marginal;
  for (const auto& [tags, count] : success->distribution)
    for (const std::string& tag : tags) marginal[tag] += count;
  VMT_CHECK(success->numSuccess > 0);  // NaN is below no floor
  const double scripts = success->numSuccess;
  std::cout << absl::StreamFormat("%d scripts on %s, seed %d\n",
                                  success->numSuccess, kernel.ToString(),
                                  params.rc.seed);
  bool low = false;
  for (const Share& share : AllShares()) {
    // rapidcheck keeps a tag as a string literal: in quotes.
    const double part = (marginal[share.name] +
                         marginal[absl::StrCat("\"", share.name, "\"")]) /
                        scripts;
    const bool below = part < share.floor;
    low |= below;
    std::cout << absl::StreamFormat("  %5.1f %%  %s (floor %.1f %%)%s\n",
                                    100 * part, share.name, 100 * share.floor,
                                    below ? " TOO LOW" : "");
  }
  std::cout << absl::StreamFormat(
      "of a script: %.1f events, %.0f %% with an effect; %.1f passes, %.1f "
      "lock drops, %.1f of them with an operation inside\noperations:",
      double(all.events) / scripts,
      100.0 * double(all.effects) / double(all.events),
      double(all.passes) / scripts, double(all.drops) / scripts,
      double(all.busy_drops) / scripts);
  for (int verb = 1; verb <= kVerbs; ++verb)
    std::cout << absl::StreamFormat(" %s %.2f",
                                    VerbName(static_cast<Verb>(verb)),
                                    double(all.verbs[verb]) / scripts);
  std::cout << "\n";
  return low ? base::kExitBroken : base::kExitHeld;
}

int List() {
  for (const ScriptProperty& property : AllScriptProperties()) {
    std::cout << absl::StreamFormat(
        "%-24s %s\n%24s seen to fire on %s%s\n", property.name,
        property.sentence, "", property.fires_on,
        property.fires_with_other == nullptr
            ? ""
            : absl::StrCat(" against ", property.fires_with_other));
  }
  return base::kExitHeld;
}

void AddOptions(CLI::App& app, Options& o) {
  auto* const kernel =
      app.add_option("--kernel", o.kernels,
                     "K,...; else all, and those that look past known bugs")
          ->check(cli::kNotEmpty);
  auto* const property =
      app.add_option("--property", o.properties,
                     "P,...; else all that count (see --list)")
          ->check(cli::kNotEmpty);
  auto* const cases =
      app.add_option("--cases", o.cases,
                     "scripts for each property and kernel, 2000 by default")
          ->check(CLI::Range(1, 1000000000));
  auto* const seed = app.add_option("--seed", o.seed_text, "else a random one");
  auto* const hours =
      app.add_option("--hours", o.hours, "runs for so long; prints a tally")
          ->check(CLI::Range(0.0, 100000.0))
          ->check(cli::kPositive);
  auto* const out =
      app.add_option("--out", o.out, "where scripts that break go")
          ->capture_default_str();
  auto* const replay =
      app.add_option("--replay", o.replay, "checks this script instead")
          ->check(cli::kNotEmpty);
  auto* const distribution =
      app.add_flag("--distribution", o.distribution,
                   "prints what the scripts do; 1 when below its floor");
  auto* const bugs =
      app.add_option("--bugs", o.bugs,
                     "counts the scripts until each known bug is found, over "
                     "so many seeds; gives up after --cases (1000000)")
          ->check(CLI::Range(1, 1000));
  auto* const bug =
      app.add_option("--bug", o.bug,
                     "counts them for this bug, once, for ci/bench-bugs: a "
                     "line of JSON; gives up after --cases or --seconds")
          ->check(cli::kNotEmpty);
  app.add_option("--seconds", o.seconds,
                 "of processor time, with --bug; 60 by default")
      ->check(cli::kPositive)
      ->needs(bug);
  auto* const list = app.add_flag("--list", o.list, "prints the properties");
  auto* const json = app.add_flag("--json", o.json, "as JSON")->excludes(hours);
  // Each does one thing, and an option that it does not read is refused.
  for (auto* const mode : {replay, distribution, bugs, bug, list})
    for (auto* const other :
         {replay, distribution, bugs, bug, list, hours, out, json})
      if (mode != other) mode->excludes(other);
  for (auto* const other : {kernel, property, cases, seed})
    list->excludes(other);
  for (auto* const other : {cases, seed}) replay->excludes(other);
  distribution->excludes(property);
  for (auto* const mode : {bugs, bug}) mode->excludes(kernel);
}

// With --bug and --bugs: the property that is looked for, if not the bug's own.
std::optional<Property> HuntedBy(const Options& o) {
  if (o.properties.empty() || (o.bug.empty() && o.bugs == 0))
    return std::nullopt;
  const int number = NameProperty(o.properties);
  if (number == kProperties)
    throw base::UsageError{absl::StrCat(
        "--property ", o.properties,
        ": expected one property of the model, as --bug or --bugs is given")};
  return static_cast<Property>(number);
}

int Run(const Options& o) {
  if (o.list) return List();
  // The others write nothing.
  base::EndOnSignals("properties: stopped");
  if (!o.replay.empty()) return Replay(o);
  const CheckParams params = Params(o);
  if (o.distribution) return Distribution(o, params);
  const std::optional<Property> by = HuntedBy(o);
  if (!o.bug.empty()) {
    PrintHuntOf(FindBug(o.bug), params.rc.maxSuccess, o.seconds, params.rc.seed,
                by ? &*by : nullptr);
    return base::kExitHeld;
  }
  if (o.bugs > 0) {
    Progress progress("bugs");
    PrintHunt(o.bugs, params.rc.maxSuccess, params.rc.seed, by ? &*by : nullptr,
              [&] { progress.Case(); });
    return base::kExitHeld;
  }
  base::StopOnSignals();
  // Nothing is made for options that are refused.
  ExpectReproduced(o, params);
  const base::WorkDirectory work("--out", o.out, "properties");
  return o.hours > 0 ? CheckLong(o, params) : CheckAll(o, params);
}

int Main(int argc, char** argv) {
  Options o;
  CLI::App app(
      "Checks the properties on random scripts, with rapidcheck.\n"
      "RC_PARAMS is read too; flags come before it.\n"
      "Exit status: 0 each check holds or is violated as known, 1 one is "
      "violated (with\n--replay: any), 2 bad usage or input, 3 stopped.");
  o.command = base::PathWord(argc > 0 ? argv[0] : "properties");
  app.name(o.command);
  AddOptions(app, o);
  cli::CheckValues(app);
  try {
    app.parse(argc, argv);
    o.seed_given = app.count("--seed") > 0;
    if (o.seed_given && !absl::SimpleAtoi(o.seed_text, &o.seed))
      throw base::UsageError{absl::StrCat(
          "--seed: expected a number of 64 bits, not ", o.seed_text)};
    const int status = Run(o);
    cli::TellIgnored("properties");
    return status;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::Error& error) {
    std::cerr << "properties: " << base::ShownInError(error.what())
              << " (see --help)\n";
    return base::kExitUsage;
  } catch (const base::UsageError& error) {
    throw base::UsageError{cli::WithIgnored(error.what)};
  }
}

}  // namespace
}  // namespace vmtrunc::properties

int main(int argc, char** argv) {
  return vmtrunc::base::RunProgram("properties", vmtrunc::properties::Main,
                                   argc, argv);
}
