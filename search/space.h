// The states of a problem and what leads from one to the next.
#ifndef VMTRUNC_SEARCH_SPACE_H_
#define VMTRUNC_SEARCH_SPACE_H_

#include <cstdint>
#include <vector>

#include "core/run/checker.h"
#include "core/about/touch.h"
#include "search/canonical.h"
#include "search/prove.h"

namespace vmtrunc::search {

// An event, as small as it can be: the number of an operation of the problem,
// or the break test that answers yes.
struct Edge {
  EventKind kind = EventKind::kNone;
  uint8_t task = 0;
  uint16_t value = 0;
};
static_assert(sizeof(Edge) == 4);

// A state with what is known of the way to it.
template <class C>
struct State {
  World<C> world;
  Checker<C> checker;
  uint8_t passes = 0, operations = 0;  // that have begun
  uint8_t next[C::kTasks] = {};        // of each task's own, in_order

  explicit State(const Rules& rules) : checker(rules) {}
};

// Whether the problem's starts and operations are within C.
template <class C>
bool Fits(const Problem& problem);

template <class C>
class Space {
 public:
  Space(const Problem& problem, const ProveOptions& options);

  State<C> Start(size_t number) const;

  // Appends the events that may have an effect.
  void Edges(const State<C>& state, std::vector<Edge>& edges) const;

  // Leaves those of a start's edges that the problem has of it.
  void KeepShare(const State<C>& start, std::vector<Edge>& edges) const;

  // Returns whether it had an effect. Appends the events that it was to
  // `events` if there is one: with `reduce` an edge may be several.
  bool Apply(State<C>& state, const Edge& edge,
             std::vector<Event>* events = nullptr) const;

  // Makes the task's next step if that and whatever any other task may do
  // before it lead to the same in both orders, so that it may as well come now.
  // Returns whether it did.
  bool StepEarly(State<C>& state, unsigned task, std::vector<Event>* log) const;

  // Properties that are violated, a bit each, of those that count; after the
  // end of the script if it ended here.
  uint32_t Broken(const State<C>& state) const {
    return state.checker.broken() & options_.properties;
  }
  uint32_t BrokenAtEnd(const State<C>& state) const;

  uint64_t Key(const State<C>& state) const;
  void Canonical(const State<C>& state, std::vector<uint8_t>& bytes) const;

  // The first event of the edge.
  Event EventOf(const Edge& edge) const;
  // The edge that is this event, kNone when the problem has none.
  Edge EdgeOf(const State<C>& state, const Event& event) const;

 private:
  // kUnlessItAllocates: if the step leaves the slab alone.
  enum class Moves : uint8_t { kNo, kUnlessItAllocates, kYes };
  Moves Commutes(const State<C>& state, unsigned task) const;
  bool Do(State<C>& state, const Event& event, std::vector<Event>* log) const;
  bool Begins(State<C>& state, const Edge& edge, std::vector<Event>* log) const;
  void StepEarly(State<C>& state, std::vector<Event>* log) const;
  Touched OthersTouch(const State<C>& state, unsigned task) const;
  bool PassesMayBegin(const State<C>& state) const;
  bool Alone(const State<C>& state, unsigned task) const;
  bool MayBegin(const State<C>& state) const;
  bool AnyMoves(const State<C>& state, unsigned tasks) const;
  bool IsFull(const State<C>& state) const;
  uint64_t Extra(const State<C>& state) const;
  bool MayBegin(const State<C>& state, size_t operation) const;
  bool Worth(const World<C>& world, const Event& event) const;

  const Problem& problem_;
  const ProveOptions& options_;
  std::vector<uint16_t> own_[8];  // numbers of each task's operations
  // What each task's operations may touch; where they are in order, from the
  // nth on.
  std::vector<Touched> own_touch_[8];
  bool history_;  // a property that remembers counts
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SPACE_H_
