// What is reported of the locks of vmas, of mmap_sem, and of who waits for
// them.
#include <gtest/gtest.h>

#include "base/random.h"
#include "report/explain/fact_json.h"
#include "report/explain/outcome.h"
#include "report/explain/parting.h"
#include "report/explain/story_json.h"
#include "report/explain/story_test.h"
#include "report/explain/text.h"
#include "report/explain/vma_facts.h"
#include "search/mutate.h"

namespace vmtrunc::report {
namespace {

// The row at whose end the task is at that sync point, for the first time.
size_t RowAt(const Story& story, unsigned task, const std::string& where) {
  for (size_t row = 0; row < story.rows.size(); ++row)
    if (story.rows[row].task == task && story.rows[row].to &&
        story.rows[row].to->Name() == where)
      return row;
  ADD_FAILURE() << where;
  return 0;
}

// HB-89: found, freed and used again, held for read, waited for, released.
TEST(VmaLocks, AFaultHoldsTheVmaOfAnotherMm) {
  const Story story =
      StoryOf("history/HB-89-wakes-a-writer-of-an-mm-that-has-gone.vmt",
              "6.18-reader-keeps-mm", Folding::kNone);
  const auto json = ToJson(story, nullptr);
  constexpr unsigned kB = 1, kC = 2;
  const size_t found = RowAt(story, kB, "vma found, before its lock");
  EXPECT_EQ(FoundBy(story.rows[found].world, kB), Slot{0});
  EXPECT_EQ(LocksOn(story.rows[found].world, 0), VmaLocks{});
  EXPECT_EQ(json["rows"][found]["set"]["found"], (nlohmann::json{{"b", 0}}));
  const size_t held =
      RowAt(story, kB, "vma locked, before it is looked at again");
  const LargeWorld& world = story.rows[held].world;
  EXPECT_FALSE(FoundBy(world, kB));
  EXPECT_EQ(LocksOn(world, 0), (VmaLocks{.writer = {}, .readers = {kB}}));
  EXPECT_EQ(story.MmName(held, world.vmas[0].mm), "c");
  EXPECT_EQ(json["rows"][held]["set"]["vmas"]["0"]["read_by"],
            nlohmann::json::array({"b"}));
  EXPECT_TRUE(json["rows"][held]["set"]["found"]["b"].is_null());
  const size_t waits = RowAt(story, kC, "unmap: before the vmas' locks");
  const auto holders = AwaitedBy(story, waits, kC);
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders[0].task, kB);
  EXPECT_EQ(holders[0].lock.lock.kind, LockKind::kVmaLock);
  EXPECT_TRUE(holders[0].lock.lock.shared);
  const auto expected = nlohmann::json::parse(
      R"([{"lock": {"lock": "vma", "shared": true, "slot": 0}, "task": "b"}])");
  EXPECT_EQ(json["rows"][waits]["set"]["waits"]["c"], expected);
  // The exit waits no longer, and then locks without mmap_sem.
  const size_t left =
      RowAt(story, kB, "before the writer that waits for the vma is woken");
  EXPECT_TRUE(AwaitedBy(story, left, kC).empty());
  EXPECT_TRUE(json["rows"][left]["set"]["waits"]["c"].is_null());
  EXPECT_EQ(LocksOn(story.rows[left + 1].world, 0),
            (VmaLocks{.writer = kC, .readers = {}}));
}

// HB-89c: a writer and a reader at once.
TEST(VmaLocks, TheTextSaysBoth) {
  const Story story =
      StoryOf("history/HB-89c-fault-under-a-vma-that-a-writer-has-locked.vmt",
              "6.18-reader-checks-lock", Folding::kNone);
  const std::string text = ToText(story, nullptr, Look{.columns = 400});
  EXPECT_NE(text.find("slot 0, locked by a, read by b\n"), std::string::npos)
      << text;
  const size_t row = *story.broken_row;
  const auto view = ViewOf(story, story.rows[row].world, row, 0);
  EXPECT_EQ(view->locks.writer, 0U);
}

// Kernels do not part by a lock alone.
TEST(VmaLocks, PartingIsNotByLocks) {
  const char* const path =
      "history/HB-85-new-vma-found-before-it-is-indexed.vmt";
  const Story locked = StoryOf(path, "6.18", Folding::kNone);
  const Story open = StoryOf(path, "6.18-new-vma-is-locked", Folding::kNone);
  EXPECT_EQ(LocksOn(locked.rows[0].world, 0).writer, 0U);
  EXPECT_EQ(LocksOn(open.rows[0].world, 0), VmaLocks{});
  EXPECT_EQ(PartingRow(locked, open), 1U);
}

// Whatever runs: a vma that is locked has a task that locked it, which holds
// its mm's mmap_sem or takes the whole mm down; one that reads it is in a
// fault; and of a task that waits the holders are named.
TEST(VmaLocks, HoldersOfRandomScripts) {
  base::Random random(23);
  unsigned writers = 0, readers = 0, found = 0, waits = 0, exits = 0;
  for (int round = 0; round < 300; ++round) {
    Script script = search::RandomSetup(random);
    for (int i = 0; i < 40; ++i) search::Mutate(script, 64, random);
    const char* const kernels[] = {"6.12", "6.18", "7.0"};
    const Story story =
        Tell("", script, *ParseKernelSpec(kernels[round % 3]), Folding::kNone);
    for (size_t row = 0; row < story.rows.size(); ++row) {
      const LargeWorld& world = story.rows[row].world;
      for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
        const Vma& vma = world.vmas[slot];
        const VmaLocks locks = LocksOn(world, static_cast<Slot>(slot));
        ASSERT_EQ(locks.writer.has_value(), vma.locked != 0);
        if (locks.writer) {
          const bool exits_now = world.mms[vma.mm].writer != *locks.writer;
          if (exits_now)
            EXPECT_EQ(world.tasks[*locks.writer].op.unmap.whole_mm, 1);
          ++(exits_now ? exits : writers);
        }
        for (const unsigned task : locks.readers) {
          const Verb verb = world.tasks[task].op.verb;
          EXPECT_TRUE(verb == Verb::kRead || verb == Verb::kWrite);
          ++readers;
        }
      }
      for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
        found += FoundBy(world, task) ? 1U : 0U;
      const StoryRow& it = story.rows[row];
      if (it.flow != Flow::kBlocked) continue;
      EXPECT_EQ(AwaitedBy(story, row, it.task), WaitOf(story, row).holders);
      ++waits;
    }
  }
  for (const unsigned count : {writers, readers, found, waits, exits})
    EXPECT_GT(count, 20U);
}

// Who waits for a page waits for its folio, which may be locked by another
// page.
TEST(VmaLocks, AnAwaitedPageIsOfAFolio) {
  std::string text =
      "vmtrunc 1\nfile f 4 order 2\ntask a\ntask b\na mmap 1 4 f 0\n"
      "b mmap 1 4 f 0\na write 1 &\n";
  unsigned told = 0;
  for (int steps = 0; steps < 12; ++steps) {
    text += "a step\n";
    const Story story = Tell("", *ParseText(text + "b write 2\n"),
                             *ParseKernelSpec("6.18"), Folding::kNone);
    for (size_t row = 0; row < story.rows.size(); ++row) {
      if (story.rows[row].flow != Flow::kBlocked) continue;
      const Fact fact = WaitOf(story, row);
      ASSERT_EQ(fact.holders.size(), 1U);
      EXPECT_EQ(fact.holders[0].task, 0U);
      EXPECT_EQ(fact.holders[0].lock.lock.kind, LockKind::kPageLock);
      EXPECT_EQ(fact.holders[0].lock.lock.id, 0U);
      ++told;
    }
  }
  EXPECT_GT(told, 0U);
}

}  // namespace
}  // namespace vmtrunc::report
