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
constexpr unsigned kAllTasks = 0xff;

template <class C>
class LassoSearch {
 public:
  LassoSearch(const Problem& problem, const ProveOptions& options,
              const LassoOptions& lasso)
      : problem_(problem),
        options_(Adapted(options, lasso)),
        lasso_(lasso),
        space_(problem, options_) {}

  LassoResult Run() {
    try {
      result_.answer = Search();
    } catch (const std::bad_alloc&) {
      result_.states = graph_.size();
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
    result_.states = graph_.size();
    numbers_ = {};
    if (!is_through) return Answer::kRanOut;
    std::vector<uint32_t> states = Wanted();
    if (lasso_.eventually)
      for (const uint32_t at : states)
        if (EndsAt(at)) return Tell({at, {}});
    if (lasso_.eventually || !problem_.closed)
      return LoopIn(std::move(states), lasso_.eventually ? 0 : kAllTasks);
    // In a closed world a pass may end in a loop and begin again, which is no
    // pass without end.
    const unsigned passes = Passes();
    for (unsigned task = 0; task < 8; ++task) {
      if ((passes >> task & 1) == 0) continue;
      std::vector<uint32_t> its;
      for (const uint32_t at : states)
        if ((graph_.busy(at) >> task & 1) != 0) its.push_back(at);
      const Answer answer = LoopIn(std::move(its), 1U << task);
      if (answer != Answer::kHolds) return answer;
    }
    return Answer::kHolds;
  }

  // Looks for a fair loop that stays in these states.
  Answer LoopIn(std::vector<uint32_t> states, unsigned droppers) {
    FairLoops loops(graph_, lasso_.fairness, droppers,
                    [this] { return IsOver(); });
    const std::optional<Loop> loop = loops.Find(std::move(states));
    if (loop) return Tell(*loop);
    return loops.ended_early() ? Answer::kRanOut : Answer::kHolds;
  }

  // The tasks that may run a pass, a bit each. While one is in flight it is the
  // same operation.
  unsigned Passes() const {
    unsigned tasks = 0;
    for (const Event& event : problem_.operations)
      if (IsPass(event.verb)) tasks |= 1U << event.task;
    return tasks;
  }

  // The states that a run is to stay in.
  std::vector<uint32_t> Wanted() const {
    std::vector<uint32_t> states;
    for (uint32_t at = 0; at < graph_.size(); ++at)
      if (!lasso_.eventually || false_[at] != 0) states.push_back(at);
    return states;
  }

  // Whether nothing has to follow: nothing is in flight, or none of it can
  // move.
  bool EndsAt(uint32_t at) const {
    return (graph_.busy(at) & graph_.able(at)) == 0;
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
  // scanned is not part of a state. A condition may read a mark of any pass.
  static ProveOptions Adapted(ProveOptions options, const LassoOptions& lasso) {
    options.properties = 0;
    options.invariant = {};
    options.steps_only = true;
    options.symmetry = false;  // fairness asks which task moves
    options.old_marks |= static_cast<bool>(lasso.eventually);
    return options;
  }

  uint32_t Number(const State<C>& state) {
    const auto [at, is_new] = numbers_.try_emplace(
        space_.Key(state), static_cast<uint32_t>(graph_.size()));
    if (!is_new) return at->second;
    graph_.AddState(BusyTasks(state.world));
    from_.push_back({kNoState, {}});
    if (lasso_.eventually)
      false_.push_back(lasso_.eventually.Holds(state.world) ? 0 : 1);
    frontier_.push_back(state);
    return at->second;
  }

  // All states, breadth first, with all edges between them.
  bool Explore() {
    for (size_t i = 0; i < problem_.starts.size(); ++i) {
      const State<C> state = space_.Start(i);
      const size_t before = graph_.size();
      if (space_.IsBeyond(state.world) || Number(state) != before) continue;
      from_.back() = {static_cast<uint32_t>(i), {}};
    }
    std::vector<Edge> edges;
    uint32_t level_end = static_cast<uint32_t>(graph_.size());
    for (uint32_t at = 0; at < graph_.size(); ++at) {
      if (at == level_end) {
        level_end = static_cast<uint32_t>(graph_.size());
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
        options_.on_progress({.states = graph_.size(),
                              .transitions = result_.edges,
                              .expanded = at,
                              .depth = result_.depth,
                              .left = level_end - at,
                              .bytes = Bytes()});
      edges.clear();
      graph_.BeginWays();
      space_.Edges(state, edges);
      for (const Edge& edge : edges) {
        State<C> next = state;
        if (!space_.Apply(next, edge)) continue;
        graph_.NoteAble(at, edge.task);
        if (space_.IsBeyond(next.world)) {
          ++result_.beyond;
          continue;
        }
        // A drop without effect is a step, or several.
        if (edge.kind == EventKind::kDrop &&
            next.world.tasks[edge.task].op.pass.dropped == 0)
          continue;
        const size_t before = graph_.size();
        const uint32_t to = Number(next);
        if (to == before) from_.back() = {at, edge};
        graph_.AddWay({to, edge});
        ++result_.edges;
      }
    }
    return true;
  }

  // What the search for loops takes besides: three numbers of each state, and
  // lists of some.
  uint64_t Bytes() const {
    constexpr unsigned kOfLoops = 20;
    return graph_.bytes() + from_.capacity() * sizeof(Way) +
           numbers_.capacity() * (sizeof(*numbers_.begin()) + 1) +
           frontier_.size() * sizeof(State<C>) + graph_.size() * kOfLoops;
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
    result_.idle = graph_.busy(loop.at) == 0;
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
