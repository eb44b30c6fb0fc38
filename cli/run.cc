// vmtrunc run, check.
#include "core/run/run.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/shown.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/input.h"
#include "cli/to_run.h"
#include "cli/trace.h"
#include "core/version.h"
#include "report/json_text.h"
#include "report/verdict.h"

namespace vmtrunc::cli {
namespace {

struct RunArguments {
  std::vector<std::string> files;
  std::string kernels, from, property;
  bool trace = false;
  bool json = false;
};

RunResult RunOn(const RunArguments& o, const ToRun& it, const Rules& rules) {
  const RunResult result = o.trace ? RunTraced(it.script, rules,
                                               [&](const TraceStep& step) {
                                                 PrintStep(it.script, step);
                                               })
                                   : Run(it.script, rules);
  ExpectEffect(it.path, it.script, result);
  return result;
}

// Returns whether it holds. Prints the verdicts, or adds them to `all`.
bool RunFile(const RunArguments& o, const std::string& path,
             nlohmann::json& all) {
  const ToRun it = ReadToRun(path, o.from, o.kernels,
                             o.json ? Says::kAtEnd : Says::kOnItsLine);
  bool holds = true;
  for (const KernelSpec& spec : Kernels(o.kernels, it.script, path, "2.6.11")) {
    const RunResult result = RunOn(o, it, spec.rules());
    holds &= result.holds();
    if (o.json) {
      all.push_back(report::VerdictJson(path, spec.ToString(), result));
      all.back()["kernel_from"] = it.kernel_from;
    } else {
      std::cout << base::Shown(path) << ": " << spec.Name() << ": "
                << report::VerdictOf(result) << HowItRan(it) << "\n";
    }
  }
  return holds;
}

int RunFiles(const RunArguments& o) {
  CountProperty(o.property);
  nlohmann::json all = nlohmann::json::array();
  bool holds = true;
  const auto print = [&] {
    if (o.json)
      std::cout << report::JsonText({{"version", kJsonVersion}, {"runs", all}})
                << "\n";
  };
  try {
    for (const std::string& path : o.files) holds &= RunFile(o, path, all);
  } catch (const base::UsageError&) {
    if (!all.empty()) print();
    throw;
  }
  print();
  return holds ? base::kExitHeld : base::kExitBroken;
}

// The results of `vmtrunc check` so far.
struct Checked {
  unsigned files = 0, silent = 0;  // silent: files without expectations
  unsigned met = 0, not_met = 0, skipped = 0;
  nlohmann::json without_effect = nlohmann::json::array();  // but met
  nlohmann::json failures = nlohmann::json::array();
  nlohmann::json skips = nlohmann::json::array();
};

// Adds the line to `list`, with `said` under `key`; prints both without --json.
void TellExpect(const std::string& path, const Expect& expect, const char* key,
                const std::string& said, bool as_json, nlohmann::json& list) {
  const std::string line =
      expect.kernel + (expect.broken < 0
                           ? " holds"
                           : std::string(" breaks ") +
                                 Name(static_cast<Property>(expect.broken)));
  list.push_back(
      {{"file", path}, {"line", expect.line}, {"expect", line}, {key, said}});
  if (!as_json)
    std::cout << absl::StrFormat("%s:%d: expect %s: %s\n", base::Shown(path),
                                 expect.line, base::ShownInError(line),
                                 base::ShownInError(said));
}

// A misspelt kernel looks like one that is not built: it is named.
void SkipOne(const std::string& path, const Expect& expect, bool as_json,
             Checked& checked) {
  ++checked.skipped;
  TellExpect(path, expect, "why",
             "skipped: expected " +
                 std::string(ParseKernelSpec(expect.kernel).status().message()),
             as_json, checked.skips);
}

void CheckOne(const std::string& path, const Script& script,
              const Expect& expect, bool as_json, Checked& checked) {
  // An expectation names the property that it is of.
  const uint32_t named = expect.broken < 0 ? 0 : 1U << expect.broken;
  const RunResult result = Run<LargeCaps>(
      script, expect.spec->rules(), {.report = CountedProperties() | named});
  ExpectEffect(path, script, result);
  const bool holds = expect.broken < 0;
  if (holds ? result.holds() : (result.broken >> expect.broken & 1) != 0) {
    ++checked.met;
    if (result.effects == 0)
      TellExpect(path, expect, "why",
                 script.events.empty()
                     ? "met, and nothing was run: it has no events"
                     : "met, and nothing was run: no event had an effect",
                 as_json, checked.without_effect);
    return;
  }
  ++checked.not_met;
  TellExpect(path, expect, "got",
             result.holds()
                 ? "it holds"
                 : absl::StrFormat("it violates %s at event %u: %s",
                                   Name(result.first.property),
                                   result.first.event, result.first.ToString()),
             as_json, checked.failures);
}

void PrintChecked(const Checked& checked, bool as_json) {
  if (as_json) {
    std::cout << report::JsonText({{"version", kJsonVersion},
                                   {"files", checked.files},
                                   {"without_expectations", checked.silent},
                                   {"met", checked.met},
                                   {"without_effect", checked.without_effect},
                                   {"not_met", checked.not_met},
                                   {"skipped", checked.skipped},
                                   {"skips", checked.skips},
                                   {"failures", checked.failures}})
              << "\n";
    return;
  }
  std::cout << absl::StrFormat(
      "%u files, %u without expectations: %u expectations run, %u "
      "expectations met, %u not met, %u skipped (kernel or rule not built)\n",
      checked.files, checked.silent, checked.met + checked.not_met, checked.met,
      checked.not_met, checked.skipped);
}

void CheckFile(const std::string& path, bool as_json, Checked& checked) {
  // What it ignores is what its author expects, if the expectations are met.
  const Script script = ReadAnyScript(path, "");
  ExpectNoStray(path, script);
  ++checked.files;
  checked.silent += script.expects.empty() ? 1 : 0;
  for (const Expect& expect : script.expects) {
    if (expect.spec)
      CheckOne(path, script, expect, as_json, checked);
    else
      SkipOne(path, expect, as_json, checked);
  }
}

int CheckFiles(const std::vector<std::string>& paths, bool as_json) {
  Checked checked;
  try {
    for (const std::string& path : ScriptsBelow(paths, ".vmt"))
      CheckFile(path, as_json, checked);
  } catch (const base::UsageError&) {
    // The lines of the text are printed by now.
    if (as_json && checked.files != 0) PrintChecked(checked, as_json);
    throw;
  }
  const bool none = checked.met + checked.not_met == 0;
  if (!none || !as_json || checked.skipped != 0) PrintChecked(checked, as_json);
  // Nothing checked is no success: scripts without expectations, or only with
  // those of other kernels.
  if (none) throw base::UsageError{"check: no expectation was run"};
  return checked.not_met == 0 ? base::kExitHeld : base::kExitBroken;
}

}  // namespace

void AddRun(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "run", "runs scripts: a verdict line for each file and kernel");
  auto o = std::make_shared<RunArguments>();
  sub->add_option("FILE", o->files, "scripts, - for standard input")
      ->required();
  sub->add_option("--kernel", o->kernels,
                  "K,... or all; else the script's own, else 2.6.11");
  sub->add_option("--from", o->from, "the form of the files")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->add_option("--property", o->property, kCountsToo);
  sub->add_flag("--trace", o->trace, "one line a step, made for grep");
  sub->add_flag("--json", o->json, "as JSON")->excludes("--trace");
  sub->callback([=, &run] { run = [=] { return RunFiles(*o); }; });
}

void AddCheck(CLI::App& app, Command& run) {
  struct Options {
    std::vector<std::string> paths;
    bool json = false;
  };
  CLI::App* sub = app.add_subcommand(
      "check", "runs the expect lines of scripts; names each that is not met");
  auto o = std::make_shared<Options>();
  sub->add_option("FILE", o->paths, "scripts, or directories of *.vmt")
      ->required();
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback(
      [=, &run] { run = [=] { return CheckFiles(o->paths, o->json); }; });
}

}  // namespace vmtrunc::cli
