// Translations that outlive their ptes, gathers and frames; page tables that
// move and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "search/make.h"
#include "search/mutate.h"

namespace vmtrunc {
namespace {

bool IsZero(const auto& array) {
  return std::all_of(std::begin(array), std::end(array),
                     [](const auto& it) { return it == 0; });
}

bool HasTranslations(const LargeWorld& world) {
  return !std::all_of(std::begin(world.mms), std::end(world.mms),
                      [](const LargeMm& mm) { return IsZero(mm.tlb); });
}

bool HasFrames(const LargeWorld& world) {
  return !std::all_of(
      std::begin(world.frames), std::end(world.frames),
      [](const Frame& it) { return it.state == FrameState::kUnnumbered; });
}

bool HasGathers(const LargeWorld& world) {
  return !std::all_of(std::begin(world.tasks), std::end(world.tasks),
                      [](const Task& it) { return it.op.gather.mm == 0; });
}

FolioSetup PfnSetup() {
  FolioSetup setup;
  setup.pfn = true;
  return setup;
}

// Mappings of a file or of a device, and what works on them.
Script RandomScript(base::Random& random, bool tlb) {
  Script script = search::RandomSetup(random);
  script.setup.tlb = tlb;
  if (random.Below(3) == 0) script.setup.folios[0] = PfnSetup();
  for (int i = 0; i < 30; ++i) search::Mutate(script, 64, random);
  return script;
}

// A run, and the world when it ends.
struct Ended {
  RunResult result;
  LargeWorld world{};
};
Ended EndOf(const Script& script, const char* kernel) {
  Ended ended;
  ended.result = RunTraced(script, RulesOf(kernel), [&](const TraceStep& step) {
    ended.world = *step.world;
  });
  return ended;
}

struct Seen {
  bool translations = false, frames = false, gathers = false;
};
Seen SeenIn(const Script& script, const Rules& rules) {
  Seen seen;
  RunTraced(script, rules, [&](const TraceStep& step) {
    seen.translations |= HasTranslations(*step.world);
    seen.frames |= HasFrames(*step.world);
    seen.gathers |= HasGathers(*step.world);
  });
  return seen;
}

TEST(Tlb, ChangesNothingWhereItIsNotAskedFor) {
  base::Random random(21);
  for (int i = 0; i < 600; ++i) {
    const Script script = RandomScript(random, false);
    const KernelInfo& kernel =
        AllKernels()[random.Below(static_cast<unsigned>(AllKernels().size()))];
    const Seen seen = SeenIn(script, kernel.rules);
    EXPECT_FALSE(seen.translations || seen.frames || seen.gathers)
        << kernel.name << "\n"
        << ToText(script);
  }
}

// Where each pte is flushed the line decides nothing. So a search of such a
// kernel may leave the TLB out of its states.
TEST(Tlb, ChangesNothingWhereEachPteIsFlushed) {
  base::Random random(22);
  int broken = 0;
  for (int i = 0; i < 3000; ++i) {
    const Script with = RandomScript(random, true);
    Script without = with;
    without.setup.tlb = false;
    for (const KernelInfo& kernel : AllKernels()) {
      if (!kernel.rules.each_pte_flushed) continue;
      const RunResult a = vmtrunc::Run(with, kernel.rules);
      const RunResult b = vmtrunc::Run(without, kernel.rules);
      ASSERT_EQ(a.broken, b.broken) << kernel.name << "\n" << ToText(with);
      ASSERT_EQ(a.effects, b.effects) << kernel.name << "\n" << ToText(with);
      ASSERT_EQ(a.steps, b.steps) << kernel.name << "\n" << ToText(with);
      broken += a.holds() ? 0 : 1;
    }
  }
  EXPECT_GT(broken, 0) << "nothing that breaks was compared";
}

// On kernels that flush what they should, nothing is left when all is done.
TEST(Tlb, NothingIsLeftAtRest) {
  base::Random random(23);
  Seen all;
  for (int i = 0; i < 3000; ++i) {
    const Script script = RandomScript(random, true);
    for (const char* const name : {"5.4", "6.1", "6.12", "7.0"}) {
      LargeWorld last{};
      RunTraced(script, RulesOf(name), [&](const TraceStep& step) {
        last = *step.world;
        all.translations |= HasTranslations(last);
        all.frames |= HasFrames(last);
        all.gathers |= HasGathers(last);
      });
      bool idle = true;
      for (const Task& task : last.tasks) idle &= task.op.verb == Verb::kNone;
      if (!idle) continue;
      EXPECT_FALSE(HasTranslations(last)) << name << "\n" << ToText(script);
      EXPECT_FALSE(HasFrames(last)) << name << "\n" << ToText(script);
    }
  }
  EXPECT_TRUE(all.translations && all.gathers);
}

// A page that is removed while a munmap owes the flush keeps its frame until
// then: a thread that still reaches it reaches what was there.
TEST(Tlb, AFrameThatAGatherHoldsIsFreedAfterTheFlush) {
  const Script script = Parse(R"(vmtrunc 1
tlb
file f 1
task a
task a2 mm a
task b
a mmap 16 1 f 0 r
a read 16
a munmap 16 1 &
a step
a step
b truncate f 0
a2 read 16
)");
  for (const char* const name : {"3.8", "4.9"}) {
    std::vector<FrameState> states;
    const RunResult result =
        RunTraced(script, RulesOf(name), [&](const TraceStep& step) {
          states.push_back(step.world->frames[0].state);
        });
    EXPECT_TRUE(result.holds()) << name << " " << result.first.ToString();
    EXPECT_TRUE(std::find(states.begin(), states.end(), FrameState::kHeld) !=
                states.end())
        << name;
    EXPECT_EQ(states.back(), FrameState::kUnnumbered) << name;
  }
}

constexpr char kMoved[] = R"(vmtrunc 1
tlb
file f 1
task a
task a2 mm a
task b
a mmap 16 1 f 0 r
a read 16
a mremap 16 1 20 1 &
a step
a step
a step
a step
a step
b truncate f 0
)";

uint32_t BitsOf(std::initializer_list<Property> properties) {
  uint32_t bits = 0;
  for (const Property property : properties) bits |= Bit(property);
  return bits;
}

// A frame that is freed with its translation; then a thread that uses it.
TEST(Tlb, FreedAndThenReached) {
  EXPECT_EQ(vmtrunc::Run(Parse(kMoved), RulesOf("3.8")).broken,
            BitsOf({Property::kNoStaleTlb}));
  const Script used = Parse(std::string(kMoved) + "a2 read 16\n");
  EXPECT_EQ(vmtrunc::Run(used, RulesOf("3.8")).broken,
            BitsOf({Property::kNoStaleTlb, Property::kNoFreedPageReachable}));
  EXPECT_TRUE(vmtrunc::Run(used, RulesOf("5.4")).holds());
  // A write is not served by a translation that is read-only.
  const Script written = Parse(std::string(kMoved) + "a2 write 16\n");
  EXPECT_EQ(vmtrunc::Run(written, RulesOf("3.8")).broken,
            BitsOf({Property::kNoStaleTlb}));
}

// The frame that was freed is the next one that is handed out.
TEST(Tlb, AFreedFrameIsTakenByTheNextPage) {
  const Script script = Parse(std::string(kMoved) +
                              "b truncate f 1\nb mmap 40 1 f 0\nb read 40\n");
  std::set<FrameState> seen;
  RunTraced(script, RulesOf("3.8"), [&](const TraceStep& step) {
    for (const Frame& frame : step.world->frames) seen.insert(frame.state);
  });
  EXPECT_TRUE(seen.contains(FrameState::kFree));
  EXPECT_TRUE(seen.contains(FrameState::kPage));
}

constexpr char kRevoked[] = R"(vmtrunc 1
tlb
file f 1 pfn
task a
task a2 mm a
task b
a mmap 16 1 f 0 r
a read 16
a munmap 16 1 &
a step
a step
b revoke f 0 1
)";

