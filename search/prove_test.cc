// Exhaustive search finds each known bug, holds what holds, does not depend on
// its reductions or its threads, and contains what scripts reach.
#include "search/prove.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "core/about/bugs.h"
#include "search/canonical.h"
#include "search/lasso.h"
#include "search/search_test.h"
#include "search/store.h"

namespace vmtrunc::search {
namespace {

namespace fs = std::filesystem;

constexpr Bound kTwoMms =
    TwoMms(Of({Verb::kMunmap, Verb::kMprotect, Verb::kFork, Verb::kTruncate}),
           /*operations=*/1);
constexpr Bound kPinned = Pinned(/*shmem=*/false);
constexpr Bound kPinnedShmem = Pinned(/*shmem=*/true);

// All schedules of each known bug's script: with the flip some break, and
// without none does.
TEST(Prove, TheFlipCausesEachKnownBug) {
  int searched = 0;
  for (const BugInfo& bug : AllBugs()) {
    const Script script =
        ReadScript(fs::path(VMTRUNC_SOURCE_DIR "/corpus/history") / bug.script);
    if (script.events.size() > 30) continue;  // HB-09: 256 passes
    // Two mremaps of many pages take minutes without the flip, with ASan.
    const std::string name = bug.name;
    const bool wide = name == "HB-15" || name == "HB-07d";
    ++searched;
    const Problem problem = ProblemOf(script);
    ProveOptions options;
    options.properties = Bit(bug.property);
    options.rules = WithBug(bug).rules();
    const ProveResult flipped = Prove(problem, options);
    ASSERT_EQ(flipped.answer, Answer::kBreaks) << bug.name;
    EXPECT_EQ(flipped.property, bug.property) << bug.name;
    EXPECT_LE(flipped.script.events.size(), script.events.size()) << bug.name;
    if (wide) continue;
    options.properties = CountedProperties();
    options.rules = RulesOf(bug.kernel);
    const ProveResult right = Prove(problem, options);
    EXPECT_EQ(right.answer, Answer::kHolds) << bug.name << "\n"
                                            << ToText(right.script);
  }
  EXPECT_GE(searched, 30);
}

// The bug of 2004 takes five events, and F2 eight: nothing shorter breaks.
TEST(Prove, TheBugOf2004TakesFiveEvents) {
  ProveOptions options;
  options.properties = Bit(Property::kNoPagePastSize);
  options.jobs = 2;
  Bound bound = kMovingMm;
  bound.verbs = Of({Verb::kMprotect, Verb::kMremap, Verb::kTruncate});
  bound.private_too = false;
  bound.operations = 2;
  const ProveResult result = SearchBound(bound, "2.6.9-mm", options);
  ASSERT_EQ(result.answer, Answer::kBreaks);
  EXPECT_EQ(result.script.events.size(), 5U) << ToText(result.script);
  EXPECT_EQ(SearchBound(bound, "2.6.10", options).answer, Answer::kHolds);
}

// done-is-unmapped holds in every run of a bound where all else does, and where
// a rule is flipped it breaks: reduced or not, in as many events.
TEST(Prove, WhatAPassTakesForDoneIsUnmapped) {
  Bound bound = *FindBound("tiny");
  bound.mms = 1;
  bound.operations = 1;
  for (const bool reduce : {false, true}) {
    ProveOptions options;
    options.properties = Bit(Property::kDoneIsUnmapped);
    options.reduce = options.steps_only = reduce;
    for (const char* kernel :
         {"2.6.10", "repaired", "2.6.38+pass-clears-restarts",
          "2.6.23+unmap-mutex+pass-clears-restarts"})
      EXPECT_EQ(SearchBound(bound, kernel, options).answer, Answer::kHolds)
          << kernel;
    const ProveResult flipped =
        SearchBound(bound, "2.6.11-mremap-resets", options);
    ASSERT_EQ(flipped.answer, Answer::kBreaks);
    EXPECT_EQ(flipped.property, Property::kDoneIsUnmapped);
  }
}

// In whichever of the searches it is found: as many events as one search of
// all orders says.
TEST(Prove, TheFewestEventsAgreeWithTheWholeSearch) {
  Bound bound = kMovingMm;
  bound.verbs =
      Of({Verb::kMprotect, Verb::kMremap, Verb::kRead, Verb::kTruncate});
  for (const char* kernel :
       {"2.6.9-mm", "2.6.11-importer-rescans", "2.6.11-fault-rechecks-count",
        "2.6.11", "2.6.23-second-pass"}) {
    const Problem problem = ProblemOf(bound);
    ProveOptions options;
    options.rules = RulesOf(kernel);
    const ProveResult whole = Prove(problem, options);
    for (const uint64_t first : {uint64_t{0}, kFirstStates}) {
      const ProveResult fewest = ProveFewest(problem, options, first);
      EXPECT_EQ(fewest.answer, whole.answer) << kernel;
      EXPECT_TRUE(fewest.fewest);
      EXPECT_EQ(fewest.script.events.size(), whole.script.events.size())
          << kernel << ToText(fewest.script);
      EXPECT_EQ(fewest.reduced.states != 0,
                first == 0 && whole.answer == Answer::kBreaks);
    }
  }
}

struct Case {
  const Bound* bound;
  const char* kernel;
};
constexpr Case kCases[] = {
    {&kMovingMm, "2.6.11"},
    {&kMovingMm, "2.6.11-cut-is-done"},
    {&kMovingMm, "3.0"},
    {&kTwoMms, "2.6.9-mm"},
    {&kTwoMms, "2.6.11"},
    {&kTwoMms, "2.6.10-fork-after-parent"},
    {&kTwoPassesOfAPage, "2.6.38-unmap-mutex"},
    {&kTwoPassesOfAPage, "6.18"},
    {&kTwoPassesOfAPage, "repaired"},
    {&kPinned, "6.18"},
    {&kPinnedShmem, "6.1"},
};

// The normal form changes no verdict and no length, and merges states.
TEST(Prove, TheNormalFormLosesNothing) {
  for (const Case& it : kCases) {
    ProveOptions options;
    const ProveResult normal = SearchBound(*it.bound, it.kernel, options);
    options.plain = true;
    const ProveResult plain = SearchBound(*it.bound, it.kernel, options);
    ASSERT_NE(normal.answer, Answer::kRanOut);
    EXPECT_EQ(normal.answer, plain.answer) << it.kernel;
    EXPECT_EQ(normal.script.events.size(), plain.script.events.size())
        << it.kernel;
    EXPECT_LE(normal.progress.states, plain.progress.states) << it.kernel;
  }
}

// The events that are several steps reach no state that steps do not, and lose
// none.
TEST(Prove, StepsReachTheSameStates) {
  for (const Case& it : kCases) {
    std::set<uint64_t> by_events, by_steps;
    ProveOptions options;
    options.symmetry = false;  // which events do not have
    options.on_state = [&](uint64_t key) { by_events.insert(key); };
    const ProveResult events = SearchBound(*it.bound, it.kernel, options);
    options.steps_only = true;
    options.on_state = [&](uint64_t key) { by_steps.insert(key); };
    const ProveResult steps = SearchBound(*it.bound, it.kernel, options);
    EXPECT_EQ(events.answer, steps.answer) << it.kernel;
    if (events.answer == Answer::kHolds) {
      EXPECT_TRUE(by_events == by_steps) << it.kernel;
      EXPECT_LE(steps.progress.transitions, events.progress.transitions);
    }
  }
}

// Whole states are as many as fingerprints.
TEST(Prove, ExactStatesAreTheSame) {
  for (const Case& it : kCases) {
    ProveOptions options;
    const ProveResult hashed = SearchBound(*it.bound, it.kernel, options);
    options.exact = true;
    const ProveResult exact = SearchBound(*it.bound, it.kernel, options);
    EXPECT_EQ(exact.answer, hashed.answer) << it.kernel;
    EXPECT_EQ(exact.levels, hashed.levels) << it.kernel;
    EXPECT_EQ(ToText(exact.script), ToText(hashed.script)) << it.kernel;
    EXPECT_GT(exact.progress.bytes, hashed.progress.bytes);
  }
}

TEST(Store, PacksDifferentStatesDifferently) {
  base::Random random(3);
  std::set<std::string> states, packed;
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> state(random.Below(600));
    for (uint8_t& byte : state)
      byte = static_cast<uint8_t>(random.Below(3) == 0 ? random.Below(3) : 0);
    states.emplace(state.begin(), state.end());
    std::string to;
    Pack(state, to);
    packed.insert(to);
  }
  for (size_t zeros = 600; zeros < 1200; ++zeros) {
    std::string to;
    Pack(std::vector<uint8_t>(zeros), to);
    packed.insert(to);
  }
  EXPECT_EQ(packed.size(), states.size() + 600);
}

TEST(Prove, JobsDoNotChangeTheResult) {
  for (const Case& it : kCases) {
    ProveOptions options;
    const ProveResult one = SearchBound(*it.bound, it.kernel, options);
    options.jobs = 3;
    const ProveResult three = SearchBound(*it.bound, it.kernel, options);
    EXPECT_EQ(one.answer, three.answer);
    EXPECT_EQ(ToText(one.script), ToText(three.script)) << it.kernel;
    EXPECT_EQ(one.levels, three.levels) << it.kernel;
    EXPECT_EQ(one.progress.transitions, three.progress.transitions);
  }
}

// A random script of the problem's operations.
Script RandomScript(const Problem& problem, base::Random& random) {
  Script script =
      problem
          .starts[random.Below(static_cast<unsigned>(problem.starts.size()))];
  for (int i = 0; i < 14; ++i) {
    Event event = problem.operations[random.Below(
        static_cast<unsigned>(problem.operations.size()))];
    if (random.Below(2) == 0) event.kind = EventKind::kBegin;
    if (random.Below(2) == 0) {
      event = Event{};
      event.kind = random.Below(3) == 0 ? EventKind::kDrop : EventKind::kStep;
      event.task = static_cast<uint8_t>(random.Below(4));
    }
    script.events.push_back(event);
  }
  return script;
}

// Abstract states are those of a search that takes no states for one, whatever
// is asked.
TEST(Prove, ReachesAllAbstractStates) {
  Bound bound = OneMm(Of({Verb::kMunmap, Verb::kMremap, Verb::kTruncate}));
  bound.pages = 1;
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "2.6.38", "repaired"}) {
    std::set<std::vector<uint8_t>> all;
    for (const bool plain : {true, false})
      for (const Property property :
           {Property::kIndexAgrees, Property::kBoundedDrops}) {
        std::vector<uint8_t> features(Checker<SmallCaps>::kFeatures);
        ProveOptions options;
        options.steps_only = true;
        options.plain = plain;
        options.properties = Bit(property);
        options.features = features.data();
        ASSERT_EQ(SearchBound(bound, kernel, options).answer, Answer::kHolds);
        all.insert(features);
      }
    EXPECT_EQ(all.size(), 1U) << kernel;
  }
}

