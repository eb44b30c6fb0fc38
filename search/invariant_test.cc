// Searches with an invariant: their verdicts agree, and are what the states
// say.
#include "search/invariant.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/run/follow_test.h"
#include "search/search_test.h"
#include "search/simulate.h"

namespace vmtrunc::search {
namespace {

struct Asked {
  Problem problem;
  ProveOptions options;
};

Asked Ask(const Bound& bound, const char* kernel, const std::string& text) {
  Asked asked{ProblemOf(bound), {}};
  asked.options.rules = RulesOf(kernel);
  asked.options.properties = 0;
  asked.options.invariant = InvariantOf(text, *Condition::Parse(text),
                                        asked.problem, asked.options.rules);
  return asked;
}

constexpr Bound kBound =
    OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMprotect, Verb::kRead}));

constexpr const char* kTexts[] = {
    "past-size -> truncating",
    "quiet -> !past-size",
    "!dropped",
    "dropped -> !locked",
    "dropped -> pass & !quiet",
    "!(fault & pass)",
    "shrunk -> !mapped | truncating | past-size | fault",
    "restart -> shrunk",
    "restart -> pass",
    "removed -> past-size",
    "!empty | quiet | pass",
};

bool HoldsBy(const Asked& asked,
             const std::function<void(ProveOptions&)>& change) {
  ProveOptions options = asked.options;
  change(options);
  const ProveResult result = Prove(asked.problem, options);
  EXPECT_NE(result.answer, Answer::kRanOut);
  return result.answer == Answer::kHolds;
}

// States and their normal forms, events and steps, one job and two.
TEST(Invariant, AllSearchesAgree) {
  unsigned holds = 0, breaks = 0;
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "3.0"}) {
    for (const char* text : kTexts) {
      const Asked asked = Ask(kBound, kernel, text);
      const bool whole = HoldsBy(asked, [](ProveOptions&) {});
      const auto agrees = [&](const char* how, const auto& change) {
        EXPECT_EQ(HoldsBy(asked, change), whole)
            << kernel << ": " << text << ": " << how;
      };
      agrees("steps", [](ProveOptions& o) { o.steps_only = true; });
      agrees("exact", [](ProveOptions& o) { o.exact = true; });
      agrees("two jobs", [](ProveOptions& o) { o.jobs = 2; });
      agrees("plain", [](ProveOptions& o) { o.plain = o.steps_only = true; });
      // After a first search of few states too.
      EXPECT_EQ(ProveFewest(asked.problem, asked.options, 10).answer ==
                    Answer::kHolds,
                whole)
          << kernel << ": " << text;
      (whole ? holds : breaks) += 1;
    }
  }
  EXPECT_GT(holds, 5U);
  EXPECT_GT(breaks, 5U);
}

// After its last event it is false, and before it never was.
TEST(Invariant, ACounterexampleEndsWhereItIsFalse) {
  unsigned scripts = 0;
  for (const char* kernel : {"2.6.9-mm", "2.6.11"}) {
    for (const char* text : kTexts) {
      const Asked asked = Ask(kBound, kernel, text);
      const ProveResult result = ProveFewest(asked.problem, asked.options);
      if (result.answer != Answer::kBreaks) continue;
      EXPECT_TRUE(result.of_invariant);
      EXPECT_TRUE(result.fewest);
      std::string states;
      FollowWorld(result.script, asked.options.rules,
                  [&](const LargeWorld& world) {
                    states += asked.options.invariant.Holds(world) ? 'T' : 'F';
                  });
      EXPECT_EQ(states, std::string(states.size() - 1, 'T') + "F")
          << text << "\n"
          << ToText(result.script);
      ++scripts;
    }
  }
  EXPECT_GT(scripts, 5U);
}

