// Where operations stand: the lists of phases say what the machine does, and
// docs/model.md says what the lists say.
#include "core/model/where.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/run/run.h"
#include "search/mutate.h"

namespace vmtrunc {
namespace {

// In the words of docs/model.md.
const char* Name(LockKind kind) {
  switch (kind) {
    case LockKind::kISem:
      return "i_sem";
    case LockKind::kMmapSemRead:
      return "mmap_sem, for read";
    case LockKind::kMmapSemWrite:
      return "mmap_sem, for write";
    case LockKind::kVmaLock:
      return "the vma's lock";
    case LockKind::kInvalidateLock:
      return "invalidate_lock";
    case LockKind::kPageLock:
      return "the page's lock";
    case LockKind::kUnmapMutex:
      return "unmap_mutex";
    case LockKind::kIMmapLock:
      return "i_mmap_lock";
    case LockKind::kPageTableLock:
      return "page_table_lock";
  }
  return "";
}

const char* Name(const Waits& waits) {
  if (waits.lock) return Name(*waits.lock);
  switch (waits.part) {
    case Part::kNothing:
      return "-";
    case Part::kAsAdjust:
      return "as vma_adjust";
    case Part::kAsUnmap:
      return "as unmap";
    case Part::kAsPass:
      return "as a pass";
    case Part::kAsFault:
      return "as a fault";
    case Part::kAsMmap:
      return "as mmap";
    case Part::kAsRemoval:
      return "as the removal of pages";
  }
  return "";
}

// Between them they have every lock.
constexpr const char* kKernels[] = {"2.6.10", "2.6.9-mm", "2.6.11",
                                    "2.6.15", "2.6.23",   "2.6.38",
                                    "3.0",    "6.18",     "repaired"};

TEST(Where, ATaskThatIsBlockedWaitsForTheLockThatIsListed) {
  base::Random random(11);
  std::set<LockKind> seen;
  for (int round = 0; round < 40000; ++round) {
    Script script = search::RandomSetup(random);
    for (int i = 0; i < 40; ++i) search::Mutate(script, 64, random);
    const Rules rules = ParseKernelSpec(kKernels[random.Below(9)])->rules();
    RunTraced(script, rules, [&](const TraceStep& step) {
      if (step.flow != Flow::kBlocked) return;
      const PhaseInfo point = PhaseOf(*step.begins);
      for (const TraceNote& note : step.notes) {
        if (note.kind != TraceNote::Kind::kBlocks) continue;
        EXPECT_EQ(point.waits.lock, note.lock)
            << VerbName(step.verb) << " " << point.phase << ", " << step.from;
        seen.insert(note.lock);
      }
    });
  }
  EXPECT_EQ(seen.size(), 8U);  // of each kind of lock somebody has waited for
}

TEST(Where, TheModelsDocumentListsThePhases) {
  std::string table =
      "| of | phase | stands | may wait for |\n|---|---|---|---|\n";
  for (const PhaseList& list : PhaseLists())
    for (const PhaseInfo& point : list.points)
      absl::StrAppend(&table, "| ", list.of, " | `", point.phase, "` | ",
                      *point.name == 0 ? "-" : point.name, " | ",
                      Name(point.waits), " |\n");
  std::ifstream file(VMTRUNC_SOURCE_DIR "/docs/model.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(table), std::string::npos)
      << "docs/model.md should have:\n"
      << table;
}

}  // namespace
}  // namespace vmtrunc