// What a random script reaches, the search has: exhaustive search says
// unreachable and a fuzzer reaches it is itself a failure.
TEST(Prove, ContainsWhatScriptsReach) {
  base::Random random(12);
  for (const Case& it : {kCases[2], kCases[4], kCases[7], kCases[9]}) {
    const Problem problem = ProblemOf(*it.bound);
    std::set<uint64_t> states;
    ProveOptions options;
    options.rules = RulesOf(it.kernel);
    options.properties = Bit(Property::kNoPagePastSize);
    options.on_state = [&](uint64_t key) { states.insert(key); };
    ASSERT_EQ(Prove(problem, options).answer, Answer::kHolds) << it.kernel;
    int inside = 0;
    size_t reached = 0;
    for (int i = 0; i < 20000; ++i) {
      Script script = RandomScript(problem, random);
      // The part of it that stays within the bound.
      std::vector<uint64_t> keys = StatesOf(problem, script, options);
      while (keys.empty() && !script.events.empty()) {
        script.events.pop_back();
        keys = StatesOf(problem, script, options);
      }
      inside += keys.size() > 4 ? 1 : 0;
      for (const uint64_t key : keys) {
        ASSERT_TRUE(states.contains(key)) << it.kernel << ToText(script);
        ++reached;
      }
    }
    EXPECT_GT(inside, 100) << it.kernel;
    EXPECT_GT(reached, 30000U) << it.kernel;
  }
}

