#include "cli/own_kernel.h"

#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/shown.h"
#include "core/version.h"
#include "fuzz/kernel_in_file.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

// The rules that a kernel has in addition to another, and those that it lacks.
struct Difference {
  std::vector<std::string> more, less;
};

Difference DifferenceOf(const Rules& rules, const Rules& from) {
  Difference difference;
  for (const RuleInfo& rule : AllRules()) {
    if (rules.*rule.flag == from.*rule.flag) continue;
    (rules.*rule.flag ? difference.more : difference.less)
        .emplace_back(rule.name);
  }
  return difference;
}

nlohmann::json ToJson(const std::string& path, const KernelFile& file) {
  nlohmann::json flips = nlohmann::json::array();
  nlohmann::json beside = nlohmann::json::array();
  const KernelSpec spec = file.spec();
  const Rules rules = spec.rules();
  for (const KernelFile::Flip& flip : file.flips)
    flips.push_back({{"rule", AllRules()[flip.rule].name},
                     {"on", rules.*AllRules()[flip.rule].flag},
                     {"why", flip.why}});
  for (const uint8_t number : KernelsByAge()) {
    const KernelInfo& kernel = AllKernels()[number];
    const Difference difference = DifferenceOf(rules, kernel.rules);
    beside.push_back({{"kernel", kernel.name},
                      {"more", difference.more},
                      {"less", difference.less}});
  }
  return {{"version", kJsonVersion},
          {"file", path},
          {"name", file.name},
          {"base", AllKernels()[file.base].name},
          {"kernel", spec.ToString()},
          {"comments", file.comments},
          {"flips", flips},
          {"beside", beside}};
}

void Print(const std::string& path, const KernelFile& file) {
  const KernelSpec spec = file.spec();
  const Rules rules = spec.rules();
  std::cout << base::Shown(path) << ": kernel " << file.name << " is "
            << spec.ToString() << "\n";
  for (const std::string& comment : file.comments)
    std::cout << "    # " << base::Shown(comment) << "\n";
  for (const KernelFile::Flip& flip : file.flips)
    std::cout << "    " << (rules.*AllRules()[flip.rule].flag ? "+ " : "- ")
              << AllRules()[flip.rule].name << (flip.why.empty() ? "" : "   # ")
              << base::Shown(flip.why) << "\n";
  std::cout << "\n"
            << absl::StrFormat("%-9s %5s  %s\n", "beside", "rules",
                               "that it has besides (+) and lacks (-)");
  for (const uint8_t number : KernelsByAge()) {
    const KernelInfo& kernel = AllKernels()[number];
    const Difference difference = DifferenceOf(rules, kernel.rules);
    std::vector<std::string> words;
    for (const std::string& rule : difference.more) words.push_back("+" + rule);
    for (const std::string& rule : difference.less) words.push_back("-" + rule);
    std::cout << absl::StrFormat(
        "%-9s %5u  %s\n", kernel.name, words.size(),
        words.empty() ? "the same" : absl::StrJoin(words, " "));
  }
}

}  // namespace

int PrintOwnKernel(const std::string& path, bool as_json) {
  const KernelFile file = fuzz::ReadKernelFile(path);
  if (as_json)
    std::cout << report::JsonText(ToJson(path, file)) << "\n";
  else
    Print(path, file);
  return base::kExitHeld;
}

}  // namespace vmtrunc::cli
