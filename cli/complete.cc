// vmtrunc completion, and what its functions ask.
#include "cli/complete.h"

#include <algorithm>
#include <iostream>
#include <span>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/values.h"
#include "core/nearest.h"

namespace vmtrunc::cli {
namespace {

constexpr const char* kBash =
    R"sh(# bash completion of vmtrunc: vmtrunc completion bash
_vmtrunc() {
  local cur=${COMP_WORDS[COMP_CWORD]} reply
  [ "$cur" != '=' ] || cur=
  mapfile -t reply < <("${1/#\~\//$HOME/}" __complete \
    "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=("${reply[@]:1}")
  COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
  if [ "${reply[0]}" = files ]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _vmtrunc vmtrunc
)sh";

constexpr const char* kZsh = R"sh(#compdef vmtrunc
# zsh completion of vmtrunc: vmtrunc completion zsh
_vmtrunc() {
  local -a reply
  reply=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" \
    2>/dev/null)}")
  if [[ $reply[1] == files ]]; then
    _files
  elif (( $#reply > 1 )); then
    reply=("${(@)reply[2,-1]//:/\\:}")
    reply=("${(@)reply/$'\t'/:}")
    _describe -V vmtrunc reply
  fi
}
if [[ $funcstack[1] == _vmtrunc ]]; then
  _vmtrunc "$@"
else
  compdef _vmtrunc vmtrunc
fi
)sh";

constexpr const char* kFish =
    R"sh(# fish completion of vmtrunc: vmtrunc completion fish
function __vmtrunc_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l reply (command $words[1] __complete $words[2..-1] 2>/dev/null)
  if test "$reply[1]" = files
    __fish_complete_path (commandline -ct)
  else if test (count $reply) -gt 1
    printf '%s\n' $reply[2..-1]
  end
end
complete -c vmtrunc -f -a '(__vmtrunc_complete)'
)sh";

// The state after the words before the one to complete.
struct Before {
  const CLI::App* command = nullptr;    // or none yet
  const CLI::Option* option = nullptr;  // that expects a value
};

Before Read(const CLI::App& app, std::span<const std::string> words) {
  Before before;
  for (const std::string& word : words) {
    if (before.command == nullptr) {
      if (!word.starts_with('-')) before.command = FindCommand(app, word);
      if (before.command == nullptr) return {};
      continue;
    }
    if (word.starts_with('-') && word.size() > 1) {
      before.option = before.command->get_option_no_throw(word);
      if (before.option != nullptr &&
          ValueOf(*before.option).kind == ValueKind::kNone)
        before.option = nullptr;
    } else if (before.option != nullptr && !ValueOf(*before.option).repeats) {
      before.option = nullptr;
    }
  }
  return before;
}

// A word and its description, in one line.
void OfferWith(const std::string& word, const std::string& meaning,
               std::string& reply) {
  absl::StrAppend(&reply, word, "\t", meaning.substr(0, meaning.find('\n')),
                  "\n");
}

// Adds the words that begin with `typed` to the existing ones.
void Offer(const std::vector<std::string>& words, const std::string& typed,
           const std::string& there, std::string& reply) {
  for (const std::string& word : words)
    if (word.starts_with(typed)) absl::StrAppend(&reply, there, word, "\n");
}

std::string Values(const CLI::Option& option, std::string typed,
                   std::string there) {
  const Value value = ValueOf(option);
  if (value.kind == ValueKind::kPath) return "files\n";
  // A kernel may also be a file.
  if (value.kind == ValueKind::kKernel &&
      typed.find(',') == std::string::npos &&
      (typed.find('/') != std::string::npos || KernelsLike(typed).empty()))
    return "files\n";
  std::string reply = "words\n";
  if (const size_t comma = typed.rfind(',');
      value.is_list && comma != std::string::npos) {
    there += typed.substr(0, comma + 1);
    typed = typed.substr(comma + 1);
  }
  Offer(value.words, typed, there, reply);
  if (value.kind == ValueKind::kKernel)
    Offer(KernelsLike(typed), typed, there, reply);
  return reply;
}

std::string Options(const CLI::App& command, const std::string& typed) {
  std::string reply = "words\n";
  for (const CLI::Option* option : VisibleOptions(command))
    if (const std::string name = LongName(*option); name.starts_with(typed))
      OfferWith(name, option->get_description(), reply);
  return reply;
}

std::string Commands(const CLI::App& app, const std::string& typed) {
  std::string reply = "words\n";
  for (const CLI::App* command : VisibleCommands(app))
    if (command->get_name().starts_with(typed))
      OfferWith(command->get_name(), command->get_description(), reply);
  return reply;
}

// bash passes --kernel=K as three words, other shells as one: this makes two of
// it, and the prefix that a reply must have.
std::string SplitAtEquals(std::vector<std::string>& words) {
  if (words.back() == "=") words.back() = "";
  std::erase(words, "=");
  const size_t equals = words.back().find('=');
  if (!words.back().starts_with("--") || equals == std::string::npos) return "";
  const std::string there = words.back().substr(0, equals + 1);
  words.back() = words.back().substr(equals + 1);
  words.insert(words.end() - 1, there.substr(0, equals));
  return there;
}

}  // namespace

std::string Complete(const CLI::App& app, std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  const std::string there = SplitAtEquals(words);
  const std::string typed = words.back();
  words.pop_back();
  const auto [command, option] = Read(app, words);
  if (command == nullptr && !words.empty()) return "words\n";
  if (option != nullptr && (!there.empty() || !typed.starts_with('-')))
    return Values(*option, typed, there);
  if (typed.starts_with('-'))
    return Options(command == nullptr ? app : *command, typed);
  if (command == nullptr) return Commands(app, typed);
  const std::vector<const CLI::Option*> positionals = Positionals(*command);
  if (positionals.empty()) return "words\n";
  return Values(*positionals.front(), typed, "");
}

void ExpectCommand(const CLI::App& app, int argc, const char* const* argv) {
  if (argc < 2) return;
  const std::string typed = argv[1];
  if (typed.starts_with('-')) {
    if (app.get_option_no_throw(typed) != nullptr) return;
    throw base::UsageError{typed + ": expected a command first (see --help)"};
  }
  if (FindCommand(app, typed) != nullptr) return;
  std::vector<const char*> names;
  for (const CLI::App* command : VisibleCommands(app))
    names.push_back(command->get_name().c_str());
  throw base::UsageError{absl::StrCat(
      typed, " is no command", IsIt(Nearest(typed, names)), " (see --help)")};
}

void AddCompletion(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "completion", "prints what completes this command's words in a shell");
  auto shell = std::make_shared<std::string>();
  sub->add_option("SHELL", *shell, "whose")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  sub->callback([=, &run] {
    run = [=] {
      std::cout << (*shell == "bash" ? kBash : *shell == "zsh" ? kZsh : kFish);
      return base::kExitHeld;
    };
  });
}

}  // namespace vmtrunc::cli
