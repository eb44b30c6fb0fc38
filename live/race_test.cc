#include "live/race.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmtrunc::live {
namespace {

// A shell may have started a job before it became this process: one that has
// ended still waits for who is interested in it.
TEST(RaceTest, LeavesTheChildrenThatItDidNotStart) {
  const pid_t earlier = ::fork();
  ASSERT_GE(earlier, 0);
  if (earlier == 0) ::_exit(7);
  siginfo_t ended{};
  ASSERT_EQ(
      ::waitid(P_PID, static_cast<id_t>(earlier), &ended, WEXITED | WNOWAIT),
      0);

  RaceOptions options;
  options.runs = 1;
  options.script =
      *ParseText("vmtrunc 1\nfile f 1\ntask a\na mmap 1 1 f 0\na read 1\n");
  const RaceReport report = Race(options, [](const RaceReport&) {});

  EXPECT_EQ(report.invariant, "") << report.what;
  EXPECT_EQ(report.rounds, 1U);
  int status = 0;
  EXPECT_EQ(::waitpid(earlier, &status, 0), earlier);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

}  // namespace
}  // namespace vmtrunc::live
