// Runs: every property is seen to fire, runs are values, and two worlds of
// different size agree.
#include "core/run/run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "core/run/follow_test.h"
#include "core/run/scripts_test.h"
#include "search/folios.h"
#include "search/make.h"
#include "search/mutate.h"

namespace {
thread_local long g_allocations = 0;
}  // namespace

// Counts what the heap gives, for ApplyAllocatesNothing.
void* operator new(size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace vmtrunc {
namespace {

RunResult RunText(const char* text, const char* kernel) {
  return Run(Parse(text), RulesOf(kernel));
}

// testing::Test has a Run() of its own.
RunResult RunOn(const Script& script, const Rules& rules) {
  return Run(script, rules);
}

Script RandomScript(base::Random& random, size_t max_events) {
  Script script = search::RandomSetup(random);
  for (int i = 0; i < 12; ++i) search::Mutate(script, max_events, random);
  return script;
}

// One script a property: with the rule flipped, this property and no other
// breaks; unflipped, nothing does.
struct Alone {
  Property property;
  const char* kernel;
  const char* flipped;
  const char* text;
};

constexpr Alone kAlone[] = {
    {Property::kNoRemovedPageMapped, "2.6.11", "2.6.11-fault-rechecks-count",
     R"(vmtrunc 1
block 4
file f 4
task a
task t
a mmap 100 4 f 0
a read 100 &
a step
a step
a step
a step
a step
t truncate f 0 &
t step
t step
a finish
t step
a munmap 100 4
t finish
)"},
    {Property::kNoOverUnmap, "2.6.11", "2.6.11-clip-to-range",
     R"(vmtrunc 1
file f 4
task a
task t
a mmap 100 4 f 0 populate
t truncate f 2
)"},
    {Property::kRestartProgress, "2.6.11", "2.6.11-cut-is-done",
     R"(vmtrunc 1
block 2
file f 6
task a
task t
a mmap 100 6 f 0 populate
t truncate f 1 &
t drop
a munmap 102 4
t finish
)"},
    {Property::kIndexAgrees, "2.6.11", "2.6.11-split-under-lock",
     R"(vmtrunc 1
file f 4
task a
a mmap 100 4 f 0
a mprotect 102 2 r
)"},
    {Property::kVmasWellFormed, "2.6.11", "2.6.11-merge-moves-pgoff",
     R"(vmtrunc 1
file f 8
task a
a mmap 104 4 f 4
a mmap 100 4 f 0
)"},
    {Property::kLockOrder, "2.6.11", "2.6.11-relock-in-order",
     R"(vmtrunc 1
file f 4
task a
a mmap 100 2 f 0 populate
a mremap 100 2 200 2
)"},
    {Property::kNoFreedUse, "2.6.11", "2.6.11-walk-restarts",
     R"(vmtrunc 1
file f 4
task a
task t
a mmap 100 4 f 0 populate
t truncate f 0 &
t drop
a munmap 100 4
t finish
)"},
    {Property::kCountIsACount, "2.6.11", "2.6.11-leap",
     R"(vmtrunc 1
count 4095
file f 4
task t
t truncate f 0
)"},
};

TEST(Properties, EachFiresAlone) {
  for (const Alone& it : kAlone) {
    const RunResult whole = RunText(it.text, it.kernel);
    EXPECT_TRUE(whole.holds()) << it.kernel << " " << whole.first.ToString();
    const RunResult flipped = RunText(it.text, it.flipped);
    EXPECT_EQ(flipped.broken, 1U << static_cast<unsigned>(it.property))
        << it.flipped << " "
        << (flipped.holds() ? "" : flipped.first.ToString());
  }
}

// An invalidation that spins: its pass over the page unmaps another page.
TEST(Properties, NoDeadlockFiresAlone) {
  const char* text =
      R"(vmtrunc 1
file f 17
task a
a mmap 100 17 f 0 populate
a invalidate f 16 1
)";
  const RunResult whole = RunText(text, "2.6.15");
  EXPECT_TRUE(whole.holds()) << whole.first.ToString();
  const RunResult flipped = RunText(text, "2.6.15-wide-offsets");
  EXPECT_EQ(flipped.broken, 1U << static_cast<unsigned>(Property::kNoDeadlock))
      << (flipped.holds() ? "" : flipped.first.ToString());
}

// Between the violation of no-page-past-size and the end of the truncation the
// pages are unmapped again, before they are removed: it alone sees them.
TEST(Properties, NoPagePastSizeFiresAlone) {
  const char* text =
      R"(vmtrunc 1
block 2
file f 6
task a
task t
a mmap 100 6 f 0 populate
a mprotect 102 2 r
t truncate f 0 &
t drop
a mprotect 103 1 rw
t step
t step
t step
t step
a munmap 100 6
t finish
)";
  EXPECT_TRUE(RunText(text, "2.6.11").holds());
  const RunResult flipped = RunText(text, "2.6.11-importer-rescans");
  EXPECT_TRUE(flipped.breaks(Property::kNoPagePastSize));
  EXPECT_FALSE(flipped.breaks(Property::kNoRemovedPageMapped));
}

TEST(Properties, BoundedDropsFires) {
  std::string text =
      R"(vmtrunc 1
file f 12
task a
task t
a mmap 100 12 f 0 populate
t truncate f 0 &
)";
  for (int i = 0; i < 9; ++i) text += "t drop\n";
  text += "a mprotect 100 10 r\n";
  for (int i = 0; i < 9; ++i) text += "t drop\n";
  EXPECT_TRUE(RunText(text.c_str(), "2.6.11").holds());
  EXPECT_TRUE(
      RunText(text.c_str(), "2.6.9-mm").breaks(Property::kBoundedDrops));
}

