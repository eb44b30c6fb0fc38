// vmtrunc bugs: the known bugs, and whether their scripts show them.
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "base/place.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "core/about/bugs.h"
#include "core/version.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

struct BugsOptions {
  bool check = false;
  bool json = false;
  std::string corpus;
};

// corpus/history here, where it is installed, or beside the sources of this
// build.
fs::path FindCorpus(const std::string& given) {
  if (!given.empty()) return given;
  if (base::IsDirectory("corpus/history")) return "corpus/history";
  const std::string found = base::FirstDirectory(
      {"corpus/history", base::BesideProgram("../share/vmtrunc/corpus/history"),
       base::BesideProgram("../../../corpus/history")});
  if (!found.empty()) return found;
  throw base::UsageError{
      "corpus/history: expected here; --corpus says where it is"};
}

void PrintTable() {
  for (const BugInfo& bug : AllBugs()) {
    std::cout << absl::StrFormat(
        "%-7s %d  %-20s %s\n        %s violates %s: corpus/history/%s\n",
        bug.name, bug.year, bug.commit, bug.what, WithBug(bug).ToString(),
        Name(bug.property), bug.script);
  }
  std::cout << "\nNot here:\n";
  for (const AbsentBug& bug : AbsentBugs())
    std::cout << absl::StrFormat("%-7s %s: %s\n", bug.name, bug.what, bug.why);
}

void PrintJson() {
  nlohmann::json all = nlohmann::json::array();
  for (const BugInfo& bug : AllBugs())
    all.push_back({{"name", bug.name},
                   {"year", bug.year},
                   {"what", bug.what},
                   {"kernel", WithBug(bug).ToString()},
                   {"property", Name(bug.property)},
                   {"holds_on", bug.kernel},
                   {"file", bug.script}});
  std::cout << report::JsonText({{"version", kJsonVersion}, {"bugs", all}})
            << "\n";
}

int CheckAll(const fs::path& corpus, bool as_json) {
  base::EndOnSignals("vmtrunc bugs: stopped");
  nlohmann::json all = nlohmann::json::array();
  int reached = 0;
  int triggered = 0;
  int detected = 0;
  for (const BugInfo& bug : AllBugs()) {
    const BugCheck check =
        CheckBug(bug, ReadScript((corpus / bug.script).string(), ""));
    reached += check.reached ? 1 : 0;
    triggered += check.triggered ? 1 : 0;
    detected += check.detected ? 1 : 0;
    if (as_json) {
      all.push_back({{"name", bug.name},
                     {"kernel", WithBug(bug).ToString()},
                     {"property", Name(bug.property)},
                     {"reached", check.reached},
                     {"triggered", check.triggered},
                     {"detected", check.detected}});
      continue;
    }
    std::cout << absl::StrFormat("%-7s %-10s %-12s %-12s %s: %s\n", bug.name,
                                 check.reached ? "reached" : "-",
                                 check.triggered ? "triggered" : "-",
                                 check.detected ? "detected" : "NOT DETECTED",
                                 WithBug(bug).ToString(), Name(bug.property));
  }
  const auto total = static_cast<int>(AllBugs().size());
  if (as_json) {
    std::cout << report::JsonText({{"version", kJsonVersion}, {"bugs", all}})
              << "\n";
  } else {
    std::cout << absl::StrFormat(
        "of %d bugs: %d reached, %d triggered, %d detected\n", total, reached,
        triggered, detected);
  }
  return detected == total ? base::kExitHeld : base::kExitBroken;
}

}  // namespace

void AddBugs(CLI::App& app, Command& run) {
  CLI::App* sub =
      app.add_subcommand("bugs", "lists the known bugs and where they show");
  auto o = std::make_shared<BugsOptions>();
  sub->add_flag("--check", o->check,
                "runs their scripts: reached, triggered, detected");
  sub->add_option("--corpus", o->corpus, "the directory of their scripts")
      ->needs("--check");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] {
    run = [=] {
      if (o->check) return CheckAll(FindCorpus(o->corpus), o->json);
      if (o->json) {
        PrintJson();
      } else {
        PrintTable();
      }
      return base::kExitHeld;
    };
  });
}

}  // namespace vmtrunc::cli
