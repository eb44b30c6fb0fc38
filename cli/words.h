// The words of a command line, before CLI11 parses them.
#ifndef VMTRUNC_CLI_WORDS_H_
#define VMTRUNC_CLI_WORDS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vmtrunc::cli {

// The arguments for `app` to parse, without the program's name, in reverse
// order, as CLI11 requires. Throws UsageError if an option that takes a list,
// like --kernels, gets only commas: CLI11 would take the next word as its
// value.
std::vector<std::string> WordsToParse(const CLI::App& app, int argc,
                                      const char* const* argv);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_WORDS_H_
