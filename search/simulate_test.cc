// Random runs of a problem, and the phases that a search reaches.
#include "search/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/about/bugs.h"
#include "search/reached.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

ProveOptions OptionsOf(const char* kernel) {
  ProveOptions options;
  options.rules = ParseKernelSpec(kernel)->rules();
  return options;
}

std::vector<SimulatedRun> RunsOf(const Problem& problem,
                                 const ProveOptions& options,
                                 const SimulateOptions& simulate,
                                 Reached& reached) {
  std::vector<SimulatedRun> runs;
  Simulate(problem, options, simulate, reached, [&](const SimulatedRun& run) {
    runs.push_back(run);
    return true;
  });
  return runs;
}

constexpr Bound kBound =
    OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMprotect, Verb::kRead}));

TEST(Simulate, ARunDependsOnItsSeedAlone) {
  const Problem problem = ProblemOf(kBound);
  const ProveOptions options = OptionsOf("2.6.11");
  Reached reached;
  const auto all = RunsOf(problem, options, {.seed = 3, .runs = 20}, reached);
  ASSERT_EQ(all.size(), 20U);
  std::set<std::string> different;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto one =
        RunsOf(problem, options, {.seed = 3 + i, .runs = 1}, reached);
    EXPECT_EQ(ToText(one[0].script), ToText(all[i].script));
    different.insert(ToText(one[0].script));
  }
  EXPECT_GT(different.size(), 15U);
}

// Each event of a run has an effect in the world of scripts too, none is past
// the bound, and at the end nothing is left to do.
TEST(Simulate, ARunIsOneOfTheBound) {
  const Problem problem = ProblemOf(kBound);
  const ProveOptions options = OptionsOf("2.6.11");
  Reached reached;
  for (const SimulatedRun& run :
       RunsOf(problem, options, {.runs = 300}, reached)) {
    ASSERT_TRUE(run.ended);
    EXPECT_FALSE(StatesOf(problem, run.script, options).empty())
        << ToText(run.script);
    const RunResult result = vmtrunc::Run(run.script, options.rules);
    EXPECT_EQ(result.effects, run.script.events.size()) << ToText(run.script);
  }
  for (const Verb verb :
       {Verb::kTruncate, Verb::kMunmap, Verb::kMprotect, Verb::kRead})
    EXPECT_GT(reached.begun[static_cast<size_t>(verb)], 20U) << VerbName(verb);
}

// No event needs another struct; what would is left over.
TEST(Simulate, ARunNeedsNoMoreStructsThanTheBoundHas) {
  Bound bound = kBound;
  bound.vmas = 1;
  const Problem problem = ProblemOf(bound);
  const ProveOptions options = OptionsOf("2.6.11");
  Reached reached;
  unsigned beyond = 0;
  for (const SimulatedRun& run :
       RunsOf(problem, options, {.runs = 300}, reached)) {
    bool splits = false;  // at its end, where there are 64 structs
    RunTraced(run.script, options.rules, [&](const TraceStep& step) {
      const auto vmas = std::count_if(
          std::begin(step.world->vmas), std::end(step.world->vmas),
          [](const Vma& vma) { return vma.state != VmaState::kFree; });
      EXPECT_TRUE(vmas <= 1 || step.event == 0) << ToText(run.script);
      splits |= vmas > 1;
    });
    EXPECT_EQ(splits, run.beyond) << ToText(run.script);
    beyond += run.beyond ? 1U : 0U;
  }
  EXPECT_GT(beyond, 20U);
  EXPECT_LT(beyond, 280U);
}

// What is in flight then runs to its end, and may violate a property there.
TEST(Simulate, ARunThatIsCutIsCheckedToItsEnd) {
  Reached reached;
  const ProveOptions options = OptionsOf("2.6.9-mm");
  const Problem problem = ProblemOf(
      OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMremap, Verb::kRead})));
  unsigned cut_and_broken = 0;
  for (const SimulatedRun& run :
       RunsOf(problem, options, {.runs = 20000, .most_events = 10}, reached)) {
    ASSERT_EQ(run.breaks, !vmtrunc::Run(run.script, options.rules).holds())
        << ToText(run.script);
    Script shorter = run.script;
    shorter.events.pop_back();
    cut_and_broken +=
        run.breaks && !vmtrunc::Run(shorter, options.rules).holds() ? 1U : 0U;
  }
  EXPECT_GT(cut_and_broken, 0U);
}

TEST(Simulate, ARunEndsAtItsMostEvents) {
  Reached reached;
  const ProveOptions options = OptionsOf("2.6.11");
  for (const SimulatedRun& run :
       RunsOf(ProblemOf(kBound), options, {.runs = 20, .most_events = 5},
              reached)) {
    EXPECT_FALSE(run.ended);
    EXPECT_EQ(run.script.events.size(), 5U);
  }
}

