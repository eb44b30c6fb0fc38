#include "cli/input.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/shown.h"
#include "cli/kernel_argument.h"
#include "core/property.h"

namespace vmtrunc::cli {
namespace {

// Reads the kernels that a script names by files.
void NameKernels(const std::string& path, KernelFiles files, Script& script) {
  const std::string directory =
      path == "-" ? "" : std::filesystem::path(path).parent_path().string();
  // The parser takes one word for a file: if there are more, each is a kernel
  // that is not built, whatever its file has.
  if (!script.unknown_kernel.empty() &&
      script.unknown_kernel.find(' ') == std::string::npos) {
    script.kernel = KernelInFile(script.unknown_kernel, directory, files);
    if (script.kernel) script.unknown_kernel.clear();
    script.kernel_from_file = script.kernel.has_value();
  }
  for (Expect& expect : script.expects) {
    if (expect.spec) continue;
    try {
      expect.spec = KernelInFile(expect.kernel, directory, files);
    } catch (const base::UsageError& error) {
      throw base::UsageError{absl::StrCat(base::Shown(path), ":", expect.line,
                                          ": expected a kernel: ", error.what)};
    }
    expect.from_file = expect.spec.has_value();
  }
}

Script ParseIn(const std::string& path, const std::string& content,
               KernelFiles files) {
  absl::StatusOr<Script> script = ParseText(content);
  if (!script.ok())
    throw base::UsageError{absl::StrCat(
        base::Shown(path), ":", std::string(script.status().message()))};
  NameKernels(path, files, *script);
  return *std::move(script);
}

// Of this command: the notes of NoteIgnored(), by file.
std::map<std::string, std::string>& AllIgnored() {
  static std::map<std::string, std::string> all;
  return all;
}

}  // namespace

Script ReadAnyScript(const std::string& path, const std::string& from) {
  const std::string content = base::ReadFile(path);
  if (content.empty())
    throw base::UsageError{base::Shown(path) +
                           ": expected a script; there is nothing in it"};
  return ParseScript(
      path, content,
      from.empty() ? LooksLikeText(path, content) : from == "text");
}

CLI::Validator MemoryIn(const std::string& unit, double least, double most) {
  return CLI::Validator(
      [=](std::string& value) {
        const size_t end = 1 + value.find_last_not_of(
                                   "abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        const std::string given = value.substr(end);
        const std::string in =
            absl::AsciiStrToLower(given.empty() ? unit : given);
        const bool is_mib = in == "m" || in == "mib";
        double amount = 0;
        const bool is = absl::SimpleAtod(value.substr(0, end), &amount) &&
                        (is_mib || in == "g" || in == "gib");
        if (unit == "MiB" && !is_mib) amount *= 1024;
        if (unit == "GiB" && is_mib) amount /= 1024;
        if (!is || !(amount >= least && amount <= most))
          return absl::StrCat("expected ", unit, ", ", least, " to ", most,
                              ", or with a unit as 512M or 4G, not ", value);
        if (!given.empty())
          value = unit == "MiB" ? absl::StrCat(static_cast<uint64_t>(amount))
                                : absl::StrCat(amount);
        return std::string();
      },
      "");
}

Script ReadScript(const std::string& path, const std::string& from) {
  Script script = ReadAnyScript(path, from);
  ExpectNoStray(path, script);
  NoteIgnored(path, script);
  return script;
}

bool NamesFiles(const Script& script) {
  return script.kernel_from_file ||
         std::any_of(script.expects.begin(), script.expects.end(),
                     [](const Expect& expect) { return expect.from_file; });
}

std::string IgnoredInWords(const Script& script) {
  std::string words;
  if (!script.stray.name.empty())
    words = absl::StrCat("line ", script.stray.line, ": there is no task ",
                         script.stray.name);
  if (script.ignored_bytes > 0)
    absl::StrAppend(&words, words.empty() ? "" : "; ", script.ignored_bytes,
                    " bytes past event ", kMaxEvents, " are ignored");
  return words;
}

std::string NothingRunInWords(const Script& script) {
  return script.events.empty() ? "nothing was run: it has no events" : "";
}

void NoteIgnored(const std::string& path, const Script& script) {
  const std::string words = IgnoredInWords(script);
  if (!words.empty())
    AllIgnored()[path] = absl::StrCat(base::Shown(path), ": ", words);
}

void TellIgnored(const char* command) {
  for (const auto& [path, words] : AllIgnored())
    std::cerr << command << ": " << words << "\n";
}

std::string WithIgnored(std::string error) {
  for (const auto& [path, words] : AllIgnored())
    absl::StrAppend(&error, "; ", words);
  return error;
}

std::string StrayInWords(const std::string& path, const Script& script) {
  return absl::StrCat(base::Shown(path), ":", script.stray.line,
                      ": expected a task that is declared or forked, not ",
                      script.stray.name);
}

void ExpectEffect(const std::string& path, const Script& script,
                  const RunResult& result) {
  if (result.effects != 0 || script.stray.name.empty()) return;
  AllIgnored().erase(path);  // the error says it
  throw base::UsageError{StrayInWords(path, script) +
                         "; no event had an effect"};
}

void ExpectNoStray(const std::string& path, const Script& script) {
  const std::string& name = script.stray.name;
  if (name.empty()) return;
  const Script letters = EmptyScript();
  const auto* const from_bytes = std::begin(letters.task_names);
  if (std::find(from_bytes, std::end(letters.task_names), name) ==
      std::end(letters.task_names))
    throw base::UsageError{StrayInWords(path, script)};
}

Script ParseScript(const std::string& path, const std::string& content,
                   bool is_text) {
  if (!is_text) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(content.data());
    return DecodeBytes(std::span(bytes, content.size()));
  }
  return ParseIn(path, content, KernelFiles::kAny);
}

Script ParseFound(const std::string& path, const std::string& content) {
  return ParseIn(path, content, KernelFiles::kRegular);
}

KernelSpec OneKernel(const std::string& name, const std::string& option) {
  if (const auto own = KernelInFile(name, "")) return *own;
  const absl::StatusOr<KernelSpec> spec = ParseKernelSpec(name);
  if (!spec.ok())
    throw base::UsageError{absl::StrCat(option, " ", base::Shown(name),
                                        ": expected ",
                                        std::string(spec.status().message()))};
  return *spec;
}

void ExpectOnce(const std::string& option,
                const std::vector<KernelSpec>& specs) {
  std::set<std::string> seen;
  for (const KernelSpec& spec : specs)
    if (!seen.insert(spec.ToString()).second)
      throw base::UsageError{
          absl::StrCat(option, ": expected ", spec.Name(), " once")};
}

std::vector<KernelSpec> Kernels(const std::string& option, const Script& script,
                                const std::string& path,
                                const std::string& fallback) {
  std::vector<KernelSpec> specs;
  if (option == "all") {
    for (const uint8_t number : KernelsByAge())
      specs.push_back({.kernel = number});
    return specs;
  }
  if (!option.empty()) {
    for (const absl::string_view name : absl::StrSplit(option, ','))
      specs.push_back(OneKernel(std::string(name)));
    ExpectOnce("--kernel", specs);
    return specs;
  }
  if (!script.unknown_kernel.empty())
    throw base::UsageError{absl::StrCat(base::Shown(path), ": kernel ",
                                        script.unknown_kernel,
                                        ": expected a kernel that is built, or "
                                        "--kernel")};
  specs.push_back(script.kernel ? *script.kernel : OneKernel(fallback));
  return specs;
}

KernelSpec OnlyKernel(const std::string& option, const Script& script,
                      const std::string& path) {
  const std::vector<KernelSpec> kernels =
      Kernels(option, script, path, "2.6.11");
  if (kernels.size() != 1)
    throw base::UsageError{"--kernel " + base::Shown(option) +
                           ": expected one kernel"};
  return kernels.front();
}

void CountProperty(const std::string& name) {
  if (!name.empty() && NameProperty(name) == kProperties)
    throw base::UsageError{"--property " + name + ": expected a property"};
}

search::Verbs ParseVerbs(const std::vector<std::string>& names) {
  search::Verbs verbs = 0;
  for (const std::string& name : names) {
    const Verb verb = VerbNamed(name);
    if (verb == Verb::kNone)
      throw base::UsageError{"--verbs " + name + ": expected a verb"};
    if ((verbs & search::Bit(verb)) != 0)
      throw base::UsageError{"--verbs: expected " + name + " once"};
    verbs |= search::Bit(verb);
  }
  return verbs;
}

}  // namespace vmtrunc::cli
