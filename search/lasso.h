// Liveness: a run in which a pass drops its lock for ever.
#ifndef VMTRUNC_SEARCH_LASSO_H_
#define VMTRUNC_SEARCH_LASSO_H_

#include <cstdint>
#include <string>

#include "search/prove.h"

namespace vmtrunc::search {

// A stem and a loop: after the stem, each round of the loop leads back to the
// same state (of the normal form, search/canonical.h), and in it a pass drops
// its lock. The loop is fair: each task in flight moves in it, or is somewhere
// in it at a lock that is not free. Whether a break test answers yes is the
// choice of others (contention, need_resched), and may be yes each time.
struct LassoResult {
  Answer answer = Answer::kRanOut;  // kHolds: no such loop within the bound
  RanOut ran_out = RanOut::kNothing;
  bool stopped = false;  // by options.stop
  bool refused = false;  // the machine gave no memory
  unsigned depth = 0;    // steps of the states it came to last
  uint64_t states = 0, edges = 0;
  Script script;     // the stem, then one round of the loop
  size_t stem = 0;   // events of the script before the loop
  uint8_t task = 0;  // whose pass it is
};

// Explores all states by steps, whatever they break, and looks for a loop in
// each strongly connected part. Keeps states and edges in memory. Reads the
// rules, jobs (one is used), memory, time, stop and on_progress of `options`.
LassoResult FindLasso(const Problem& problem, const ProveOptions& options);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_LASSO_H_
