#include "search/lasso.h"

#include <deque>
#include <limits>
#include <new>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

constexpr uint32_t kNoState = std::numeric_limits<uint32_t>::max();

template <class C>
class LassoSearch {
 public:
  LassoSearch(const Problem& problem, const ProveOptions& options,
              const LassoOptions& lasso)
      : problem_(problem),
        options_(Adapted(options)),
        lasso_(lasso),
        space_(problem, options_) {}

  LassoResult Run() {
    try {
      result_.answer = Search();
    } catch (const std::bad_alloc&) {
      result_.states = graph_.ways.size();
      Release();
      result_.answer = Answer::kRanOut;
      result_.ran_out = RanOut::kMemory;
      result_.refused = true;
    }
    return std::move(result_);
  }

 private:
  Answer Search() {
    const bool is_through = Explore();
    result_.states = graph_.ways.size();
    if (!is_through) return Answer::kRanOut;
    const std::vector<uint32_t> states = Wanted();
    for (const uint32_t at : states)
      if (EndsAt(at)) return Tell({at, {}});
    FairLoops loops(graph_, lasso_.fairness, !lasso_.eventually,
                    [this] { return IsOver(); });
    const std::optional<Loop> loop = loops.Find(states);
    if (loop) return Tell(*loop);
    return loops.ended_early() ? Answer::kRanOut : Answer::kHolds;
  }

  // The states that a run is to stay in.
  std::vector<uint32_t> Wanted() const {
    std::vector<uint32_t> states;
    for (uint32_t at = 0; at < graph_.ways.size(); ++at)
      if (!lasso_.eventually || false_[at] != 0) states.push_back(at);
    return states;
  }

  // Whether nothing has to follow: nothing is in flight, or none of it can
  // move.
  bool EndsAt(uint32_t at) const {
    return lasso_.eventually && (graph_.busy[at] & graph_.able[at]) == 0;
  }

  // Progress reports need some of it.
  void Release() {
    numbers_ = {};
    frontier_ = {};
    graph_ = {};
  }

  bool IsOver() {
    const RanOut why = WhyToStop(options_);
    if (why == RanOut::kNothing) return false;
    result_.ran_out = why;
    result_.stopped = options_.stop != nullptr && options_.stop->load();
    return true;
  }

  // No property counts: a run continues past violations, and what a pass has
  // scanned is not part of a state.
  static ProveOptions Adapted(ProveOptions options) {
    options.properties = 0;
    options.invariant = {};
    options.steps_only = true;
    return options;
  }

  uint32_t Number(const State<C>& state) {
    const auto [at, is_new] = numbers_.try_emplace(
        space_.Key(state), static_cast<uint32_t>(graph_.ways.size()));
    if (!is_new) return at->second;
    graph_.ways.emplace_back();
    from_.push_back({kNoState, {}});
    graph_.busy.push_back(static_cast<uint8_t>(BusyTasks(state.world)));
    graph_.able.push_back(0);
    if (lasso_.eventually)
      false_.push_back(lasso_.eventually.Holds(state.world) ? 0 : 1);
    frontier_.push_back(state);
    return at->second;
  }

  // All states, breadth first, with all edges between them.
  bool Explore() {
    for (size_t i = 0; i < problem_.starts.size(); ++i) {
      const State<C> state = space_.Start(i);
      const size_t before = graph_.ways.size();
      if (space_.IsBeyond(state.world) || Number(state) != before) continue;
      from_.back() = {static_cast<uint32_t>(i), {}};
    }
    std::vector<Edge> edges;
    uint32_t level_end = static_cast<uint32_t>(graph_.ways.size());
    for (uint32_t at = 0; at < graph_.ways.size(); ++at) {
      if (at == level_end) {
        level_end = static_cast<uint32_t>(graph_.ways.size());
        ++result_.depth;
      }
      const State<C> state = std::move(frontier_.front());
      frontier_.pop_front();
      if (IsOver()) return false;
      if (Bytes() > options_.most_bytes) {
        result_.ran_out = RanOut::kMemory;
        return false;
      }
      if (at % 1024 == 0 && options_.on_progress)
        options_.on_progress({.states = graph_.ways.size(),
                              .transitions = result_.edges,
                              .expanded = at,
                              .depth = result_.depth,
                              .left = level_end - at,
                              .bytes = Bytes()});
      edges.clear();
      space_.Edges(state, edges);
      for (const Edge& edge : edges) {
        State<C> next = state;
        if (!space_.Apply(next, edge)) continue;
        graph_.able[at] =
            static_cast<uint8_t>(graph_.able[at] | 1U << edge.task);
        if (space_.IsBeyond(next.world)) {
          ++result_.beyond;
          continue;
        }
        // A drop without effect is a step, or several.
        if (edge.kind == EventKind::kDrop &&
            next.world.tasks[edge.task].op.pass.dropped == 0)
          continue;
        const size_t before = graph_.ways.size();
        const uint32_t to = Number(next);
        if (to == before) from_.back() = {at, edge};
        graph_.ways[at].push_back({to, edge});
        ++result_.edges;
      }
    }
    return true;
  }

  // A state takes some 200 bytes, including a table and the search for loops;
  // an edge its place in a vector that doubles.
  uint64_t Bytes() const {
    return result_.edges * 2 * sizeof(Way) + graph_.ways.size() * 200 +
           frontier_.size() * sizeof(State<C>);
  }

  Answer Tell(const Loop& loop) {
    std::vector<Edge> trail;
    uint32_t k = loop.at;
    for (; from_[k].edge.kind != EventKind::kNone; k = from_[k].to)
      trail.push_back(from_[k].edge);
    result_.script = problem_.starts[from_[k].to];
    for (auto edge = trail.rbegin(); edge != trail.rend(); ++edge)
      result_.script.events.push_back(space_.EventOf(*edge));
    result_.stem = result_.script.events.size();
    result_.idle = graph_.busy[loop.at] == 0;
    for (const Way& way : loop.ways)
      result_.script.events.push_back(space_.EventOf(way.edge));
    if (!loop.ways.empty()) result_.task = loop.ways.front().edge.task;
    return Answer::kBreaks;
  }

  const Problem& problem_;
  const ProveOptions options_;
  const LassoOptions& lasso_;
  const Space<C> space_;
  absl::flat_hash_map<uint64_t, uint32_t> numbers_;  // of states, by key
  std::deque<State<C>> frontier_;                    // not explored yet
  Graph graph_;
  std::vector<Way> from_;       // how each was first reached; `to` is the state
                                // before, or the number of the start
  std::vector<uint8_t> false_;  // with eventually: in which it is false
  LassoResult result_;
};

}  // namespace

LassoResult FindLasso(const Problem& problem, const ProveOptions& options,
                      const LassoOptions& lasso) {
  return Fits<SmallCaps>(problem)
             ? LassoSearch<SmallCaps>(problem, options, lasso).Run()
             : LassoSearch<LargeCaps>(problem, options, lasso).Run();
}

}  // namespace vmtrunc::search
