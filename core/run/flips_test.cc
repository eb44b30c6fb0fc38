// Every rule of every kernel, flipped: either a script of the corpus that
// holds on the kernel breaks, or docs/model.md says why no verdict changes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/about/bugs.h"
#include "core/run/scripts_test.h"
#include "core/run/run.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;
using Flips = std::set<std::pair<std::string, std::string>>;  // rule, kernel

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator(in), {}};
}

Flips Undetected() {
  const std::vector<Script> scripts = CorpusScripts();
  Flips missed;
  for (size_t k = 0; k < AllKernels().size(); ++k) {
    const Rules right = AllKernels()[k].rules;
    std::vector<const Script*> held;
    for (const Script& script : scripts)
      if (Run(script, right).holds()) held.push_back(&script);
    for (const RuleInfo& rule : AllRules()) {
      Rules wrong = right;
      wrong.*rule.flag = !(wrong.*rule.flag);
      bool detected = false;
      for (const Script* script : held)
        detected = detected || !Run(*script, wrong).holds();
      if (!detected) missed.emplace(rule.name, AllKernels()[k].name);
    }
  }
  return missed;
}

std::string Trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" `");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" `") - first + 1);
}

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);)
    parts.push_back(Trim(part));
  return parts;
}

// The kernels of a cell: "3.0, 3.8", "2.6.10, 3.0 and later" (ours is none of
// those), "all", "all but 2.6.11".
std::set<std::string> KernelsOf(std::string cell) {
  std::vector<std::string> all;
  for (const uint8_t number : KernelsByAge())
    all.push_back(AllKernels()[number].name);
  const bool but = cell.starts_with("all");
  std::set<std::string> named;
  if (but) cell = cell.size() > 8 ? cell.substr(8) : "";
  for (const std::string& item : Split(cell, ',')) {
    const size_t later = item.find(" and later");
    const auto first = std::find(all.begin(), all.end(), item.substr(0, later));
    if (item.empty()) continue;
    EXPECT_NE(first, all.end()) << item;
    if (first == all.end()) continue;
    const auto end = later == std::string::npos ? first + 1 : all.end() - 1;
    named.insert(first, end);
  }
  if (!but) return named;
  std::set<std::string> rest(all.begin(), all.end());
  for (const std::string& name : named) rest.erase(name);
  return rest;
}

// The rows `| rule | kernels | why |` under the heading.
Flips Documented() {
  std::istringstream in(ReadAll(VMTRUNC_SOURCE_DIR "/docs/model.md"));
  Flips flips;
  bool here = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## "))
      here = line == "## Flips that change no verdict";
    const std::vector<std::string> cells = Split(line, '|');
    if (!here || cells.size() < 4 || !line.starts_with("| `")) continue;
    EXPECT_GT(cells[3].size(), 20U) << cells[1] << ": no argument";
    for (const std::string& kernel : KernelsOf(cells[2]))
      flips.emplace(cells[1], kernel);
  }
  EXPECT_FALSE(flips.empty());
  return flips;
}

TEST(Flips, EachIsDetectedOrDocumented) {
  const Flips missed = Undetected();
  const Flips documented = Documented();
  for (const auto& flip : missed)
    EXPECT_TRUE(documented.contains(flip))
        << flip.first << " of " << flip.second << ": nothing detects its flip";
  for (const auto& flip : documented)
    EXPECT_TRUE(missed.contains(flip))
        << flip.first << " of " << flip.second << ": a script detects its flip";
}

TEST(Bugs, EachIsReachedTriggeredAndDetected) {
  EXPECT_GE(AllBugs().size(), 28U);
  for (const BugInfo& bug : AllBugs()) {
    const auto script = ParseText(
        ReadAll(fs::path(VMTRUNC_SOURCE_DIR "/corpus/history") / bug.script));
    ASSERT_TRUE(script.ok()) << bug.script;
    const BugCheck check = CheckBug(bug, *script);
    EXPECT_TRUE(check.reached) << bug.name;
    EXPECT_TRUE(check.triggered) << bug.name;
    EXPECT_TRUE(check.detected) << bug.name;
  }
}

// A script that has nothing to do with the bug does not reach it.
TEST(Bugs, AnUnreachedBugIsNotReportedAsReached) {
  const Script idle = *ParseText(R"(vmtrunc 1
file f 4
task a
a exit
)");
  for (const BugInfo& bug : AllBugs()) {
    const BugCheck check = CheckBug(bug, idle);
    EXPECT_FALSE(check.reached || check.triggered || check.detected)
        << bug.name;
  }
}

}  // namespace
}  // namespace vmtrunc
