// States that differ in the names of tasks and mms alone are one.
#include "search/symmetry.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/about/bugs.h"
#include "search/prove.h"
#include "search/search_test.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

using Future = std::set<std::pair<uint64_t, uint32_t>>;

constexpr Bound TwoProcesses(Verbs verbs, unsigned vmas = 3) {
  Bound bound = ClosedWorld(verbs, vmas);
  bound.mms = 2;
  return bound;
}

// Of processes that have mapped nothing yet.
Problem FromNothing(const Bound& bound) {
  Problem problem = ProblemOf(bound);
  problem.starts.resize(1);
  return problem;
}

size_t NamesOf(const Bound& bound) {
  const Problem problem = ProblemOf(bound);
  return SymmetryOf<SmallCaps>(problem, ClosedSteps(RulesOf("3.0"))).size();
}

TEST(Symmetry, IsOfProcessesTheirTasksAndPasses) {
  Bound bound = TwoProcesses(kSplits);
  EXPECT_EQ(NamesOf(bound), 2U);
  bound.threads = 2;
  EXPECT_EQ(NamesOf(bound), 8U);
  bound.mms = 1;
  EXPECT_EQ(NamesOf(bound), 2U);
  bound.passes = 2;
  EXPECT_EQ(NamesOf(bound), 4U);
  bound.threads = 1;
  EXPECT_EQ(NamesOf(bound), 2U);
  bound.passes = 1;
  EXPECT_EQ(NamesOf(bound), 1U);
}

// With a child of fork, which is neither of the two.
TEST(Symmetry, LeavesAChildItsName) {
  const Bound bound = TwoProcesses(kSplits | Of({Verb::kFork}));
  const Problem problem = ProblemOf(bound);
  const auto all = SymmetryOf<SmallCaps>(problem, ClosedSteps(RulesOf("3.0")));
  ASSERT_EQ(all.size(), 2U);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].task[3], 3);
    EXPECT_EQ(all[i].mm[3], 3);
  }
}

TEST(Symmetry, IsNoneWhereNamesMatter) {
  const Problem problem = ProblemOf(TwoProcesses(kSplits));
  ProveOptions options = ClosedSteps(RulesOf("3.0"));
  const auto names = [&](const Problem& of) {
    return SymmetryOf<SmallCaps>(of, options).size();
  };
  EXPECT_EQ(names(problem), 2U);
  options.steps_only = false;  // a script may end in each state
  EXPECT_EQ(names(problem), 1U);
  options.steps_only = true;
  options.invariant = Invariant("any", [](const auto&) { return true; });
  EXPECT_EQ(names(problem), 1U);
  options.invariant = {};
  Problem unlike = problem;
  unlike.alike = false;
  EXPECT_EQ(names(unlike), 1U);
  // One process may do what the other may not.
  Problem less = problem;
  less.operations.erase(less.operations.begin());
  EXPECT_EQ(names(less), 1U);
}

struct Explored {
  size_t states = 0, classes = 0;
  size_t differences = 0;  // classes of which two states continue differently
  size_t of_orbits = 0;    // states of the classes that were met
};

// Explores states under their own names, and compares those that are one under
// others.
Explored Explore(const Problem& problem, ProveOptions options, size_t most) {
  options.symmetry = false;
  ProveOptions named = options;
  named.symmetry = true;
  const Space<SmallCaps> all(problem, options), classes(problem, named);
  const auto symmetry = SymmetryOf<SmallCaps>(problem, named);
  absl::flat_hash_map<uint64_t, Future> futures;
  std::set<uint64_t> seen;
  std::deque<State<SmallCaps>> left;
  Explored result;
  const auto add = [&](const State<SmallCaps>& state) {
    if (!all.IsBeyond(state.world) && all.Broken(state) == 0 &&
        seen.insert(all.Key(state)).second)
      left.push_back(state);
  };
  for (size_t i = 0; i < problem.starts.size(); ++i) add(all.Start(i));
  for (; result.states < most && !left.empty(); ++result.states) {
    const State<SmallCaps> state = left.front();
    left.pop_front();
    std::vector<Edge> edges;
    all.Edges(state, edges);
    Future future;
    for (const Edge& edge : edges) {
      State<SmallCaps> next = state;
      if (!all.Apply(next, edge)) continue;
      const bool beyond = all.IsBeyond(next.world);
      future.emplace(beyond ? 0 : classes.Key(next), all.Broken(next));
      add(next);
    }
    const auto [at, is_new] = futures.try_emplace(classes.Key(state), future);
    if (!is_new) {
      result.differences += at->second == future ? 0 : 1;
      continue;
    }
    std::set<std::vector<uint8_t>> orbit;
    for (size_t i = 0; i < symmetry.size(); ++i) {
      std::vector<uint8_t> form;
      CanonicalBytes(state.world, options.rules, 0, KeepsOf(problem, options),
                     &symmetry[i], form);
      orbit.insert(form);
    }
    result.of_orbits += orbit.size();
  }
  result.classes = futures.size();
  return result;
}

constexpr Verbs kAll =
    kSplits | Of({Verb::kMmap, Verb::kMremap, Verb::kRead, Verb::kWrite});

