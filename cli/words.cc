#include "cli/words.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/shown.h"
#include "cli/values.h"

namespace vmtrunc::cli {
namespace {

// The option of that command with this name, or nullptr.
const CLI::Option* OptionOf(const CLI::App& command, const std::string& word) {
  const bool is_long = word.starts_with("--") && word.size() > 2;
  if (!is_long && (!word.starts_with('-') || word.size() != 2)) return nullptr;
  return command.get_option_no_throw(word.substr(0, word.find('=')));
}

bool IsCommasAlone(const std::string& value) {
  return !value.empty() && value.find_first_not_of(',') == std::string::npos;
}

void ExpectWordIn(const CLI::Option& option, const std::string& value) {
  if (option.get_delimiter() != '\0' && IsCommasAlone(value))
    throw base::UsageError{absl::StrCat(
        LongName(option), " ", value, ": expected a value, not commas alone")};
}

// CLI11 gives what is after the -- of a command that takes no such words to the
// program, which has options of its own.
void ExpectNone(const std::vector<std::string>& words) {
  std::string shown;
  for (const std::string& word : words)
    absl::StrAppend(&shown, " ", base::Shown(word));
  if (!shown.empty())
    throw base::UsageError{
        absl::StrCat("not expected:", shown, " (see --help)")};
}

}  // namespace

std::vector<std::string> WordsToParse(const CLI::App& app, int argc,
                                      const char* const* argv) {
  std::vector<std::string> words;
  const CLI::App* const command =
      argc > 1 ? FindCommand(app, argv[1]) : nullptr;
  const CLI::Option* last = nullptr;  // an option that may take more values
  bool is_over = command == nullptr;  // no more options follow
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!is_over && word == "--") {
      // What is after it is another program's, as what is before it and not
      // known here.
      if (command->get_allow_extras()) continue;
      if (Positionals(*command).empty())
        ExpectNone({argv + i + 1, argv + argc});
      // CLI11 treats it as the end of an option's values, and parses options
      // again.
      if (last != nullptr && last->get_items_expected_max() > 1)
        words.push_back(word);
      is_over = true;
    } else if (!is_over) {
      const CLI::Option* const named = OptionOf(*command, word);
      if (named != nullptr) {
        last = named;
        const size_t sign = word.find('=');
        if (sign != std::string::npos)
          ExpectWordIn(*last, word.substr(sign + 1));
      } else if (last != nullptr) {
        ExpectWordIn(*last, word);
      }
    }
    words.push_back(word);
  }
  std::reverse(words.begin(), words.end());
  return words;
}

}  // namespace vmtrunc::cli
