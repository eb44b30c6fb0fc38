// The cheapest script so far that shows what it must, and the changes of a
// script that shrinking tries.
#ifndef VMTRUNC_SEARCH_REDUCE_H_
#define VMTRUNC_SEARCH_REDUCE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "search/cost.h"

namespace vmtrunc::search {

// Whether a script shows what it must: the event at which it has, from 1, or 0
// where that is not asked; or nothing. Sets which events count: others may be
// left out of it without asking again.
using Judge =
    std::function<std::optional<size_t>(const Draft& draft, bool* counts)>;

// Invariants:
//   1  draft() shows what it must, and all its events count
//   2  no script takes its place but one that is less
class Best {
 public:
  // Requires: `draft` shows it.
  Best(const Draft& draft, Judge judge);
  // `tell` is called now and then.
  void OnProgress(std::function<void(const Best&)> tell) {
    tell_ = std::move(tell);
  }

  const Draft& draft() const { return draft_; }
  const Cost& cost() const { return cost_; }
  const std::vector<Event>& events() const { return draft_.events; }
  // The event at which it has shown it, from 1; 0: nobody knows.
  size_t shown_at() const { return shown_at_; }
  unsigned evaluations() const { return evaluations_; }

  // Gives back what it remembers of scripts that were tried, where memory has
  // run out.
  void Forget() { tried_ = {}; }

  // Takes the candidate's place if it is less and shows it. One that was tried
  // before is not run again.
  bool Try(const Draft& candidate);

  // With one change of a copy.
  template <class F>
  bool With(F change) {
    Draft candidate = draft_;
    change(candidate);
    return Try(candidate);
  }
  template <class F>
  bool WithEvent(size_t at, F change) {
    Event changed = draft_.events[at];
    change(changed);
    if (changed == draft_.events[at]) return false;
    Draft candidate = draft_;
    candidate.events[at] = changed;
    return Try(candidate);
  }

 private:
  bool Take(const Draft& candidate, bool is_first);

  Draft draft_;
  Cost cost_;
  Judge judge_;
  std::function<void(const Best&)> tell_;  // or empty
  size_t shown_at_ = 0;
  unsigned evaluations_ = 0;
  absl::flat_hash_set<uint64_t> tried_;  // hashes of what did not help
};

// Lowers something as far as it goes, by halving: `room()` is by how much it
// could be lowered, `lower(by)` tries. Returns whether it was.
template <class Room, class Lower>
bool LowerByHalves(Room room, Lower lower) {
  bool changed = false;
  for (uint32_t by = room(); by >= 1;) {
    const bool less = room() >= by && lower(by);
    changed |= less;
    if (!less) by /= 2;
  }
  return changed;
}

// The script with another task for an operation, or with two tasks the other
// way round from an event on.
std::vector<Draft> OtherOwners(const Draft& draft);

// Each tries the changes of one kind until it has been through them, and
// returns whether one was taken.
//
// search/reduce.cc: of the list of events, and of one event at a time.
bool CutTail(Best& best);          // what follows where it has shown it
bool DropGroups(Best& best);       // all of a task, all of a verb
bool DropChunks(Best& best);       // runs of events, halving, from the end
bool JoinSteps(Best& best);        // a step and what its task does next
bool MoveEvents(Best& best);       // to another place in the list
bool LessInEvents(Best& best);     // each number, each word
bool LessInAllEvents(Best& best);  // one word of all of them

// search/reduce_names.cc: of who does what, and of declarations.
bool FewerTasks(Best& best);      // also in another order
bool OtherTasks(Best& best);      // as OtherOwners() has them
bool DeclareInstead(Best& best);  // what an event would make
bool FewerFiles(Best& best);
bool LessDeclared(Best& best);

// search/reduce_places.cc: of addresses and pages, in all events at once.
bool LowerAddresses(Best& best);       // all together, a page less between
bool OtherPlaces(Best& best);          // what lies side by side changes places
bool FewerPages(Best& best);           // of the file, wherever they are mapped
bool OneMapping(Best& best);           // for two
bool OtherVerbsForPasses(Best& best);  // for two, and a page less

// search/reduce_other.cc: of several events, for other ones. They stop at the
// first that is taken: much else may go then.
bool OtherEvents(Best& best);        // another for one; continues
bool InsideOut(Best& best);          // of two operations, which is around which
bool TwoNear(Best& best);            // two things changed a little
bool OtherForOperation(Best& best);  // another for one and its steps
bool OtherForTwo(Best& best);        // another for two
bool OtherOwnersAndOne(Best& best);  // other tasks, and another for one
bool OtherAndNear(Best& best);       // another for one, a second one changed

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_REDUCE_H_
