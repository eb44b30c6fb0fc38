// The scout: what it runs is what it says, each way of generating finds bugs,
// and nothing is lost when the model stops.
#include "fuzz/scout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "core/about/bugs.h"
#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "fuzz/one_file_test.h"
#include "fuzz/race.h"
#include "fuzz/watched.h"
#include "fuzz/weave.h"

namespace vmtrunc::fuzz {
namespace {

Quest QuestFor(const std::string& name) {
  for (const BugInfo& bug : AllBugs())
    if (name == bug.name)
      return {.rules = WithBug(bug).rules(),
              .unlike = ParseKernelSpec(bug.kernel)->rules(),
              .reported = Bit(bug.property)};
  ADD_FAILURE() << name;
  return {};
}

// Pages that stay mapped, a race of two faults, which is not made, and one of a
// fork. On the first kernel passes drop their lock.
struct Planted {
  const char* bug;
  std::vector<Way> ways;  // that find it often
};
const Planted kPlanted[] = {
    {"HB-14", {Way::kMade, Way::kWoven, Way::kRaced}},
    {"HB-89", {Way::kWoven, Way::kRaced}},
    {"HB-85", {Way::kExplored}},
    {"HB-02", {Way::kExplored}},
};

TEST(Scout, EachWayFindsPlantedBugs) {
  for (const Planted& planted : kPlanted) {
    const Quest quest = QuestFor(planted.bug);
    Scout scout(quest);
    Script script;
    int found[kWays] = {};
    for (uint64_t seed = 0; seed < 40000; ++seed) {
      if (!scout.RunOne(seed, 32, script)) continue;
      ++found[static_cast<size_t>(WayOf(seed, quest.rules))];
      ASSERT_NE(vmtrunc::Run(script, quest.rules).broken & quest.reported, 0U);
      ASSERT_TRUE(vmtrunc::Run(script, *quest.unlike).holds())
          << ToText(script);
    }
    for (const Way way : planted.ways)
      EXPECT_GT(found[static_cast<size_t>(way)], 0)
          << planted.bug << " " << static_cast<unsigned>(way);
  }
}

TEST(Scout, ASoundKernelShowsNothing) {
  Quest quest{.rules = ParseKernelSpec("3.0")->rules()};
  Scout scout(quest);
  Script script;
  for (uint64_t seed = 0; seed < 20000; ++seed)
    ASSERT_FALSE(scout.RunOne(seed, 32, script)) << seed << ToText(script);
}

TEST(Scout, KeepsToTheEventsAndTheVerbs) {
  Quest quest{.rules = ParseKernelSpec("6.18")->rules()};
  quest.verbs = search::Bit(Verb::kMmap) | search::Bit(Verb::kTruncate) |
                search::Bit(Verb::kRead);
  Scout scout(quest);
  Script script;
  size_t most = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    const bool violates = scout.RunOne(seed, 20, script);
    // Schedules have as many steps as it takes.
    if (WayOf(seed, quest.rules) != Way::kExplored || violates)
      most = std::max(most, script.events.size());
    for (const Event& event : script.events)
      ASSERT_TRUE(event.verb == Verb::kNone ||
                  (quest.verbs & search::Bit(event.verb)) != 0)
          << ToText(script);
    ASSERT_NO_FATAL_FAILURE(ExpectReadsBack(script));
  }
  EXPECT_EQ(most, 20U);
}

TEST(Scout, IsDeterministicAndCounts) {
  Quest quest = QuestFor("HB-14");
  quest.reported = Bit(Property::kLockOrder);  // which nothing breaks
  FuzzStatus status{};
  Scout one(quest), other(quest);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto a = one.Run(seed, 32, &status);
    const auto b = other.Run(seed, 32, nullptr);
    ASSERT_EQ(a.has_value(), b.has_value());
    if (a) {
      EXPECT_EQ(ToText(*a), ToText(*b));
    }
  }
  EXPECT_GE(status.executions, 20 * kScouted);
  EXPECT_LT(status.executions, 20 * (kScouted + kMostAgain * 3));
  EXPECT_GT(status.effects, status.executions);
  EXPECT_GT(status.events, status.effects);
  EXPECT_GT(status.drops, 0U);
  EXPECT_EQ(status.scouted, 0U);
  EXPECT_GT(CountSeen(status.seen), 50U);
}

