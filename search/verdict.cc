#include "search/verdict.h"

#include <bit>

#include "core/check.h"

namespace vmtrunc::search {

ScriptVerdict VerdictOf(uint32_t broken, const Script& script,
                        const ProveOptions& options) {
  VMT_CHECK(broken != 0);
  if ((broken & ~kInvariantBit) == 0) {
    const bool replays = BreaksAtLast(script, options.rules, options.invariant);
    VMT_CHECK(replays || !options.rules.slab_lifo);
    return {.replays = replays, .of_invariant = true};
  }
  const RunResult run = vmtrunc::Run<LargeCaps>(script, options.rules,
                                                {.report = options.properties});
  ScriptVerdict verdict;
  verdict.replays = (run.broken & options.properties) != 0;
  VMT_CHECK(verdict.replays || !options.rules.slab_lifo);
  verdict.property = verdict.replays
                         ? run.first.property
                         : static_cast<Property>(std::countr_zero(broken));
  return verdict;
}

}  // namespace vmtrunc::search
