// Properties that hold of states, not of moments alone: what only a state shows
// is reported, by one property and in the worlds of either size, and a look at
// every pte and every lock after every event finds nothing that was missed.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/run/scripts_test.h"
#include "core/model/machine-inl.h"
#include "core/run/run.h"
#include "search/mutate.h"

namespace vmtrunc {
namespace {

// A script after whose end, and nowhere before a truncation's, a removal's or
// another lock's, the state is wrong.
struct Case {
  const char* what;
  Property property;
  const char* kernel;
  const char* rule;
  const char* text;
};

constexpr Case kCases[] = {
    {"a page is mapped past the end after the truncation",
     Property::kNoPagePastSize, "6.18", "-fault-checks-size",
     R"(vmtrunc 1
file f 8
task a
task t
a mmap 17 8 f 0
t punch f 4 4
t truncate f 2
a read 20
a read 22
)"},
    {"the same on 3.0", Property::kNoPagePastSize, "3.0", "-fault-checks-size",
     R"(vmtrunc 1
file f 8
task a
task t
a mmap 17 8 f 0
t punch f 4 4
t truncate f 2
a read 20
a read 22
)"},
    {"the same on 2.6.11", Property::kNoPagePastSize, "2.6.11",
     "-fault-checks-size",
     R"(vmtrunc 1
file f 8
task a
task t
a mmap 17 8 f 0
t punch f 4 4
t truncate f 2
a read 20
a read 22
)"},
    {"a private copy is made past the end", Property::kNoPagePastSize, "2.6.38",
     "-fault-checks-size",
     R"(vmtrunc 1
file f 2
task a
a mmap 17 4 f 0 private
a write 20
)"},
    {"a page is mapped past the end of a file that was never cut off",
     Property::kNoPagePastSize, "2.6.15", "-fault-checks-size",
     R"(vmtrunc 1
file f 2
task a
a mmap 17 4 f 0
a read 20
)"},
    {"a page is mapped after the punch that removed it",
     Property::kNoRemovedPageMapped, "2.6.38", "-mkwrite-rechecks",
     R"(vmtrunc 1
file f 2
task a
task t
a mmap 17 2 f 0
a write 18 &
a step
a step
a step
a step
a step
a step
t punch f 0 2
a finish
)"},
    {"the same with an invalidation", Property::kNoRemovedPageMapped, "6.18",
     "-mkwrite-rechecks",
     R"(vmtrunc 1
file f 2
task a
task t
a mmap 17 2 f 0
a write 18 &
a step
a step
a step
a step
a step
a step
a step
a step
t invalidate f 0 2
a finish
)"},
};

TEST(States, EachIsReportedByOnePropertyAlone) {
  for (const Case& it : kCases) {
    const Script script = Parse(it.text);
    const RunResult whole = vmtrunc::Run(script, RulesOf(it.kernel));
    EXPECT_TRUE(whole.holds()) << it.what << ": " << whole.first.ToString();
    const Rules flipped = RulesOf(std::string(it.kernel) + it.rule);
    const RunResult large = vmtrunc::Run(script, flipped);
    EXPECT_EQ(large.broken, Bit(it.property))
        << it.what << ": " << (large.holds() ? "" : large.first.ToString());
    const RunResult small = vmtrunc::Run<SmallCaps>(script, flipped);
    if (!small.ran_out) EXPECT_EQ(small.broken, large.broken) << it.what;
  }
}

// A fork that runs out of vmas and keeps mmap_sem: nobody asks for it again.
TEST(States, AHeldLockIsReportedWithoutAnotherTask) {
  Script script = EmptyScript();
  script.setup.tasks = 1;
  script.setup.sizes[0] = 8;
  for (unsigned i = 0; i < 40; ++i)
    script.events.push_back({.kind = EventKind::kStart,
                             .verb = Verb::kMmap,
                             .addr = static_cast<uint8_t>(2 * i + 1),
                             .len = 1,
                             .write = true});
  script.events.push_back(
      {.kind = EventKind::kStart, .verb = Verb::kFork, .new_addr = 2});
  EXPECT_TRUE(vmtrunc::Run(script, RulesOf("2.6.11")).holds());
  const RunResult flipped =
      vmtrunc::Run(script, RulesOf("2.6.11-fork-unlocks-on-error"));
  EXPECT_EQ(flipped.broken, Bit(Property::kLockOrder));
  EXPECT_EQ(flipped.first.event, script.events.size());
}

// While a truncation is in flight, a page past the new end is its business:
// punches and invalidations leave i_size alone and excuse nothing.
TEST(States, OnlyATruncationInFlightExcusesAPagePastTheEnd) {
  const std::string begin =
      R"(vmtrunc 1
file f 4
task a
task t
a mmap 17 4 f 0
)";
  const Rules rules = RulesOf("6.18-fault-checks-size");
  EXPECT_TRUE(
      vmtrunc::Run(Parse(begin + "t truncate f 2 &\na read 20\nt finish\n"),
                   rules)
          .holds());
  EXPECT_TRUE(
      vmtrunc::Run(
          Parse(begin + "t truncate f 2\nt punch f 0 1 &\na read 20\n"), rules)
          .breaks(Property::kNoPagePastSize));
  EXPECT_TRUE(
      vmtrunc::Run(Parse(begin + "t truncate f 2\nt invalidate f 0 1 &\n"
                                 "a read 20\n"),
                   rules)
          .breaks(Property::kNoPagePastSize));
}

// The properties that the world breaks as it stands. More is excused than in
// the checker: all of a file at which a truncation is, begun or not.
uint32_t BrokenBy(const World<LargeCaps>& w) {
  uint32_t broken = 0;
  for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
    for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
      const Pte pte = w.mms[mm].ptes[addr];
      const Vma* const vma = VmaAt(w, mm, addr);
      if (!pte.present() || vma == nullptr) continue;
      if (pte.kind() == PteKind::kOrphan)
        broken |= Bit(Property::kNoRemovedPageMapped);
      bool truncates = false;
      for (const Task& task : w.tasks)
        truncates |= task.op.verb == Verb::kTruncate &&
                     task.op.truncate.removal.file == vma->file;
      const unsigned index = pte.kind() == PteKind::kCopy
                                 ? vma->pgoff + addr - vma->start
                                 : pte.index();
      if (!truncates && index >= w.files[vma->file].size)
        broken |= Bit(Property::kNoPagePastSize);
    }
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    if (w.tasks[task].op.verb != Verb::kNone) continue;
    bool holds = false;
    for (const File& file : w.files)
      holds |= file.i_sem == task || file.i_mmap_lock == task ||
               file.unmap_mutex == task || file.invalidate_lock == task ||
               ((file.walkers | file.fillers) >> task & 1) != 0;
    for (const auto& mm : w.mms)
      holds |= mm.writer == task || mm.page_table_lock == task ||
               (mm.readers >> task & 1) != 0;
    if (holds) broken |= Bit(Property::kLockOrder);
  }
  return broken;
}

