// The generator makes the same scripts everywhere, and things happen in them;
// what shrinking tries is smaller.
#include "properties/gen.h"

#include <gtest/gtest.h>

#include "core/run/run.h"
#include "properties/atomic.h"
#include "properties/census.h"
#include "properties/smaller.h"
#include "search/tables.h"
#include "search/translations.h"

namespace vmtrunc::properties {
namespace {

TEST(Generator, MakesTheSameScriptsOnEveryBuild) {
  uint64_t all = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<uint8_t> bytes =
        EncodeBytes(search::MakeScript(seed, 32));
    all = (all ^ HashBytes(bytes.data(), bytes.size())) * 0x9e3779b97f4a7c15U;
  }
  EXPECT_EQ(all, VMTRUNC_GENERATOR_HASH) << std::hex << all;
}

TEST(Generator, GeneratesEachSituationOftenEnough) {
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  constexpr int kScripts = 10000;
  std::vector<int> did(AllShares().size());
  Census all;
  for (uint64_t seed = 0; seed < kScripts; ++seed) {
    const Census census = CountRun(search::MakeScript(seed, 32), rules);
    all.Add(census);
    for (size_t i = 0; i < did.size(); ++i)
      did[i] += AllShares()[i].in_script(census) ? 1 : 0;
  }
  for (size_t i = 0; i < did.size(); ++i) {
    EXPECT_GE(did[i], AllShares()[i].floor * kScripts) << AllShares()[i].name;
    EXPECT_GT(AllShares()[i].floor, 0) << AllShares()[i].name;
  }
  // Those of large folios: AddFolios().
  for (int verb = 1; verb <= static_cast<int>(Verb::kInvalidate); ++verb)
    EXPECT_GE(all.verbs[verb], kScripts / 50U) << VerbName(Verb(verb));
}

// The plots of whole page tables are the fuzzer's: there where a table moves or
// goes, in all three kinds of scripts, and nowhere else.
TEST(Generator, MovesAndRetractsTablesWhereTheKernelDoes) {
  for (const char* kernel : {"2.6.11", "3.0", "5.4", "6.18"}) {
    const Rules rules = ParseKernelSpec(kernel)->rules();
    for (const Scripts kind :
         {Scripts::kPlain, Scripts::kFolios, Scripts::kTranslations}) {
      const rc::Gen<Script> gen = AnyScriptOf(kind, rules);
      int plots = 0;
      for (uint64_t seed = 0; seed < 400; ++seed) {
        const std::vector<Event> events =
            gen(rc::Random(seed), 0).value().events;
        // A whole table is mapped first, and an operation on it begun.
        plots += !events.empty() && events[0].verb == Verb::kMmap &&
                 events[0].len == kPtesPerTable &&
                 (events[0].addr == 48 || events[0].addr == 64);
      }
      if (search::HasTables(rules)) {
        EXPECT_GE(plots, 25) << kernel;
      } else {
        EXPECT_LE(plots, 10) << kernel;
      }
    }
  }
}

// A generator that makes idle scripts does not pass the floors.
TEST(Generator, FloorsRejectIdleScripts) {
  Script idle = EmptyScript();
  idle.setup.tasks = 1;
  idle.events.resize(32);
  const Census census = CountRun(idle, ParseKernelSpec("2.6.11")->rules());
  for (const Share& share : AllShares())
    EXPECT_FALSE(share.in_script(census)) << share.name;
}

// same-as-atomic compares enough: not all operations overlap or commute.
TEST(Generator, GivesSameAsAtomicSomethingToCompare) {
  const Rules rules = ParseKernelSpec("3.0")->rules();
  int compared = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed)
    compared +=
        SameAsAtomic(search::MakeScript(seed, 32), rules).compared ? 1 : 0;
  EXPECT_GE(compared, 200);
}

// What a candidate must lower, or else a chain of them might not end. No part
// ever grows while an earlier one stays.
std::vector<unsigned> Size(const Script& script) {
  unsigned begun = 0, numbers = 0, flags = 0, tasks_of_events = 0;
  for (const Event& e : script.events) {
    begun += e.kind == EventKind::kBegin ? 1 : 0;
    numbers += e.addr + e.len + e.new_addr + e.new_len + e.pgoff +
               e.fail_after + e.count + e.file;
    flags += unsigned(e.populate) + unsigned(e.is_private) +
             unsigned(e.verb == Verb::kMmap && !e.write);
    tasks_of_events += e.task;
  }
  const Setup& s = script.setup;
  unsigned shared = 0;
  for (uint8_t i = 0; i < s.tasks; ++i) shared += s.mm_of[i] != i ? 1 : 0;
  return {static_cast<unsigned>(script.events.size()),
          s.tasks,
          begun,
          numbers,
          flags,
          tasks_of_events,
          s.count,
          32U - s.count_bits,
          s.block,
          s.files,
          (s.tlb ? 1U : 0U) + (s.folios[1] == FolioSetup{} ? 0U : 1U) +
              (s.folios[0] == FolioSetup{} ? 0U : 1U),
          unsigned{s.sizes[0]} + s.sizes[1],
          shared};
}

TEST(Smaller, EachCandidateIsSmaller) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Script script = search::MakeScript(seed, 32);
    base::Random random(seed);
    if (seed % 2 == 0) search::AddTranslations(script, random);
    const std::vector<unsigned> size = Size(script);
    rc::Seq<Script> candidates = SmallerScripts(script);
    int count = 0;
    for (auto next = candidates.next(); next; next = candidates.next()) {
      EXPECT_LT(Size(*next), size) << ToText(script) << ToText(*next);
      ++count;
    }
    EXPECT_GT(count, 60);
  }
}

TEST(Smaller, EachDeletionIsTried) {
  const Script script = search::MakeScript(7, 32);
  for (size_t at = 0; at < script.events.size(); ++at) {
    std::vector<Event> less = script.events;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(at));
    bool tried = false;
    rc::Seq<Script> candidates = SmallerScripts(script);
    for (auto next = candidates.next(); next && !tried;
         next = candidates.next())
      tried = next->events == less;
    EXPECT_TRUE(tried) << at;
  }
}

// Tasks are renumbered without changing what a script does.
TEST(Smaller, RemovesAnIdleTask) {
  Script script = *ParseText(
      R"(vmtrunc 1
file f 6
task a
task b
task c
c mmap 10 4 f 0 populate
c truncate f 2 &
c drop
c fork d
)");
  const Rules rules = ParseKernelSpec("2.6.11-clip-to-range")->rules();
  ASSERT_TRUE(vmtrunc::Run(script, rules).breaks(Property::kNoOverUnmap));
  bool shrunk = true;
  while (shrunk) {
    shrunk = false;
    rc::Seq<Script> candidates = SmallerScripts(script);
    for (auto next = candidates.next(); next && !shrunk;
         next = candidates.next()) {
      if (!vmtrunc::Run(*next, rules).breaks(Property::kNoOverUnmap)) continue;
      script = *next;
      shrunk = true;
    }
  }
  EXPECT_EQ(ToText(script),
            R"(vmtrunc 1
file f 1
task a
a mmap 1 2 f 0 populate
a truncate f 1
)");
}

}  // namespace
}  // namespace vmtrunc::properties
