// Closed worlds: what must end there, whatever else begins and ends meanwhile.
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/run/run.h"
#include "search/lasso.h"
#include "search/prove.h"
#include "search/search_test.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

// How many states cannot come to one where nothing is in flight by the steps of
// what is in flight there: found backwards, from where nothing is.
size_t Stuck(const Problem& problem, const ProveOptions& options) {
  const Space<SmallCaps> space(problem, options);
  absl::flat_hash_map<uint64_t, uint32_t> numbers;
  std::deque<State<SmallCaps>> left;
  std::vector<std::vector<uint32_t>> from;
  std::vector<uint32_t> ends;
  const auto number = [&](const State<SmallCaps>& state) {
    const auto [at, is_new] = numbers.try_emplace(
        space.Key(state), static_cast<uint32_t>(from.size()));
    if (!is_new) return at->second;
    from.emplace_back();
    if (BusyTasks(state.world) == 0) ends.push_back(at->second);
    left.push_back(state);
    return at->second;
  };
  for (size_t i = 0; i < problem.starts.size(); ++i) number(space.Start(i));
  std::vector<Edge> edges;
  for (uint32_t at = 0; !left.empty(); ++at, left.pop_front()) {
    edges.clear();
    space.Edges(left.front(), edges);
    for (const Edge& edge : edges) {
      State<SmallCaps> next = left.front();
      if (!space.Apply(next, edge)) continue;
      if (space.IsBeyond(next.world)) {
        if (edge.kind != EventKind::kBegin) ends.push_back(at);
        continue;
      }
      const uint32_t to = number(next);
      if (edge.kind != EventKind::kBegin) from[to].push_back(at);
    }
  }
  std::vector<bool> can_end(from.size());
  size_t count = 0;
  while (!ends.empty()) {
    const uint32_t at = ends.back();
    ends.pop_back();
    if (can_end[at]) continue;
    can_end[at] = true;
    ++count;
    ends.insert(ends.end(), from[at].begin(), from[at].end());
  }
  return from.size() - count;
}

// The verdict on no-deadlock, which runs each state to its end, against a
// search backwards.
TEST(ClosedLiveness, WhatIsInFlightCanEndWhereNoDeadlockHolds) {
  const Problem problem = ProblemOf(
      ClosedWorld(kSplits | Of({Verb::kMremap, Verb::kRead, Verb::kFork})));
  int stuck = 0;
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "2.6.11-relock-in-order",
                             "2.6.38", "3.0-fork-unlocks-on-error", "6.18"}) {
    ProveOptions options = ClosedSteps(RulesOf(kernel));
    options.properties = Bit(Property::kNoDeadlock);
    const bool can_end = Stuck(problem, options) == 0;
    stuck += can_end ? 0 : 1;
    for (const bool reduce : {false, true}) {
      options.reduce = reduce;
      EXPECT_EQ(Prove(problem, options).answer,
                can_end ? Answer::kHolds : Answer::kBreaks)
          << kernel << (reduce ? ", reduced" : "");
    }
  }
  EXPECT_GT(stuck, 0);
}

// F10: what a pass has done is undone as often as it drops its lock.
TEST(ClosedLiveness, APassThatDropsItsLockCanBeHeldForEver) {
  for (const Verb verb : {Verb::kMprotect, Verb::kMremap}) {
    const Problem problem =
        ProblemOf(ClosedWorld(Bit(Verb::kTruncate) | Bit(verb)));
    for (const char* kernel : {"2.6.9-mm", "2.6.11", "2.6.15", "2.6.23",
                               "2.6.38", "repaired", "2.6.10", "3.0", "6.18"}) {
      const ProveOptions options = ClosedSteps(RulesOf(kernel));
      const LassoResult lasso =
          FindLasso(problem, options, {.fairness = Fairness::kStrong});
      ASSERT_EQ(lasso.answer == Answer::kBreaks, options.rules.drop_lock)
          << kernel << " " << VerbName(verb);
      if (!options.rules.drop_lock) continue;
      ExpectLoop(problem, lasso, options);
      // One pass, and operations that begin.
      bool begins = false;
      for (size_t i = lasso.stem; i < lasso.script.events.size(); ++i) {
        const Event& event = lasso.script.events[i];
        begins |= event.kind == EventKind::kBegin;
        EXPECT_FALSE(event.kind == EventKind::kBegin && IsPass(event.verb));
      }
      EXPECT_TRUE(begins);
    }
  }
}

// A new vma has the file's count, and what is unmapped is no more: neither
// gives a pass anything to do again (HB-12).
TEST(ClosedLiveness, MmapAndMunmapDoNotHoldIt) {
  const Verbs verbs = Of({Verb::kTruncate, Verb::kMmap, Verb::kMunmap});
  const Problem problem = ProblemOf(ClosedWorld(verbs));
  int held = 0;
  for (const char* kernel : {"2.6.11", "2.6.38", "2.6.11-link-stamps"}) {
    const LassoResult lasso = FindLasso(problem, ClosedSteps(RulesOf(kernel)));
    EXPECT_EQ(lasso.answer,
              RulesOf(kernel).link_stamps ? Answer::kHolds : Answer::kBreaks)
        << kernel;
    held += lasso.answer == Answer::kBreaks ? 1 : 0;
  }
  EXPECT_EQ(held, 1);
}

// In a fair run each pass ends, where it keeps its lock.
TEST(ClosedLiveness, EachPassEndsWhereItKeepsItsLock) {
  const Problem problem =
      ProblemOf(ClosedWorld(kSplits | Of({Verb::kMremap, Verb::kRead})));
  const auto ends = [&](const char* kernel, Fairness fairness) {
    return Eventually(problem, kernel, "!truncating", fairness).lasso.answer;
  };
  for (const char* kernel : {"2.6.10", "3.0", "5.4", "6.18", "7.0"})
    EXPECT_EQ(ends(kernel, Fairness::kStrong), Answer::kHolds) << kernel;
  // A lock without a queue may be held whenever the pass looks.
  EXPECT_EQ(ends("3.0", Fairness::kWeak), Answer::kBreaks);
  EXPECT_EQ(ends("2.6.38", Fairness::kStrong), Answer::kBreaks);
}

}  // namespace
}  // namespace vmtrunc::search
