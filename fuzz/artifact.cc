#include "fuzz/artifact.h"

#include <string>

#include "fuzz/status.h"

namespace vmtrunc::fuzz {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

bool IsHash(std::string_view name) {
  return name.size() == 40 &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool IsArtifact(std::string_view name) {
  for (const std::string_view kind :
       {"crash-", "timeout-", "oom-", "leak-", "slow-unit-"})
    if (name.starts_with(kind)) return IsHash(name.substr(kind.size()));
  return false;
}

bool NamesInput(std::string_view name, std::string_view prefix) {
  const std::string ending = "." + std::string(kInputExtension);
  if (name.size() <= prefix.size() + ending.size() ||
      !name.starts_with(prefix) || !name.ends_with(ending))
    return false;
  name.remove_prefix(prefix.size());
  name.remove_suffix(ending.size());
  if (prefix != kCausePrefix)
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
           std::string_view::npos;
  const size_t dash = name.find('-');
  return IsNumber(name.substr(0, dash)) &&
         (dash == std::string_view::npos || IsNumber(name.substr(dash + 1)));
}

}  // namespace vmtrunc::fuzz
