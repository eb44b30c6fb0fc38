// Closed worlds: searches with no bound on the number of operations.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "base/random.h"
#include "core/about/bugs.h"
#include "search/prove.h"
#include "search/search_test.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

using Successor = std::tuple<uint8_t, uint8_t, uint16_t, uint64_t, uint32_t>;

// Explores states that keep the marks of ended passes, and returns how many
// have the key of another one, without these marks, that does not continue
// alike. `merged` counts those that have one's key.
int Differences(const Problem& problem, const ProveOptions& options,
                bool forgets, size_t most, int& merged) {
  ProveOptions with = options, without = options;
  with.old_marks = true;
  without.planted.forgets_counts = forgets;
  const Space<SmallCaps> all(problem, with), future(problem, without);
  absl::flat_hash_set<uint64_t> seen;
  std::map<uint64_t, std::set<Successor>> ways;
  std::deque<State<SmallCaps>> left;
  const auto add = [&](const State<SmallCaps>& state) {
    if (!all.IsBeyond(state.world) && all.Broken(state) == 0 &&
        seen.insert(all.Key(state)).second)
      left.push_back(state);
  };
  for (size_t i = 0; i < problem.starts.size(); ++i) add(all.Start(i));
  int differences = 0;
  for (size_t n = 0; n < most && !left.empty(); ++n) {
    const State<SmallCaps> state = left.front();
    left.pop_front();
    std::vector<Edge> edges;
    all.Edges(state, edges);
    std::set<Successor> its;
    for (const Edge& edge : edges) {
      State<SmallCaps> next = state;
      if (!all.Apply(next, edge)) continue;
      its.emplace(static_cast<uint8_t>(edge.kind), edge.task, edge.value,
                  future.Key(next), all.Broken(next));
      add(next);
    }
    const auto [at, is_new] = ways.try_emplace(future.Key(state), its);
    merged += is_new ? 0 : 1;
    differences += at->second == its ? 0 : 1;
  }
  return differences;
}

