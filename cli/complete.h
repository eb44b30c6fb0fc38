// Completion: the shells' functions call the command itself, so that completion
// always matches it.
#ifndef VMTRUNC_CLI_COMPLETE_H_
#define VMTRUNC_CLI_COMPLETE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vmtrunc::cli {

// The first argument of these calls.
inline constexpr std::string_view kCompleteWord = "__complete";

// Completions of the last of `words`, which are the words typed after the
// command's name so far. The first line is the kind of the others: "words"
// (possibly none), or "files", which the shell completes itself. Each line is a
// word, optionally with a tab and its description.
std::string Complete(const CLI::App& app, std::vector<std::string> words);

// Throws UsageError if the first argument is neither a command nor a global
// option, with the most similar name. CLI11's own message only says that there
// is no command.
void ExpectCommand(const CLI::App& app, int argc, const char* const* argv);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_COMPLETE_H_
