// Random scripts about whole page tables: they can be written and read, and
// find what they are made for, where a kernel breaks and only there.
#include "search/tables.h"

#include <gtest/gtest.h>

#include "core/about/bugs.h"
#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "search/make.h"
#include "search/translations.h"

namespace vmtrunc::search {
namespace {

Script Made(uint64_t seed) {
  base::Random random(seed);
  Script script = MakeScript(seed, 8);
  if (random.OneOf(2)) script.setup.tlb = true;
  AddTables(script, random);
  return script;
}

TEST(Tables, CanBeWrittenAndRead) {
  int collapses = 0, moves = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script script = Made(seed);
    ASSERT_LE(script.events.size(), kMaxEvents);
    ASSERT_NO_FATAL_FAILURE(ExpectReadsBack(script));
    ASSERT_EQ(ToText(Made(seed)), ToText(script));
    for (const Event& event : script.events) {
      collapses += event.verb == Verb::kCollapse ? 1 : 0;
      moves += event.verb == Verb::kMremap && event.addr % 16 == 0 &&
                       event.new_addr % 16 == 0 && event.len == 16
                   ? 1
                   : 0;
    }
  }
  EXPECT_GT(collapses, 500);
  EXPECT_GT(moves, 500);
}

TEST(Tables, AddsNothingThatHasNoRoom) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed);
    Script script = MakeScript(seed, kMaxEvents);
    AddTables(script, random);
    ASSERT_LE(script.events.size(), kMaxEvents);
    Script alone = MakeScript(seed, 8);
    alone.setup.tasks = 1;
    const Script before = alone;
    AddTables(alone, random);
    ASSERT_EQ(alone.events, before.events);
  }
}

Script Shared(uint64_t seed) {
  base::Random random(seed);
  Script script = MakeScript(seed, 8);
  AddSharedTables(script, random);
  return script;
}

TEST(Tables, SharedOnesCanBeWrittenAndRead) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script script = Shared(seed);
    ASSERT_LE(script.events.size(), kMaxEvents);
    ASSERT_NO_FATAL_FAILURE(ExpectReadsBack(script));
    ASSERT_EQ(ToText(Shared(seed)), ToText(script));
  }
}

// In one script of a few, and nothing on a kernel that flushes.
TEST(Tables, SharedOnesFindThatAFlushIsMissing) {
  const Rules wrong = ParseKernelSpec("6.1-unshare-flushes")->rules();
  const Rules right = ParseKernelSpec("6.1")->rules();
  int found = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Script script = Shared(seed);
    ASSERT_TRUE(vmtrunc::Run(script, right).holds()) << ToText(script);
    found += vmtrunc::Run(script, wrong).breaks(Property::kNoStaleTlb) ? 1 : 0;
  }
  EXPECT_GT(found, 50);
}

class TablesFind : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Bugs, TablesFind,
                         testing::Values("HB-56", "HB-81", "HB-82", "HB-83"));

TEST_P(TablesFind, WhatTheyAreMadeFor) {
  for (const BugInfo& bug : AllBugs()) {
    if (bug.name != std::string(GetParam())) continue;
    const Rules wrong = WithBug(bug).rules();
    const Rules right = ParseKernelSpec(bug.kernel)->rules();
    ASSERT_TRUE(HasTables(wrong));
    uint64_t seed = 0;
    for (; seed < 400000; ++seed) {
      const Script script = Made(seed);
      if (vmtrunc::Run(script, wrong).breaks(bug.property) &&
          vmtrunc::Run(script, right).holds())
        break;
    }
    EXPECT_LT(seed, 400000U) << bug.name;
  }
}

}  // namespace
}  // namespace vmtrunc::search
