// How the states of a search were reached: each is one step from another, so
// only that step is stored and the state is rebuilt when needed.
#ifndef VMTRUNC_SEARCH_TRAIL_H_
#define VMTRUNC_SEARCH_TRAIL_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "search/space.h"

namespace vmtrunc::search {

// How a state was first reached.
struct Node {
  static constexpr uint32_t kStartFlag = 0x80000000;

  uint32_t parent;  // a state, or kStartFlag plus the index of a starting state
  Edge edge;        // kNone for a starting state

  static Node OfStart(size_t number) {
    return {static_cast<uint32_t>(number) | kStartFlag, {}};
  }
  bool IsStart() const { return (parent & kStartFlag) != 0; }
  // Requires: IsStart().
  uint32_t start() const { return parent & ~kStartFlag; }
};

// The trail to a state.
struct Trail {
  uint32_t start;           // its number
  std::vector<Edge> edges;  // from there on
};
Trail TrailTo(const std::vector<Node>& nodes, const Node& node);

// Rebuilds the world of a state. Neighbours share most of their trail.
template <class C>
class Guide {
 public:
  // Requires: all three outlive it, and `nodes` does not change.
  Guide(const Space<C>& space, const Rules& rules,
        const std::vector<Node>& nodes)
      : space_(space), rules_(rules), nodes_(nodes) {}

  // Valid until the next call.
  const State<C>& At(uint32_t node);

 private:
  const Space<C>& space_;
  const Rules& rules_;
  const std::vector<Node>& nodes_;
  std::vector<uint32_t> trail_;  // from the state to its start
  std::vector<std::pair<uint32_t, State<C>>> stack_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_TRAIL_H_
