// Page tables that mms share: who comes to have one, who gives it up, and what
// processors may still use then.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/run/follow_test.h"
#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "search/make.h"
#include "search/tables.h"

namespace vmtrunc {
namespace {

const char kNew[] = "6.1";      // flushes
const char kOld[] = "5.4";      // does not
const char kWithout[] = "3.0";  // has none

// The world when the script has ended.
LargeWorld After(const std::string& events, const char* kernel,
                 const char* file = "file f 16 hugetlb\n") {
  LargeWorld last{};
  FollowWorld(Parse("vmtrunc 1\ntlb\n" + std::string(file) +
                    "task a\ntask b\ntask c\ntask d mm a\n" + events),
              RulesOf(kernel), [&](const LargeWorld& world) { last = world; });
  return last;
}

constexpr unsigned kSpan = 1;  // of address 16
const std::string kBoth =
    "a mmap 16 16 f 0 populate\nb mmap 16 16 f 0 populate\n";

unsigned Present(const LargeWorld& world, unsigned mm) {
  return static_cast<unsigned>(
      std::ranges::count_if(world.mms[mm].ptes, &Pte::present));
}
unsigned Kept(const LargeWorld& world, unsigned mm) {
  return static_cast<unsigned>(std::ranges::count_if(
      world.mms[mm].tlb, [](unsigned it) { return it != 0; }));
}

TEST(Hugetlb, AFaultTakesTheTableOfAnother) {
  const LargeWorld world = After(kBoth + "c mmap 48 16 f 0 populate\n", kNew);
  EXPECT_EQ(world.shares[0][kSpan], 1);
  EXPECT_EQ(world.shares[1][kSpan], 1);
  EXPECT_EQ(world.shares[2][3], 1) << "at another address";
  EXPECT_EQ(Present(world, 1), 16U);
}

TEST(Hugetlb, SharesWholeTablesOfTheSamePagesAlone) {
  const auto shares = [](const std::string& events, const char* kernel,
                         const char* file = "file f 32 hugetlb\n") {
    const LargeWorld world =
        After("a mmap 16 16 f 0 populate\n" + events, kernel, file);
    return world.shares[0][kSpan] != 0;
  };
  EXPECT_TRUE(shares("b mmap 32 32 f 0 populate\n", kNew)) << "a larger vma";
  EXPECT_FALSE(shares("b mmap 16 15 f 0 populate\n", kNew)) << "a part";
  EXPECT_FALSE(shares("b mmap 17 16 f 0 populate\n", kNew)) << "two tables";
  EXPECT_FALSE(shares("b mmap 16 16 f 16 populate\n", kNew)) << "other pages";
  EXPECT_FALSE(shares("b mmap 16 16 f 0\n", kNew)) << "no fault yet";
  EXPECT_FALSE(shares("b mmap 16 16 f 0 populate\n", kWithout));
  EXPECT_FALSE(shares("b mmap 16 16 f 0 populate\n", kNew, "file f 32\n"));
}

// With all pages, also those that it does not unmap; the last has a table of
// its own.
TEST(Hugetlb, WhoUnmapsAPageGivesTheTableUp) {
  for (const char* const kernel : {kNew, kOld}) {
    const LargeWorld world =
        After(kBoth + "c mmap 16 16 f 0 populate\na munmap 30 2\n", kernel);
    EXPECT_EQ(Present(world, 0), 0U);
    EXPECT_EQ(world.mms[0].tables, 0U);
    EXPECT_EQ(world.shares[0][kSpan], 0);
    EXPECT_EQ(Present(world, 1), 16U);
    EXPECT_EQ(world.shares[1][kSpan], 1) << "two are left";
    EXPECT_EQ(Kept(world, 0), kernel == kNew ? 0U : 16U);
    const LargeWorld later = After(
        kBoth + "c mmap 16 16 f 0 populate\na munmap 30 2\nb munmap 16 16\n",
        kernel);
    EXPECT_EQ(later.shares[2][kSpan], 0) << "nobody else has it";
    EXPECT_EQ(Present(later, 2), 16U);
  }
}

// What is left of the vma does not span the table.
TEST(Hugetlb, APartOfAVmaHasATableOfItsOwn) {
  const LargeWorld world = After(kBoth + "a munmap 30 2\na read 16\n", kNew);
  EXPECT_EQ(Present(world, 0), 1U);
  EXPECT_EQ(world.shares[0][kSpan], 0);
  EXPECT_EQ(world.shares[1][kSpan], 0);
}

TEST(Hugetlb, APassMakesAllButTheLastGiveItUp) {
  for (const char* const kernel : {kNew, kOld}) {
    const LargeWorld world = After(kBoth + "c truncate f 4\n", kernel);
    EXPECT_EQ(Present(world, 0), 0U) << "pages below i_size too";
    EXPECT_EQ(Present(world, 1), 4U);
    EXPECT_EQ(Kept(world, 0), kernel == kNew ? 0U : 16U);
    EXPECT_EQ(Kept(world, 1), 0U);
  }
}

TEST(Hugetlb, MprotectFlushesItself) {
  for (const char* const kernel : {kNew, kOld}) {
    const LargeWorld world = After(kBoth + "a mprotect 20 2 r\n", kernel);
    EXPECT_EQ(Present(world, 0), 0U);
    EXPECT_EQ(Kept(world, 0), 0U) << kernel;
    EXPECT_EQ(Present(world, 1), 16U);
  }
}

TEST(Hugetlb, MunmapHoldsTheLockOfTheIndex) {
  const std::string begun = kBoth + "a munmap 16 16 &\na step\na step\n";
  EXPECT_EQ(After(begun, kNew).files[0].i_mmap_lock, kNone);
  EXPECT_EQ(After(begun + "a step\n", kNew).files[0].i_mmap_lock, 0);
  EXPECT_EQ(After(begun + "a step\na step\n", kNew).files[0].i_mmap_lock, kNone)
      << "a table that is shared is one step";
  // Neither a pass nor a fault that is to share gets it meanwhile.
  for (const char* const other : {"b truncate f 0\n", "c read 16\n"}) {
    const std::string blocked =
        "c mmap 16 16 f 0\n" + begun + "a step\n" + other;
    const LargeWorld world = After(blocked, kNew);
    EXPECT_EQ(world.files[0].i_mmap_lock, 0) << other;
    EXPECT_EQ(Present(world, 1), 16U) << other;
    EXPECT_EQ(Present(world, 2), 0U) << other;
    EXPECT_EQ(Present(After(blocked + "a finish\nc finish\n", kNew), 2),
              other[0] == 'c' ? 1U : 0U);
  }
}

TEST(Hugetlb, WhatHasNoEffect) {
  const LargeWorld before = After("a mmap 16 16 f 0 populate\n", kNew);
  for (const char* const event :
       {"b mmap 16 16 f 0 private\n", "a mremap 16 16 48 16\n",
        "a mremap 16 16 16 20\n", "a invalidate f 0 16\n", "a order f 1\n",
        "a collapse f 0\n", "a remap 16 4 8\n"})
    EXPECT_TRUE(HashOf(After("a mmap 16 16 f 0 populate\n" + std::string(event),
                             kNew)) == HashOf(before))
        << event;
  // Neighbours do not merge.
  EXPECT_EQ(After("a mmap 16 8 f 0\na mmap 24 8 f 8\n", kNew).free_count,
            LargeCaps::kVmas - 2);
}

TEST(Hugetlb, IsReadBack) {
  ExpectReadsBack(
      Parse("vmtrunc 1\nfile f 3 hugetlb\nfile g 64 pfn\ntask a\n"));
  ExpectReadsBack(Parse("vmtrunc 1\nfile f 3\nfile g 64 hugetlb\ntask a\n"));
  EXPECT_FALSE(ParseText("vmtrunc 1\nfile f 3 hugetlb shmem\n").ok());
}

// Of random scripts: no number has one holder, and a table is there where one
// is shared; at rest nothing is left on a kernel that flushes.
TEST(Hugetlb, SharedTablesAreThereAndHaveSeveralHolders) {
  base::Random random(5);
  unsigned shared = 0, given_up = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Script script = search::MakeScript(seed, 8);
    search::AddSharedTables(script, random);
    const Rules rules = RulesOf(seed % 2 == 0 ? kNew : kOld);
    bool was = false;
    FollowWorld(script, rules, [&](const LargeWorld& world) {
      unsigned holders[256] = {};
      for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
        for (unsigned span = 0; span < std::size(world.shares[mm]); ++span) {
          const uint8_t number = world.shares[mm][span];
          if (number == 0) continue;
          ++holders[number];
          ASSERT_NE(world.mms[mm].tables >> span & 1, 0) << ToText(script);
        }
      for (const unsigned count : holders)
        ASSERT_NE(count, 1U) << ToText(script);
      shared += holders[1] != 0 ? 1 : 0;
      given_up += was && holders[1] == 0 ? 1 : 0;
      was = holders[1] != 0;
    });
  }
  EXPECT_GT(shared, 3000U);
  EXPECT_GT(given_up, 500U);
}

}  // namespace
}  // namespace vmtrunc