// A search that is cut off anywhere, even within what it writes, resumes with
// the same result.
TEST(Prove, ContinuesFromItsCheckpoint) {
  const fs::path directory =
      fs::path(testing::TempDir()) / absl::StrCat("prove", ::getpid());
  for (const Case& it : {kCases[0], kCases[5], kCases[6], kCases[9]}) {
    const ProveResult whole = SearchBound(*it.bound, it.kernel);
    for (const uint64_t cut : {0U, 1U, 1000U, 5000U}) {
      fs::remove_all(directory);
      ProveOptions options;
      options.checkpoint = directory;
      options.most_bytes = uint64_t{1} << 19;  // it runs out
      SearchBound(*it.bound, it.kernel, options);
      const uint64_t size = fs::file_size(directory / "prove");
      fs::resize_file(directory / "prove", size - std::min(size, cut));
      options.most_bytes = uint64_t{1} << 32;
      const ProveResult rest = SearchBound(*it.bound, it.kernel, options);
      EXPECT_EQ(rest.answer, whole.answer);
      EXPECT_EQ(rest.levels, whole.levels) << it.kernel << " " << cut;
      EXPECT_EQ(rest.progress.states, whole.progress.states);
      EXPECT_EQ(rest.progress.transitions, whole.progress.transitions);
      EXPECT_EQ(ToText(rest.script), ToText(whole.script));
      // Again, when all is there.
      const ProveResult again = SearchBound(*it.bound, it.kernel, options);
      EXPECT_EQ(again.answer, whole.answer);
      EXPECT_EQ(ToText(again.script), ToText(whole.script));
    }
    ProveOptions options;
    options.checkpoint = directory;
    EXPECT_EQ(SearchBound(*it.bound, "2.6.10-leap", options).answer,
              Answer::kFailed);
  }
  fs::remove_all(directory);
}

