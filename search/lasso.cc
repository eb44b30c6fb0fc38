#include "search/lasso.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <new>

#include "absl/container/flat_hash_map.h"
#include "core/check.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

constexpr uint32_t kNoState = std::numeric_limits<uint32_t>::max();

struct Way {
  uint32_t to;
  Edge edge;
};

template <class C>
class LassoSearch {
 public:
  LassoSearch(const Problem& problem, const ProveOptions& options)
      : problem_(problem),
        options_(Adapted(options)),
        space_(problem, options_) {}

  LassoResult Run() {
    try {
      result_.answer = Search();
    } catch (const std::bad_alloc&) {
      result_.states = ways_.size();
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
    result_.states = ways_.size();
    if (!is_through || !Components()) return Answer::kRanOut;
    for (uint32_t part = 0; part < parts_; ++part) {
      if (IsOver()) return Answer::kRanOut;
      if (Loops(part)) return Answer::kBreaks;
    }
    return Answer::kHolds;
  }

  // Progress reports need some of it.
  void Release() {
    numbers_ = {};
    frontier_ = {};
    ways_ = {};
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
    options.steps_only = true;
    return options;
  }

  uint32_t Number(const State<C>& state) {
    const auto [at, is_new] = numbers_.try_emplace(
        space_.Key(state), static_cast<uint32_t>(ways_.size()));
    if (!is_new) return at->second;
    ways_.emplace_back();
    from_.push_back({kNoState, {}});
    busy_.push_back(static_cast<uint8_t>(BusyTasks(state.world)));
    able_.push_back(0);
    frontier_.push_back(state);
    return at->second;
  }

  // All states, breadth first, with all edges between them.
  bool Explore() {
    for (size_t i = 0; i < problem_.starts.size(); ++i) {
      const State<C> state = space_.Start(i);
      const size_t before = ways_.size();
      if (state.world.ran_out != 0 || Number(state) != before) continue;
      from_.back() = {static_cast<uint32_t>(i), {}};
    }
    std::vector<Edge> edges;
    uint32_t level_end = static_cast<uint32_t>(ways_.size());
    for (uint32_t at = 0; at < ways_.size(); ++at) {
      if (at == level_end) {
        level_end = static_cast<uint32_t>(ways_.size());
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
        options_.on_progress({.states = ways_.size(),
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
        able_[at] = static_cast<uint8_t>(able_[at] | 1U << edge.task);
        if (next.world.ran_out != 0) continue;
        // A drop without effect is a step, or several.
        if (edge.kind == EventKind::kDrop &&
            next.world.tasks[edge.task].op.pass.dropped == 0)
          continue;
        const size_t before = ways_.size();
        const uint32_t to = Number(next);
        if (to == before) from_.back() = {at, edge};
        ways_[at].push_back({to, edge});
        ++result_.edges;
      }
    }
    return true;
  }

  // A state takes some 200 bytes, including a table and the search for loops;
  // an edge its place in a vector that doubles.
  uint64_t Bytes() const {
    return result_.edges * 2 * sizeof(Way) + ways_.size() * 200 +
           frontier_.size() * sizeof(State<C>);
  }

  // Tarjan's strongly connected components, without recursion. False if the
  // search must end.
  bool Components() {
    const auto size = static_cast<uint32_t>(ways_.size());
    part_.assign(size, kNoState);
    std::vector<uint32_t> index(size, kNoState), low(size), stack;
    std::vector<std::pair<uint32_t, size_t>> calls;  // a state, its next edge
    uint32_t next = 0;
    for (uint32_t root = 0; root < size; ++root) {
      if (root % 4096 == 0 && IsOver()) return false;
      if (index[root] != kNoState) continue;
      calls.emplace_back(root, 0);
      while (!calls.empty()) {
        const uint32_t at = calls.back().first;
        if (calls.back().second == 0) {
          index[at] = low[at] = next++;
          stack.push_back(at);
        }
        if (calls.back().second < ways_[at].size()) {
          const uint32_t to = ways_[at][calls.back().second++].to;
          if (index[to] == kNoState) {
            calls.emplace_back(to, 0);
          } else if (part_[to] == kNoState) {
            low[at] = std::min(low[at], index[to]);
          }
          continue;
        }
        calls.pop_back();
        if (!calls.empty())
          low[calls.back().first] = std::min(low[calls.back().first], low[at]);
        if (low[at] != index[at]) continue;
        for (uint32_t member = kNoState; member != at;) {
          member = stack.back();
          stack.pop_back();
          part_[member] = parts_;
        }
        ++parts_;
      }
    }
    members_.resize(parts_);
    for (uint32_t at = 0; at < size; ++at) members_[part_[at]].push_back(at);
    return true;
  }

  // Whether the component has a fair loop with a drop; then it is the result.
  bool Loops(uint32_t part) {
    const std::vector<uint32_t>& members = members_[part];
    unsigned moves = 0;  // tasks with an edge inside, a bit each
    unsigned waits = 0;  // tasks that have a state without an edge, a bit each
    uint32_t drops_at = kNoState;
    Way drop{};
    for (const uint32_t at : members) {
      for (const Way& way : ways_[at]) {
        if (part_[way.to] != part) continue;
        moves |= 1U << way.edge.task;
        if (way.edge.kind == EventKind::kDrop && drops_at == kNoState) {
          drops_at = at;
          drop = way;
        }
      }
      waits |= static_cast<unsigned>(busy_[at] & ~able_[at]);
    }
    // Tasks in flight are the same everywhere: an operation that ends does not
    // start again.
    const unsigned busy = busy_[members.front()];
    if (drops_at == kNoState || (busy & ~(moves | waits)) != 0) return false;
    std::vector<Way> loop = {drop};
    for (unsigned task = 0; task < C::kTasks; ++task)
      if ((busy & moves & ~(1U << drop.edge.task)) >> task & 1)
        MoveOn(loop, part,
               [task](const Way& way) { return way.edge.task == task; });
    // The loop must also pass a state where each of the others waits for its
    // lock.
    for (unsigned task = 0; task < C::kTasks; ++task)
      if ((busy & ~moves) >> task & 1)
        MoveOn(loop, part, [this, task](const Way& way) {
          return ((busy_[way.to] & ~able_[way.to]) >> task & 1) != 0;
        });
    if (loop.back().to != drops_at)
      MoveOn(loop, part,
             [drops_at](const Way& way) { return way.to == drops_at; });
    Tell(drops_at, loop);
    return true;
  }

  // Extends the loop by the fewest edges in the component to a wanted one.
  template <class F>
  void MoveOn(std::vector<Way>& loop, uint32_t part, F wanted) const {
    absl::flat_hash_map<uint32_t, std::pair<uint32_t, Way>> came;  // to: from
    const uint32_t start = loop.back().to;
    std::deque<uint32_t> todo = {start};
    while (!todo.empty()) {
      const uint32_t at = todo.front();
      todo.pop_front();
      for (const Way& way : ways_[at]) {
        if (part_[way.to] != part) continue;
        if (wanted(way)) {
          std::vector<Way> back = {way};
          for (uint32_t k = at; k != start; k = came[k].first)
            back.push_back(came[k].second);
          loop.insert(loop.end(), back.rbegin(), back.rend());
          return;
        }
        if (way.to != start && came.try_emplace(way.to, at, way).second)
          todo.push_back(way.to);
      }
    }
    VMT_CHECK(false);  // every state of a component reaches every other
  }

  void Tell(uint32_t at, const std::vector<Way>& loop) {
    std::vector<Edge> trail;
    uint32_t k = at;
    for (; from_[k].edge.kind != EventKind::kNone; k = from_[k].to)
      trail.push_back(from_[k].edge);
    result_.script = problem_.starts[from_[k].to];
    for (auto edge = trail.rbegin(); edge != trail.rend(); ++edge)
      result_.script.events.push_back(space_.EventOf(*edge));
    result_.stem = result_.script.events.size();
    for (const Way& way : loop)
      result_.script.events.push_back(space_.EventOf(way.edge));
    result_.task = loop.front().edge.task;
  }

  const Problem& problem_;
  const ProveOptions options_;
  const Space<C> space_;
  absl::flat_hash_map<uint64_t, uint32_t> numbers_;  // of states, by key
  std::deque<State<C>> frontier_;                    // not explored yet
  std::vector<std::vector<Way>> ways_;               // from each state
  std::vector<Way> from_;       // how each was first reached; `to` is the state
                                // before, or the number of the start
  std::vector<uint8_t> able_;   // tasks that can move, a bit each: also where
                                // the bound has no struct for it
  std::vector<uint8_t> busy_;   // tasks in flight, a bit each
  std::vector<uint32_t> part_;  // the strongly connected part of each state
  std::vector<std::vector<uint32_t>> members_;
  uint32_t parts_ = 0;
  LassoResult result_;
};

}  // namespace

LassoResult FindLasso(const Problem& problem, const ProveOptions& options) {
  return Fits<SmallCaps>(problem)
             ? LassoSearch<SmallCaps>(problem, options).Run()
             : LassoSearch<LargeCaps>(problem, options).Run();
}

}  // namespace vmtrunc::search
