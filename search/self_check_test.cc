// The self-check agrees where nothing is wrong, and catches each mistake that
// is planted in what the search trusts.
#include "search/self_check.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "core/about/touch.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

constexpr Bound kOneMm =
    OneMm(Of({Verb::kMunmap, Verb::kMprotect, Verb::kMremap, Verb::kRead,
              Verb::kFork, Verb::kTruncate}));

SelfCheck Check(const Bound& bound, const std::string& kernel,
                ProveOptions options = {}) {
  options.rules = RulesOf(kernel);
  options.properties = (1U << kProperties) - 1;
  return CheckSearch(ProblemOf(bound), options, [](const SelfCheckWay&) {});
}

std::string Said(const SelfCheck& found) {
  std::string said;
  for (const SelfCheckDifference& difference : found.differences) {
    said += difference.what + "\n";
    for (const Script& script : difference.scripts) said += ToText(script);
  }
  return said;
}

bool Says(const SelfCheck& found, const std::string& what) {
  for (const SelfCheckDifference& difference : found.differences)
    if (difference.what.find(what) != std::string::npos) return true;
  return false;
}

TEST(SelfCheck, AgreesOnEveryKernel) {
  for (const KernelInfo& kernel : AllKernels()) {
    const SelfCheck found = Check(kOneMm, kernel.name);
    EXPECT_EQ(Said(found), "") << kernel.name;
    ASSERT_EQ(found.ways.size(), 5U);
    for (const SelfCheckWay& way : found.ways) {
      EXPECT_TRUE(way.is_through) << kernel.name << " " << way.name;
      if (way.runs == 0) {
        EXPECT_EQ(way.broken, found.ways[0].broken) << way.name;
      }
    }
    EXPECT_GT(found.merged, 1000U);
    EXPECT_GT(found.orders, 1000U);
  }
}

TEST(SelfCheck, AgreesWhereTasksOfAProcessExit) {
  Bound bound = OneMm(Of({Verb::kExit, Verb::kRead, Verb::kTruncate}));
  bound.pages = 1;
  bound.threads = 2;
  for (const char* kernel : {"2.6.11", "3.0", "6.18"}) {
    const SelfCheck found = Check(bound, kernel);
    EXPECT_EQ(Said(found), "") << kernel;
    for (const SelfCheckWay& way : found.ways)
      EXPECT_TRUE(way.is_through) << kernel << " " << way.name;
    EXPECT_GT(found.merged, 100U) << kernel;
  }
}

TEST(SelfCheck, AgreesForEachFlippedRule) {
  for (const char* kernel : {"2.6.11-importer-rescans", "2.6.38-unmap-mutex",
                             "6.18-clip-to-range"}) {
    const SelfCheck found = Check(kTwoPassesOfAPage, kernel);
    EXPECT_EQ(Said(found), "") << kernel;
  }
  // The normal form keeps the counts of vmas that are not linked yet, and with
  // them what a split has copied.
  for (const char* kernel : {"2.6.11-fork-inherits", "6.18-fork-inherits"}) {
    const SelfCheck found = Check(kOneMm, kernel);
    EXPECT_EQ(Said(found), "") << kernel;
  }
}

// So that a rule with a state of its own cannot be forgotten, in whatever
// company it comes.
TEST(SelfCheck, AgreesOnRandomFlipsOfRandomRules) {
  constexpr Verb kOthers[] = {Verb::kMunmap, Verb::kMprotect, Verb::kMremap,
                              Verb::kRead,   Verb::kWrite,    Verb::kFork,
                              Verb::kExit,   Verb::kRemap,    Verb::kMmap};
  constexpr Verb kPasses[] = {Verb::kTruncate, Verb::kTruncate, Verb::kPunch,
                              Verb::kInvalidate};
  base::Random random(101);
  for (int round = 0; round < 40; ++round) {
    KernelSpec kernel;
    kernel.kernel = static_cast<uint8_t>(
        random.Below(static_cast<unsigned>(AllKernels().size())));
    for (unsigned flips = 1 + random.Below(4); flips > 0; --flips)
      kernel.flips.set(random.Below(static_cast<unsigned>(AllRules().size())));
    Verbs verbs = Bit(kPasses[random.Below(std::size(kPasses))]);
    for (int i = 0; i < 2; ++i)
      verbs |= Bit(kOthers[random.Below(std::size(kOthers))]);
    const SelfCheck found =
        Check(OneMm(verbs, /*private_too=*/round % 4 == 0), kernel.ToString());
    EXPECT_EQ(Said(found), "") << kernel.ToString();
    EXPECT_TRUE(found.ways[0].is_through) << kernel.ToString();
  }
}

