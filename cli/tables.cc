// vmtrunc kernels, rules, format.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/shown.h"
#include "base/write.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/own_kernel.h"
#include "cli/to_run.h"
#include "core/about/bugs.h"
#include "core/model/rules.h"
#include "core/version.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

// All, by age.
std::vector<KernelInfo> Kernels() {
  std::vector<KernelInfo> kernels;
  for (const uint8_t number : KernelsByAge())
    kernels.push_back(AllKernels()[number]);
  return kernels;
}

// Of a table with a column for each kernel.
int Width(const KernelInfo& kernel) {
  return std::max<int>(4, static_cast<int>(std::string(kernel.name).size())) +
         1;
}

// " (seed)", " (6.x: without vma-locks)", "".
std::string AliasOf(const KernelInfo& kernel) {
  if (*kernel.alias == '\0') return "";
  std::string without;
  for (const RuleInfo& rule : AllRules())
    if (rule.flag == kernel.alias_lacks)
      without = absl::StrCat(": without ", rule.name);
  return absl::StrCat(" (", kernel.alias, without, ")");
}

int PrintKernels(bool as_json) {
  nlohmann::json all = nlohmann::json::array();
  for (const KernelInfo& kernel : Kernels()) {
    nlohmann::json rules = nlohmann::json::array();
    for (const RuleInfo& rule : AllRules())
      if (kernel.rules.*rule.flag) rules.push_back(rule.name);
    all.push_back({{"name", kernel.name},
                   {"alias", kernel.alias},
                   {"describes", kernel.describes},
                   {"rules", rules}});
  }
  if (as_json) {
    std::cout << report::JsonText({{"version", kJsonVersion}, {"kernels", all}})
              << "\n";
    return base::kExitHeld;
  }
  for (const KernelInfo& kernel : Kernels()) {
    std::cout << absl::StrFormat("%-9s %s%s\n", kernel.name, kernel.describes,
                                 AliasOf(kernel));
  }
  std::cout << absl::StrFormat("\n%-24s", "rule");
  for (const KernelInfo& kernel : Kernels())
    std::cout << absl::StrFormat("%*s", Width(kernel), kernel.name);
  std::cout << "\n";
  for (const RuleInfo& rule : AllRules()) {
    std::cout << absl::StrFormat("%-24s", rule.name);
    for (const KernelInfo& kernel : Kernels())
      std::cout << absl::StrFormat("%*s", Width(kernel),
                                   !IsRead(rule, kernel.rules) ? "n/a"
                                   : kernel.rules.*rule.flag   ? "yes"
                                                               : "-");
    std::cout << "\n";
  }
  return base::kExitHeld;
}

int PrintRules(bool as_json) {
  nlohmann::json all = nlohmann::json::array();
  for (const RuleInfo& rule : AllRules()) {
    std::vector<std::string> kernels, has_and_reads, not_read;
    for (const KernelInfo& kernel : Kernels()) {
      const bool has = kernel.rules.*rule.flag;
      if (has) kernels.push_back(kernel.name);
      const bool reads = IsRead(rule, kernel.rules);
      if (!reads) not_read.push_back(kernel.name);
      if (reads && has) has_and_reads.push_back(kernel.name);
    }
    all.push_back({{"name", rule.name},
                   {"decides", rule.decides},
                   {"since", rule.since},
                   {"kernels", kernels},
                   {"not_read", not_read},
                   {"flip", rule.flip}});
    if (as_json) continue;
    std::cout << absl::StrFormat(
        "%s\n    %s\n    kernels: %s\n", rule.name, rule.decides,
        has_and_reads.empty() ? "none" : absl::StrJoin(has_and_reads, ", "));
    if (!not_read.empty())
      std::cout << absl::StrFormat("    n/a, not read: %s\n",
                                   absl::StrJoin(not_read, ", "));
    if (*rule.since != '\0')
      std::cout << absl::StrFormat("    since: %s\n", rule.since);
    std::string flip;
    for (const BugInfo& bug : AllBugs())
      if (std::string_view(bug.rule) == rule.name)
        absl::StrAppendFormat(&flip, "%s%s (%s)", flip.empty() ? "" : ", ",
                              bug.name, bug.commit);
    if (flip.empty()) flip = rule.flip;
    if (!flip.empty()) std::cout << absl::StrFormat("    flipped: %s\n", flip);
  }
  if (as_json)
    std::cout << report::JsonText({{"version", kJsonVersion}, {"rules", all}})
              << "\n";
  return base::kExitHeld;
}

