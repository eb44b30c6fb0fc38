#include "search/fair.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/check.h"

namespace vmtrunc::search {

FairLoops::FairLoops(const Graph& graph, Fairness fairness, unsigned droppers,
                     std::function<bool()> is_over)
    : graph_(graph),
      fairness_(fairness),
      droppers_(droppers),
      is_over_(std::move(is_over)),
      set_(graph.size(), kNoState),
      index_(graph.size()),
      low_(graph.size()) {}

// For strong fairness a component may have to be left by some states, and what
// remains is looked at again: it gets smaller each time.
std::optional<Loop> FairLoops::Find(const std::vector<uint32_t>& states) {
  todo_.push_back(states);
  while (!todo_.empty()) {
    const std::vector<uint32_t> some = std::move(todo_.back());
    todo_.pop_back();
    if (!Components(some)) return std::nullopt;
    for (const std::vector<uint32_t>& part : std::exchange(parts_, {})) {
      if (IsOver()) return std::nullopt;
      std::optional<Loop> loop = LoopIn(part);
      if (loop) return loop;
    }
  }
  return std::nullopt;
}

// Tarjan's strongly connected components of these states, without recursion.
// Each becomes a set of its own. False if the search must end.
bool FairLoops::Components(const std::vector<uint32_t>& states) {
  const uint32_t set = sets_++;
  for (const uint32_t state : states) {
    set_[state] = set;
    index_[state] = kNoState;
  }
  size_t done = 0;
  for (const uint32_t root : states) {
    if (done++ % 4096 == 0 && IsOver()) return false;
    if (index_[root] == kNoState) Visit(root);
  }
  return true;
}

void FairLoops::Visit(uint32_t root) {
  const uint32_t set = set_[root];
  std::vector<std::pair<uint32_t, size_t>> calls = {{root, 0}};
  while (!calls.empty()) {
    const uint32_t at = calls.back().first;
    if (calls.back().second == 0) {
      index_[at] = low_[at] = next_++;
      stack_.push_back(at);
    }
    const std::span<const Way> ways = graph_.WaysFrom(at);
    if (calls.back().second < ways.size()) {
      const uint32_t to = ways[calls.back().second++].to;
      if (set_[to] != set) continue;  // another's, or of a part that is closed
      if (index_[to] == kNoState)
        calls.emplace_back(to, 0);
      else
        low_[at] = std::min(low_[at], index_[to]);
      continue;
    }
    calls.pop_back();
    if (!calls.empty())
      low_[calls.back().first] = std::min(low_[calls.back().first], low_[at]);
    if (low_[at] == index_[at]) Close(at);
  }
}

// What is on the stack from `at` on is a component. Most are one state, without
// an edge to itself.
void FairLoops::Close(uint32_t at) {
  const uint32_t set = sets_++;
  const std::span<const Way> ways = graph_.WaysFrom(at);
  if (stack_.back() == at &&
      std::none_of(ways.begin(), ways.end(),
                   [at](const Way& way) { return way.to == at; })) {
    stack_.pop_back();
    set_[at] = set;
    return;
  }
  std::vector<uint32_t>& part = parts_.emplace_back();
  for (uint32_t member = kNoState; member != at;) {
    member = stack_.back();
    stack_.pop_back();
    set_[member] = set;
    part.push_back(member);
  }
  std::sort(part.begin(), part.end());  // what was reached first
}

// Looks later at those states in which none of these tasks can move.
void FairLoops::Retain(const std::vector<uint32_t>& states, unsigned unable) {
  std::vector<uint32_t> rest;
  for (const uint32_t state : states)
    if ((graph_.able(state) & unable) == 0) rest.push_back(state);
  if (!rest.empty()) todo_.push_back(std::move(rest));
}

// A fair loop in a component, if it has one. A task without an edge in it is in
// flight in all of its states or in none.
std::optional<Loop> FairLoops::LoopIn(const std::vector<uint32_t>& part) {
  const uint32_t set = set_[part.front()];
  unsigned moves = 0;  // tasks with an edge inside, a bit each
  unsigned busy = 0;   // tasks in flight in one of its states
  unsigned able = 0;   // tasks that can move in one
  unsigned waits = 0;  // tasks that cannot in one
  Loop first;
  for (const uint32_t at : part) {
    for (const Way& way : graph_.WaysFrom(at)) {
      if (set_[way.to] != set) continue;
      moves |= 1U << way.edge.task;
      const bool drops = way.edge.kind == EventKind::kDrop &&
                         (droppers_ >> way.edge.task & 1) != 0;
      if (first.ways.empty() && (droppers_ == 0 || drops)) first = {at, {way}};
    }
    busy |= graph_.busy(at);
    able |= graph_.able(at);
    waits |= graph_.busy(at) & ~graph_.able(at);
  }
  if (first.ways.empty()) return std::nullopt;
  const unsigned rest = busy & ~moves;
  if (fairness_ == Fairness::kWeak && (rest & ~waits) != 0) return std::nullopt;
  if (fairness_ == Fairness::kStrong && (rest & able) != 0) {
    Retain(part, rest);
    return std::nullopt;
  }
  return Through(first, moves, rest);
}

// Closes the loop that begins with one edge, by way of what makes it fair: an
// edge of each task in `moves`, and a state where each of the `rest` cannot
// move.
std::optional<Loop> FairLoops::Through(const Loop& first, unsigned moves,
                                       unsigned rest) {
  Loop loop = first;
  const unsigned others = moves & ~(1U << first.ways.front().edge.task);
  for (unsigned task = 0; task < 8; ++task) {
    if (fairness_ == Fairness::kNone) break;
    if ((others >> task & 1) != 0)
      MoveOn(loop, [task](const Way& way) { return way.edge.task == task; });
  }
  for (unsigned task = 0; task < 8; ++task)
    if (fairness_ == Fairness::kWeak && (rest >> task & 1) != 0)
      MoveOn(loop, [this, task](const Way& way) {
        return ((graph_.busy(way.to) & ~graph_.able(way.to)) >> task & 1) != 0;
      });
  if (loop.ways.back().to != loop.at)
    MoveOn(loop, [at = loop.at](const Way& way) { return way.to == at; });
  return loop;
}

// Extends the loop by the fewest edges in the component to a wanted one.
template <class F>
void FairLoops::MoveOn(Loop& loop, F wanted) const {
  absl::flat_hash_map<uint32_t, std::pair<uint32_t, Way>> came;  // to: from
  const uint32_t start = loop.ways.back().to;
  std::deque<uint32_t> todo = {start};
  while (!todo.empty()) {
    const uint32_t at = todo.front();
    todo.pop_front();
    for (const Way& way : graph_.WaysFrom(at)) {
      if (set_[way.to] != set_[start]) continue;
      if (wanted(way)) {
        std::vector<Way> back = {way};
        for (uint32_t k = at; k != start; k = came[k].first)
          back.push_back(came[k].second);
        loop.ways.insert(loop.ways.end(), back.rbegin(), back.rend());
        return;
      }
      if (way.to != start && came.try_emplace(way.to, at, way).second)
        todo.push_back(way.to);
    }
  }
  VMT_CHECK(false);  // every state of a component reaches every other
}

}  // namespace vmtrunc::search
