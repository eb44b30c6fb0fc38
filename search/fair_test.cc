// Fair loops of small graphs, against all sets of their states.
#include "search/fair.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace vmtrunc::search {
namespace {

constexpr unsigned kStates = 5;
constexpr unsigned kTasks = 3;

// All states have the same tasks in flight. A task with an edge can move.
Graph RandomGraph(base::Random& random) {
  Graph graph;
  graph.ways.resize(kStates);
  graph.busy.assign(kStates, static_cast<uint8_t>(random.Below(1 << kTasks)));
  graph.able.assign(kStates, 0);
  for (unsigned at = 0; at < kStates; ++at) {
    for (uint8_t task = 0; task < kTasks; ++task) {
      if ((graph.busy[at] >> task & 1) == 0 || random.OneOf(3)) continue;
      graph.able[at] = static_cast<uint8_t>(graph.able[at] | 1U << task);
      if (random.OneOf(3)) continue;  // it leads out of the bound
      const EventKind kind =
          random.OneOf(4) ? EventKind::kDrop : EventKind::kStep;
      graph.ways[at].push_back({random.Below(kStates), {kind, task, 0}});
    }
  }
  return graph;
}

// Of a set of states and edges: what the two fairnesses ask of it.
struct Seen {
  unsigned moves = 0, waits = 0, able = 0;
  bool drops = false;
  void Add(const Graph& graph, uint32_t at) {
    waits |= static_cast<unsigned>(graph.busy[at] & ~graph.able[at]);
    able |= graph.able[at];
  }
  void Add(const Edge& edge) {
    moves |= 1U << edge.task;
    drops |= edge.kind == EventKind::kDrop;
  }
  bool IsFair(unsigned busy, Fairness fairness) const {
    const unsigned rest = busy & ~moves;
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
          for (const Way& way : graph.ways[at])
            if ((set >> at & 1) != 0) reached |= 1U << way.to & set;
    if (reached != set) return false;
  }
  return true;
}

bool HasFairSet(const Graph& graph, unsigned states, Fairness fairness,
                bool drops) {
  for (unsigned set = 1; set < 1U << kStates; ++set) {
    if ((set & ~states) != 0 || !IsConnected(graph, set)) continue;
    Seen seen;
    for (unsigned at = 0; at < kStates; ++at) {
      if ((set >> at & 1) == 0) continue;
      seen.Add(graph, at);
      for (const Way& way : graph.ways[at])
        if ((set >> way.to & 1) != 0) seen.Add(way.edge);
    }
    if ((seen.drops || !drops) && seen.IsFair(graph.busy[0], fairness))
      return true;
  }
  return false;
}

void ExpectFairLoop(const Graph& graph, const Loop& loop, unsigned states,
                    Fairness fairness, bool drops) {
  ASSERT_FALSE(loop.ways.empty());
  Seen seen;
  uint32_t at = loop.at;
  for (const Way& way : loop.ways) {
    EXPECT_TRUE(states >> at & 1);
    EXPECT_TRUE(std::any_of(
        graph.ways[at].begin(), graph.ways[at].end(), [&](const Way& it) {
          return it.to == way.to && it.edge.task == way.edge.task &&
                 it.edge.kind == way.edge.kind;
        }));
    seen.Add(graph, at);
    seen.Add(way.edge);
    at = way.to;
  }
  EXPECT_EQ(at, loop.at);
  EXPECT_TRUE(seen.IsFair(graph.busy[0], fairness));
  if (drops) {
    EXPECT_EQ(loop.ways.front().edge.kind, EventKind::kDrop);
  }
}

TEST(FairLoops, AreFoundWhereThereAreSome) {
  base::Random random(5);
  unsigned found[3] = {};
  for (int round = 0; round < 20000; ++round) {
    const Graph graph = RandomGraph(random);
    const bool drops = random.OneOf(2);
    const unsigned states =
        random.Below(1 << kStates) | random.Below(1 << kStates);
    std::vector<uint32_t> list;
    for (unsigned at = 0; at < kStates; ++at)
      if ((states >> at & 1) != 0) list.push_back(at);
    for (const Fairness fairness :
         {Fairness::kNone, Fairness::kWeak, Fairness::kStrong}) {
      const std::optional<Loop> loop =
          FairLoops(graph, fairness, drops, [] { return false; }).Find(list);
      ASSERT_EQ(loop.has_value(), HasFairSet(graph, states, fairness, drops))
          << "round " << round;
      if (!loop) continue;
      ExpectFairLoop(graph, *loop, states, fairness, drops);
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
  const Edge step{EventKind::kStep, 0, 0};
  Graph graph{
      .ways = {{{1, step}}, {{0, step}}}, .busy = {3, 3}, .able = {3, 1}};
  const auto has = [&](Fairness fairness) {
    return FairLoops(graph, fairness, false, [] { return false; })
        .Find({0, 1})
        .has_value();
  };
  EXPECT_TRUE(has(Fairness::kNone));
  EXPECT_TRUE(has(Fairness::kWeak));
  EXPECT_FALSE(has(Fairness::kStrong));
  graph.able = {3, 3};  // a lock that is never held
  EXPECT_TRUE(has(Fairness::kNone));
  EXPECT_FALSE(has(Fairness::kWeak));
  graph.able = {1, 1};  // one that always is
  EXPECT_TRUE(has(Fairness::kStrong));
}

TEST(FairLoops, EndsEarly) {
  base::Random random(5);
  const Graph graph = RandomGraph(random);
  FairLoops loops(graph, Fairness::kNone, false, [] { return true; });
  EXPECT_FALSE(loops.Find({0, 1, 2}).has_value());
  EXPECT_TRUE(loops.ended_early());
}

}  // namespace
}  // namespace vmtrunc::search
