#include "fuzz/artifact.h"

namespace vmtrunc::fuzz {

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

}  // namespace vmtrunc::fuzz