// Random runs find the bug of 2004 and what a search finds, and nothing else.
TEST(Simulate, ViolatesWhatASearchViolates) {
  const Problem problem = ProblemOf(
      OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMremap, Verb::kRead})));
  unsigned found_in = 0;
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "3.0"}) {
    const ProveOptions options = OptionsOf(kernel);
    Reached reached;
    std::map<Property, SimulatedRun> broken;
    for (const SimulatedRun& run :
         RunsOf(problem, options, {.runs = 20000}, reached))
      if (run.breaks) broken.emplace(run.verdict.property, run);
    for (const auto& [property, run] : broken) {
      EXPECT_TRUE(vmtrunc::Run(run.script, options.rules).breaks(property));
      ProveOptions one = options;
      one.properties = 1U << static_cast<unsigned>(property);
      EXPECT_EQ(ProveFewest(problem, one).answer, Answer::kBreaks)
          << kernel << ": " << Name(property) << "\n"
          << ToText(run.script);
    }
    const bool found = Prove(problem, options).answer == Answer::kBreaks;
    EXPECT_EQ(!broken.empty(), found) << kernel;
    found_in += found ? 1U : 0U;
  }
  EXPECT_EQ(found_in, 1U);  // 2.6.9-mm
}

TEST(Simulate, OfAScriptItMakesItsOperationsInOrder) {
  const Script script =
      ReadScript(VMTRUNC_SOURCE_DIR
                 "/corpus/history/HB-07a-freed-vma-reused-by-split-top.vmt");
  const Problem problem = ProblemOf(script);
  const ProveOptions options = OptionsOf("2.6.9-mm");
  Reached reached;
  unsigned broken = 0;
  for (const SimulatedRun& run :
       RunsOf(problem, options, {.runs = 2000}, reached)) {
    broken += run.breaks ? 1U : 0U;
    EXPECT_EQ(run.script.setup, script.setup);
  }
  EXPECT_GT(broken, 0U);
  EXPECT_LT(broken, 2000U);
}

PhaseSet Entered(const Problem& problem, ProveOptions options,
                 bool fewest = false) {
  PhaseSet phases;
  options.phases = &phases;
  options.properties = Bit(Property::kIndexAgrees);
  const ProveResult result =
      fewest ? ProveFewest(problem, options, 100) : Prove(problem, options);
  EXPECT_EQ(result.answer, Answer::kHolds);
  return phases;
}

// However these are searched, the same phases are entered; random runs enter
// no other, and each is one that the operations may have.
TEST(Reached, AllSearchesEnterTheSamePhases) {
  for (const char* kernel : {"2.6.10", "2.6.11", "2.6.38", "6.18"}) {
    for (const Bound& bound :
         {kBound, OneMm(Of({Verb::kPunch, Verb::kMremap, Verb::kFork})),
          OneMm(Of({Verb::kInvalidate, Verb::kMmap, Verb::kRemap})),
          Pinned(true)}) {
      const Problem problem = ProblemOf(bound);
      ProveOptions options = OptionsOf(kernel);
      const PhaseSet whole = Entered(problem, options);
      EXPECT_EQ(whole & ~PhasesOf(problem), PhaseSet());
      EXPECT_EQ(Entered(problem, options, true), whole) << kernel;
      options.jobs = 2;
      options.steps_only = true;
      EXPECT_EQ(Entered(problem, options), whole) << kernel;
      options.reduce = true;
      EXPECT_EQ(Entered(problem, options), whole)
          << kernel << ": " << bound.name;
      Reached reached;
      RunsOf(problem, OptionsOf(kernel), {.runs = 300}, reached);
      EXPECT_EQ(reached.phases & ~whole, PhaseSet()) << kernel;
    }
  }
}

// Where a truncation waits in another order, a reduced search enters fewer: so
// of its phases nobody may say that they are all.
TEST(Reached, AReducedSearchMayEnterFewerPhases) {
  const Problem problem =
      ProblemOf(ClosedWorld(Of({Verb::kRead, Verb::kTruncate})));
  ProveOptions options = OptionsOf("7.0");
  options.steps_only = true;
  const PhaseSet whole = Entered(problem, options);
  options.reduce = true;
  const PhaseSet reduced = Entered(problem, options);
  EXPECT_EQ(reduced & ~whole, PhaseSet());
  EXPECT_LT(reduced.count(), whole.count());
}

// The position that PhaseOf() names is always among those that are noted.
TEST(Reached, NotesThePhaseThatAnOperationIsIn) {
  Op op{};
  op.verb = Verb::kTruncate;
  op.truncate.phase = TruncatePhase::kPages;
  op.truncate.removal.phase = RemovalPhase::kPass;
  op.pass.phase = PassPhase::kLock;
  PhaseSet phases;
  NotePhases(op, phases);
  EXPECT_EQ(phases.count(), 3U);
  size_t number = 0;
  std::string names;
  for (const PhaseList& list : PhaseLists())
    for (const PhaseInfo& point : list.points)
      if (phases.test(number++)) {
        names += list.of;
        names += " ";
        names += point.phase;
        names += ";";
      }
  EXPECT_EQ(names, "truncate, punch kPages;removal of pages kPass;pass kLock;");
}

}  // namespace
}  // namespace vmtrunc::search