// Runs the script and compares after each event; returns all that was broken.
uint32_t LookAtEach(const Script& script, const KernelSpec& spec) {
  const Rules rules = spec.rules();
  World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
  Checker<LargeCaps> checker(rules);
  Machine<LargeCaps, Checker<LargeCaps>> machine(world, rules, checker);
  uint32_t seen = 0;
  // What tmpfs maps past i_size is exempt.
  uint32_t exempt = 0;
  for (const FolioSetup& folios : script.setup.folios)
    if (folios.shmem && rules.shmem_maps_past_size)
      exempt = Bit(Property::kNoPagePastSize);
  for (const Event& event : script.events) {
    machine.Apply(event);
    checker.EventEnds(world);
    // A vma that was shifted takes its private copies with it; that is another
    // property's.
    if ((checker.broken() & Bit(Property::kVmasWellFormed)) != 0) break;
    const uint32_t broken = BrokenBy(world) & ~exempt;
    EXPECT_EQ(broken & ~checker.broken(), 0U) << spec.ToString() << "\n"
                                              << ToText(script);
    seen |= broken;
  }
  return seen;
}

TEST(States, AFullCheckFindsNothingMore) {
  const std::vector<Script> corpus = CorpusScripts();
  const auto kernels = static_cast<unsigned>(AllKernels().size());
  const auto rules = static_cast<unsigned>(AllRules().size());
  uint32_t seen = 0;
  for (unsigned i = 0; i < corpus.size(); ++i)
    for (unsigned rule = 0; rule < rules && !HasFailure(); ++rule)
      seen |=
          LookAtEach(corpus[i], {.kernel = static_cast<uint8_t>(i % kernels),
                                 .flips = RuleSet::Of(rule)});
  base::Random random(11);
  for (int i = 0; i < 20000 && !HasFailure(); ++i) {
    Script script = corpus[random.Below(static_cast<unsigned>(corpus.size()))];
    for (int change = 0; change < 3; ++change)
      search::Mutate(script, 60, random);
    KernelSpec spec{.kernel = static_cast<uint8_t>(random.Below(kernels))};
    if (random.Below(4) != 0) spec.flips.flip(random.Below(rules));
    seen |= LookAtEach(script, spec);
  }
  EXPECT_EQ(seen, Bit(Property::kNoPagePastSize) |
                      Bit(Property::kNoRemovedPageMapped) |
                      Bit(Property::kLockOrder));
}

}  // namespace
}  // namespace vmtrunc