// Every script's states, for a growth curve, also where it looks for none: and
// what it hands on is the same.
TEST(Scout, CountsTheStatesOfEveryScript) {
  const Rules rules = RulesOf("2.6.11");
  constexpr size_t kStates = Checker<LargeCaps>::kFeatures;
  std::vector<uint8_t> counted(kStates), unlooked(kStates);
  Scout plain({.rules = rules, .reported = 0});
  Scout counts({.rules = rules, .reported = 0, .counted = counted.data()});
  Scout looks_for_none({.rules = rules,
                        .reported = 0,
                        .looks_for_states = false,
                        .counted = unlooked.data()});
  FuzzStatus status{};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto a = plain.Run(seed, 32, &status);
    const auto b = counts.Run(seed, 32, nullptr);
    ASSERT_EQ(a.has_value(), b.has_value());
    if (a) EXPECT_EQ(ToText(*a), ToText(*b));
    EXPECT_FALSE(looks_for_none.Run(seed, 32, nullptr).has_value());
  }
  EXPECT_EQ(counted, unlooked);
  EXPECT_GT(CountSeen(counted), CountSeen(status.seen));
  for (size_t i = 0; i < kStates; ++i)
    EXPECT_LE(status.seen[i], counted[i]) << i;
}

// What violates a property is handed on at once, whatever waits.
TEST(Scout, HandsOnViolationsFirst) {
  const Quest quest = QuestFor("HB-14");
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Scout scout(quest);
    base::Random random(seed);
    bool violates = false;
    for (int i = 0; i < 200 && !violates; ++i) {
      FuzzStatus status{};
      const auto script = scout.Run(random.Next(), 32, &status);
      violates = script &&
                 (vmtrunc::Run(*script, quest.rules).broken & quest.reported);
      // It ran fewer only where it had found something.
      ASSERT_TRUE(violates || status.executions >= kScouted);
    }
    EXPECT_TRUE(violates);
  }
}

// Some scripts are about pages that no generator names.
TEST(Scout, NamesPagesFarInTheFile) {
  Quest quest{.rules = ParseKernelSpec("6.1")->rules()};
  Scout scout(quest);
  Script script;
  int far = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    scout.RunOne(seed, 32, script);
    const auto is_far = [](const Event& event) { return event.pgoff >= 44; };
    far += std::ranges::any_of(script.events, is_far) ? 1 : 0;
    ASSERT_LE(script.setup.sizes[0], 64U);
  }
  EXPECT_GT(far, 20);
}

// Where the run continues, violations leave room for others.
TEST(Scout, KeepsGoing) {
  Quest quest = QuestFor("HB-21");  // nearly every script
  quest.keeps_going = true;
  quest.looks_for_states = false;
  Scout scout(quest);
  FuzzStatus status{};
  int found = 0;
  for (uint64_t seed = 0; seed < 100; ++seed)
    found += scout.Run(seed, 32, &status) ? 1 : 0;
  EXPECT_EQ(found, 50);
  EXPECT_GE(status.executions, 100 * kScouted);
}

// Of a sound kernel it hands on what shows new abstract states, as long as
// there are some; without them, nothing.
TEST(Scout, HandsOnNewStates) {
  Quest quest{.rules = ParseKernelSpec("3.0")->rules()};
  Scout with(quest);
  quest.looks_for_states = false;
  Scout without(quest);
  int early = 0, late = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const bool handed = with.Run(seed, 32, nullptr).has_value();
    (seed < 50 ? early : late) += handed ? 1 : 0;
    EXPECT_FALSE(without.Run(seed, 32, nullptr).has_value());
  }
  EXPECT_GT(early, 40);
  EXPECT_LT(late, 340);
}

