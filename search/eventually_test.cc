// Runs in which a condition does not come true any more.
#include <gtest/gtest.h>

#include <functional>

#include "core/model/machine-inl.h"
#include "search/lasso.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

constexpr Bound kBound =
    OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMremap, Verb::kRead}));

// A run may end wherever nothing is in flight: there it has to be true, as
// `always` says by another search.
TEST(Eventually, IsTrueWhereverNothingIsInFlight) {
  unsigned holds = 0, breaks = 0;
  const Problem problem = ProblemOf(kBound);
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "3.0", "repaired"}) {
    for (const std::string text : {"!past-size", "!restart", "quiet",
                                   "mapped | shrunk", "!fault", "shrunk"}) {
      const Eventual result =
          Eventually(problem, kernel, text, Fairness::kWeak);
      const std::string always = "quiet -> (" + text + ")";
      ProveOptions options;
      options.rules = RulesOf(kernel);
      options.properties = 0;
      options.invariant = InvariantOf(always, *Condition::Parse(always),
                                      problem, options.rules);
      const Answer answer = Prove(problem, options).answer;
      EXPECT_EQ(result.lasso.answer, answer) << kernel << ": " << text;
      if (answer == Answer::kHolds) {
        ++holds;
        continue;
      }
      ++breaks;
      EXPECT_TRUE(result.lasso.idle);
      EXPECT_EQ(result.lasso.stem, result.lasso.script.events.size());
      EXPECT_TRUE(
          BreaksAtLast(result.lasso.script, RulesOf(kernel), result.eventually))
          << kernel << ": " << text << "\n"
          << ToText(result.lasso.script);
    }
  }
  EXPECT_GT(holds, 5U);
  EXPECT_GT(breaks, 5U);
}

const char kUndo[] =
    VMTRUNC_SOURCE_DIR "/corpus/history/HB-36b-two-passes-undo-each-other.vmt";

// Two passes that undo each other's work; 2.6.38 runs one at a time.
TEST(Eventually, PassesForEverAreFoundByEachFairness) {
  const Problem problem = ProblemOf(ReadScript(kUndo));
  for (const Fairness fairness :
       {Fairness::kNone, Fairness::kWeak, Fairness::kStrong}) {
    const Eventual result = Eventually(problem, "2.6.23", "quiet", fairness);
    ASSERT_EQ(result.lasso.answer, Answer::kBreaks);
    EXPECT_FALSE(result.lasso.idle);
    EXPECT_EQ(Eventually(problem, "2.6.38", "quiet", fairness).lasso.answer,
              Answer::kHolds);
    // It stays false, however often the loop is gone round.
    Script script = result.lasso.script;
    const std::vector<Event> loop(
        script.events.begin() + static_cast<std::ptrdiff_t>(result.lasso.stem),
        script.events.end());
    ASSERT_FALSE(loop.empty());
    for (int round = 0; round < 3; ++round) {
      for (const Event& event : loop) {
        EXPECT_TRUE(BreaksAtLast(script, RulesOf("2.6.23"), result.eventually));
        script.events.push_back(event);
      }
    }
    // Nothing in it is without effect.
    bool effects[kMaxEvents] = {};
    vmtrunc::Run<LargeCaps>(script, RulesOf("2.6.23"), {.had_effect = effects});
    for (size_t i = result.lasso.stem; i < script.events.size(); ++i)
      EXPECT_TRUE(effects[i]) << i << "\n" << ToText(script);
  }
}

// A run also ends where all that is in flight waits for another.
TEST(Eventually, ADeadlockIsAnEnd) {
  const Problem problem = ProblemOf(
      ReadScript(VMTRUNC_SOURCE_DIR
                 "/corpus/seeds/mremap-and-pass-wait-for-each-other.vmt"));
  const Eventual result =
      Eventually(problem, "2.6.11-relock-in-order", "quiet", Fairness::kStrong);
  ASSERT_EQ(result.lasso.answer, Answer::kBreaks);
  EXPECT_FALSE(result.lasso.idle);
  EXPECT_EQ(result.lasso.stem, result.lasso.script.events.size());
  EXPECT_TRUE(
      vmtrunc::Run(result.lasso.script, RulesOf("2.6.11-relock-in-order"))
          .breaks(Property::kNoDeadlock));
  EXPECT_EQ(
      Eventually(problem, "2.6.11", "quiet", Fairness::kStrong).lasso.answer,
      Answer::kHolds);
}

// While two passes undo each other's work, a fault of a third task may stand
// still only if nothing is asked of it.
TEST(Eventually, AFaultEndsWhereItsTaskMovesAgain) {
  const Problem problem =
      ProblemOf(Parse("vmtrunc 1\nfile f 5\ntask a\ntask b\ntask c\n"
                      "b mmap 22 4 f 2 populate\nc mmap 40 1 f 0\n"
                      "a truncate f 0 &\nb invalidate f 2 8 &\nc read 40\n"));
  EXPECT_EQ(
      Eventually(problem, "2.6.23", "!fault", Fairness::kNone).lasso.answer,
      Answer::kBreaks);
  EXPECT_EQ(
      Eventually(problem, "2.6.23", "!fault", Fairness::kWeak).lasso.answer,
      Answer::kHolds);
}

}  // namespace
}  // namespace vmtrunc::search
