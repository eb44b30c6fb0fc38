// What the values of options are, told from the options themselves: for the
// man page and for completion.
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
  kNumber,  // nothing to offer
  kKernel,  // with rules flipped, perhaps several
  kPath,    // a file or directory
};

struct Value {
  ValueKind kind = ValueKind::kNone;
  std::string name = {};                // "KERNEL", as a page of help writes it
  std::vector<std::string> words = {};  // kWord; kKernel: besides kernels
  bool is_list = false;                 // separated by commas
  bool repeats = false;                 // may be followed by more of them
};

Value ValueOf(const CLI::Option& option);

// The kernels that begin with `typed`; after a whole kernel, its rules: -rule
// where it has the rule, +rule where it does not.
std::vector<std::string> KernelsLike(const std::string& typed);

// "--kernel", or the longest name there is; of a positional its own.
std::string LongName(const CLI::Option& option);

// The commands that --help lists, in its order.
std::vector<const CLI::App*> VisibleCommands(const CLI::App& app);
// The one of that name, or nullptr.
const CLI::App* FindCommand(const CLI::App& app, const std::string& name);
// The same of the options of a command: those with a dash.
std::vector<const CLI::Option*> VisibleOptions(const CLI::App& command);
std::vector<const CLI::Option*> Positionals(const CLI::App& command);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_VALUES_H_