TEST(Prove, ReportsThatItRanOut) {
  ProveOptions options;
  options.most_bytes = 1 << 18;
  const ProveResult memory = SearchBound(kMovingMm, "3.0", options);
  EXPECT_EQ(memory.answer, Answer::kRanOut);
  EXPECT_GT(memory.progress.left, 0U);
  const std::atomic<bool> stop = true;
  options = {};
  options.stop = &stop;
  EXPECT_EQ(SearchBound(kMovingMm, "3.0", options).answer, Answer::kRanOut);
}

// Two passes undo each other's marks for ever (HB-36), where no mutex keeps one
// of them out; and what is reported is a loop.
TEST(Lasso, ExistsOnlyWithoutTheMutex) {
  const Script script =
      ReadScript(VMTRUNC_SOURCE_DIR
                 "/corpus/history/HB-36b-two-passes-undo-each-other.vmt");
  const Problem problem = ProblemOf(script);
  for (const auto& [kernel, loops] : {std::pair{"2.6.9-mm", true},
                                      {"2.6.11", true},
                                      {"2.6.15", true},
                                      {"2.6.23", true},
                                      {"2.6.38-unmap-mutex", true},
                                      {"2.6.38", false},
                                      {"repaired", false},
                                      {"3.0", false},
                                      {"2.6.10", false}}) {
    ProveOptions options;
    options.rules = RulesOf(kernel);
    const LassoResult lasso = FindLasso(problem, options);
    ASSERT_EQ(lasso.answer, loops ? Answer::kBreaks : Answer::kHolds) << kernel;
    if (!loops) continue;
    ExpectLoop(problem, lasso, options);
    EXPECT_TRUE(std::any_of(
        lasso.script.events.begin() + static_cast<std::ptrdiff_t>(lasso.stem),
        lasso.script.events.end(),
        [](const Event& e) { return e.kind == EventKind::kDrop; }));
  }
}

// One pass and a few operations: no kernel drops its lock for ever.
TEST(Lasso, OnePassEnds) {
  const Problem problem = ProblemOf(kMovingMm);
  for (const char* kernel : {"2.6.9-mm", "2.6.11", "2.6.38"}) {
    ProveOptions options;
    options.rules = RulesOf(kernel);
    const LassoResult lasso = FindLasso(problem, options);
    EXPECT_EQ(lasso.answer, Answer::kHolds) << kernel << ToText(lasso.script);
    EXPECT_GT(lasso.states, 1000U);
  }
}