// What stops the model is on disk: each event is reported before it runs, and
// the run is the same.
TEST(Scout, TellsEachEventBeforeItRuns) {
  const Quest quest = QuestFor("HB-02");
  Scout scout(quest);
  int explored = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Way way = WayOf(seed, quest.rules);
    std::vector<Event> told;
    const std::function<void(const Script&)> before =
        [&](const Script& script) {
          if (way == Way::kWoven || way == Way::kRaced)
            EXPECT_LE(script.events.size(), told.size() + 1);
          told = script.events;
        };
    Script script, again;
    const bool violates = scout.RunOne(seed, 32, script, &before);
    // Of all schedules the last event may have had no effect.
    if (way != Way::kExplored || violates) EXPECT_EQ(told, script.events);
    explored += way == Way::kExplored && violates ? 1 : 0;
    EXPECT_EQ(scout.RunOne(seed, 32, again), violates);
    EXPECT_EQ(again.events, script.events);
    EXPECT_EQ(again.setup, script.setup);
  }
  EXPECT_GT(explored, 0);
}

// Rare bugs are found by continuing from near misses: each in some of the ways,
// of which without that none does here.
TEST(Scout, ContinuesFromNearMisses) {
  for (const char* const bug : {"HB-89", "HB-89b", "HB-48"}) {
    const Quest quest = QuestFor(bug);
    Scout scout(quest);
    Script script;
    int found = 0;
    for (uint64_t seed = 0; seed < 60000; ++seed)
      if (const Way way = WayOf(seed, quest.rules);
          (way == Way::kWoven || way == Way::kRaced) &&
          scout.RunOne(seed, 32, script))
        ++found;
    EXPECT_GT(found, 0) << bug;
  }
}

// That of the state after each of the events, all of which must fit.
std::vector<NearMiss> MissesOf(const Script& script, Watched& watched) {
  std::vector<NearMiss> misses;
  for (const Event& event : script.events) {
    EXPECT_TRUE(watched.Apply(event));
    misses.push_back(NearestMiss(watched.world()));
  }
  return misses;
}

// A fault finds a vma, whose struct becomes a vma of another mm, which ends.
TEST(NearMiss, IsSeenWhereItIs) {
  using enum NearMiss;
  const Script script = Parse(
      "vmtrunc 1\nkernel 6.18-reader-keeps-mm\nfile f 4\n"
      "task a\ntask b mm a\ntask c\n"
      "a mmap 1 1 f 0\nb read 1 &\nb step\na munmap 1 1\nc mmap 1 1 f 0\n"
      "b step\nc exit &\nc step\nb step\nc finish\nb finish\n");
  const Rules rules = script.kernel->rules();
  Watched watched(script.setup, rules, 0, nullptr);
  EXPECT_EQ(MissesOf(script, watched),
            (std::vector{kNone, kNone, kNone, kFreedVma, kReusedVma, kReusedVma,
                         kReusedVma, kReusedVma, kOtherMm, kOtherMm, kNone}));
  EXPECT_EQ(watched.nearest(), kOtherMm);
  EXPECT_EQ(watched.nearest_events(), 9U);
}

// A mremap moves another vma to where the restart address of the first is; then
// the pass stops there in that one too.
constexpr const char* kEqualMarksText =
    "vmtrunc 1\nkernel 2.6.11\nfile f 10\ntask a\ntask t\n"
    "a mmap 11 5 f 1\na mmap 22 5 f 1 populate\n"
    "t truncate f 1 &\nt drop 3\na mremap 22 5 13 5\nt drop\n";

TEST(NearMiss, IsSeenWhereMarksAre) {
  using enum NearMiss;
  const Script script = Parse(kEqualMarksText);
  const Rules rules = script.kernel->rules();
  Watched watched(script.setup, rules, 0, nullptr);
  EXPECT_EQ(MissesOf(script, watched),
            (std::vector{kNone, kNone, kNone, kNone, kStrayMark, kEqualMarks}));
}

