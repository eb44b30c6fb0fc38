// Random programs, all schedules of each: what the other generators leave to
// chance, when a task moves, is enumerated by the search of `prove`, with its
// footprints (search/space.h). What is left to chance is what the tasks do.
#ifndef VMTRUNC_FUZZ_EXPLORE_H_
#define VMTRUNC_FUZZ_EXPLORE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"
#include "fuzz/effective.h"
#include "search/bound.h"
#include "search/mutate.h"
#include "search/space.h"

namespace vmtrunc::fuzz {

// What was run. A search begins another schedule where it returns to a state to
// try another edge; its events are those of the edges, once each.
struct RunCounts {
  uint64_t runs = 0;
  uint64_t events = 0, effects = 0, drops = 0;
};

// Searches problems in order (search/bound.h). Large: it has a stack of states.
template <class C>
class Schedules {
 public:
  // `reported`: a bit for each property that counts. `most_states`: of one
  // problem; most have fewer than 128.
  Schedules(const Rules& rules, uint32_t reported, unsigned most_states = 128);

  // Searches depth first. Returns whether a schedule violates a property of
  // `reported`: `script` is that one, else where it stopped. `features`: as of
  // RunOptions. `before` may be null. Requires: the problem is in order, has
  // one start and fits C; the rules have no drop_lock, with which there are too
  // many schedules.
  bool Search(const search::Problem& problem, uint8_t* features,
              base::Random& random, const Before* before, Script& script,
              RunCounts& counts);

 private:
  // A state on the way, and its edges; those before `at` have been tried.
  struct Frame {
    explicit Frame(const Rules& rules) : state(rules) {}

    search::State<C> state;
    std::vector<search::Edge> edges;
    size_t at = 0;
    size_t events = 0;      // of the script that leads here
    bool moves = false;     // an edge had an effect
    bool has_next = false;  // and led to a new state
  };

  Frame& At(size_t depth);
  bool Descend(const search::Space<C>& space, base::Random& random,
               RunCounts& counts);
  void Enter(const search::Space<C>& space, Frame& frame, uint8_t task,
             base::Random& random);
  bool IsNew(uint64_t key);

  const search::ProveOptions options_;
  const unsigned most_states_;
  std::vector<std::unique_ptr<Frame>> frames_;
  std::vector<uint64_t> seen_;  // an open hash table; 0: free
  std::vector<Event> path_;     // from the start to the state
};

// A few operations of each of two or three tasks, most of them about one page,
// in the state after the script's events and some more: a problem in order,
// without operations where there is one task. Requires:
// Fits<SmallCaps>(start.setup).
search::Problem RandomPrograms(Script start, const Rules& rules,
                               search::Verbs verbs, base::Random& random,
                               const Before* before = nullptr);

// Operations on whole page tables, for which a small world has no room
// (search/tables.h). Requires: the kernel moves, retracts or shares them.
search::Problem ProgramsOnTables(const Rules& rules, search::Verbs verbs,
                                 base::Random& random);

// The same schedule in fewer events: what a task does without being interrupted
// is a whole operation, or its end.
template <class C>
void JoinSteps(Script& script, const Rules& rules);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_EXPLORE_H_
