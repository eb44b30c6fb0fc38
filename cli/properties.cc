// vmtrunc properties: the properties, and the runner that checks them on random
// scripts.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/place.h"
#include "base/shown.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "core/property.h"
#include "core/version.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

struct PropertyRow {
  const char* name;
  const char* sentence;
  const char* when;  // it is checked
  std::vector<std::string> engines;
};

// Properties of scripts, which compare runs: rows of properties/properties.cc,
// which is not part of this program. properties/command_test compares the two.
struct ScriptRow {
  const char* name;
  const char* sentence;
  const char* when;
};
constexpr ScriptRow kOfScripts[] = {
    {"restart-only-grows", "the restart address only grows within a pass",
     "at each lock drop"},
    {"same-as-atomic",
     "where all orders of whole operations give one state, so do their parts",
     "when a run has ended, against runs of each order"},
    {"split-then-merge", "split then merge gives back the vma",
     "when a run has ended, for each vma"},
    {"forms-agree", "text and bytes say the same script",
     "before a run, by writing and reading both forms"},
    {"sublists-run", "every sublist of a script runs, twice the same",
     "when a run has ended, against runs of its sublists"},
    {"copy-goes-on", "a copy of the world runs on as the world does",
     "at three events of a run"},
    {"any-order-declares",
     "the same script gives the same state in any order of its declarations",
     "when a run has ended, against runs of other orders"},
    {"flip-alone-breaks", "a kernel holds what the flip of a rule violates",
     "when a run has ended, against runs with a rule flipped"},
};

std::vector<PropertyRow> AllRows() {
  std::vector<PropertyRow> rows;
  for (const PropertyInfo& info : AllProperties()) {
    rows.push_back({info.name,
                    info.text,
                    info.when,
                    {"run", "fuzz", "afl", "prove", "rapidcheck"}});
  }
  for (const ScriptRow& row : kOfScripts)
    rows.push_back({row.name, row.sentence, row.when, {"rapidcheck"}});
  return rows;
}

int PrintProperties(bool as_json) {
  nlohmann::json all = nlohmann::json::array();
  for (const PropertyRow& row : AllRows()) {
    all.push_back({{"name", row.name},
                   {"sentence", row.sentence},
                   {"when", row.when},
                   {"engines", row.engines}});
    if (!as_json)
      std::cout << absl::StrFormat("%s\n    %s\n    checked: %s\n    by: %s\n",
                                   row.name, row.sentence, row.when,
                                   absl::StrJoin(row.engines, ", "));
  }
  if (as_json)
    std::cout << report::JsonText(
                     {{"version", kJsonVersion}, {"properties", all}})
              << "\n";
  return base::kExitHeld;
}

// Installed, it is in libexec; in the build directory, beside this program.
// libexec first: /usr/bin may have another `properties`.
std::string FindRunner() {
  std::vector<std::string> places;
  for (const char* const place :
       {"../libexec/vmtrunc/properties", "properties"})
    places.push_back(base::BesideProgram(place));
  std::string found = base::FirstProgram(places);
  if (!found.empty()) return found;
  throw base::UsageError{absl::StrCat(
      "the runner of the properties is not there: expected ",
      base::Shown(absl::StrJoin(places, " or ")),
      " (ci/build release builds it, where rapidcheck is installed)")};
}

// The runner replaces this process, with its output, exit status and signals.
int RunRunner(std::vector<std::string> arguments) {
  std::string runner = FindRunner();
  std::vector<char*> argv = {runner.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::cout.flush();
  ::execv(runner.c_str(), argv.data());
  throw base::UsageError{absl::StrCat(
      base::Shown(runner), ": cannot be started: ", std::strerror(errno))};
}

}  // namespace

void AddProperties(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "properties",
      "lists the properties, or checks them on random scripts (--run)");
  struct Options {
    bool runs = false, as_json = false, help = false;
  };
  auto o = std::make_shared<Options>();
  // ours, so that with --run it is the runner's
  sub->set_help_flag();
  sub->add_flag("-h,--help", o->help, "Print this help message and exit");
  sub->add_flag("--run", o->runs,
                "run the rapidcheck runner; it gets all other arguments: "
                "--kernel, --property, --cases, --seed, --help, ...");
  sub->add_flag("--json", o->as_json, "as JSON");
  sub->allow_extras();
  sub->callback([=, &run] {
    std::vector<std::string> rest = sub->remaining();
    if (!o->runs && o->help) throw CLI::CallForHelp();
    if (!o->runs && !rest.empty()) throw CLI::ExtrasError("properties", rest);
    if (o->as_json) rest.emplace_back("--json");
    if (o->help) rest.emplace_back("--help");
    run = [=] {
      return o->runs ? RunRunner(rest) : PrintProperties(o->as_json);
    };
  });
}

}  // namespace vmtrunc::cli
