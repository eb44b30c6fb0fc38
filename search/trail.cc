#include "search/trail.h"

#include <algorithm>
#include <new>
#include <utility>

#include "search/shrink.h"
#include "search/verdict.h"

namespace vmtrunc::search {

Trail TrailTo(const Nodes& nodes, const Node& node) {
  Trail trail;
  Node at = node;
  for (; !at.IsStart(); at = nodes[at.parent]) trail.edges.push_back(at.edge);
  std::reverse(trail.edges.begin(), trail.edges.end());
  trail.start = at.start();
  return trail;
}

template <class C>
void TellBroken(const Space<C>& space, const Problem& problem,
                const ProveOptions& options, const Trail& trail,
                ProveResult& result) {
  Script script = problem.starts[trail.start];
  State<C> state = space.Start(trail.start);
  for (const Edge& edge : trail.edges) space.Apply(state, edge, &script.events);
  const uint32_t broken = space.Broken(state) | space.BrokenAtEnd(state);
  const ScriptVerdict verdict = VerdictOf(broken, script, options);
  result.answer = Answer::kBreaks;
  result.replays = verdict.replays;
  result.property = verdict.property;
  result.of_invariant = verdict.of_invariant;
  result.script = std::move(script);
  // By steps there may be more events than a script may have, which joins them.
  if (result.script.events.size() > kMaxEvents && result.replays) {
    try {
      result.script =
          ShrinkEvents(result.script, options.rules, result.property);
    } catch (const std::bad_alloc&) {  // the longer script is a result too
    }
  }
}

template void TellBroken(const Space<SmallCaps>&, const Problem&,
                         const ProveOptions&, const Trail&, ProveResult&);
template void TellBroken(const Space<LargeCaps>&, const Problem&,
                         const ProveOptions&, const Trail&, ProveResult&);

// The states of one level are as many edges from those of another: the stack
// has the same state as the trail only at the same distance from its end.
template <class C>
const State<C>& Guide<C>::At(uint32_t node) {
  trail_.clear();
  size_t same = stack_.size();
  for (uint32_t at = node;; at = nodes_.ParentOf(at)) {
    if (same > 0 && stack_[same - 1].first == at) break;
    if (same > 0) --same;
    trail_.push_back(at);
    if (nodes_.IsStart(at)) {
      same = 0;
      break;
    }
  }
  stack_.resize(same, {0, State<C>(rules_)});
  for (; !trail_.empty(); trail_.pop_back()) {
    const uint32_t at = trail_.back();
    const Node step = nodes_[at];
    if (step.IsStart()) {
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