TEST(SelfCheck, AgreesWherePagesArePinned) {
  for (const bool shmem : {false, true})
    for (const char* kernel :
         {"6.1", "6.12", "6.18", "6.18-vma-locks", "7.0"}) {
      const SelfCheck found = Check(Pinned(shmem, Bit(Verb::kMunmap)), kernel);
      EXPECT_EQ(Said(found), "") << kernel;
      for (const SelfCheckWay& way : found.ways)
        EXPECT_TRUE(way.is_through) << kernel << " " << way.name;
      EXPECT_GT(found.merged, 100U) << kernel;
      // With locks of vmas few steps of one operation come early.
      if (!RulesOf(kernel).vma_locks) {
        EXPECT_GT(found.orders, 100U) << kernel;
      }
    }
}

// One operation at a time: nothing but a pin or an order is there to come
// before a step of the truncation or of the fault that it matters to.
TEST(SelfCheck, CatchesPinsAndOrdersThatAreNotSeen) {
  struct Unseen {
    Verb verb;
    Verbs others;
  };
  for (const Unseen& it :
       {Unseen{Verb::kPin, Bit(Verb::kTruncate)},
        {Verb::kOrder, Bit(Verb::kPunch) | Bit(Verb::kRead)}}) {
    Bound bound = Pinned(/*shmem=*/false);
    bound.verbs = it.others | Bit(it.verb);
    bound.in_flight = 1;
    ProveOptions options;
    EXPECT_EQ(Said(Check(bound, "6.18", options)), "");
    options.planted.unseen_touches = touched::kCache;
    const SelfCheck found = Check(bound, "6.18", options);
    EXPECT_TRUE(Says(found, absl::StrCat(" ", VerbName(it.verb), " f")))
        << Said(found);
  }
}

// The normal form leaves out how far a pass has come in each vma.
TEST(SelfCheck, CatchesALossyNormalForm) {
  ProveOptions options;
  options.planted.forgets_counts = true;
  for (const char* kernel : {"2.6.11", "2.6.9-mm", "repaired"}) {
    const SelfCheck found = Check(kOneMm, kernel, options);
    EXPECT_TRUE(Says(found, "the normal form takes two states for one"))
        << kernel << "\n"
        << Said(found);
  }
}

// A bit of core/about/touch.h that is not seen lets steps come early that
// others depend on, on some kernel.
TEST(SelfCheck, CatchesMissingTouches) {
  struct Unseen {
    Touched touches;
    const char* kernel;
  };
  for (const Unseen& unseen : {Unseen{touched::kIndex, "2.6.11"},
                               {touched::kPtes, "3.0"},
                               {touched::kCount, "2.6.11"},
                               {touched::kCache, "6.18"}}) {
    ProveOptions options;
    options.planted.unseen_touches = unseen.touches;
    const SelfCheck found = Check(kOneMm, unseen.kernel, options);
    EXPECT_TRUE(Says(found, "leads elsewhere"))
        << unseen.touches << Said(found);
  }
}

// A verdict that the tables make wrong is seen as one.
TEST(SelfCheck, CatchesAVerdictThatWrongTablesCause) {
  ProveOptions options;
  options.planted.unseen_touches = touched::kAll;
  options.planted.forgets_counts = true;
  int wrong = 0;
  for (const char* kernel :
       {"2.6.9-mm", "2.6.11", "2.6.10-split-under-lock",
        "2.6.11-importer-rescans", "2.6.11-mremap-resets"}) {
    const SelfCheck found = Check(kOneMm, kernel, options);
    EXPECT_NE(Said(found), "") << kernel;
    wrong += Says(found, "holds by the default search");
  }
  EXPECT_GT(wrong, 0);
}

// What all searches leave out by mistake, random runs still do.
TEST(SelfCheck, CatchesStatesThatNoSearchReaches) {
  Bound bound = kOneMm;
  bound.verbs = Of({Verb::kMunmap, Verb::kTruncate});
  bound.operations = 2;
  ProveOptions options;
  options.planted.begins_no_munmap = true;
  const SelfCheck found = Check(bound, "2.6.9-mm", options);
  EXPECT_TRUE(Says(found, "the random runs do break it")) << Said(found);
}

// It says how far it came, and no more than it knows.
TEST(SelfCheck, RunsOutWithoutAVerdict) {
  ProveOptions options;
  options.most_bytes = 1 << 20;
  const SelfCheck found = Check(*FindBound("tiny"), "2.6.11", options);
  EXPECT_EQ(Said(found), "");
  EXPECT_FALSE(found.ways[0].is_through);
  EXPECT_EQ(found.ways[0].ran_out, RanOut::kMemory);
  EXPECT_GT(found.ways[0].states, 0U);
}

}  // namespace
}  // namespace vmtrunc::search
