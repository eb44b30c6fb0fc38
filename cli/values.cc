#include "cli/values.h"

#include "absl/strings/str_split.h"
#include "core/about/condition.h"
#include "core/run/checker.h"
#include "core/script/script.h"
#include "search/bound.h"

namespace vmtrunc::cli {
namespace {

std::vector<std::string> PropertyNames() {
  std::vector<std::string> names;
  for (const PropertyInfo& info : AllProperties()) names.push_back(info.name);
  return names;
}

std::vector<std::string> PredicateNames() {
  std::vector<std::string> names;
  for (const PredicateInfo& info : AllPredicates())
    names.emplace_back(info.name);
  return names;
}

std::vector<std::string> VerbNames() {
  std::vector<std::string> names;
  for (int verb = 1; verb <= kVerbs; ++verb)
    names.push_back(VerbName(static_cast<Verb>(verb)));
  return names;
}

std::vector<std::string> BoundNames() {
  std::vector<std::string> names;
  for (const search::Bound& bound : search::AllBounds())
    names.push_back(bound.name);
  return names;
}

// CLI::IsMember's own description: {one,two}.
std::vector<std::string> WordsOf(const std::string& type) {
  const size_t begin = type.find('{');
  const size_t end = type.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

bool Is(const CLI::Option& option, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (option.check_lname(name)) return true;
  return false;
}

// By its own description, or else by its name.
bool IsDirectory(const CLI::Option& option) {
  for (const char* begin : {"director", "a director", "the director"})
    if (option.get_description().starts_with(begin)) return true;
  return Is(option, {"have", "dir"});
}

// The tables of the model, by the name that all commands use for such an
// option.
Value ValueByName(const CLI::Option& option) {
  if (Is(option, {"kernel", "unlike", "against"})) {
    const std::string& text = option.get_description();
    Value value{.kind = ValueKind::kKernel, .name = "KERNEL"};
    value.is_list = text.starts_with("K,") || text.starts_with("K1,");
    if (text.find("or all") != std::string::npos) value.words = {"all"};
    return value;
  }
  if (Is(option, {"property"}))
    return {ValueKind::kWord, "PROPERTY", PropertyNames()};
  if (Is(option, {"always", "eventually"}))
    return {ValueKind::kWord, "EXPR", PredicateNames()};
  if (Is(option, {"verbs"}))
    return {ValueKind::kWord, "VERB", VerbNames(), true};
  if (Is(option, {"bound"})) return {ValueKind::kWord, "BOUND", BoundNames()};
  return {ValueKind::kPath, IsDirectory(option) ? "DIR" : "FILE"};
}

}  // namespace

Value ValueOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  Value value;
  if (const std::vector<std::string> words = WordsOf(type); !words.empty())
    value = {ValueKind::kWord, type.substr(type.find('{')), words};
  else if (type.starts_with("INT") || type.starts_with("UINT") ||
           type.starts_with("FLOAT"))
    value = {ValueKind::kNumber, "N"};
  else if (type == "KIND")
    value = {ValueKind::kWord, "KIND", {"shmem"}};
  else
    value = ValueByName(option);
  value.repeats = option.get_items_expected_max() > 1 && !value.is_list;
  return value;
}

std::vector<std::string> KernelsLike(const std::string& typed) {
  std::vector<std::string> like;
  const KernelInfo* whole = nullptr;  // the complete kernel name so far
  size_t length = 0;
  for (const KernelInfo& kernel : AllKernels()) {
    for (const std::string name : {kernel.name, kernel.alias}) {
      if (name.empty()) continue;
      if (name.starts_with(typed)) like.push_back(name);
      if (!typed.starts_with(name) || name.size() <= length) continue;
      whole = &kernel;
      length = name.size();
    }
  }
  if (whole == nullptr || typed.size() == length) return like;
  // A rule's name has dashes too: the last sign before which everything is a
  // valid name and after which a rule may follow.
  for (size_t at = typed.size(); at-- > length;) {
    if (typed[at] != '-' && typed[at] != '+') continue;
    if (!ParseKernelSpec(typed.substr(0, at)).ok()) continue;
    for (const RuleInfo& rule : AllRules()) {
      const char sign = whole->rules.*rule.flag ? '-' : '+';
      const std::string name = typed.substr(0, at) + sign + rule.name;
      if (name.starts_with(typed)) like.push_back(name);
    }
    if (!like.empty()) break;
  }
  return like;
}

std::string LongName(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) return "-" + option.get_snames().front();
  return option.get_name(true);
}

std::vector<const CLI::App*> VisibleCommands(const CLI::App& app) {
  return app.get_subcommands(
      [](const CLI::App* sub) { return !sub->get_group().empty(); });
}

const CLI::App* FindCommand(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : VisibleCommands(app))
    if (command->get_name() == name) return command;
  return nullptr;
}

std::vector<const CLI::Option*> VisibleOptions(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && option->nonpositional();
  });
}

std::vector<const CLI::Option*> Positionals(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) {
    return !option->get_group().empty() && option->get_positional();
  });
}

}  // namespace vmtrunc::cli
