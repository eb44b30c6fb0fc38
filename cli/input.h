// What the subcommands share: reading scripts, naming kernels, failing.
#ifndef VMTRUNC_CLI_INPUT_H_
#define VMTRUNC_CLI_INPUT_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/read.h"
#include "base/write.h"
#include "core/script/script.h"
#include "search/mutate.h"

namespace vmtrunc::cli {

// Of options: a value that is not there by mistake (an unset variable), and one
// that is no number though it reads as one.
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

// Of options: numbers without an upper end. (CLI11's own name the largest
// double with all its digits, and an unsigned option would take -1.)
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

// The script in a file, text or bytes as its name and content say, or as
// `from` ("text", "bytes", or "") does. Throws UsageError "FILE:LINE: ...";
// also where there is nothing in the file, and where ExpectNoStray() does.
Script ReadScript(const std::string& path, const std::string& from);

// The same whichever names its events have; and of a file's content.
Script ReadAnyScript(const std::string& path, const std::string& from);
Script ParseScript(const std::string& path, const std::string& content,
                   bool is_text);

// Throws UsageError where an event is of a task that nobody declares or forks
// and whose name is a typing error. Such an event does nothing, by the
// contract; and text that was made from bytes may have some, of tasks a..h, so
// these are let be.
void ExpectNoStray(const std::string& path, const Script& script);
// "FILE:LINE: expected a task that is declared or forked, not NAME".
std::string StrayInWords(const std::string& path, const Script& script);

// The kernels that --kernel names: comma-separated, or "all"; when empty, the
// script's own, else `fallback`. Throws UsageError.
std::vector<KernelSpec> Kernels(const std::string& option, const Script& script,
                                const std::string& path,
                                const std::string& fallback);
// Throws UsageError "OPTION NAME: expected ...".
KernelSpec OneKernel(const std::string& name,
                     const std::string& option = "--kernel");

// A bit for each verb that is named. Throws UsageError.
search::Verbs ParseVerbs(const std::vector<std::string>& names);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_INPUT_H_
