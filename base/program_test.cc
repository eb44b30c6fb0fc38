// Each program runs in a process of its own, which ends with its status.
#include "base/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/in_child_test.h"
#include "base/scratch_test.h"
#include "base/stop.h"
#include "base/streams.h"
#include "gtest/gtest.h"

namespace vmtrunc::base {
namespace {

int Prints(int, char**) {
  std::cout << "some";
  return kExitHeld;
}

// 1 where the number that a file gets is one of the three.
int OpensAFile(int, char**) {
  const int number = ::open("/dev/null", O_RDONLY);
  return number <= STDERR_FILENO ? 1 : 0;
}

int GrowsAFile(int, char**) {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
  std::FILE* const file = std::tmpfile();
  const bool grew = ::write(::fileno(file), "x", 1) == 1;
  return !grew && errno == EFBIG ? 0 : 1;
}

// 0 where the status of a child can be had.
int WaitsForAChild(int, char**) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  int status = -1;
  return ::waitpid(child, &status, 0) == child ? status : 1;
}

int NeverEnds(int, char**) {
  for (volatile unsigned i = 0;; i = i + 1) {
  }
}

int EndsWhenTold(int, char**) {
  StopOnSignals();
  while (!IsToldToStop()) {
  }
  return kExitHeld;
}

int ArgumentsAre(int argc, char** argv) {
  return argc == 1 && argv[0][0] == 'v' ? kExitBroken : 0;
}

int StatusOf(int (*program)(int, char**)) {
  char name[] = "v";
  char* arguments[] = {name, nullptr};
  return RunProgram("tried", program, 1, arguments);
}

int StatusWithinASecond(int (*program)(int, char**)) {
  const rlimit second{.rlim_cur = 1, .rlim_max = 1};
  ::setrlimit(RLIMIT_CPU, &second);
  return StatusOf(program);
}

TEST(ProgramDeathTest, EndsWithTheStatusOfItsMain) {
  EXPECT_EXIT(std::exit(StatusOf(ArgumentsAre)),
              testing::ExitedWithCode(kExitBroken), "^$");
}

TEST(ProgramDeathTest, ReportsAWriteError) {
  EXPECT_EXIT(
      {
        ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO);
        std::exit(StatusOf(Prints));
      },
      testing::ExitedWithCode(kExitUsage),
      "^tried: cannot write to standard output\n$");
}

TEST(ProgramDeathTest, ReportsAnErrorThatOnlyTheCloseTells) {
  EXPECT_EXIT(
      {
        if (!FailEachClose()) std::abort();
        std::exit(StatusOf(Prints));
      },
      testing::ExitedWithCode(kExitUsage),
      "^tried: cannot write to standard output\n$");
}

int ClosesItsOutput(int, char**) {
  ::close(STDOUT_FILENO);
  return kExitBroken;
}

TEST(ProgramDeathTest, ExpectsNothingOfAnOutputThatIsClosedAlready) {
  EXPECT_EXIT(std::exit(StatusOf(ClosesItsOutput)),
              testing::ExitedWithCode(kExitBroken), "^$");
}

// A pipe without a reader as standard output.
void CloseReader() {
  ::signal(SIGPIPE, SIG_DFL);
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  ::dup2(ends[1], STDOUT_FILENO);
  ::close(ends[1]);
  ::close(ends[0]);
}

// Says on standard error that it came to its end.
int OutlivesReader(int, char**) {
  OutliveReader();
  std::cout << "some" << std::flush;
  std::cerr << "written\n";
  return kExitHeld;
}

int Fails(int, char**) {
  OutlivesReader(0, nullptr);
  return kExitUsage;
}

TEST(ProgramDeathTest, EndsByTheSignalAfterWhatItWrites) {
  EXPECT_EXIT(
      {
        CloseReader();
        std::exit(StatusOf(OutlivesReader));
      },
      testing::KilledBySignal(SIGPIPE), "^written\n$");
}

TEST(ProgramDeathTest, KeepsTheStatusOfAnErrorWhereNobodyReads) {
  EXPECT_EXIT(
      {
        CloseReader();
        std::exit(StatusOf(Fails));
      },
      testing::ExitedWithCode(kExitUsage), "^written\n");
}

TEST(ProgramDeathTest, ReportsAClosedPipeWhereItsSignalWasIgnored) {
  EXPECT_EXIT(
      {
        CloseReader();
        ::signal(SIGPIPE, SIG_IGN);
        std::exit(StatusOf(OutlivesReader));
      },
      testing::ExitedWithCode(kExitUsage), "cannot write to standard output");
}

TEST(ProgramDeathTest, GivesNoFileTheNumberOfAClosedStream) {
  EXPECT_EXIT(
      {
        ::close(STDIN_FILENO);
        ::close(STDOUT_FILENO);
        std::exit(StatusOf(OpensAFile));
      },
      testing::ExitedWithCode(0), "");
}

TEST(ProgramDeathTest, SurvivesAFileSizeLimit) {
  EXPECT_EXIT(std::exit(StatusOf(GrowsAFile)), testing::ExitedWithCode(0), "");
}

TEST(ProgramDeathTest, KnowsHowAChildEndedWhereThatWasIgnored) {
  EXPECT_EXIT(
      {
        ::signal(SIGCHLD, SIG_IGN);
        std::exit(StatusOf(WaitsForAChild));
      },
      testing::ExitedWithCode(0), "");
}

TEST(ProgramDeathTest, EndsBeforeItsLimitOfProcessorTime) {
  EXPECT_EXIT(std::exit(StatusWithinASecond(NeverEnds)),
              testing::ExitedWithCode(kExitRanOut),
              "^tried: the limit of processor .*\n$");
}

TEST(ProgramDeathTest, IsToldToStopBeforeItsLimitOfProcessorTime) {
  EXPECT_EXIT(std::exit(StatusWithinASecond(EndsWhenTold)),
              testing::ExitedWithCode(kExitHeld),
              "^tried: the limit of processor .*\n$");
}

}  // namespace
}  // namespace vmtrunc::base
