// The words of a command line, before CLI11 reads them.
#ifndef VMTRUNC_CLI_WORDS_H_
#define VMTRUNC_CLI_WORDS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vmtrunc::cli {

// What `app` is to parse, without the program's name, last word first, as
// CLI11 takes it. Throws UsageError where an option that takes a list, as
// --kernels, is given commas alone: CLI11 would take the next word for its
// value.
std::vector<std::string> WordsToParse(const CLI::App& app, int argc,
                                      const char* const* argv);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_WORDS_H_
