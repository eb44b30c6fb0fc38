// Functions that subcommands share: reading scripts, naming kernels, errors.
#ifndef VMTRUNC_CLI_INPUT_H_
#define VMTRUNC_CLI_INPUT_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/write.h"
#include "core/property.h"
#include "core/run/run.h"
#include "core/script/script.h"
#include "search/mutate.h"

namespace vmtrunc::cli {

// Checks of options: a value that is missing by mistake (an unset variable),
// and one that looks like a number and is not.
inline const CLI::Validator kNotEmpty(
    [](std::string& value) {
      return value.empty() ? std::string("expected a value, not an empty one")
                           : std::string();
    },
    "");
inline const CLI::Validator kNumber(
    [](std::string& value) {
      return value == "nan" || value == "-nan" ? "expected a number, not nan"
                                               : std::string();
    },
    "");

// Checks of options: numbers without an upper bound. (CLI11's own print the
// largest double with all digits, and an unsigned option would accept -1.)
inline CLI::Validator NumberWithoutEnd(bool or_zero) {
  return CLI::Validator(
      [or_zero](std::string& value) {
        double number = 0;
        const bool is = absl::SimpleAtod(value, &number) &&
                        (number > 0 || (or_zero && number == 0));
        return is ? std::string()
                  : absl::StrCat("expected a number",
                                 or_zero ? ", 0 or more" : " above 0", ", not ",
                                 value);
      },
      "");
}
inline const CLI::Validator kNotNegative = NumberWithoutEnd(/*or_zero=*/true);
inline const CLI::Validator kPositive = NumberWithoutEnd(/*or_zero=*/false);

// A whole number, in decimal. (CLI11 would take 010 for 8 and a number that is
// too large for the largest, and for an unsigned one -1 as well.)
inline const CLI::Validator kWhole(
    [](std::string& value) {
      uint64_t number = 0;
      const bool is_octal = value.size() > 1 && value.front() == '0';
      const bool is =
          !value.empty() && !is_octal &&
          absl::ascii_isdigit(static_cast<unsigned char>(value.front())) &&
          absl::SimpleAtoi(value, &number);
      return is ? std::string()
                : "expected a whole number, in decimal, below 2^64, not " +
                      value;
    },
    "");

// For transform(): an amount of memory such as 512M or 4GiB, or a bare number
// of `unit`, "MiB" or "GiB". The option gets it in that unit, MiB as whole
// ones.
CLI::Validator MemoryIn(const std::string& unit, double least, double most);

// Adds checks to the options of a command: kWhole to those of whole numbers,
// kNotEmpty to all, as a value that is missing by mistake (an unset variable)
// would count as an option that is not given.
inline void CheckValues(CLI::App& command) {
  for (CLI::Option* const option : command.get_options()) {
    if (option->get_items_expected_max() == 0) continue;
    const std::string type = option->get_type_name();
    if (type.starts_with("INT") || type.starts_with("UINT"))
      option->check(kWhole);
    option->check(kNotEmpty);
  }
}

// The script in a file, text or bytes by its name and content, or by `from`
// ("text", "bytes", or ""). Throws UsageError "FILE:LINE: ...", also for an
// empty file, and if ExpectNoStray() does. Calls NoteIgnored().
Script ReadScript(const std::string& path, const std::string& from);

// The same without the check of names and the note; and for a file's content.
Script ReadAnyScript(const std::string& path, const std::string& from);
Script ParseScript(const std::string& path, const std::string& content,
                   bool is_text);
// For a text that no user has named, as a command found it in its directory: a
// kernel of it that is no regular file is an error, as a pipe might have no
// end.
Script ParseFound(const std::string& path, const std::string& content);

// Whether its text names a kernel by a file, which is at a place of its own.
bool NamesFiles(const Script& script);

// What of a script is not run: "line 4: there is no task c; 56 bytes past event
// 256 are ignored", or "".
std::string IgnoredInWords(const Script& script);
// Of a script without events, "nothing was run: it has no events", or "".
std::string NothingRunInWords(const Script& script);
// Keeps that for the end of the command.
void NoteIgnored(const std::string& path, const Script& script);
// At the end of a command: a line on standard error for each note. After an
// error they are on its line.
void TellIgnored(const char* command);
std::string WithIgnored(std::string error);

// Throws UsageError if no event had an effect in the run, and the script has an
// event of a task that is not there: nothing was run.
void ExpectEffect(const std::string& path, const Script& script,
                  const RunResult& result);

// Throws UsageError if an event has a task that is neither declared nor forked
// and whose name is probably a typing error. By the contract such an event has
// no effect. Text made from bytes may have such events, of tasks a..h; these
// are allowed.
void ExpectNoStray(const std::string& path, const Script& script);
// "FILE:LINE: expected a task that is declared or forked, not NAME".
std::string StrayInWords(const std::string& path, const Script& script);

// The kernels that --kernel names: comma-separated, or "all"; if empty, the
// script's own, else `fallback`. Throws UsageError.
std::vector<KernelSpec> Kernels(const std::string& option, const Script& script,
                                const std::string& path,
                                const std::string& fallback);
// The same where it must be one, of a script or its own, else 2.6.11.
KernelSpec OnlyKernel(const std::string& option, const Script& script,
                      const std::string& path);
// Throws UsageError "OPTION NAME: expected ...".
KernelSpec OneKernel(const std::string& name,
                     const std::string& option = "--kernel");

// Throws UsageError "OPTION: expected K once".
void ExpectOnce(const std::string& option,
                const std::vector<KernelSpec>& specs);

// For commands that look at every property: the one of that name counts too,
// for those that do not unless they are named. "": none. Throws UsageError.
void CountProperty(const std::string& name);
inline constexpr const char* kCountsToo =
    "also look at this property, if it does not count unless it is named "
    "(see vmtrunc properties)";

// A bit for each named verb. Throws UsageError.
search::Verbs ParseVerbs(const std::vector<std::string>& names);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_INPUT_H_
