// The kinds of values of options, derived from the options themselves: for the
// man page and completion.
#ifndef VMTRUNC_CLI_VALUES_H_
#define VMTRUNC_CLI_VALUES_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace vmtrunc::cli {

enum class ValueKind : uint8_t {
  kNone,    // a flag
  kWord,    // one of `words`
  kNumber,  // no completion
  kKernel,  // with rules flipped, or a list
  kPath,    // a file or directory
};

struct Value {
  ValueKind kind = ValueKind::kNone;
  std::string name = {};  // "KERNEL", as in a help page
  // kWord, or kKernel: in addition to kernels.
  std::vector<std::string> words = {};
  bool is_list = false;  // separated by commas
  bool repeats = false;  // may be followed by more values
};

Value ValueOf(const CLI::Option& option);

// The kernels that begin with `typed`; after a whole kernel, its rules: -rule
// if it has the rule, +rule if not.
std::vector<std::string> KernelsLike(const std::string& typed);

// "--kernel", or the longest name; of a positional its own.
std::string LongName(const CLI::Option& option);

// The commands that --help lists, in its order.
std::vector<const CLI::App*> VisibleCommands(const CLI::App& app);
// The command of that name, or nullptr.
const CLI::App* FindCommand(const CLI::App& app, const std::string& name);
// The options of a command, with dashes.
std::vector<const CLI::Option*> VisibleOptions(const CLI::App& command);
std::vector<const CLI::Option*> Positionals(const CLI::App& command);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_VALUES_H_
