// Differences: each byte of a world that can differ is reported, and each kind
// of difference in its words. Parting: the step is the first that differs.
#include "core/about/differences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/model/fields.h"
#include "core/about/parting.h"
#include "core/run/scripts_test.h"
#include "search/mutate.h"

namespace vmtrunc {
namespace {

using W = World<LargeCaps>;

// Two populated mappings, and a truncation whose lock is dropped.
const char kDropped[] = R"(vmtrunc 1
block 2
file f 8
task a
task b
task t
a mmap 100 8 f 0 populate
b mmap 100 8 f 0 populate
t truncate f 2 &
t drop 2
)";

// The world when the events are through.
W WorldOf(const Script& script, const char* kernel) {
  const Rules rules = RulesOf(kernel);
  size_t last = 0, at = 0;
  RunTraced(script, rules, [&](const TraceStep& step) {
    ++at;
    if (step.event != 0) last = at;
  });
  return MomentAt(script, rules, last).world;
}

std::vector<std::string> Told(const W& left, const W& right,
                              const Script& names) {
  return Differences({left}, {right}, names);
}

bool Has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

struct Change {
  const char* told;
  void (*make)(W&);
};

constexpr Change kChanges[] = {
    {"file f: truncate_count 1 | 7",
     [](W& w) { w.files[0].truncate_count = 7; }},
    {"file f: size 2 | 3", [](W& w) { w.files[0].size = 3; }},
    {"file f: pages in the page cache 0..7 | 0, 2..7",
     [](W& w) { w.files[0].cached &= ~uint64_t{2}; }},
    {"file f: i_mmap_lock free | t", [](W& w) { w.files[0].i_mmap_lock = 2; }},
    {"file f: i_mmap_lock shared by none | a, t",
     [](W& w) { w.files[0].walkers = 5; }},
    {"file f: root of the tree slot 0 | none",
     [](W& w) { w.files[0].root = kNone; }},
    {"mm 0: mmap_sem free | a", [](W& w) { w.mms[0].writer = 0; }},
    {"mm 0: page tables 96..111 | none", [](W& w) { w.mms[0].tables = 0; }},
    {"mm 0: pte at 101: page 1 rw | none",
     [](W& w) { w.mms[0].ptes[101] = {}; }},
    {"mm 0: ptes at 100..101: from page 0 rw | page 0 r",
     [](W& w) {
       w.mms[0].ptes[100] = Pte::Make(PteKind::kPage, 0, false);
       w.mms[0].ptes[101] = Pte::Make(PteKind::kPage, 1, false);
     }},
    {"mm 0: pte at 101: page 1 rw | removed page 1 rw",
     [](W& w) { w.mms[0].ptes[101] = Pte::Make(PteKind::kOrphan, 1, true); }},
    {"mm 0: pte at 101: page 1 rw | copy r",
     [](W& w) { w.mms[0].ptes[101] = Pte::Make(PteKind::kCopy, 0, false); }},
    {"mm 0: pte at 101: page 1 rw | file pte 6",
     [](W& w) { w.mms[0].ptes[101] = Pte::Make(PteKind::kFilePte, 6, false); }},
    {"vma slot 0 [100, 108) of mm 0: count restart at 106 | 5",
     [](W& w) { w.vmas[0].count = 5; }},
    {"vma slot 0: [100, 108) of mm 0, f from 0 | [100, 107) of mm 0, f from 0",
     [](W& w) { w.vmas[0].end = 107; }},
    {"vma slot 0: [100, 108) of mm 0, f from 0 | free",
     [](W& w) { w.vmas[0] = Vma{}; }},
    {"vma slot 0 [100, 108) of mm 0: state linked | detached",
     [](W& w) { w.vmas[0].state = VmaState::kDetached; }},
    {"vma slot 0 [100, 108) of mm 0: in i_mmap a node of the tree | no",
     [](W& w) { w.vmas[0].in_index = InIndex::kNot; }},
    {"vma slot 0 [100, 108) of mm 0: writable yes | no",
     [](W& w) { w.vmas[0].write = 0; }},
    {"vma slot 0 [100, 108) of mm 0: allocations of the slot 1 | 2",
     [](W& w) { w.vmas[0].birth = 2; }},
    {"task b: exists yes | no", [](W& w) { w.tasks[1].live = 0; }},
    {"task t: phase truncate, pass: dropped, before i_mmap_lock | idle",
     [](W& w) { w.tasks[2].op = Op{}; }},
    {"task t: count of the pass 1 | 9",
     [](W& w) { w.tasks[2].op.pass.count = 9; }},
    {"slab: free structs 62 | 61",
     [](W& w) { w.free_slots[--w.free_count] = 0; }},
    {"slab: freed last: slots 2, 3, 4 | 3, 2, 4",
     [](W& w) { std::swap(w.free_slots[61], w.free_slots[60]); }},
    {"slab: freed last but for 1: slots 3, 4, 5 | 4, 3, 5",
     [](W& w) { std::swap(w.free_slots[60], w.free_slots[59]); }},
    {"file f: page 1: mapcount 2 | 3", [](W& w) { ++w.mapcount[0][1]; }},
    {"world: pages in a block 2 | 4", [](W& w) { w.block = 4; }},
    {"world: translations may outlive their ptes no | yes",
     [](W& w) { w.tlb = 1; }},
    {"mm 0: tlb at 16: nothing | page 3 of f rw",
     [](W& w) {
       w.mms[0].SetTranslation(
           16, {.leads = Leads::kPage, .number = 3, .writable = true});
     }},
    {"mm 1: tlb at 16: nothing | frame 2 r",
     [](W& w) {
       w.mms[1].SetTranslation(16, {.leads = Leads::kFrame, .number = 2});
     }},
    {"mm 1: tlb at 17: nothing | a copy or a page that others hold r",
     [](W& w) { w.mms[1].SetTranslation(17, {.leads = Leads::kOther}); }},
    {"mm 0: page table 96..111: not shared | shared, number 1",
     [](W& w) { w.shares[0][6] = 1; }},
    {"frame 2: state no number | free",
     [](W& w) { w.frames[2].state = FrameState::kFree; }},
    {"frame 2: held by the gathers of none | a, t",
     [](W& w) { w.frames[2].holders = 5; }},
    {"task t: gathers in mm none | 1",
     [](W& w) { w.tasks[2].op.gather.mm = 2; }},
    {"task t: owes a flush up to 0 | 108",
     [](W& w) { w.tasks[2].op.gather.hi = 108; }},
};

TEST(Differences, ReportsEachKind) {
  const Script script = Parse(kDropped);
  const W left = WorldOf(script, "2.6.11");
  EXPECT_TRUE(Told(left, left, script).empty());
  for (const Change& change : kChanges) {
    W right = left;
    change.make(right);
    const std::vector<std::string> told = Told(left, right, script);
    EXPECT_TRUE(Has(told, change.told))
        << "wanted: " << change.told
        << "\ngot: " << testing::PrintToString(told);
  }
}

TEST(Differences, ReportsLinksOfVmasInOneIndex) {
  const Script script = Parse(kDropped);
  const W left = WorldOf(script, "2.6.11");
  W right = left;
  right.vmas[0].set_next = 7;
  EXPECT_EQ(Told(left, right, script).size(), 1U);
  right.vmas[0].in_index = InIndex::kListed;
  EXPECT_EQ(Told(left, right, script),
            std::vector<std::string>{"vma slot 0 [100, 108) of mm 0: in "
                                     "i_mmap a node of the tree | in the "
                                     "list"});
}

TEST(Differences, ReportsAllocationsAlone) {
  const Script script = Parse(kDropped);
  const W left = WorldOf(script, "2.6.11");
  W right = left;
  right.vmas[9].birth = 3;  // of a struct that is free
  EXPECT_TRUE(Has(Told(left, right, script),
                  "vma slot 9: allocations of the slot 0 | 3"));
  right.block = 9;
  EXPECT_EQ(Told(left, right, script).size(), 1U);
}

TEST(Differences, CountsThatNameTheirPass) {
  const Script script = Parse(kDropped);
  const W left = WorldOf(script, "2.6.11");
  W right = left;
  right.vmas[0].count = RestartMark(106, 5, true);
  EXPECT_TRUE(Has(Differences({left}, {right, true}, script),
                  "vma slot 0 [100, 108) of mm 0: count restart at 106 | "
                  "restart of pass 5 at 106"));
  right.vmas[0].count = DoneMark(5, true);
  EXPECT_TRUE(Has(Differences({left}, {right, true}, script),
                  "vma slot 0 [100, 108) of mm 0: count restart at 106 | "
                  "done by pass 5"));
}

TEST(Differences, LinesAreBoundedAndTheRestIsCounted) {
  const Script script = Parse(kDropped);
  const W left = WorldOf(script, "2.6.11");
  W right = left;
  for (unsigned i = 0; i < 20; ++i)
    right.mms[3].ptes[10 + 2 * i] = Pte::Make(PteKind::kCopy, 0, true);
  const std::vector<std::string> told = Told(left, right, script);
  EXPECT_EQ(told.size(), kMostTold + 1);
  EXPECT_EQ(told.back(), "left out: more lines on ptes: mm 3 (8)");
}

// What is not of the operation's verb, or of nothing.
template <class In>
bool IsSpare(const Op& op, const In& in) {
  if (in(&op.unused, 1) || in(op.pass.unused, sizeof(op.pass.unused)) ||
      in(&op.gather.unused, 1))
    return true;
  const auto* const own = reinterpret_cast<const char*>(&op.munmap);
  const auto* const parts = reinterpret_cast<const char*>(&op.mmap);
  if (!in(own, static_cast<size_t>(parts - own))) return false;
  bool is_field = false;
  ForEachField(op,
               [&](const auto& field, const char*, auto, const auto&... birth) {
                 is_field |= in(&field, sizeof(field));
                 ((is_field |= in(&birth, sizeof(birth))), ...);
               });
  return !is_field;
}

// Bytes that are 0 in every world: spare ones, the place of a vma that is free.
bool IsSpare(const W& world, size_t byte) {
  const auto in = [&](const void* object, size_t size) {
    const auto from =
        static_cast<size_t>(static_cast<const char*>(object) -
                            reinterpret_cast<const char*>(&world));
    return from <= byte && byte < from + size;
  };
  for (const Vma& vma : world.vmas) {
    if (in(vma.unused, sizeof(vma.unused))) return true;
    if (vma.state == VmaState::kFree && in(&vma, offsetof(Vma, count)))
      return true;
  }
  for (const Frame& frame : world.frames)
    if (in(frame.unused, sizeof(frame.unused))) return true;
  if (in(world.unused, sizeof(world.unused))) return true;
  for (const File& file : world.files)
    if (in(file.folios.unused, sizeof(file.folios.unused))) return true;
  for (const Task& task : world.tasks)
    if (in(&task.unused, 1) || IsSpare(task.op, in)) return true;
  return in(world.free_slots + world.free_count,
            sizeof(world.free_slots) - world.free_count);
}

// Worlds that differ in one byte, amid what random scripts do.
TEST(Differences, ReportsEachByte) {
  base::Random random(7);
  for (const char* kernel : {"2.6.11", "2.6.23", "6.18"}) {
    Script script = search::RandomSetup(random);
    for (int i = 0; i < 40; ++i) search::Mutate(script, 64, random);
    const W left = WorldOf(script, kernel);
    for (size_t byte = 0; byte < sizeof(W); ++byte) {
      W right = left;
      reinterpret_cast<unsigned char*>(&right)[byte] ^= 1;
      const std::vector<std::string> told = Told(left, right, script);
      ASSERT_FALSE(told.empty()) << byte;
      ASSERT_EQ(told.front().ends_with("no name here"), IsSpare(left, byte))
          << byte << " " << told.front();
    }
  }
}

// Where two scripts, each on a kernel, part.
std::optional<size_t> Parts(const std::string& left, const char* kernel,
                            const std::string& right, const char* other) {
  return PartAt(Follow(Parse(left), RulesOf(kernel)),
                Follow(Parse(right), RulesOf(other)));
}

TEST(Parting, OneRunDoesNotPartFromItself) {
  EXPECT_EQ(Parts(kDropped, "2.6.11", kDropped, "2.6.11"), std::nullopt);
  const RunResult run = Follow(Parse(kDropped), RulesOf("2.6.11")).result;
  EXPECT_TRUE(SameVerdict(run, run));
}

TEST(Parting, IsTheFirstStepAfterWhichTheWorldsDiffer) {
  const Script script = Parse(kDropped);
  const Rules left = RulesOf("2.6.9-mm"), right = RulesOf("2.6.11");
  const auto at = PartAt(Follow(script, left), Follow(script, right));
  ASSERT_TRUE(at && *at > 0);
  const Moment a = MomentAt(script, left, *at);
  const Moment b = MomentAt(script, right, *at);
  EXPECT_EQ(a.event, 4U);
  EXPECT_EQ(a.from, "pass: before the next block");
  EXPECT_EQ(a.flow, Flow::kDropped);
  EXPECT_TRUE(Has(Told(a.world, b.world, script),
                  "vma slot 0 [100, 108) of mm 0: count 0 | restart at 106"));
  EXPECT_TRUE(Told(MomentAt(script, left, *at - 1).world,
                   MomentAt(script, right, *at - 1).world, script)
                  .empty());
}

TEST(Parting, IsBeforeTheFirstEventWhereTheDeclarationsDiffer) {
  EXPECT_EQ(
      Parts("vmtrunc 1\nfile f 8\n", "3.0", "vmtrunc 1\nfile f 7\n", "3.0"),
      size_t{0});
}

TEST(Parting, IsAfterTheLastStepOfTheShorterRun) {
  const std::string text = R"(vmtrunc 1
file f 8
task a
a mmap 100 8 f 0
)";
  const Script longer = Parse(text + "a munmap 100 8\n");
  const Rules rules = RulesOf("3.0");
  const Course course = Follow(Parse(text), rules);
  const auto at = PartAt(course, Follow(longer, rules));
  ASSERT_EQ(at, course.steps.size());
  EXPECT_TRUE(MomentAt(Parse(text), rules, *at).ended);
  EXPECT_EQ(MomentAt(longer, rules, *at).verb, Verb::kMunmap);
}

