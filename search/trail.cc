#include "search/trail.h"

#include <algorithm>

namespace vmtrunc::search {

Trail TrailTo(const std::vector<Node>& nodes, const Node& node) {
  Trail trail;
  Node at = node;
  for (; !at.IsStart(); at = nodes[at.parent]) trail.edges.push_back(at.edge);
  std::reverse(trail.edges.begin(), trail.edges.end());
  trail.start = at.start();
  return trail;
}

template <class C>
const State<C>& Guide<C>::At(uint32_t node) {
  trail_.clear();
  for (uint32_t at = node;; at = nodes_[at].parent) {
    trail_.push_back(at);
    if (nodes_[at].IsStart()) break;
  }
  size_t same = 0;
  while (same < stack_.size() && same < trail_.size() &&
         stack_[same].first == trail_[trail_.size() - 1 - same])
    ++same;
  stack_.resize(same, {0, State<C>(rules_)});
  for (size_t i = same; i < trail_.size(); ++i) {
    const uint32_t at = trail_[trail_.size() - 1 - i];
    const Node& step = nodes_[at];
    if (i == 0) {
      stack_.emplace_back(at, space_.Start(step.start()));
      continue;
    }
    stack_.push_back(stack_.back());
    stack_.back().first = at;
    space_.Apply(stack_.back().second, step.edge);
  }
  return stack_.back().second;
}

template class Guide<SmallCaps>;
template class Guide<LargeCaps>;

}  // namespace vmtrunc::search
