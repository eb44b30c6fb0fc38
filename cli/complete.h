// Completion: the shells' functions ask the command itself, so that what they
// offer is never older than it.
#ifndef VMTRUNC_CLI_COMPLETE_H_
#define VMTRUNC_CLI_COMPLETE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vmtrunc::cli {

// The first argument by which a shell's function asks.
inline constexpr std::string_view kCompleteWord = "__complete";

// What could stand in place of the last of `words`, which is what was typed
// after the command's name so far. The first line says what the others are:
// "words" (perhaps none), or "files": the shell knows them itself. A line is a
// word, perhaps a tab and what it means.
std::string Complete(const CLI::App& app, std::vector<std::string> words);

// Throws UsageError where the first argument is neither a command nor an option
// of the whole, with the name that is nearest. CLI11 itself says that there is
// no command.
void ExpectCommand(const CLI::App& app, int argc, const char* const* argv);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_COMPLETE_H_
