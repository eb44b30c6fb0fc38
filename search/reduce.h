// The smallest script so far, and the changes that shrinking tries.
#ifndef VMTRUNC_SEARCH_REDUCE_H_
#define VMTRUNC_SEARCH_REDUCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "search/cost.h"
#include "search/yield.h"

namespace vmtrunc::search {

// Returns whether a script shows the violation: the event at which it does,
// from 1, or 0 if unknown; or nothing. Sets which events have an effect: others
// may be removed without another run.
using Judge =
    std::function<std::optional<size_t>(const Draft& draft, bool* counts)>;

// Invariants:
// 1  draft() shows the violation, and all its events have an effect or are
//    still needed
// 2  only a smaller script replaces it
class Best {
 public:
  // Requires: `draft` shows the violation.
  Best(const Draft& draft, Judge judge);
  // `tell` is called from time to time.
  void OnProgress(std::function<void(const Best&)> tell) {
    tell_ = std::move(tell);
  }

  const Draft& draft() const { return draft_; }
  const Cost& cost() const { return cost_; }
  const std::vector<Event>& events() const { return draft_.events; }
  // The event at which it shows the violation, from 1; 0: unknown.
  size_t shown_at() const { return shown_at_; }
  unsigned evaluations() const { return evaluations_; }

  // Frees the record of tried scripts, after memory has run out.
  void Forget() {
    tried_ = {};
    failed_->clear();
  }

  // Whether a script shows the violation, of whatever size it is.
  bool IsShownBy(const Draft& other);

  // Shrinks another script that may be larger, by itself. Replaces the draft if
  // what comes of it is smaller.
  bool TryShrunk(const Draft& other, const std::function<void(Best&)>& shrink);

  // Replaces the draft by the candidate if it is smaller and shows the
  // violation. One that was tried before is not run again.
  bool Try(const Draft& candidate);

  // The same for a copy with one change.
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
  // To shrink another script, with what is known here.
  Best(Best& of, const Setup& setup);
  bool Take(const Draft& candidate, bool is_first);
  void CountOne() {
    if (++evaluations_ % 4096 == 0 && tell_) tell_(*this);
  }

  Draft draft_;
  Cost cost_;
  Judge judge_;
  std::function<void(const Best&)> tell_;  // or empty
  size_t shown_at_ = 0;
  unsigned evaluations_ = 0;
  // Hashes of scripts that were tried here, and of those that do not show the
  // violation: these another one that is shrunk by itself need not run either.
  absl::flat_hash_set<uint64_t> tried_;
  std::shared_ptr<absl::flat_hash_set<uint64_t>> failed_ =
      std::make_shared<absl::flat_hash_set<uint64_t>>();
};

// Lowers a value as far as possible, by halving: `room()` is the largest
// decrement, `lower(by)` tries one. Returns whether it was lowered.
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

// Another task runs the operation that starts at `at`, to its end.
void GiveOperation(Draft& draft, size_t at, uint8_t to);

// The script with an operation moved to another task, or with two tasks
// exchanged from an event on.
std::vector<Draft> OtherOwners(const Draft& draft);

// Each tries all changes of one kind, and returns whether one was accepted.
//
// search/reduce.cc: of the list of events, and of single events.
// Events less. Requires: there are so many from there on.
void Erase(std::vector<Event>& events, size_t from, size_t count);

bool CutTail(Best& best);     // events after the violation
bool DropGroups(Best& best);  // all of a task, all of a verb
bool DropChunks(Best& best);  // runs of events, halving, from the end
bool DropAtRandom(Best& best, uint64_t seed);  // the same in another order
bool JoinSteps(Best& best);        // a step and its task's next event
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
bool LowerAddresses(Best& best);       // all together, or a gap by a page
bool OtherPlaces(Best& best);          // adjacent ranges change places
bool FewerPages(Best& best);           // of the file, wherever they are mapped
bool OneMapping(Best& best);           // instead of two
bool OtherVerbsForPasses(Best& best);  // instead of two, and a page less

// search/reduce_other.cc: of several events, replaced by others. They stop at
// the first that is accepted: others may become possible then.
bool OtherEvents(Best& best, Which which);  // replaces one event; continues
// Which of two operations is nested in the other.
bool InsideOut(Best& best, Which which);
bool TwoNear(Best& best, Which which);      // two small changes
bool OtherForOperation(Best& best);         // replaces one and its steps
bool OtherForTwo(Best& best, Which which);  // replaces two events
bool OtherOwnersAndOne(Best& best);  // other tasks, and replaces one event
// Replaces one event, and changes a second one.
bool OtherAndNear(Best& best);

// search/reduce_detour.cc: inserts an event and shrinks the larger script, with
// Which::kAll also where another task runs an operation.
bool Detour(Best& best, Which which, const std::function<void(Best&)>& shrink);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_REDUCE_H_
