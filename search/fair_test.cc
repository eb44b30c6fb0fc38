// Fair loops of small graphs, against all sets of their states.
#include "search/fair.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vmtrunc::search {
namespace {

constexpr unsigned kStates = 5;
constexpr unsigned kTasks = 3;

// A task in flight with an edge can move. With `begins` operations begin, so
// that a task which has an edge to a state may be in flight there and not
// before, or the other way.
Graph RandomGraph(base::Random& random, bool begins) {
  uint8_t busy[kStates];
  const unsigned all = random.Below(1 << kTasks);
  const unsigned some = begins ? random.Below(1 << kTasks) : 0;
  Graph graph;
  for (uint8_t& its : busy) {
    its = static_cast<uint8_t>(all ^ (random.Below(1 << kTasks) & some));
    graph.AddState(its);
  }
  for (unsigned at = 0; at < kStates; ++at) {
    graph.BeginWays();
    for (uint8_t task = 0; task < kTasks; ++task) {
      const bool begun = (busy[at] >> task & 1) != 0;
      if (random.OneOf(3) || !(begun || begins)) continue;
      graph.NoteAble(at, task);
      if (random.OneOf(3)) continue;  // it leads out of the bound
      const EventKind kind = !begun            ? EventKind::kBegin
                             : random.OneOf(4) ? EventKind::kDrop
                                               : EventKind::kStep;
      const unsigned to = random.Below(kStates);
      // No other task begins or ends.
      if (((busy[at] ^ busy[to]) & ~(1U << task)) == 0)
        graph.AddWay({to, {kind, task, 0}});
    }
  }
  return graph;
}

// Of a set of states and edges: what the two fairnesses ask of it.
struct Seen {
  unsigned moves = 0, waits = 0, able = 0, drops = 0, idle = 0, busy = 0;
  void Add(const Graph& graph, uint32_t at) {
    waits |= graph.busy(at) & ~graph.able(at);
    able |= graph.able(at);
    busy |= graph.busy(at);
    idle |= ~graph.busy(at);
  }
  void Add(const Edge& edge) {
    moves |= 1U << edge.task;
    if (edge.kind == EventKind::kDrop) drops |= 1U << edge.task;
  }
  bool IsFair(Fairness fairness) const {
    const unsigned rest = busy & ~idle & ~moves;
    return fairness == Fairness::kNone ||
           (fairness == Fairness::kWeak ? (rest & ~waits) == 0
                                        : (rest & able) == 0);
  }
};

// Whether each state of the set reaches each by edges inside, one at least.
bool IsConnected(const Graph& graph, unsigned set) {
  for (unsigned from = 0; from < kStates; ++from) {
    if ((set >> from & 1) == 0) continue;
    unsigned reached = 0;
    for (unsigned round = 0; round < kStates; ++round)
      for (unsigned at = 0; at < kStates; ++at)
        if (at == from || (reached >> at & 1) != 0)
          for (const Way& way : graph.WaysFrom(at))
            if ((set >> at & 1) != 0) reached |= 1U << way.to & set;
    if (reached != set) return false;
  }
  return true;
}

bool HasFairSet(const Graph& graph, unsigned states, Fairness fairness,
                unsigned droppers) {
  for (unsigned set = 1; set < 1U << kStates; ++set) {
    if ((set & ~states) != 0 || !IsConnected(graph, set)) continue;
    Seen seen;
    for (unsigned at = 0; at < kStates; ++at) {
      if ((set >> at & 1) == 0) continue;
      seen.Add(graph, at);
      for (const Way& way : graph.WaysFrom(at))
        if ((set >> way.to & 1) != 0) seen.Add(way.edge);
    }
    if ((droppers == 0 || (seen.drops & droppers) != 0) &&
        seen.IsFair(fairness))
      return true;
  }
  return false;
}

void ExpectFairLoop(const Graph& graph, const Loop& loop, unsigned states,
                    Fairness fairness, unsigned droppers) {
  ASSERT_FALSE(loop.ways.empty());
  Seen seen;
  uint32_t at = loop.at;
  for (const Way& way : loop.ways) {
    EXPECT_TRUE(states >> at & 1);
    const std::span<const Way> ways = graph.WaysFrom(at);
    EXPECT_TRUE(std::any_of(ways.begin(), ways.end(), [&](const Way& it) {
      return it.to == way.to && it.edge.task == way.edge.task &&
             it.edge.kind == way.edge.kind;
    }));
    seen.Add(graph, at);
    seen.Add(way.edge);
    at = way.to;
  }
  EXPECT_EQ(at, loop.at);
  EXPECT_TRUE(seen.IsFair(fairness));
  if (droppers != 0) {
    const Edge& first = loop.ways.front().edge;
    EXPECT_EQ(first.kind, EventKind::kDrop);
    EXPECT_TRUE(droppers >> first.task & 1);
  }
}

TEST(FairLoops, AreFoundWhereThereAreSome) {
  base::Random random(5);
  unsigned found[3] = {};
  for (int round = 0; round < 20000; ++round) {
    const Graph graph = RandomGraph(random, random.OneOf(2));
    const unsigned droppers = random.OneOf(2) ? random.Below(1 << kTasks) : 0;
    const unsigned states =
        random.Below(1 << kStates) | random.Below(1 << kStates);
    std::vector<uint32_t> list;
    for (unsigned at = 0; at < kStates; ++at)
      if ((states >> at & 1) != 0) list.push_back(at);
    for (const Fairness fairness :
         {Fairness::kNone, Fairness::kWeak, Fairness::kStrong}) {
      const std::optional<Loop> loop =
          FairLoops(graph, fairness, droppers, [] { return false; }).Find(list);
      ASSERT_EQ(loop.has_value(), HasFairSet(graph, states, fairness, droppers))
          << "round " << round;
      if (!loop) continue;
      ExpectFairLoop(graph, *loop, states, fairness, droppers);
      ++found[static_cast<size_t>(fairness)];
    }
  }
  // Each asks for more than the one before.
  EXPECT_GT(found[0], found[1]);
  EXPECT_GT(found[1], found[2]);
  EXPECT_GT(found[2], 100U);
}

// Task 0 goes round, and task 1 waits for a lock that is free in one of the two
// states: weak fairness lets it wait for ever, strong does not.
TEST(FairLoops, StrongFairnessLetsNobodyWaitThatCouldMoveAgainAndAgain) {
  const auto has = [](Fairness fairness, bool first, bool second) {
    Graph graph;
    for (const bool is_free : {first, second}) {
      graph.AddState(3);
      const uint32_t at = graph.size() - 1;
      graph.NoteAble(at, 0);
      if (is_free) graph.NoteAble(at, 1);
    }
    for (const uint32_t to : {1U, 0U}) {
      graph.BeginWays();
      graph.AddWay({to, {EventKind::kStep, 0, 0}});
    }
    return FairLoops(graph, fairness, 0, [] { return false; })
        .Find({0, 1})
        .has_value();
  };
  EXPECT_TRUE(has(Fairness::kNone, true, false));
  EXPECT_TRUE(has(Fairness::kWeak, true, false));
  EXPECT_FALSE(has(Fairness::kStrong, true, false));
  // A lock that is never held.
  EXPECT_TRUE(has(Fairness::kNone, true, true));
  EXPECT_FALSE(has(Fairness::kWeak, true, true));
  // One that always is.
  EXPECT_TRUE(has(Fairness::kStrong, false, false));
}

TEST(FairLoops, EndsEarly) {
  base::Random random(5);
  const Graph graph = RandomGraph(random, false);
  FairLoops loops(graph, Fairness::kNone, 0, [] { return true; });
  EXPECT_FALSE(loops.Find({0, 1, 2}).has_value());
  EXPECT_TRUE(loops.ended_early());
}

}  // namespace
}  // namespace vmtrunc::search
