#include "search/first_event.h"

#include <vector>

#include "search/prove.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

template <class C>
FirstEvent FirstEventIn(const Problem& problem, const ProveOptions& options) {
  const Space<C> space(problem, options);
  FirstEvent first = FirstEvent::kNoStart;
  std::vector<Edge> edges;
  TwoStates<C> two;
  for (size_t i = 0; i < problem.starts.size(); ++i) {
    const State<C> start = space.Start(i);
    if (space.IsBeyond(start.world)) continue;
    first = FirstEvent::kNone;
    edges.clear();
    space.Edges(start, edges);
    bool has_effect = false;
    space.ForEachNext(start, edges, two, [&](const Edge&, State<C>& next) {
      has_effect = !space.IsBeyond(next.world);
      return !has_effect;
    });
    if (has_effect) return FirstEvent::kSome;
  }
  return first;
}

}  // namespace

FirstEvent FirstEventOf(const Problem& problem, const Rules& rules) {
  ProveOptions options;
  options.rules = rules;
  options.steps_only = true;
  return Fits<SmallCaps>(problem) ? FirstEventIn<SmallCaps>(problem, options)
                                  : FirstEventIn<LargeCaps>(problem, options);
}

}  // namespace vmtrunc::search
