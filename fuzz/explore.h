// Random programs, all schedules of each: what the other generators leave to
// chance, when a task moves, is enumerated by the search of `prove`, with its
// footprints (search/space.h). What is left to chance is what the tasks do.
#ifndef VMTRUNC_FUZZ_EXPLORE_H_
#define VMTRUNC_FUZZ_EXPLORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"
#include "search/bound.h"
#include "search/mutate.h"
#include "search/space.h"

namespace vmtrunc::fuzz {

// What runs did, of all schedules together.
struct RunCounts {
  uint64_t runs = 0;  // schedules: ways that end in a state with no new one
  uint64_t events = 0, effects = 0, drops = 0;
};

// Searches problems in order (search/bound.h). Large: it has a stack of states.
template <class C>
class Schedules {
 public:
  // `reported`: a bit for each property that counts. `most_states`: of one
  // problem; most have fewer than 128.
  Schedules(const Rules& rules, uint32_t reported, unsigned most_states = 128);

  // Searches depth first, tasks in random order. Returns whether a schedule
  // violates a property of `reported`: `script` is that one, else the last.
  // `features`: as of RunOptions. `before`, if not null, gets each script with
  // the event that runs next. Requires: Fits<C>(problem).
  bool Search(const search::Problem& problem, uint8_t* features,
              base::Random& random,
              const std::function<void(const Script&)>* before, Script& script,
              RunCounts& counts);

 private:
  // A state on the way, and its edges; those before `at` have been tried.
  struct Frame {
    explicit Frame(const Rules& rules) : state(rules) {}

    search::State<C> state;
    std::vector<search::Edge> edges;
    size_t at = 0;
    size_t events = 0;               // of the script that leads here
    unsigned undropped = C::kTasks;  // a task with no more break tests
    bool moves = false;              // an edge had an effect
    bool has_next = false;           // and led to a new state
  };

  Frame& At(size_t depth);
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
                               search::Verbs verbs, base::Random& random);

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