// A slab that hands structs out first in, first out needs a small one to use a
// struct again: the script then violates there, and is said not to elsewhere.
TEST(Prove, ReportsWhereAScriptDoesNotReplay) {
  Bound bound = *FindBound("tiny");
  bound.mms = 1;
  bound.vmas = 3;
  ProveOptions options;
  options.properties = Bit(Property::kNoPagePastSize);
  const ProveResult result = SearchBound(bound, "2.6.9-mm-slab-lifo", options);
  ASSERT_EQ(result.answer, Answer::kBreaks);
  EXPECT_FALSE(result.replays);
  EXPECT_TRUE(SearchBound(bound, "2.6.9-mm", options).replays);
}

// An operation that cannot begin is over; those after it run.
TEST(Prove, SchedulesEventsAfterAnOperationWithoutEffect) {
  Script script =
      ReadScript(VMTRUNC_SOURCE_DIR
                 "/corpus/history/HB-36b-two-passes-undo-each-other.vmt");
  Event fork;
  fork.kind = EventKind::kStart;
  fork.verb = Verb::kFork;
  fork.new_addr = 1;  // lives already
  script.events.insert(script.events.begin() + 1, fork);
  const Problem problem = ProblemOf(script);
  ProveOptions options;
  options.rules = RulesOf("2.6.38-unmap-mutex");
  EXPECT_EQ(Prove(problem, options).answer, Answer::kBreaks);
}

// A narrow count comes round: states before and after are not one.
TEST(Prove, DistinguishesCountsNearTheWrap) {
  struct Setup setup;  // testing::Test has a Setup() of its own
  setup.count_bits = 8;
  setup.tasks = 1;
  const Rules rules = RulesOf("2.6.11");
  World<SmallCaps> a = MakeWorld<SmallCaps>(setup, rules);
  World<SmallCaps> b = a;
  a.files[0].truncate_count = 255;
  b.files[0].truncate_count = 254;
  EXPECT_NE(Fingerprint(a, rules, 0, Keeps::kHistories),
            Fingerprint(b, rules, 0, Keeps::kHistories));
  a.count_mask = b.count_mask = 0xffffffff;  // far from it, they are
  EXPECT_EQ(Fingerprint(a, rules, 0, Keeps::kHistories),
            Fingerprint(b, rules, 0, Keeps::kHistories));
}

// A file pte may have any index, also one that no file of the world has, and a
// fault there finds no page (it does not fall back to the linear one).
TEST(Prove, TheSmallWorldHasFilePtesPastTheEnd) {
  const Script script = *ParseText(
      R"(vmtrunc 1
file f 3
task a
a mmap 13 3 f 0
a remap 13 2 15
a remap 15 1 255
a read 13
a read 14
a read 15
)");
  const Rules rules = RulesOf("2.6.23");
  World<SmallCaps> small = MakeWorld<SmallCaps>(script.setup, rules);
  World<LargeCaps> large = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<SmallCaps> small_probe;
  NoProbe<LargeCaps> large_probe;
  Machine<SmallCaps, NoProbe<SmallCaps>> in_small(small, rules, small_probe);
  Machine<LargeCaps, NoProbe<LargeCaps>> in_large(large, rules, large_probe);
  for (const Event& event : script.events) {
    in_small.Apply(event);
    in_large.Apply(event);
  }
  for (unsigned addr = 13; addr < 16; ++addr)
    EXPECT_EQ(small.mms[0].ptes[addr], large.mms[0].ptes[addr]) << addr;
  const auto file_pte = [](unsigned index) {
    return Pte::Make(PteKind::kFilePte, index, false);
  };
  EXPECT_EQ(large.mms[0].ptes[13], file_pte(15));
  EXPECT_EQ(large.mms[0].ptes[14], file_pte(16));
  EXPECT_EQ(large.mms[0].ptes[15], file_pte(255));
}

}  // namespace
}  // namespace vmtrunc::search