// A page is removed while mapped, and a split waits for i_mmap_lock with a copy
// of the vma in hand: the pages in the copy's range are counted once.
TEST(Properties, ACopyThatIsNotLinkedHasNoPtes) {
  const RunResult result = RunText(
      R"(vmtrunc 1
file f 4
task a
task b
task c
a mmap 14 5 f 0 populate
b truncate f 1 &
b step
a mmap 14 1 f 4
b drop
c invalidate f 0 3
)",
      "2.6.23");
  EXPECT_TRUE(result.breaks(Property::kNoRemovedPageMapped));
  EXPECT_FALSE(result.breaks(Property::kVmasWellFormed));
}

// An invalidation that finds its page mapped continues: its useless pass had
// believed the restart address of another, the next one does not.
TEST(Properties, AnInvalidationRetriesBeforeItCountsAsSpinning) {
  const char* text =
      R"(vmtrunc 1
file f 9
task a
task b
a mmap 10 5 f 1 populate
a invalidate f 3 3 &
a drop
b mmap 10 5 f 4 populate
b truncate f 6 &
a drop 4
a step
b drop
)";
  EXPECT_FALSE(RunText(text, "2.6.11").breaks(Property::kNoDeadlock));
  // The other's pass, not a new one, puts its restart address back each time.
  const char* again =
      R"(vmtrunc 1
file f 2
task a
task b
task c
a mmap 15 3 f 0 populate
b invalidate f 0 1 &
b step
c truncate f 1 &
c drop
b step
b step
c drop
b step
c drop
)";
  EXPECT_FALSE(RunText(again, "2.6.11").breaks(Property::kNoDeadlock));
  // Two that do spin, each after the other's passes, come to an end too.
  const char* spins =
      R"(vmtrunc 1
file f 20
task a
task b
a mmap 100 20 f 0 populate
a invalidate f 18 2
b invalidate f 17 1
)";
  EXPECT_TRUE(
      RunText(spins, "2.6.15-wide-offsets").breaks(Property::kNoDeadlock));
  EXPECT_TRUE(RunText(spins, "2.6.15").holds());
}

TEST(Run, ApplyAllocatesNothing) {
  base::Random random(3);
  const Rules rules = RulesOf("2.6.11");
  for (int i = 0; i < 300; ++i) {
    const Script script = RandomScript(random, 40);
    const long before = g_allocations;
    vmtrunc::Run<LargeCaps>(script, rules);
    ASSERT_EQ(g_allocations, before) << ToText(script);
  }
  EXPECT_GT(g_allocations, 0) << "the counting is off";
}