TEST(Parting, IsWhereAnotherTaskMoves) {
  const std::string text =
      R"(vmtrunc 1
file f 8
task a
task b
a read 1 &
b read 1 &
)";
  const auto at = Parts(text + "a step\n", "3.0", text + "b step\n", "3.0");
  EXPECT_EQ(at, size_t{1});
}

TEST(Parting, EventsWithoutAnEffectDoNotPart) {
  const std::string text = R"(vmtrunc 1
file f 8
task a
a mmap 100 8 f 0
)";
  EXPECT_EQ(Parts(text, "3.0", text + "a step\n", "3.0"), std::nullopt);
}

// The rules are the checker's too: a count that is page-aligned harms those
// kernels alone that keep restart addresses beside counts.
TEST(Parting, VerdictsMayDifferAlone) {
  const Script script = Parse(R"(vmtrunc 1
count 4095
file f 4
task t
t truncate f 0
)");
  const Rules left = RulesOf("2.6.11-leap");
  const Rules right = RulesOf("2.6.11-leap-restart-in-vma");
  const Course breaks = Follow(script, left), holds = Follow(script, right);
  EXPECT_EQ(PartAt(breaks, holds), std::nullopt);
  EXPECT_FALSE(SameVerdict(breaks.result, holds.result));
  const auto rules = RuleDifferences(script, left, right, std::nullopt);
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_TRUE(rules[0].parts);
}

TEST(Parting, NamesTheRuleThatPartsAlone) {
  const Script script = Parse(kDropped);
  const Rules left = RulesOf("2.6.9-mm"), right = RulesOf("2.6.11");
  const auto at = PartAt(Follow(script, left), Follow(script, right));
  unsigned others = 0;
  for (const RuleDifference& it : RuleDifferences(script, left, right, at)) {
    EXPECT_EQ(it.parts, std::string(it.rule->name) == "restart-in-vma");
    EXPECT_FALSE(it.on_left);
    others += it.parts ? 0U : 1U;
  }
  EXPECT_GT(others, 0U);
}

}  // namespace
}  // namespace vmtrunc