// Watches the first events of the script, which it keeps if they fit.
Watched WatchFirst(Script& script, const Rules& rules) {
  const std::vector<Event> first = std::exchange(script.events, {});
  Watched watched(script.setup, rules, CountedProperties(), nullptr);
  for (const Event& event : first)
    if (watched.Apply(event)) script.events.push_back(event);
  return watched;
}

// The run from a near miss on is that of the events that lead there and of
// those that follow, as if there had been no others.
// HB-15: pages move past the restart address from the one vma to the other.
TEST(Race, MovesOntoAnEqualMark) {
  Script script = Parse(kEqualMarksText);
  const Rules rules = script.kernel->rules();
  Watched watched(script.setup, rules, Bit(Property::kNoPagePastSize), nullptr);
  ASSERT_EQ(MissesOf(script, watched).back(), NearMiss::kEqualMarks);
  const size_t events = script.events.size();
  const search::Verbs mremap = search::Bit(Verb::kMremap);
  int found = 0;
  for (const search::Verbs verbs : {search::kAllVerbs, ~mremap})
    for (uint64_t seed = 0; seed < 100; ++seed) {
      base::Random random(seed);
      Race(script, watched, 16, random, verbs);
      found += watched.Finish() ? 1 : 0;
      for (size_t i = events; i < script.events.size(); ++i)
        EXPECT_TRUE(script.events[i].verb == Verb::kNone ||
                    (verbs & search::Bit(script.events[i].verb)) != 0);
      script.events.resize(events);
      watched.GoBack();
    }
  EXPECT_GE(found, 10);
}

TEST(Watched, GoesBack) {
  const Rules rules = RulesOf("2.6.10-fork-after-parent");
  unsigned back = 0, broken = 0;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    base::Random random(seed);
    Script script = StartWithOneFile(random);
    script.setup.mm_of[1] = 0;
    if (!Fits<SmallCaps>(script.setup)) continue;
    Watched watched = WatchFirst(script, rules);
    Race(script, watched, 30, random, search::kAllVerbs);
    bool violates = watched.Finish();
    for (int times = 0;
         times < 16 && !violates && watched.nearest() != NearMiss::kNone;
         ++times) {
      ++back;
      script.events.resize(watched.nearest_events());
      const unsigned before = watched.drops();
      watched.GoBack();
      EXPECT_EQ(watched.drops(), before);  // those that were left count too
      Race(script, watched, 30, random, search::kAllVerbs);
      violates = watched.Finish();
      const RunResult run = vmtrunc::Run<SmallCaps>(
          script.setup, script.events, rules, {.hash_state = false});
      ASSERT_EQ(violates, !run.holds()) << ToText(script);
      broken += violates ? 1 : 0;
    }
  }
  EXPECT_GT(back, 1000U);
  EXPECT_GT(broken, 0U);
}

// A run that is watched is the run of the script.
TEST(Watched, IsTheRunOfItsScript) {
  const Rules rules = ParseKernelSpec("2.6.11-mremap-resets")->rules();
  unsigned broken = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    base::Random random(seed);
    Script script = StartWithOneFile(random);
    if (!Fits<SmallCaps>(script.setup)) continue;
    Watched watched = WatchFirst(script, rules);
    (seed % 2 == 0 ? Weave : Race)(script, watched, 40, random,
                                   search::kAllVerbs);
    const bool violates = watched.Finish();
    const RunResult run = vmtrunc::Run<SmallCaps>(script.setup, script.events,
                                                  rules, {.hash_state = false});
    ASSERT_EQ(violates, !run.holds()) << ToText(script);
    ASSERT_EQ(watched.events(), run.events);
    ASSERT_EQ(watched.effects(), run.effects);
    ASSERT_EQ(watched.drops(), run.drops);
    broken += violates ? 1 : 0;
  }
  EXPECT_GT(broken, 20U);
}

}  // namespace
}  // namespace vmtrunc::fuzz
