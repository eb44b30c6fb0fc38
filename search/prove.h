// Exhaustive search: every interleaving of every script within a bound.
//
// A state lies between two events; an edge is an event of the script language,
// so that the number of edges to a violation is the number of events of its
// script, and breadth first finds a script with the fewest. `drop`, `finish`
// and whole operations are edges beside the steps that they are made of: they
// reach no other states, and are one event.
//
// What is kept of a state is 63 bits of its normal form (search/canonical.h),
// or all of it, and the edge it was first reached by. Two states of n have the
// same 63 bits with a probability below n^2 / 2^64; then one is not explored.
// The world of a state is made again from its trail when it is expanded;
// neighbours share most of it.
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

#include "core/run/run.h"
#include "search/bound.h"

namespace vmtrunc::search {

struct ProveProgress {
  uint64_t states = 0;       // different ones, so far
  uint64_t transitions = 0;  // events that had an effect
  uint64_t expanded = 0;     // states whose events have all been tried
  unsigned depth = 0;        // events of the states that are being expanded
  uint64_t left = 0;         // of them, not expanded yet
  uint64_t bytes = 0;
};

inline constexpr unsigned kAnyEvents = ~0U;

// Mistakes of the search, for the test of what looks for such
// (search/self_check.h).
struct PlantedMistakes {
  uint32_t unseen_touches =
      0;  // bits of core/about/touch.h, of all other tasks
  bool forgets_counts = false;  // of vmas, in the normal form
  bool begins_no_munmap = false;
};

struct ProveOptions {
  using Clock = std::chrono::steady_clock;

  Rules rules;
  uint32_t properties = ~0U;  // what counts, a bit a property
  unsigned jobs = 1;
  uint64_t most_bytes = uint64_t{4} << 30;
  // Steps and drops alone, without the events that are several of them: fewer
  // edges and the same states. The depth is then in steps.
  bool steps_only = false;
  // Steps that commute with all that others may yet do come at once, so that
  // their orders are not distinguished; implies steps_only. The same properties
  // break; not in the fewest events.
  bool reduce = false;
  unsigned most_events = kAnyEvents;    // scripts of more are not looked at
  uint64_t most_states = ~uint64_t{0};  // or about as many: then it ran out
  // States are kept whole, packed, instead of as 63 bits: five times the memory
  // and no probability. Not with a checkpoint.
  bool exact = false;
  bool plain = false;  // no normal form, for tests
  // Where the states of each level are kept, to resume from after a kill with
  // the same result; empty for nowhere.
  std::string checkpoint;
  // Where the problem is a part (search/shard.h), the whole: a script of less
  // may lie in another part.
  const Problem* part_of = nullptr;
  const std::atomic<bool>* stop = nullptr;
  Clock::time_point until = Clock::time_point::max();  // then it runs out
  // Or empty. Called by the thread that searches, some times a second.
  std::function<void(const ProveProgress&)> on_progress;
  // Checker::kFeatures bytes, or nullptr: those of the abstract states that
  // were passed through become 1. All that the problem has are, where the
  // search comes to its end and is not reduced.
  uint8_t* features = nullptr;
  PlantedMistakes planted;
  // For tests: each state's fingerprint as it is found.
  std::function<void(uint64_t)> on_state;
};

// Why a search ended before it was through.
enum class RanOut : uint8_t {
  kNothing,  // it did not
  kStopped,
  kTime,
  kMemory,
  kStates,   // options.most_states
  kNumbers,  // a state's number has 32 bits
};
// "it was stopped"; else of what it ran out: "of memory".
const char* Words(RanOut ran_out);

// Whether a search is to end before it is through: kStopped or kTime.
RanOut WhyToStop(const ProveOptions& options);

enum class Answer : uint8_t {
  kHolds,   // in every state within the bound
  kBreaks,  // `script` violates `property`
  kRanOut,  // of memory or time, or was stopped: `ran_out`
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
  bool is_reduced = false;       // the search that told
  ProveProgress reduced;         // of ProveFewest(): the one before that
  std::vector<uint64_t> levels;  // states by the number of events to them
  // Edges that needed more structs or tasks than there are.
  uint64_t beyond = 0;
  // Whether nothing within the bound breaks with fewer events. Not so where the
  // search was stopped before it had looked.
  bool fewest = true;
  // No script of the problem breaks with as many events or fewer; kAnyEvents:
  // none does. What shards are compared by.
  unsigned held_events = 0;
  // Whether the script violates the property in the world of scripts too, which
  // has 64 structs. One that hands them out first in, first out may not.
  bool replays = true;
  uint64_t resumed = 0;  // states that the checkpoint had
  unsigned jobs = 1;     // at the end: fewer than asked for where no thread
                         // could be made
  Script script;         // fewest events; from no other start and in no other
                         // way are there fewer
  Property property = Property::kNoPagePastSize;
};

// Requires: the problem fits C.
template <class C>
ProveResult Prove(const Problem& problem, const ProveOptions& options);

// In the small world where it fits, else in that of scripts.
ProveResult Prove(const Problem& problem, const ProveOptions& options);

// Looks for a script of few events first, `first_states` states long (not where
// there is a checkpoint, which that would not be worth); then has
// the verdict of a search with `reduce`; and where that breaks, looks for the
// fewest events without, up to those of the script that is known by then:
// `reduced.states` is not 0.
inline constexpr uint64_t kFirstStates = 1 << 20;
ProveResult ProveFewest(const Problem& problem, const ProveOptions& options,
                        uint64_t first_states = kFirstStates);

// A hash of all that the states and their order depend on.
uint64_t ProblemId(const Problem& problem, const ProveOptions& options);

// The fingerprints of the states that a script passes through between its
// events, as Prove() counts them: for the test that a search contains a script.
// Empty when the script leaves the problem.
std::vector<uint64_t> StatesOf(const Problem& problem, const Script& script,
                               const ProveOptions& options);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_PROVE_H_
