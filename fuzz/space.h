// The states of a problem and what leads from one to the next.
#ifndef VMTRUNC_FUZZ_SPACE_H_
#define VMTRUNC_FUZZ_SPACE_H_

#include <cstdint>
#include <vector>

#include "core/checker.h"
#include "fuzz/canonical.h"
#include "fuzz/prove.h"

namespace vmtrunc {

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

  // Returns whether it had an effect.
  bool Apply(State<C>& state, const Edge& edge) const;

  // Properties that are broken, a bit each, of those that count; behind the end
  // of the script if it ended here.
  uint32_t Broken(const State<C>& state) const {
    return state.checker.broken() & options_.properties;
  }
  uint32_t BrokenAtEnd(const State<C>& state) const;

  uint64_t Key(const State<C>& state) const;

  Event EventOf(const Edge& edge) const;
  // The edge that is this event, kNone when the problem has none.
  Edge EdgeOf(const State<C>& state, const Event& event) const;

 private:
  bool MayBegin(const State<C>& state, size_t operation) const;
  bool Worth(const World<C>& world, const Event& event) const;

  const Problem& problem_;
  const ProveOptions& options_;
  std::vector<uint16_t> own_[8];  // numbers of each task's operations
  bool history_;                  // a property that remembers counts
};

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_SPACE_H_