// Memory that held something else gives the same world, byte for byte.
TEST(Run, PoisonedStorageGivesTheSameState) {
  base::Random random(4);
  for (int i = 0; i < 200; ++i) {
    const Script script = RandomScript(random, 40);
    const Rules rules = RulesOf("2.6.11");
    alignas(64) static unsigned char storage[2][sizeof(World<LargeCaps>)];
    World<LargeCaps>* worlds[2];
    for (int poison = 0; poison < 2; ++poison) {
      std::memset(storage[poison], poison == 0 ? 0x00 : 0xa5,
                  sizeof(storage[poison]));
      worlds[poison] = new (storage[poison])
          World<LargeCaps>(MakeWorld<LargeCaps>(script.setup, rules));
      NoProbe<LargeCaps> probe;
      Machine<LargeCaps, NoProbe<LargeCaps>> machine(*worlds[poison], rules,
                                                     probe);
      for (const Event& event : script.events) machine.Apply(event);
      machine.Finish();
    }
    ASSERT_EQ(std::memcmp(storage[0], storage[1], sizeof(storage[0])), 0);
    ASSERT_EQ(HashOf(*worlds[0]),
              RunUnchecked<LargeCaps>(script, rules).state_hash);
  }
}

// A copy of the world runs on as the world does.
TEST(Run, ACopiedWorldContinuesIdentically) {
  base::Random random(5);
  const Rules rules = RulesOf("2.6.9-mm");
  for (int i = 0; i < 200; ++i) {
    const Script script = RandomScript(random, 30);
    World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
    NoProbe<LargeCaps> probe;
    for (const Event& event : script.events) {
      World<LargeCaps> copy = world;
      Machine<LargeCaps, NoProbe<LargeCaps>>(world, rules, probe).Apply(event);
      Machine<LargeCaps, NoProbe<LargeCaps>>(copy, rules, probe).Apply(event);
      ASSERT_EQ(std::memcmp(&world, &copy, sizeof(world)), 0);
      world = copy;
    }
  }
}

// A random script that the small world has room for, every other one not far
// from one of `corpus`, every third with folios. Offsets may lie past any
// file's end: no capacity bounds them.
Script SmallScript(std::span<const Script> corpus, base::Random& random) {
  for (;;) {
    Script script = RandomScript(random, 24);
    if (random.Below(2) == 0) {
      script = corpus[random.Below(static_cast<unsigned>(corpus.size()))];
      search::Mutate(script, 60, random);
    }
    if (random.Below(3) == 0) search::AddFolios(script, random);
    for (Event& event : script.events) {
      if (random.Below(8) == 0)
        event.pgoff = static_cast<uint8_t>(random.Below(64));
      if (random.Below(8) == 0)
        event.addr = static_cast<uint8_t>(random.Below(64));
    }
    std::erase_if(script.events,
                  [](const Event& e) { return !Fits<SmallCaps>(e); });
    script.setup.sizes[0] %= SmallCaps::kFilePages + 1;
    if (Fits<SmallCaps>(script.setup)) return script;
  }
}

TEST(Run, SmallAndLargeWorldsAgree) {
  const std::vector<Script> corpus = CorpusScripts();
  base::Random random(6);
  int agreed = 0;
  int broken = 0;
  for (int i = 0; i < 300000 && agreed < 60000; ++i) {
    const Script script = SmallScript(corpus, random);
    const auto kernel = static_cast<size_t>(i) % AllKernels().size();
    KernelSpec spec{.kernel = static_cast<uint8_t>(kernel)};
    if (random.Below(2) == 0)
      spec.flips.flip(random.Below(static_cast<unsigned>(AllRules().size())));
    const Rules rules = spec.rules();
    const RunResult small = vmtrunc::Run<SmallCaps>(script, rules);
    if (small.ran_out) continue;
    const RunResult large = vmtrunc::Run<LargeCaps>(script, rules);
    const auto which = [&] { return spec.ToString() + "\n" + ToText(script); };
    ASSERT_EQ(small.broken, large.broken) << which();
    ASSERT_EQ(small.effects, large.effects) << which();
    ASSERT_EQ(small.drops, large.drops) << which();
    ++agreed;
    broken += small.holds() ? 0 : 1;
  }
  EXPECT_GE(agreed, 50000);
  EXPECT_GT(broken, 0) << "nothing that breaks was compared";
}

