// Rebuilds states of a search from how they were reached.
#ifndef VMTRUNC_SEARCH_TRAIL_H_
#define VMTRUNC_SEARCH_TRAIL_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "search/nodes.h"
#include "search/space.h"

namespace vmtrunc::search {

// The trail to a state.
struct Trail {
  uint32_t start;           // its number
  std::vector<Edge> edges;  // from there on
};
Trail TrailTo(const Nodes& nodes, const Node& node);

// Sets the answer, the script and what it violates, of a trail to a state that
// violates something.
template <class C>
void TellBroken(const Space<C>& space, const Problem& problem,
                const ProveOptions& options, const Trail& trail,
                ProveResult& result);

// Rebuilds the world of a state. Neighbours share most of their trail.
template <class C>
class Guide {
 public:
  // Requires: all three outlive it, and `nodes` does not change.
  Guide(const Space<C>& space, const Rules& rules, const Nodes& nodes)
      : space_(space), rules_(rules), nodes_(nodes) {}

  // Valid until the next call.
  const State<C>& At(uint32_t node);

 private:
  const Space<C>& space_;
  const Rules& rules_;
  const Nodes& nodes_;
  std::vector<uint32_t> trail_;  // from the state to what the stack has
  std::vector<std::pair<uint32_t, State<C>>> stack_;
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_TRAIL_H_