TEST(Tlb, APassOverADeviceReturnsTooSoon) {
  EXPECT_EQ(vmtrunc::Run(Parse(kRevoked), RulesOf("4.9")).broken,
            BitsOf({Property::kPassLeavesNoTlb}));
  EXPECT_EQ(
      vmtrunc::Run(Parse(std::string(kRevoked) + "a2 read 16\n"),
                   RulesOf("4.9"))
          .broken,
      BitsOf({Property::kPassLeavesNoTlb, Property::kNoFreedPageReachable}));
  EXPECT_TRUE(vmtrunc::Run(Parse(std::string(kRevoked) + "a2 read 16\n"),
                           RulesOf("5.4"))
                  .holds());
}

// What a driver has taken back is SIGBUS, and what it has not is served.
TEST(Pfn, ARevokedPageIsNotMappedAgain) {
  const Script script = Parse(R"(vmtrunc 1
file f 2 pfn
task a
task b
a mmap 16 2 f 0
a read 16
a read 17
b revoke f 0 1
a read 16
a write 17
)");
  for (const char* const name : {"2.6.11", "3.0", "5.4", "6.18"}) {
    const auto [result, last] = EndOf(script, name);
    EXPECT_TRUE(result.holds()) << name << " " << result.first.ToString();
    EXPECT_TRUE(last.mms[0].ptes[16].none()) << name;
    EXPECT_TRUE(last.mms[0].ptes[17].writable()) << name;
  }
}

