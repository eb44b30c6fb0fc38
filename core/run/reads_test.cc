// Which rules the model asks for on which kernel: what IsRead() says, against
// runs of the corpus and of random scripts.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "search/folios.h"
#include "search/make.h"

namespace vmtrunc {
namespace {

// What a run comes to, as far as a rule may change it.
using Outcome = std::pair<uint64_t, uint32_t>;

Outcome OutcomeOf(const Script& script, const Rules& rules) {
  const RunResult result = Run(script, rules);
  return {result.state_hash, result.broken};
}

// Rules that change something only where several things meet (a drop at one
// point, a merge with a move, a pass that misses a page twice), on some kernels
// in none of these scripts, or that change only what lies between two states
// that are the same; lock-sleeps is read by the checker alone.
const std::set<std::string> kSeldomSeen = {
    "invalidate-loops",     "merge-in-one-hold",  "lock-sleeps",
    "mremap-moves-many",    "relock-resets",      "shared-walk",
    "pass-clears-restarts", "wide-offsets",       "unlink-before-tables",
    "mkwrite-checks-page",  "each-pte-flushed",   "moves-tables",
    "move-flushes-dirty",   "walk-rereads-table", "retract-takes-map-lock",
    "growth-merges"};

TEST(Reads, ARuleThatIsNotReadChangesNothing) {
  std::vector<Script> scripts = CorpusScripts();
  base::Random random(5);
  for (unsigned i = 1; i <= 3000; ++i) {
    scripts.push_back(ScriptOf(search::MakeScript(i, 40)));
    if (i % 2 == 0) search::AddFolios(scripts.back(), random);
  }
  for (const KernelInfo& kernel : AllKernels()) {
    std::vector<Outcome> right;
    for (const Script& script : scripts)
      right.push_back(OutcomeOf(script, kernel.rules));
    for (const RuleInfo& rule : AllRules()) {
      Rules wrong = kernel.rules;
      wrong.*rule.flag = !(wrong.*rule.flag);
      bool differs = false;
      for (size_t i = 0; i < scripts.size() && !differs; ++i)
        differs = OutcomeOf(scripts[i], wrong) != right[i];
      if (!IsRead(rule, kernel.rules)) {
        EXPECT_FALSE(differs) << rule.name << " of " << kernel.name;
      } else if (!kSeldomSeen.contains(rule.name)) {
        EXPECT_TRUE(differs) << rule.name << " of " << kernel.name;
      }
    }
  }
}

}  // namespace
}  // namespace vmtrunc
