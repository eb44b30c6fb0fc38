// What a script violates that a search in a smaller world has found.
#ifndef VMTRUNC_SEARCH_VERDICT_H_
#define VMTRUNC_SEARCH_VERDICT_H_

#include <cstdint>

#include "search/prove.h"

namespace vmtrunc::search {

struct ScriptVerdict {
  bool replays = true;     // as ProveResult's
  Property property = {};  // the first that it violates
  bool of_invariant = false;
};

// `broken`: what Space::Broken() says of the state that it ends in. The script
// is run again in the world of scripts, with the code that all engines use; the
// two may differ where ProveResult::replays says so.
ScriptVerdict VerdictOf(uint32_t broken, const Script& script,
                        const ProveOptions& options);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_VERDICT_H_
