// Schedules of random programs: as many as `prove` has, and what they violate
// is a script.
#include "fuzz/explore.h"

#include <gtest/gtest.h>

#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "fuzz/one_file_test.h"
#include "search/prove.h"

namespace vmtrunc::fuzz {
namespace {

constexpr unsigned kAll = 1 << 14;  // states: more than these problems have

// A page moves back to where it was, while a punch removes it: corpus/history
// has the schedule (HB-39).
constexpr const char* kMovesBack =
    "vmtrunc 1\nfile f 4\ntask a\ntask t\n"
    "a mmap 10 4 f 0\na mremap 12 2 20 2\n"
    "a read 20\na mremap 20 2 12 2\nt punch f 2 1\n";

search::Problem Programs(std::string_view text, size_t whole) {
  const Script script = Parse(std::string(text));
  search::Problem problem = search::ProblemOf(script);
  const auto from = script.events.begin();
  const auto to = from + static_cast<ptrdiff_t>(whole);
  problem.starts[0].events.assign(from, to);
  problem.operations.assign(to, script.events.end());
  return problem;
}

TEST(Explore, FindsTheScheduleOfItsPrograms) {
  const search::Problem problem = Programs(kMovesBack, 2);
  constexpr uint32_t kReported = Bit(Property::kNoRemovedPageMapped);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (const bool flipped : {true, false}) {
      const Rules rules = RulesOf(flipped ? "6.18-merged-move-locks" : "6.18");
      Schedules<SmallCaps> schedules(rules, kReported, kAll);
      base::Random random(seed);
      Script script;
      RunCounts counts;
      ASSERT_EQ(
          schedules.Search(problem, nullptr, random, nullptr, script, counts),
          flipped);
      EXPECT_GE(counts.events, counts.effects);
      if (!flipped) {
        EXPECT_GT(counts.runs, 10U);
        continue;
      }
      EXPECT_NE(vmtrunc::Run(script, rules).broken & kReported, 0U);
      const size_t steps = script.events.size();
      JoinSteps<SmallCaps>(script, rules);
      EXPECT_LT(script.events.size(), steps);
      EXPECT_NE(vmtrunc::Run(script, rules).broken & kReported, 0U);
    }
  }
}

// One task has one schedule.
TEST(Explore, CountsSchedules) {
  const Rules rules = RulesOf("3.0");
  const auto runs = [&](std::string_view text) {
    Schedules<SmallCaps> schedules(rules, CountedProperties(), kAll);
    base::Random random(1);
    Script script;
    RunCounts counts;
    EXPECT_FALSE(schedules.Search(Programs(text, 1), nullptr, random, nullptr,
                                  script, counts));
    return counts.runs;
  };
  const std::string head =
      "vmtrunc 1\nfile f 2\ntask a\ntask b\na mmap 10 2 f 0 populate\n";
  EXPECT_EQ(runs(head), 1U);
  EXPECT_EQ(runs(head + "a munmap 10 1\n"), 1U);
  EXPECT_GT(runs(head + "a munmap 10 1\nb truncate f 0\n"), 2U);
}

// Where the problem is small enough, the verdict is that of the search that
// keeps all states.
TEST(Explore, AgreesWithProve) {
  unsigned broken = 0, held = 0;
  for (const char* const kernel :
       {"2.6.10-fork-after-parent", "6.1-table-move-locks", "6.18"}) {
    const Rules rules = RulesOf(kernel);
    Schedules<SmallCaps> schedules(rules, CountedProperties(), kAll);
    for (uint64_t seed = 0; seed < 400; ++seed) {
      base::Random random(seed);
      const Script start = StartWithOneFile(random);
      if (!Fits<SmallCaps>(start.setup)) continue;
      const search::Problem problem =
          RandomPrograms(start, rules, search::kAllVerbs, random);
      search::ProveOptions options;
      options.rules = rules;
      options.steps_only = options.reduce = true;
      options.most_states = kAll / 2;
      const search::ProveResult proved =
          search::Prove<SmallCaps>(problem, options);
      if (proved.answer == search::Answer::kRanOut) continue;
      Script script;
      RunCounts counts;
      const bool violates =
          schedules.Search(problem, nullptr, random, nullptr, script, counts);
      ASSERT_EQ(violates, proved.answer == search::Answer::kBreaks)
          << kernel << " " << seed;
      ++(violates ? broken : held);
      if (!violates) continue;
      EXPECT_FALSE(vmtrunc::Run(script, rules).holds()) << ToText(script);
      JoinSteps<SmallCaps>(script, rules);
      EXPECT_FALSE(vmtrunc::Run(script, rules).holds()) << ToText(script);
    }
  }
  EXPECT_GT(broken, 20U);
  EXPECT_GT(held, 500U);
}

// Uninterrupted steps are one event; what follows a drop is not its operation.
TEST(Explore, JoinsSteps) {
  const auto joined = [](const std::string& events) {
    const std::string head =
        "vmtrunc 1\nfile f 4\ntask a\ntask b\na mmap 10 4 f 0 populate\n";
    Script script = Parse(head + events);
    JoinSteps<LargeCaps>(script, RulesOf("2.6.11"));
    const std::string text = ToText(script);
    return text.substr(text.find("populate\n") + 9);
  };
  EXPECT_EQ(joined("b truncate f 0\na read 10\n"),
            "b truncate f 0\na read 10\n");
  // To the end of the script, or of the operation.
  EXPECT_EQ(joined("b truncate f 0 &\nb step\nb step\n"), "b truncate f 0\n");
  EXPECT_EQ(joined("a read 10 &\na step\na step\nb truncate f 0\n"),
            "a read 10\nb truncate f 0\n");
  // Interrupted.
  EXPECT_EQ(joined("b truncate f 0 &\nb step\na munmap 10 1\nb step\nb step\n"),
            "b truncate f 0 &\nb step\na munmap 10 1\nb finish\n");
  EXPECT_EQ(joined("b truncate f 0 &\nb drop\nb step\nb step\n"),
            "b truncate f 0 &\nb drop\nb finish\n");
}

// A whole page table has no place in a small world.
TEST(Explore, FindsATableThatMoves) {
  const Rules rules = RulesOf("6.1-table-move-locks");
  Schedules<LargeCaps> schedules(rules, Bit(Property::kNoStaleTlb));
  int found = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    base::Random random(seed);
    const search::Problem problem =
        ProgramsOnTables(rules, search::kAllVerbs, random);
    Script script;
    RunCounts counts;
    if (!schedules.Search(problem, nullptr, random, nullptr, script, counts))
      continue;
    ASSERT_FALSE(vmtrunc::Run(script, rules).holds());
    found += vmtrunc::Run(script, RulesOf("6.1")).holds() ? 1 : 0;
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace vmtrunc::fuzz