// VM_SPECIAL: no merge, no growth; and nothing that needs a page cache.
TEST(Pfn, IsNoOrdinaryFile) {
  const Script script = Parse(R"(vmtrunc 1
file f 4 pfn
task a
a mmap 16 1 f 0
a mmap 17 1 f 1
a mmap 40 1 f 0 private
a mremap 17 1 17 2
a mremap 17 1 30 2
a truncate f 0
a punch f 0 4
a invalidate f 0 4
a collapse f 0
a pin f 0
)");
  for (const char* const name : {"2.6.11", "3.0", "5.4", "6.18"}) {
    const LargeWorld last = EndOf(script, name).world;
    int linked = 0;
    for (const Vma& vma : last.vmas)
      linked += vma.state == VmaState::kLinked ? 1 : 0;
    EXPECT_EQ(linked, 2) << name;
    EXPECT_EQ(VmaAt(last, 0, 18), nullptr) << name;
    EXPECT_EQ(last.files[0].size, 4) << name;
  }
}

// A table moves by its entry, with all that is in it; before 5.0 pte by pte.
TEST(Tables, AWholeOneMovesAtOnce) {
  const Script script = Parse(R"(vmtrunc 1
file f 16
task a
a mmap 16 16 f 0 populate
a mremap 16 16 48 16
)");
  for (const char* const name : {"3.8", "5.4", "6.1", "6.18"}) {
    std::set<std::string> points;
    LargeWorld last{};
    const RunResult result =
        RunTraced(script, RulesOf(name), [&](const TraceStep& step) {
          points.insert(step.from);
          last = *step.world;
        });
    EXPECT_TRUE(result.holds()) << name << " " << result.first.ToString();
    EXPECT_EQ(points.contains("move: table read, before page_table_lock"),
              std::string(name) != "3.8")
        << name;
    for (unsigned i = 0; i < 16; ++i) {
      EXPECT_TRUE(last.mms[0].ptes[16 + i].none()) << name;
      EXPECT_EQ(last.mms[0].ptes[48 + i].index(), i) << name;
    }
    EXPECT_EQ(last.mms[0].tables, 1U << 3) << name;
  }
}

// A collapse takes the table of a mapping of all its pages, and no other.
TEST(Tables, ACollapseTakesThoseOfWholeMappings) {
  const Script script = Parse(R"(vmtrunc 1
file f 16
task a
task b
task c
task d
a mmap 16 16 f 0 populate
b mmap 17 16 f 0 populate
c mmap 16 16 f 0 private rw
c write 20
d collapse f 0
)");
  for (const char* const name : {"3.8", "4.9", "6.1", "6.18"}) {
    const auto [result, last] = EndOf(script, name);
    EXPECT_TRUE(result.holds()) << name << " " << result.first.ToString();
    const bool retracts = std::string(name) != "3.8";
    EXPECT_EQ(last.mms[0].tables, retracts ? 0U : 1U << 1) << name;
    EXPECT_NE(last.mms[1].tables, 0U) << name;
    EXPECT_NE(last.mms[2].tables, 0U) << name;
  }
}

}  // namespace
}  // namespace vmtrunc
