// Liveness: finds a run in which a pass drops its lock for ever.
#ifndef VMTRUNC_SEARCH_LASSO_H_
#define VMTRUNC_SEARCH_LASSO_H_

#include <cstdint>
#include <string>

#include "search/fair.h"
#include "search/prove.h"

namespace vmtrunc::search {

struct LassoOptions {
  Fairness fairness = Fairness::kWeak;
  // None: a loop has a drop of a pass. Else it has not to, and this is false in
  // each of its states: looked for is a run in which it does not come true any
  // more.
  Invariant eventually = {};
};

// A stem and a loop: after the stem, each round of the loop leads back to the
// same state (of the normal form, search/canonical.h). The loop is fair: for
// kWeak each task in flight moves in it, or waits somewhere in it for a lock
// that is held. The environment answers break tests (contention,
// need_resched), and may say yes each time. No operation has to begin: with
// `eventually` a run may also end where nothing is in flight, or nothing that
// is can move; then the loop has no events.
struct LassoResult {
  Answer answer = Answer::kRanOut;  // kHolds: no such loop within the bound
  RanOut ran_out = RanOut::kNothing;
  bool stopped = false;  // by options.stop
  bool refused = false;  // an allocation failed
  unsigned depth = 0;    // depth of the last states, in steps
  uint64_t states = 0, edges = 0;
  uint64_t beyond = 0;  // edges that were left out, as ProveResult's
  Script script;        // the stem, then one round of the loop
  size_t stem = 0;      // events of the script before the loop
  bool idle = false;    // with eventually: nothing is in flight after the stem
  uint8_t task = 0;     // the first that moves in the loop: without eventually,
                        // that of the pass
};

// Explores all states by steps, past violations, and looks for a loop in each
// strongly connected component. Keeps states and edges in memory. Uses the
// rules, jobs (only one), memory, time, stop and on_progress of `options`.
LassoResult FindLasso(const Problem& problem, const ProveOptions& options,
                      const LassoOptions& lasso = {});

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_LASSO_H_
