// Exhaustive search: every interleaving of every script within a bound.
//
// A state is the point between two events; an edge is an event of the script
// language. So the number of edges to a violation is the number of events of
// its script, and breadth-first search finds a script with the fewest. `drop`,
// `finish` and whole operations are edges in addition to their steps: they
// reach no other states, and are one event.
//
// A state is stored as 63 bits of a hash of its normal form
// (search/canonical.h), or as the whole form, plus the edge by which it was
// first reached. Two of n states have the same 63 bits with a probability below
// n^2 / 2^64; then one is not explored. The world of a state is rebuilt from
// its trail when it is expanded; neighbours share most of it.
//
// The result does not depend on `jobs`: states are numbered in the order in
// which one job would reach them.
#ifndef VMTRUNC_SEARCH_PROVE_H_
#define VMTRUNC_SEARCH_PROVE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/model/where.h"
#include "core/run/run.h"
#include "search/bound.h"
#include "search/invariant.h"

namespace vmtrunc::search {

struct ProveProgress {
  uint64_t states = 0;       // different states so far
  uint64_t transitions = 0;  // events that had an effect
  uint64_t expanded = 0;     // states whose events have all been tried
  unsigned depth = 0;        // events of the states that are being expanded
  uint64_t left = 0;         // states of that depth that are not expanded yet
  uint64_t bytes = 0;
};

inline constexpr unsigned kAnyEvents = ~0U;

// Planted errors of the search, for the test of self-check
// (search/self_check.h).
struct PlantedMistakes {
  uint32_t unseen_touches =
      0;  // bits of core/about/touch.h, of all other tasks
  bool forgets_counts = false;  // of vmas, in the normal form
  bool begins_no_munmap = false;
  bool takes_all_tasks_for_alike = false;  // whatever they may start
};

struct ProveOptions {
  using Clock = std::chrono::steady_clock;

  Rules rules;
  uint32_t properties = CountedProperties();  // that count, a bit each
  // Or none: asked in each state, between two events; a state in which it is
  // false is a violation. Not with `reduce`, which leaves states out.
  Invariant invariant = {};
  unsigned jobs = 1;
  uint64_t most_bytes = uint64_t{4} << 30;
  // Only steps and drops as edges, without the events that combine several:
  // fewer edges and the same states. The depth is then in steps.
  bool steps_only = false;
  // Steps that commute with all possible steps of other tasks are taken at
  // once, so only one order is searched; implies steps_only. Finds the same
  // violated properties, but not the fewest events.
  bool reduce = false;
  // The largest number of events of a script.
  unsigned most_events = kAnyEvents;
  // Approximate limit, after which it ran out.
  uint64_t most_states = ~uint64_t{0};
  // Stores whole states, packed, instead of 63 bits: five times the memory and
  // no collisions. Not with a checkpoint.
  bool exact = false;
  bool plain = false;      // without normal form, for tests
  bool old_marks = false;  // Keeps::kHistories in a closed world, for tests
  // With steps_only: states are one that differ only in names of tasks that may
  // start the same operations, and of their mms (search/symmetry.h).
  bool symmetry = true;
  // A directory for the states of each level, from which a killed search
  // resumes with the same result; empty: none.
  std::string checkpoint;
  // May be empty. Asked before a file is made there: false if the directory's
  // name leads to another one by then, which fails the search.
  std::function<bool()> is_checkpoint_there;
  // If the problem is a part (search/shard.h): the whole problem, as another
  // part may have a shorter script.
  const Problem* part_of = nullptr;
  const std::atomic<bool>* stop = nullptr;
  // End time, after which it ran out.
  Clock::time_point until = Clock::time_point::max();
  // May be empty. Called by the searching thread some times a second.
  std::function<void(const ProveProgress&)> on_progress;
  // Checker::kFeatures bytes, or nullptr: set to 1 for each abstract state that
  // was reached. They are all of the problem if the search was completed and is
  // not reduced; of a closed one, all while counts do not wrap.
  uint8_t* features = nullptr;
  // Or nullptr: gets the phases that states are in (search/reached.h). They are
  // all of the problem if the search was completed and is not reduced.
  PhaseSet* phases = nullptr;
  PlantedMistakes planted;
  // For tests: receives each new state's fingerprint.
  std::function<void(uint64_t)> on_state;
};

// Why a search ended before it was complete.
enum class RanOut : uint8_t {
  kNothing,  // it did not
  kStopped,
  kTime,
  kMemory,
  kStates,   // options.most_states
  kNumbers,  // a state's number has 32 bits
};
// "it was stopped"; else the resource: "of memory".
const char* Words(RanOut ran_out);

// Whether a search must end early: kStopped or kTime.
RanOut WhyToStop(const ProveOptions& options);

enum class Answer : uint8_t {
  kHolds,   // in every state within the bound
  kBreaks,  // `script` violates `property`
  kRanOut,  // memory or time ran out, or it was stopped: `ran_out`
  kFailed,  // the checkpoint cannot be used: `why`
};

struct ProveResult {
  Answer answer = Answer::kRanOut;
  RanOut ran_out = RanOut::kNothing;
  std::string why;       // kFailed
  bool stopped = false;  // by options.stop
  bool refused = false;  // the machine gave no memory, though most_bytes had
                         // not been reached
  ProveProgress progress;
  bool is_reduced = false;       // of the search that gave the answer
  ProveProgress reduced;         // of ProveFewest(): the search before that
  std::vector<uint64_t> levels;  // states by the number of events to them
  // Edges that were left out because structs or tasks ran out.
  uint64_t beyond = 0;
  // Whether no script within the bound violates it with fewer events. False if
  // the search was stopped before it was sure.
  bool fewest = true;
  // The number of events up to which no script of the problem violates it;
  // kAnyEvents: none does. For combining shards.
  unsigned held_events = 0;
  // Whether the script also violates the property in the world of scripts,
  // which has 64 structs. It may not, on a kernel whose slab is first in, first
  // out.
  bool replays = true;
  uint64_t resumed = 0;  // states read from the checkpoint
  uint64_t own = 0;      // of a shard of ProveShared(): the states that it has
  unsigned jobs = 1;     // at the end: fewer than asked for where no thread
                         // could be made
  Script script;         // fewest events; from no other start and in no other
                         // way are there fewer
  Property property = Property::kNoPagePastSize;
  // It violates no property but the invariant, in the state after its last
  // event.
  bool of_invariant = false;
};

// Requires: the problem fits C.
template <class C>
ProveResult Prove(const Problem& problem, const ProveOptions& options);

// Uses the small world if the problem fits, else that of scripts.
ProveResult Prove(const Problem& problem, const ProveOptions& options);

// First searches `first_states` states for a short script (not with a
// checkpoint, which that is not worth). Then a search with `reduce` gives the
// verdict. If it finds a violation, a search without `reduce` finds the fewest
// events, no deeper than the script known by then: then `reduced.states` is not
// 0. With an invariant it is one search, of all orders.
inline constexpr uint64_t kFirstStates = 1 << 20;
ProveResult ProveFewest(const Problem& problem, const ProveOptions& options,
                        uint64_t first_states = kFirstStates);

// A hash of everything on which the states and their order depend: the problem,
// and the model's sources (BuildId()).
uint64_t ProblemId(const Problem& problem, const ProveOptions& options);

// The fingerprints of the states between a script's events, as Prove() computes
// them: for the test that a search contains a script. Empty if the script
// leaves the problem.
std::vector<uint64_t> StatesOf(const Problem& problem, const Script& script,
                               const ProveOptions& options);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_PROVE_H_