// Its own file may take a script's canonical form, unless that says less.
void ExpectNothingLost(const std::string& path, const Script& script,
                       bool as_text) {
  const std::string content = base::ReadFile(path);
  const char* lost = nullptr;
  if (LooksLikeText(path, content) && content.find('#') != std::string::npos)
    lost = "comments";
  else if (NamesFiles(script))
    lost = "reference to a kernel's file";
  else if (script.ignored_bytes > 0)
    lost = "events past the most that are read";
  else if (!as_text &&
           ToText(DecodeBytes(EncodeBytes(script))) != ToText(script))
    lost = "names and expectations";
  if (lost != nullptr)
    throw base::UsageError{absl::StrCat(
        base::Shown(path), ": expected another file to write to: its ", lost,
        " would be lost")};
}

int Format(const std::string& path, const std::string& from,
           const std::string& as, const std::string& out) {
  if (as == "bytes" && base::IsStandardOutput(out) && ::isatty(STDOUT_FILENO))
    throw base::UsageError{
        "format --as bytes: expected -o FILE or a pipe, not a terminal"};
  Script script = ReadAnyScript(path, from);
  // No note is beside the output, or it is of another content.
  TakeKernelBeside(path, script);
  // What is not run as a text is not run as bytes, which have no such name.
  if (as == "bytes") ExpectNoStray(path, script);
  NoteIgnored(path, script);
  // "-" is no name of a file, even if there is one.
  std::error_code error;
  if (path != "-" && !base::IsStandardOutput(out) &&
      std::filesystem::equivalent(path, out, error))
    ExpectNothingLost(path, script, as == "text");
  else
    static_cast<void>(base::OutputFile(out));
  if (as == "text") {
    base::WriteFile(out, ToText(script));
    return base::kExitHeld;
  }
  if (!script.unknown_kernel.empty())
    throw base::UsageError{path + ": kernel " + script.unknown_kernel +
                           ": expected a kernel that is built"};
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  base::WriteFile(out, std::string(bytes.begin(), bytes.end()));
  return base::kExitHeld;
}

}  // namespace

void AddKernels(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "kernels",
      "lists each kernel's rules, or how a kernel in a file differs from each");
  auto json = std::make_shared<bool>(false);
  auto file = std::make_shared<std::string>();
  sub->add_option("FILE", *file, "a kernel of your own (docs/kernels.md)")
      ->check(kNotEmpty);
  sub->add_flag("--json", *json, "as JSON");
  sub->callback([=, &run] {
    run = [=] {
      return file->empty() ? PrintKernels(*json) : PrintOwnKernel(*file, *json);
    };
  });
}

void AddRules(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "rules", "lists the rules: what each decides, which kernels have it");
  auto json = std::make_shared<bool>(false);
  sub->add_flag("--json", *json, "as JSON");
  sub->callback([=, &run] { run = [=] { return PrintRules(*json); }; });
}

void AddFormat(CLI::App& app, Command& run) {
  struct Options {
    std::string path, from, as = "text", out = "-";
  };
  CLI::App* sub =
      app.add_subcommand("format", "prints a script in its canonical form");
  auto o = std::make_shared<Options>();
  sub->add_option("FILE", o->path, "a script, - for standard input")
      ->required();
  sub->add_option("--from", o->from, "the form of FILE; else its name says")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->add_option("--as", o->as, "the form to print")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->add_option("-o", o->out, "write to this file");
  sub->callback([=, &run] {
    run = [=] { return Format(o->path, o->from, o->as, o->out); };
  });
}

}  // namespace vmtrunc::cli
