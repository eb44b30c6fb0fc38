// Runs generated scripts between the executions of a fuzzing engine, several
// times as fast as the engine does: on a model that is not instrumented,
// without the engine's accounts, and where it can as they are generated. It
// hands on what is worth an execution.
#ifndef VMTRUNC_FUZZ_SCOUT_H_
#define VMTRUNC_FUZZ_SCOUT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/random.h"
#include "core/run/checker.h"
#include "fuzz/explore.h"
#include "fuzz/status.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// How generated scripts come about.
enum class Way : uint8_t {
  kMade,      // search/make.h, in a large world
  kWoven,     // fuzz/weave.h, in a small one
  kRaced,     // fuzz/race.h, in a small one
  kExplored,  // fuzz/explore.h, in either
};
inline constexpr unsigned kWays = 4;
// Scripts at most that continue from one near miss; a nearer one has its own.
inline constexpr unsigned kMostAgain = 64;

// That of the script of this seed: Scout::RunOne().
Way WayOf(uint64_t seed, const Rules& rules);

// What a scout looks for.
struct Quest {
  Rules rules;
  std::optional<Rules> unlike = {};  // on which a script must hold, to count
  uint32_t reported =
      CountedProperties();  // a bit for each property that counts
  search::Verbs verbs = search::kAllVerbs;
  bool looks_for_states = true;  // also for new abstract states
  bool keeps_going = false;      // a violation is not the end
  // Checker::kFeatures bytes, or nullptr: get the states of every script,
  // whether or not it looks for them. They change nothing else.
  uint8_t* counted = nullptr;
};

class Scout {
 public:
  explicit Scout(const Quest& quest);

  // Runs kScouted scripts of at most `max_events` events, or some more; the
  // schedules that are explored may be longer, what is returned is not. Returns
  // the first that violates a property, and does not run the others then; with
  // `keeps_going` it runs all, and returns the last. Those with new abstract
  // states wait for Run(). `status`, if not null, is kept up to date.
  // Deterministic in its arguments and in those of the calls before.
  std::optional<Script> Look(uint64_t seed, size_t max_events,
                             FuzzStatus* status);

  // Looks, and returns what violates a property, with `keeps_going` at most
  // every second time; else one of those with new abstract states that it has
  // not returned yet; or nothing.
  std::optional<Script> Run(uint64_t seed, size_t max_events,
                            FuzzStatus* status);

  // What FuzzStatus::scouted names: one script, and those that continue in
  // another way from where it came near to a violation. `script` is the last of
  // them. `before`, if not null, gets each script with the event that runs
  // next, also where a generator looks ahead. Returns whether the last one
  // violates a property.
  bool RunOne(uint64_t seed, size_t max_events, Script& script,
              const Before* before = nullptr);

 private:
  bool RunMade(size_t max_events, base::Random& random, Script& script,
               const Before* before);
  bool RunSmall(Way way, size_t max_events, base::Random& random,
                Script& script, const Before* before);
  bool RunExplored(size_t max_events, base::Random& random, Script& script,
                   const Before* before);
  template <class C>
  bool Explore(Schedules<C>& schedules, const search::Problem& problem,
               size_t max_events, base::Random& random, Script& script,
               const Before* before);
  bool Counts(const Script& script) const;
  // Where the states of a script are noted, or null.
  uint8_t* Noted();
  // After each script that has run.
  void HasRun(const Script& script);
  bool HasNewStates();

  static constexpr size_t kStates = Checker<LargeCaps>::kFeatures;
  static constexpr size_t kMostWaiting = 256;

  const Quest quest_;
  std::deque<Script> waiting_;  // with states that were new
  bool violated_ = false;       // what it returned last
  Schedules<SmallCaps> small_;
  Schedules<LargeCaps> large_;
  RunCounts counts_;
  bool looks_ = false;                  // for new states of this script
  std::vector<uint8_t> states_, seen_;  // of the script, of all
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_SCOUT_H_
