// Random runs of a problem, one schedule each: what a person looks at before a
// search, and what says which parts of the model a bound reaches.
#ifndef VMTRUNC_SEARCH_SIMULATE_H_
#define VMTRUNC_SEARCH_SIMULATE_H_

#include <array>
#include <cstdint>
#include <functional>

#include "core/model/where.h"
#include "search/prove.h"
#include "search/verdict.h"

namespace vmtrunc::search {

struct SimulateOptions {
  uint64_t seed = 0;  // of the first run; the next has the next number
  uint64_t runs = 1;
  // Of a script, with those that lead to the start; at least these.
  unsigned most_events = static_cast<unsigned>(kMaxEvents);
};

struct SimulatedRun {
  uint64_t seed = 0;
  // Steps, drops and operations that are begun. Ends at a violation; or where
  // nothing can begin or continue; or with most_events, and what is in flight
  // then runs to its end, with the properties checked.
  Script script;
  bool ended = false;   // nothing can begin or continue
  bool beyond = false;  // what is left then needs more structs or tasks than
                        // the bound has
  bool breaks = false;
  ScriptVerdict verdict;  // of one that breaks
};

// What the states of runs have been seen in.
struct Reached {
  PhaseSet phases;
  std::array<uint64_t, kVerbs + 1> begun{};  // operations, by verb
};

// Makes runs of the problem until `on_run` returns false or options.stop or
// options.until ends it. Returns why it ended early. Uses of `options` the
// rules, the properties, stop and until. Each run depends on the problem,
// these and its seed alone.
RanOut Simulate(const Problem& problem, const ProveOptions& options,
                const SimulateOptions& simulate, Reached& reached,
                const std::function<bool(const SimulatedRun&)>& on_run);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SIMULATE_H_