// The comparison above is not blind: one rule differs, and it is noticed.
TEST(Run, APlantedDifferenceBetweenTheWorldsIsCaught) {
  const std::vector<Script> corpus = CorpusScripts();
  base::Random random(6);
  int differ = 0;
  for (int i = 0; i < 20000 && differ == 0; ++i) {
    const Script script = SmallScript(corpus, random);
    const RunResult small =
        vmtrunc::Run<SmallCaps>(script, RulesOf("2.6.11-clip-to-range"));
    const RunResult large = vmtrunc::Run<LargeCaps>(script, RulesOf("2.6.11"));
    differ += !small.ran_out && small.broken != large.broken ? 1 : 0;
  }
  EXPECT_EQ(differ, 1);
}

// State hashes that every build must give: clang and gcc, with and without
// sanitizers, at any optimisation.
TEST(Run, HashesAreTheSameInEveryBuild) {
  base::Random random(8);
  uint64_t all = 0;
  for (int i = 0; i < 500; ++i) {
    const Script script = RandomScript(random, 40);
    const RunResult result = RunOn(script, RulesOf("2.6.11"));
    all = (all ^ result.state_hash ^ result.broken) * 0x9e3779b97f4a7c15U;
  }
  EXPECT_EQ(all, VMTRUNC_GOLDEN_HASH) << std::hex << all;
}

// A moved range joins a neighbour that has no private copies: what has them has
// an anon_vma, or a lazy fork would not copy them. Seen on Linux 6.18.
TEST(Run, ANeighbourTakesTheAnonVmaOfWhatMovesIntoIt) {
  for (const char* const neighbours :
       {"a mmap 23 1 f 4 private\n", "a mmap 19 1 f 0 private\n",
        "a mmap 19 1 f 0 private\na mmap 23 1 f 4 private\n"}) {
    const Script script = Parse(
        (std::string(R"(vmtrunc 1
file f 8
task a
)") + neighbours +
         "a mmap 10 3 f 1 private populate\na write 10\na mremap 10 3 20 3\n"
         "a fork b\n")
            .c_str());
    const Rules rules = RulesOf("6.18");
    World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
    NoProbe<LargeCaps> probe;
    Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
    for (const Event& event : script.events) EXPECT_TRUE(machine.Apply(event));
    const auto& child = world.mms[world.tasks[1].mm];
    EXPECT_EQ(child.ptes[20].kind(), PteKind::kCopy) << neighbours;
    EXPECT_EQ(child.ptes[21].kind(), PteKind::kPage) << neighbours;
  }
}

// Pages move back where a page table allocation has failed, and nowhere else.
TEST(Run, AMoveGoesBackWhereItHasFailed) {
  unsigned failed = 0;
  for (const char* const kernel : {"2.6.10", "2.6.15", "6.18"})
    for (uint64_t seed = 0; seed < 1000; ++seed)
      FollowWorld(search::MakeScript(seed, 24), RulesOf(kernel),
                  [&](const LargeWorld& world) {
                    for (const auto& task : world.tasks) {
                      if (task.op.verb != Verb::kMremap) continue;
                      const MremapOp& move = task.op.mremap;
                      ASSERT_EQ(move.failed, move.backwards) << seed;
                      failed += move.failed;
                    }
                  });
  EXPECT_GT(failed, 0U);
}

// Every sublist of a script is a script that runs.
TEST(Run, EverySublistRuns) {
  base::Random random(9);
  for (int i = 0; i < 2000; ++i) {
    Script script = RandomScript(random, 40);
    std::erase_if(script.events,
                  [&](const Event&) { return random.Below(3) == 0; });
    const RunResult result = RunOn(script, RulesOf("2.6.9-mm"));
    EXPECT_LE(result.effects, result.events);
    // A stray flip never crashes either, whatever it breaks.
    KernelSpec spec{.kernel = static_cast<uint8_t>(random.Below(3))};
    for (size_t word = 0; word < RuleSet::kWords; ++word)
      spec.flips.set_word(word, random.Next());
    RunOn(script, spec.rules());
  }
}

}  // namespace
}  // namespace vmtrunc
