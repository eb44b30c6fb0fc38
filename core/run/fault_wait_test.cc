// What a fault holds while it waits for a page's lock, or for a punch.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/run/run.h"
#include "core/run/scripts_test.h"

namespace vmtrunc {
namespace {

constexpr char kWait[] = "fault: waiting for the page without mmap_sem";
constexpr char kPageLock[] = "fault: before the page's lock";

// Thread b of a's mm unmaps something else, while a's fault waits for t, which
// has the page locked. Then another waits for the page again.
constexpr char kTwoWaits[] = R"(vmtrunc 1
file f 4
task a
task b mm a
task t
a mmap 1 1 f 0
a mmap 17 1 f 0
a write 1 &
a step
a step
a step
a step
t invalidate f 0 1 &
t step
a step
b munmap 17 1
t finish
t mmap 1 1 f 0
t read 1
t munmap 1 1
a step
a step
a step
a step
a step
t invalidate f 0 1 &
t step
a step
b mmap 17 1 f 0
t finish
a finish
b finish
)";

// Where a task stood at each step that did something, or waited.
struct Steps {
  std::vector<std::string> done, blocked;

  bool Did(const std::string& point) const { return Count(done, point) != 0; }
  bool Waited(const std::string& point) const {
    return Count(blocked, point) != 0;
  }
  static long Count(const std::vector<std::string>& points,
                    const std::string& point) {
    return std::count(points.begin(), points.end(), point);
  }
};

Steps StepsOf(const std::string& text, const std::string& kernel,
              unsigned task) {
  Steps steps;
  const RunResult result =
      RunTraced(Parse(text), RulesOf(kernel), [&](const TraceStep& step) {
        if (step.task != task) return;
        (step.flow == Flow::kBlocked ? steps.blocked : steps.done)
            .push_back(step.from);
      });
  EXPECT_TRUE(result.holds()) << kernel << ": " << result.first.ToString();
  return steps;
}

TEST(FaultWait, LetsMmapSemGoOnceAndThenKeepsIt) {
  for (const char* kernel : {"2.6.38", "3.0", "5.4", "6.x"}) {
    const Steps fault = StepsOf(kTwoWaits, kernel, 0);
    EXPECT_EQ(Steps::Count(fault.done, kWait), 1) << kernel;
    EXPECT_TRUE(fault.Waited(kPageLock)) << kernel;
    // The second munmap of b meets it.
    EXPECT_TRUE(StepsOf(kTwoWaits, kernel, 1).Waited("before mmap_sem"))
        << kernel;
  }
}

TEST(FaultWait, KeptMmapSemBefore2_6_37) {
  const Steps fault = StepsOf(kTwoWaits, "3.0-fault-wait-unlocks", 0);
  EXPECT_FALSE(fault.Did(kWait));
  EXPECT_TRUE(fault.Waited(kPageLock));
  EXPECT_FALSE(StepsOf(kTwoWaits, "2.6.23", 0).Did(kWait));
}

// Under a vma's lock first, then once more under mmap_sem.
constexpr char kVmaLock[] = R"(vmtrunc 1
file f 4
task a
task t
a mmap 1 1 f 0
a write 1 &
a step
a step
a step
a step
a step
a step
t invalidate f 0 1 &
t step
a step
t finish
t mmap 1 1 f 0
t read 1
t munmap 1 1
a step
a step
a step
a step
a step
t invalidate f 0 1 &
t step
a step
t finish
a finish
)";

TEST(FaultWait, UnderAVmaLockSpendsNotTheOneUnderMmapSem) {
  for (const char* kernel : {"6.12", "6.18", "7.0"}) {
    const Steps fault = StepsOf(kVmaLock, kernel, 0);
    EXPECT_EQ(Steps::Count(fault.done, kWait), 2) << kernel;
    EXPECT_FALSE(fault.Waited(kPageLock)) << kernel;
  }
}

// A device's vma has no map_pages(): its fault is not handled under the lock of
// the vma, so it waits for a writer of another vma (vmf_can_call_fault()).
TEST(FaultWait, OfADevicesMemoryTakesMmapSem) {
  const auto waits = [](const std::string& kind, const char* kernel) {
    return StepsOf("vmtrunc 1\nfile f 4" + kind + R"(
task a
task t mm a
a mmap 1 1 f 0
t mmap 17 1 f 0
t mprotect 17 1 r &
t step
a read 1
t finish
a finish
)",
                   kernel, 0)
        .Waited("before mmap_sem");
  };
  for (const char* kernel : {"6.12", "6.18", "7.0"}) {
    EXPECT_TRUE(waits(" pfn", kernel)) << kernel;
    EXPECT_FALSE(waits("", kernel)) << kernel;
    EXPECT_FALSE(waits(" shmem", kernel)) << kernel;
  }
}

// A page that the fault itself has read in: the wait was the only one.
TEST(FaultWait, ForAPageThatWasReadInIsTheOnlyOne) {
  std::string text = kVmaLock;
  const std::string six = "a step\na step\na step\na step\na step\na step\n";
  text.replace(text.find(six), six.size(), six + "a step\n");
  text.replace(text.find("a mmap"), 0, "t invalidate f 0 1\n");
  for (const char* kernel : {"6.12", "6.18", "7.0"}) {
    const Steps fault = StepsOf(text, kernel, 0);
    EXPECT_EQ(Steps::Count(fault.done, kWait), 1) << kernel;
  }
}

// A punch of tmpfs holds a fault up, and the fault no munmap.
TEST(FaultWait, ForAPunchHoldsNoMunmapUp) {
  const std::string text = R"(vmtrunc 1
file f 4 shmem
task a
task b mm a
task t
a mmap 1 1 f 0
t punch f 0 1 &
t step
t step
t step
t step
t step
a read 1
b munmap 1 1
t finish
a finish
)";
  for (const char* kernel : {"4.9", "6.x", "6.18"}) {
    const Steps fault = StepsOf(text, kernel, 0);
    EXPECT_TRUE(fault.Waited(kWait)) << kernel;
    EXPECT_TRUE(StepsOf(text, kernel, 1).blocked.empty()) << kernel;
    const std::string before = std::string(kernel) + "-fault-wait-unlocks";
    EXPECT_FALSE(StepsOf(text, before, 0).Did(kWait)) << kernel;
    EXPECT_FALSE(StepsOf(text, before, 1).blocked.empty()) << kernel;
  }
}

// populate finds its vma gone after the wait, and continues above it.
TEST(FaultWait, OfPopulateContinuesWithWhatIsThere) {
  const std::string text = R"(vmtrunc 1
file f 4
task a
task b mm a
task t
t invalidate f 0 1 &
t step
a mmap 1 2 f 0 populate
b munmap 1 1
t finish
a finish
a munmap 2 1
)";
  for (const char* kernel : {"4.9-fault-around", "5.4-fault-around"}) {
    const Steps mmap = StepsOf(text, kernel, 0);
    EXPECT_TRUE(mmap.Waited(kWait)) << kernel;
    EXPECT_TRUE(mmap.Did("populate: before mmap_sem")) << kernel;
    EXPECT_TRUE(StepsOf(text, kernel, 1).blocked.empty()) << kernel;
  }
  // Up to 3.8 it runs under mmap_sem for write.
  EXPECT_FALSE(StepsOf(text, "3.8", 0).Did(kWait));
  EXPECT_FALSE(StepsOf(text, "3.8", 1).blocked.empty());
}

}  // namespace
}  // namespace vmtrunc