TEST(Closed, StatesThatDifferInMarksOfEndedPassesContinueAlike) {
  const Problem problem = ProblemOf(
      ClosedWorld(kSplits | Of({Verb::kMmap, Verb::kMremap, Verb::kRead}), 3));
  int merged = 0;
  for (const KernelInfo& kernel : AllKernels()) {
    const int differences = Differences(
        problem, ClosedSteps(RulesOf(kernel.name)), false, 20'000, merged);
    EXPECT_EQ(differences, 0) << kernel.name;
  }
  EXPECT_GT(merged, 10'000);
}

TEST(Closed, SoTheyDoWithAnyRuleFlipped) {
  const Problem problem =
      ProblemOf(ClosedWorld(kSplits | Of({Verb::kMremap, Verb::kRead}), 3));
  int merged = 0;
  for (const char* kernel : {"2.6.9-mm", "2.6.15", "repaired"}) {
    for (const RuleInfo& rule : AllRules()) {
      Rules rules = RulesOf(kernel);
      rules.*rule.flag = !(rules.*rule.flag);
      EXPECT_EQ(Differences(problem, ClosedSteps(rules), false, 1'500, merged),
                0)
          << kernel << " " << rule.name;
    }
  }
  EXPECT_GT(merged, 1'000);
}

TEST(Closed, AStateWithoutMarksOfThePassInFlightContinuesOtherwise) {
  int merged = 0;
  EXPECT_GT(Differences(ProblemOf(ClosedWorld(kSplits, 3)),
                        ClosedSteps(RulesOf("2.6.38")), true, 20'000, merged),
            0);
}

TEST(Closed, ReducedSearchHasTheSameVerdict) {
  const Problem problem = ProblemOf(ClosedWorld(kSplits | Of({Verb::kRead})));
  int broken = 0;
  for (const char* kernel : {"2.6.15", "6.18"}) {
    for (const RuleInfo& rule : AllRules()) {
      ProveOptions options = ClosedSteps(RulesOf(kernel));
      options.rules.*rule.flag = !(options.rules.*rule.flag);
      const Answer steps = Prove(problem, options).answer;
      options.reduce = true;
      EXPECT_EQ(Prove(problem, options).answer, steps)
          << kernel << " " << rule.name;
      broken += steps == Answer::kBreaks ? 1 : 0;
    }
  }
  EXPECT_GT(broken, 10);
}

// Takes random events from the last start. Returns how many states it met, and
// 0 if one is not among `closed`.
size_t Walk(const Problem& problem, const ProveOptions& options, int events,
            const absl::flat_hash_set<uint64_t>& closed) {
  const Space<SmallCaps> space(problem, options);
  base::Random random(1);
  absl::flat_hash_set<uint64_t> met;
  State<SmallCaps> state = space.Start(problem.starts.size() - 1);
  std::vector<Edge> edges;
  for (int event = 0; event < events; ++event) {
    edges.clear();
    space.Edges(state, edges);
    if (edges.empty()) return 0;
    State<SmallCaps> next = state;
    const Edge edge = edges[random.Below(static_cast<unsigned>(edges.size()))];
    if (!space.Apply(next, edge) || space.IsBeyond(next.world)) continue;
    state = next;
    if (!closed.contains(space.Key(state) | 1)) return 0;
    met.insert(space.Key(state) | 1);
  }
  return met.size();
}

TEST(Closed, RandomRunsOf100000EventsStayInside) {
  const Problem problem = ProblemOf(
      ClosedWorld(kSplits | Of({Verb::kMmap, Verb::kMremap, Verb::kRead})));
  for (const char* kernel : {"2.6.10", "2.6.38", "3.0", "6.18", "repaired"}) {
    ProveOptions options = ClosedSteps(RulesOf(kernel));
    absl::flat_hash_set<uint64_t> closed;
    options.on_state = [&](uint64_t key) { closed.insert(key); };
    ASSERT_EQ(Prove(problem, options).answer, Answer::kHolds) << kernel;
    // Its passes have 12 bits for their names.
    const int events = options.rules.restart_names_pass ? 5'000 : 100'000;
    EXPECT_GT(Walk(problem, options, events, closed), 100U) << kernel;
    // It is seen when a state is missing.
    absl::flat_hash_set<uint64_t> fewer;
    options.on_state = [&](uint64_t key) { fewer.insert(key); };
    Prove(ProblemOf(ClosedWorld(kSplits)), options);
    EXPECT_EQ(Walk(problem, options, events, fewer), 0U) << kernel;
  }
}

TEST(Closed, WhatABoundBreaksItsClosedWorldBreaks) {
  int broken = 0;
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "2.6.15", "3.0"}) {
    Bound bound = *FindBound("closed");
    bound.verbs = kSplits;
    ProveOptions options = ClosedSteps(RulesOf(kernel));
    options.reduce = true;
    const Answer closed = Prove(ProblemOf(bound), options).answer;
    EXPECT_NE(closed, Answer::kRanOut) << kernel;
    bound.closed = false;
    bound.passes = 2;
    if (Prove(ProblemOf(bound), options).answer != Answer::kBreaks) continue;
    EXPECT_EQ(closed, Answer::kBreaks) << kernel;
    ++broken;
  }
  EXPECT_GT(broken, 0);
}

// Any number of the operations of each known bug's script.
TEST(Closed, WhatTheSchedulesOfAScriptBreakItsClosedFormBreaks) {
  int broken = 0;
  for (const BugInfo& bug : AllBugs()) {
    if ((Bit(bug.property) & kHistoryProperties) != 0) continue;
    const Script script = ReadScript(
        std::string(VMTRUNC_SOURCE_DIR "/corpus/history/") + bug.script);
    const Problem once = ProblemOf(script);
    if (once.operations.size() > 4 || !Fits<SmallCaps>(once)) continue;
    ProveOptions options;
    options.rules = WithBug(bug).rules();
    options.properties = Bit(bug.property);
    options.steps_only = options.reduce = true;
    options.most_states = 200'000;
    const Problem closed = ClosedProblemOf(script, 5, 16);
    if (Prove(once, options).answer != Answer::kBreaks) continue;
    const ProveResult result = Prove(closed, options);
    EXPECT_NE(result.answer, Answer::kHolds) << bug.name;
    broken += result.answer == Answer::kBreaks ? 1 : 0;
  }
  EXPECT_GT(broken, 15);
}

// A task may begin an operation again when it has ended: by a script that
// mentions each once, what takes two.
TEST(Closed, AScriptsOperationsMayBeginAgain) {
  const Script script = Parse(
      "vmtrunc 1\nfile f 2\ntask a\ntask t\na mmap 1 2 f 0 populate\n"
      "a mprotect 1 1 r\na mprotect 1 1 rw\nt truncate f 0\n");
  ProveOptions options;
  options.rules = RulesOf("2.6.38");
  EXPECT_EQ(FindLasso(ProblemOf(script), options).answer, Answer::kHolds);
  const Problem closed = ClosedProblemOf(script, 3, 3);
  const LassoResult lasso = FindLasso(closed, options);
  EXPECT_EQ(lasso.answer, Answer::kBreaks);
  ExpectLoop(closed, lasso, options);
  options.rules = RulesOf("3.0");
  options.steps_only = true;
  const ProveResult steps = Prove(closed, options);
  options.reduce = true;
  const ProveResult reduced = Prove(closed, options);
  EXPECT_EQ(steps.answer, Answer::kHolds);
  EXPECT_EQ(reduced.answer, Answer::kHolds);
  EXPECT_LT(reduced.progress.states, steps.progress.states);
}

TEST(Closed, LeavesOutMappingsPastItsOffsets) {
  Bound bound = ClosedWorld(Of({Verb::kTruncate, Verb::kMremap}));
  ProveOptions options = ClosedSteps(RulesOf("3.0"));
  const ProveResult two = Prove(ProblemOf(bound), options);
  bound.offsets = 4;
  const ProveResult four = Prove(ProblemOf(bound), options);
  EXPECT_EQ(two.answer, Answer::kHolds);
  EXPECT_GT(two.beyond, 0U);
  EXPECT_GT(four.progress.states, two.progress.states);
}

TEST(Closed, DoesNotLookAtWhatPassesHaveDone) {
  EXPECT_EQ(
      PropertiesOf(ProblemOf(ClosedWorld(kSplits))) &
          (Bit(Property::kRestartProgress) | Bit(Property::kBoundedDrops)),
      0U);
  EXPECT_EQ(PropertiesOf(ProblemOf(OneMm(kSplits))), ~0U);
}

}  // namespace
}  // namespace vmtrunc::search