TEST(Symmetry, StatesThatDifferInNamesContinueAlike) {
  const Problem problem = FromNothing(TwoProcesses(kAll));
  for (const KernelInfo& kernel : AllKernels()) {
    const Explored explored =
        Explore(problem, ClosedSteps(RulesOf(kernel.name)), 8'000);
    EXPECT_EQ(explored.differences, 0U) << kernel.name;
    EXPECT_GT(explored.states - explored.classes, 1'000U) << kernel.name;
  }
}

// One process may unmap, and the other may not.
TEST(Symmetry, StatesOfUnlikeProcessesContinueOtherwise) {
  Problem problem = FromNothing(TwoProcesses(kAll));
  std::erase_if(problem.operations, [](const Event& event) {
    return event.task == 1 && event.verb == Verb::kMunmap;
  });
  ProveOptions options = ClosedSteps(RulesOf("3.0"));
  options.planted.takes_all_tasks_for_alike = true;
  EXPECT_GT(Explore(problem, options, 8'000).differences, 0U);
}

// States of a bound that are one under other names continue alike, and there
// are many.
void ExpectSameUnderOtherNames(const Bound& bound, const char* kernel) {
  ProveOptions options;
  options.rules = RulesOf(kernel);
  options.steps_only = true;
  const Explored explored = Explore(FromNothing(bound), options, 10'000);
  EXPECT_EQ(explored.differences, 0U) << kernel;
  EXPECT_GT(explored.states - explored.classes, 1'000U) << kernel;
}

// Also what passes have done, which a bound that is not closed keeps.
TEST(Symmetry, SoDoThoseOfTwoPassesAndOfTwoTasksOfAProcess) {
  Bound bound = TwoMms(kAll | Of({Verb::kPunch, Verb::kInvalidate}), 2);
  bound.passes = 2;
  bound.in_flight = 3;
  Bound threads = OneMm(kAll);
  threads.threads = 2;
  threads.passes = 2;
  threads.in_flight = 3;
  for (const char* kernel : {"2.6.9-mm", "2.6.23", "repaired", "6.18"}) {
    for (const Bound& it : {bound, threads})
      ExpectSameUnderOtherNames(it, kernel);
  }
}

// One that has exited has no number any more, and its mm may be the child's of
// another.
TEST(Symmetry, SoTheyDoWhereTasksExit) {
  Bound processes = TwoMms(
      Of({Verb::kMmap, Verb::kExit, Verb::kFork, Verb::kRead, Verb::kTruncate}),
      3);
  Bound threads = processes;
  threads.mms = 1;
  threads.threads = 2;
  Bound both = TwoMms(Of({Verb::kMmap, Verb::kExit, Verb::kTruncate}), 3);
  both.threads = 2;
  for (const char* kernel : {"2.6.11", "3.0", "6.18"}) {
    for (const Bound& it : {processes, threads, both})
      ExpectSameUnderOtherNames(it, kernel);
  }
}

TEST(Symmetry, SoTheyDoWithAnyRuleFlipped) {
  const Problem problem = FromNothing(TwoProcesses(kAll));
  for (const char* kernel : {"2.6.11", "6.18"}) {
    for (const RuleInfo& rule : AllRules()) {
      Rules rules = RulesOf(kernel);
      rules.*rule.flag = !(rules.*rule.flag);
      EXPECT_EQ(Explore(problem, ClosedSteps(rules), 1'000).differences, 0U)
          << kernel << " " << rule.name;
    }
  }
}

TEST(Symmetry, AllStatesAreTheStatesUnderOtherNames) {
  const Problem problem =
      FromNothing(TwoProcesses(Of({Verb::kMmap, Verb::kMprotect}), 2));
  for (const char* kernel : {"2.6.11", "3.0", "6.18"}) {
    ProveOptions options = ClosedSteps(RulesOf(kernel));
    options.properties = 0;  // so that no state ends the search
    const Explored explored = Explore(problem, options, 1'000'000);
    const ProveResult classes = Prove(problem, options);
    EXPECT_EQ(classes.answer, Answer::kHolds);
    EXPECT_EQ(explored.classes, classes.progress.states) << kernel;
    EXPECT_LE(explored.states, explored.of_orbits) << kernel;
    EXPECT_LT(classes.progress.states, explored.states * 7 / 10) << kernel;
    options.exact = true;
    EXPECT_EQ(Prove(problem, options).progress.states, classes.progress.states);
    options.exact = options.symmetry = false;
    EXPECT_EQ(Prove(problem, options).progress.states, explored.states);
  }
}

// Whichever of two tasks has exited: the orbits of the classes are all states,
// each once.
TEST(Symmetry, StatesAfterAnExitAreStatesUnderOtherNames) {
  Bound bound = OneMm(Bit(Verb::kExit));
  bound.threads = bound.operations = 2;
  const Problem problem = FromNothing(bound);
  ProveOptions options = ClosedSteps(RulesOf("3.0"));
  const Explored explored = Explore(problem, options, 1'000);
  EXPECT_EQ(explored.classes, Prove(problem, options).progress.states);
  EXPECT_EQ(explored.of_orbits, explored.states);
}

// Of each known bug, where two processes are.
TEST(Symmetry, ChangesNoVerdict) {
  Bound bound = TwoMms(kSplits | Of({Verb::kMremap, Verb::kRead}), 1);
  int broken = 0;
  for (const BugInfo& bug : AllBugs()) {
    ProveOptions options;
    options.rules = WithBug(bug).rules();
    options.properties = Bit(bug.property);
    options.steps_only = options.reduce = true;
    options.most_states = 50'000;
    const Problem problem = ProblemOf(bound);
    const ProveResult named = Prove(problem, options);
    options.symmetry = false;
    const ProveResult own = Prove(problem, options);
    if (own.answer == Answer::kRanOut || named.answer == Answer::kRanOut)
      continue;
    EXPECT_EQ(named.answer, own.answer) << bug.name;
    broken += own.answer == Answer::kBreaks ? 1 : 0;
  }
  EXPECT_GT(broken, 5);
}

}  // namespace
}  // namespace vmtrunc::search
