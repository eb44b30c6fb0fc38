// vmtrunc run, check.
#include "core/run.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/corpus.h"
#include "cli/input.h"
#include "cli/verdict.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

struct RunArguments {
  std::vector<std::string> files;
  std::string kernels, from;
  bool trace = false;
  bool json = false;
};

// One line a step: key=value, made for grep.
void PrintStep(const Script& script, const TraceStep& step) {
  std::string line = absl::StrFormat("event=%u task=%s verb=%s flow=%s",
                                     step.event, script.task_names[step.task],
                                     VerbName(step.verb), FlowName(step.flow));
  for (unsigned i = 0; i < script.setup.files; ++i) {
    const File& file = step.world->files[i];
    absl::StrAppendFormat(&line, " %s.size=%u %s.count=%u",
                          script.file_names[i], file.size, script.file_names[i],
                          file.truncate_count);
    if (file.i_mmap_lock != kNone)
      absl::StrAppendFormat(&line, " %s.i_mmap_lock=%s", script.file_names[i],
                            script.task_names[file.i_mmap_lock]);
  }
  std::cout << line << " at=\"" << step.from << "\"\n";
}

int RunFiles(const RunArguments& o) {
  nlohmann::json all = nlohmann::json::array();
  bool broken = false;
  for (const std::string& path : o.files) {
    const Script script = ReadScript(path, o.from);
    for (const KernelSpec& spec : Kernels(o.kernels, script, path, "2.6.11")) {
      const Rules rules = spec.rules();
      const RunResult result = o.trace ? RunTraced(script, rules,
                                                   [&](const TraceStep& step) {
                                                     PrintStep(script, step);
                                                   })
                                       : Run(script, rules);
      broken |= !result.holds();
      const std::string kernel = spec.ToString();
      if (o.json) {
        all.push_back(ToJson(path, kernel, result));
      } else {
        std::cout << path << ": " << kernel << ": " << Verdict(result) << "\n";
      }
    }
  }
  if (o.json)
    std::cout
        << nlohmann::json({{"version", kJsonVersion}, {"runs", all}}).dump(2)
        << "\n";
  return broken ? kExitBroken : kExitHeld;
}

int CheckFiles(const std::vector<std::string>& paths, bool as_json) {
  unsigned met = 0, skipped = 0, not_met = 0, files = 0;
  nlohmann::json failures = nlohmann::json::array();
  for (const std::string& path : FilesBelow(paths, ".vmt")) {
    const Script script = ReadScript(path, "");
    ++files;
    for (const Expect& expect : script.expects) {
      if (!expect.spec) {
        ++skipped;
        continue;
      }
      const RunResult result = Run(script, expect.spec->rules());
      const bool holds = expect.broken < 0;
      const bool ok =
          holds ? result.holds() : (result.broken >> expect.broken & 1) != 0;
      if (ok) {
        ++met;
        continue;
      }
      ++not_met;
      const std::string wanted =
          holds ? "holds"
                : std::string("breaks ") +
                      Name(static_cast<Property>(expect.broken));
      const std::string got =
          result.holds()
              ? "it holds"
              : absl::StrFormat("it breaks %s at event %u: %s",
                                Name(result.first.property), result.first.event,
                                result.first.ToString());
      failures.push_back({{"file", path},
                          {"line", expect.line},
                          {"expect", expect.kernel + " " + wanted},
                          {"got", got}});
      if (!as_json)
        std::cout << absl::StrFormat("%s:%d: expect %s %s: %s\n", path,
                                     expect.line, expect.kernel, wanted, got);
    }
  }
  if (as_json) {
    std::cout << nlohmann::json({{"version", kJsonVersion},
                                 {"files", files},
                                 {"met", met},
                                 {"not_met", not_met},
                                 {"skipped", skipped},
                                 {"failures", failures}})
                     .dump(2)
              << "\n";
  } else {
    std::cout << absl::StrFormat(
        "%u files: %u expectations met, %u not met, %u skipped (kernel or rule "
        "not built)\n",
        files, met, not_met, skipped);
  }
  return not_met == 0 ? kExitHeld : kExitBroken;
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

}  // namespace vmtrunc