// What holds by search is true in each state of random runs of the same bound;
// what some state of them violates, the search finds.
TEST(Invariant, RandomRunsAgreeWithTheSearch) {
  unsigned found = 0;
  for (const char* text : kTexts) {
    const Asked asked = Ask(kBound, "2.6.11", text);
    const bool holds = HoldsBy(asked, [](ProveOptions&) {});
    Reached reached;
    unsigned broken = 0;
    Simulate(asked.problem, asked.options, {.runs = 2000}, reached,
             [&](const SimulatedRun& run) {
               bool is_false = false;
               FollowWorld(run.script, asked.options.rules,
                           [&](const LargeWorld& world) {
                             is_false |= !asked.options.invariant.Holds(world);
                           });
               EXPECT_EQ(run.breaks, is_false) << ToText(run.script);
               EXPECT_EQ(run.verdict.of_invariant, is_false);
               broken += run.breaks ? 1U : 0U;
               return true;
             });
    EXPECT_EQ(holds, broken == 0) << text;
    found += broken != 0 ? 1U : 0U;
  }
  EXPECT_GT(found, 3U);
}

// The property of 2004 as a condition: the same kernels, as few events.
TEST(Invariant, SaysOfTheBugOf2004WhatThePropertySays) {
  const Bound bound =
      OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMremap, Verb::kRead}));
  for (const char* kernel : {"2.6.9-mm", "2.6.10", "2.6.11", "3.0"}) {
    const Asked asked = Ask(bound, kernel, "past-size -> truncating");
    ProveOptions property;
    property.rules = asked.options.rules;
    property.properties = Bit(Property::kNoPagePastSize);
    const ProveResult by_property = Prove(asked.problem, property);
    const ProveResult by_condition = Prove(asked.problem, asked.options);
    EXPECT_EQ(by_condition.answer, by_property.answer) << kernel;
    if (by_property.answer != Answer::kBreaks) continue;
    EXPECT_GE(by_condition.script.events.size(),
              by_property.script.events.size());
  }
}

// A function of one's own, in the small world and in that of scripts.
TEST(Invariant, MayBeAnyFunctionOfTheWorld) {
  Problem problem = ProblemOf(kBound);
  ProveOptions options;
  options.rules = RulesOf("2.6.11");
  options.properties = 0;
  const auto at_most = [&](unsigned most) {
    options.invariant = {"so many vmas", [most](const auto& world) {
                           unsigned linked = 0;
                           for (const Vma& vma : world.vmas)
                             linked += vma.state == VmaState::kLinked ? 1U : 0U;
                           return linked <= most;
                         }};
    const ProveResult small = Prove<SmallCaps>(problem, options);
    const ProveResult large = Prove<LargeCaps>(problem, options);
    EXPECT_EQ(small.answer, large.answer);
    EXPECT_EQ(ToText(small.script), ToText(large.script));
    return small.answer == Answer::kHolds;
  };
  // A vma of two pages, split once by mprotect.
  EXPECT_FALSE(at_most(1));
  EXPECT_TRUE(at_most(2));
}

// Of two violations in one state the property is named.
TEST(Invariant, MayStandBesideProperties) {
  Asked asked = Ask(kBound, "2.6.9-mm", "!shrunk");
  asked.options.properties = ~0U;
  const ProveResult result = Prove(asked.problem, asked.options);
  ASSERT_EQ(result.answer, Answer::kBreaks);
  EXPECT_TRUE(result.of_invariant);
  EXPECT_EQ(result.script.events.back().verb, Verb::kTruncate);
  const Bound bound =
      OneMm(Of({Verb::kTruncate, Verb::kMunmap, Verb::kMremap, Verb::kRead}));
  asked = Ask(bound, "2.6.9-mm", "past-size -> truncating");
  asked.options.properties = ~0U;
  EXPECT_FALSE(Prove(asked.problem, asked.options).of_invariant);
}

TEST(Invariant, IsPartOfTheProblem) {
  const Asked one = Ask(kBound, "2.6.11", "!dropped");
  const Asked other = Ask(kBound, "2.6.11", "!locked");
  ProveOptions none = one.options;
  none.invariant = {};
  EXPECT_NE(ProblemId(one.problem, one.options),
            ProblemId(other.problem, other.options));
  EXPECT_NE(ProblemId(one.problem, one.options), ProblemId(one.problem, none));
}

}  // namespace
}  // namespace vmtrunc::search
