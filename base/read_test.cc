// Reading hears that it is to stop while there is nothing to read; and what is
// there is still read.
#include "base/read.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/in_child_test.h"
#include "base/scratch_test.h"
#include "base/stop.h"

namespace vmtrunc::base {
namespace {

using ReadTest = Scratch;

// What a process that is to stop reads: its exit status is 0 when `call`
// is true. Ended by a signal if it waits on.
template <class Call>
int StatusOfStopped(Call call) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    StopOnSignals();
    ::raise(SIGTERM);
    ::_exit(call() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(ReadTest, StopsReadingAPipeWithoutData) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(StatusOfStopped([&] {
              return ErrorOf([&] { ReadFile(Path("pipe")); })
                  .ends_with("Interrupted system call");
            }),
            0);
}

TEST_F(ReadTest, StopsReadingAPipeWhoseWriterIsSilent) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  const int writer = ::open(Path("pipe").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::write(writer, "half", 4), 4);
  EXPECT_EQ(StatusOfStopped([&] {
              return ErrorOf([&] { ReadFile(Path("pipe")); })
                  .ends_with("Interrupted system call");
            }),
            0);
  ::close(writer);
}

TEST_F(ReadTest, TellsAFileThatIsNotThereFromOneThatCannotBeRead) {
  EXPECT_EQ(ReadIfThere(Path("none"), 7), std::nullopt);
  Put("file", "content");
  EXPECT_EQ(ReadIfThere(Path("file"), 7), "content");
  EXPECT_TRUE(ErrorOf([&] {
                ReadIfThere(Path("file"), 6);
              }).ends_with("file: expected at most 6 bytes"));
  ASSERT_EQ(::mkdir(Path("directory").c_str(), 0700), 0);
  EXPECT_TRUE(ErrorOf([&] {
                ReadIfThere(Path("directory"), 7);
              }).ends_with("directory: expected a regular file"));
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(ErrorOf([&] {
                ReadIfThere(Path("pipe"), 7);
              }).ends_with("pipe: expected a regular file"));
  EXPECT_TRUE(ErrorOf([&] {
                ReadIfThere(Path("file") + "/below", 7);
              }).ends_with("Not a directory"));
}

// Else it would be taken for a file of somebody else, or for none.
TEST_F(ReadTest, NobodyKnowsWhatAFileHasThatCannotBeRead) {
  Put("file", "content");
  EXPECT_EQ(ReadKnown(Path("file"), 7), "content");
  EXPECT_TRUE(WithoutDescriptors([&] {
                return ErrorOf([&] { ReadKnown(Path("file"), 7); });
              }).ends_with("file: Too many open files"));
  ASSERT_EQ(::mkdir(Path("directory").c_str(), 0700), 0);
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("loop", Path("loop").c_str()), 0);
  for (const std::string name :
       {"none", "directory", "pipe", "loop", "file/below"})
    EXPECT_EQ(ReadKnown(Path(name), 7), std::nullopt) << name;
  EXPECT_EQ(ReadKnown(Path(std::string(300, 'n')), 7), std::nullopt);
  EXPECT_EQ(ReadKnown(Path("file"), 6), std::nullopt);
}

// A file whose stat() fails is there.
TEST_F(ReadTest, NobodyKnowsWhatAFileIsThatCannotBeLookedAt) {
  Put("file", "content");
  const std::string stale = Path("file") + ": Stale file handle";
  const auto error_of = [&](auto read) {
    return ErrorAfter(FailEachFstat, [&] { read(Path("file"), 7); });
  };
  EXPECT_EQ(error_of(ReadKnown), stale);
  EXPECT_EQ(error_of(ReadIfThere), stale);
  EXPECT_EQ(error_of(ReadFile), stale);  // else it would not count as read
  const auto each_stat = [] {
    return FailCalls({{SYS_newfstatat, ESTALE, 3, 0}});
  };
  EXPECT_EQ(ErrorAfter(each_stat, [&] { WasRead(Path("file")); }), stale);
}

TEST_F(ReadTest, ReadsAvailableDataEvenIfStopped) {
  Put("file", "content");
  EXPECT_EQ(
      StatusOfStopped([&] { return ReadFile(Path("file")) == "content"; }), 0);
  EXPECT_EQ(
      StatusOfStopped([] { return !ReadFile("/proc/self/mountinfo").empty(); }),
      0);
}

TEST_F(ReadTest, APipeIsReadToItsEnd) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const int pipe = ::open(Path("pipe").c_str(), O_WRONLY | O_CLOEXEC);
    bool is_written = true;
    for (const char* part : {"one ", "two ", "three"}) {
      is_written &= ::write(pipe, part, strlen(part)) > 0;
      ::usleep(100'000);
    }
    ::_exit(is_written ? 0 : 1);
  }
  EXPECT_EQ(ReadFile(Path("pipe")), "one two three");
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace vmtrunc::base
