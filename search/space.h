// The states of a problem and the edges between them.
#ifndef VMTRUNC_SEARCH_SPACE_H_
#define VMTRUNC_SEARCH_SPACE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/run/checker.h"
#include "core/about/touch.h"
#include "search/canonical.h"
#include "search/prove.h"
#include "search/symmetry.h"

namespace vmtrunc::search {

// A compact event: the index of an operation of the problem, or the break test
// that answers yes.
struct Edge {
  EventKind kind = EventKind::kNone;
  uint8_t task = 0;
  uint16_t value = 0;
};
static_assert(sizeof(Edge) == 4);

// A state and what its trail has used.
template <class C>
struct State {
  World<C> world;
  Checker<C> checker;
  uint8_t passes = 0, operations = 0, pins = 0;  // that have started
  // Next operation of each task, for in_order.
  uint8_t next[C::kTasks] = {};

  explicit State(const Rules& rules) : checker(rules) {}
};

template <class C>
using TwoStates = std::array<std::optional<State<C>>, 2>;

// Whether the problem's starting states and operations fit C.
template <class C>
bool Fits(const Problem& problem);

// What tells states of the problem apart.
inline Keeps KeepsOf(const Problem& problem, const ProveOptions& options) {
  if (options.plain) return Keeps::kAll;
  // A condition may read a mark of any pass, and an abstract state shows it.
  const bool future = problem.closed && !options.old_marks &&
                      !options.invariant && options.features == nullptr;
  return future ? Keeps::kFuture : Keeps::kHistories;
}

// Names in which states of the problem may differ and be one. A condition may
// ask for names; and if events are edges, a state is also one where the script
// may end, and then names matter.
template <class C>
Symmetry<C> SymmetryOf(const Problem& problem, const ProveOptions& options) {
  if (!options.symmetry || options.plain || !options.steps_only ||
      options.invariant || problem.starts.empty())
    return {};
  return {problem, MakeWorld<C>(problem.starts[0].setup, options.rules),
          options.planted.takes_all_tasks_for_alike};
}

template <class C>
class Space {
 public:
  Space(const Problem& problem, const ProveOptions& options);

  State<C> Start(size_t number) const;

  // Appends the events that may have an effect.
  void Edges(const State<C>& state, std::vector<Edge>& edges) const;

  // Keeps only the first edges that belong to this part of the problem.
  void KeepShare(const State<C>& start, std::vector<Edge>& edges) const;

  // Applies an edge. Returns whether it had an effect. Appends its events to
  // `events` if given: with `reduce` an edge may be several.
  bool Apply(State<C>& state, const Edge& edge,
             std::vector<Event>* events = nullptr) const;

  // Calls f(edge, next) with the state after each of its edges that has an
  // effect, until it returns false. `next` is in `two`, and the one before it
  // is still there.
  template <class F>
  void ForEachNext(const State<C>& state, const std::vector<Edge>& edges,
                   TwoStates<C>& two, const F& f) const {
    unsigned undropped = C::kTasks;  // a task with no more break tests
    unsigned turn = 0;
    for (const Edge& edge : edges) {
      const bool drop = edge.kind == EventKind::kDrop;
      if (drop && edge.task == undropped) continue;
      State<C>& next = two[turn].emplace(state);
      if (!Apply(next, edge)) continue;
      if (drop && next.world.tasks[edge.task].op.pass.dropped == 0)
        undropped = edge.task;
      if (!f(edge, next)) return;
      turn ^= 1;
    }
  }

  // Makes the task's next step if its order with any possible preceding step of
  // other tasks does not matter. Returns whether it did.
  bool StepEarly(State<C>& state, unsigned task, std::vector<Event>* log) const;

  // Whether it left the space: it needs more structs or tasks, or a mapping
  // reaches further into the file.
  bool IsBeyond(const World<C>& w) const {
    if (w.ran_out != 0) return true;
    if (problem_.offsets == 0) return false;
    for (const Vma& it : w.vmas)
      if (it.state != VmaState::kFree && it.last_pgoff() >= problem_.offsets)
        return true;
    return false;
  }

  // Violated properties, a bit each, of those that count; and the invariant. Of
  // the properties also after the end of the script if it ended here.
  uint32_t Broken(const State<C>& state) const {
    const uint32_t broken = state.checker.broken() & options_.properties;
    if (!options_.invariant || options_.invariant.Holds(state.world))
      return broken;
    return broken | kInvariantBit;
  }
  uint32_t BrokenAtEnd(const State<C>& state) const;

  uint64_t Key(const State<C>& state) const;
  void Canonical(const State<C>& state, std::vector<uint8_t>& bytes) const;
  // The same, without most zeros.
  std::string Packed(const State<C>& state) const;

  // `before` gets each event that Apply() runs, before it does; of steps that
  // are taken early also those that it tries and takes back.
  void TellBefore(std::function<void(const Event&)> before) {
    before_ = std::move(before);
  }

  // The first event of the edge.
  Event EventOf(const Edge& edge) const;
  // The edge that is this event, kNone if the problem has none.
  Edge EdgeOf(const State<C>& state, const Event& event) const;

 private:
  // kUnlessItAllocates: if the step does not use the slab.
  enum class Moves : uint8_t { kNo, kUnlessItAllocates, kYes };
  Moves Commutes(const State<C>& state, unsigned task) const;
  bool Do(State<C>& state, const Event& event, std::vector<Event>* log) const;
  bool Begins(State<C>& state, const Edge& edge, std::vector<Event>* log) const;
  void StepEarly(State<C>& state, std::vector<Event>* log) const;
  Touched OthersTouch(const State<C>& state, unsigned task) const;
  bool PassesMayBegin(const State<C>& state) const;
  bool Alone(const State<C>& state, unsigned task) const;
  bool MayBegin(const State<C>& state) const;
  bool AnyMoves(const World<C>& world, unsigned tasks) const;
  bool IsFull(const State<C>& state) const;
  uint64_t Extra(const State<C>& state, const Names<C>& names) const;
  // Calls f(world, extra, names) for the normal forms of which the least is the
  // state's.
  template <class F>
  void UnderNames(const State<C>& state, const F& f) const;
  bool MayBegin(const State<C>& state, size_t operation) const;
  bool IsOfFolios(unsigned task) const;
  bool FolioMayChange(const State<C>& state) const;
  bool Worth(const World<C>& world, const Event& event) const;

  const Problem& problem_;
  const ProveOptions& options_;
  const bool history_;  // one depends on what passes have done
  const Keeps keeps_;
  const Symmetry<C> symmetry_;
  std::vector<uint16_t> own_[8];  // indices of each task's operations
  // What each task's operations may touch; if they are in order, from the nth
  // on.
  std::vector<Touched> own_touch_[8];
  bool orders_ = false;  // the order of new folios may change at any time
  std::function<void(const Event&)> before_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SPACE_H_
