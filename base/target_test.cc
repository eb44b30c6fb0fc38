// What the name of a result leads to: links, descriptors, what others have
// open.
#include "base/target.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "base/read.h"
#include "base/in_child_test.h"
#include "base/scratch_test.h"
#include "base/write.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;
using TargetTest = Scratch;

TEST_F(TargetTest, NoPipeDeviceOrDescriptorCanBeNamedLater) {
  Put("file", "");
  Put("-", "");
  fs::create_directory(Path("7"));
  Put("7/file", "");
  fs::create_symlink("file", Path("link"));
  for (const char* const name : {"file", "-", "7", "7/file", "link", "none"})
    EXPECT_TRUE(CanBeNamedLater(Path(name))) << name;
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/stdin", Path("input"));
  const int file = ::open(Path("file").c_str(), O_RDONLY | O_CLOEXEC);
  const int directory = ::open(Path("7").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  ASSERT_GE(directory, 0);
  const auto numbered = [](const char* where, int number) {
    return where + std::to_string(number);
  };
  for (const std::string& name :
       {std::string("-"), Path("pipe"), Path("input"), std::string("/dev/null"),
        std::string("/dev/stdin"), std::string("/dev/stderr"),
        numbered("/dev/fd/", file), numbered("/proc/self/fd/", file),
        numbered("/dev/fd/", directory),
        numbered("/dev/fd/", directory) + "/file"})
    EXPECT_FALSE(CanBeNamedLater(name)) << name;
  ::close(file);
  ::close(directory);
}

// A process that has a file open as kItsNumber until it is destroyed.
class Holder {
 public:
  explicit Holder(int file) {
    if (::pipe(ends_) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      char none = 0;
      ::close(ends_[1]);
      if (::dup2(file, kItsNumber) < 0) ::_exit(1);
      ::kill(::getpid(), SIGSTOP);
      ::_exit(::read(ends_[0], &none, 1) == 0 ? 0 : 1);
    }
    ::waitpid(pid_, nullptr, WUNTRACED);
    ::kill(pid_, SIGCONT);
  }
  ~Holder() {
    ::close(ends_[0]);
    ::close(ends_[1]);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string Name() const {
    return "/proc/" + std::to_string(pid_) + "/fd/" +
           std::to_string(kItsNumber);
  }

 private:
  static constexpr int kItsNumber = 99;
  int ends_[2] = {};
  pid_t pid_ = -1;
};

// A file that is deleted while another has the name that the link gives.
TEST_F(TargetTest, WhatAnotherProcessHasOpenIsWrittenWhateverItsName) {
  Put("file", "a content that is longer than the new one");
  const int file = ::open(Path("file").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  const Holder holder(file);
  fs::create_symlink(holder.Name(), Path("link"));
  const auto content = [&] { return ReadWhole(holder.Name(), kMostInput); };
  OutputFile(holder.Name()).Write("new");
  EXPECT_EQ(Get("file"), "new");
  EXPECT_EQ(content(), "new");  // it was not replaced
  fs::remove(Path("file"));
  Put("file (deleted)", "foreign");
  OutputFile(holder.Name()).Write("newer");
  EXPECT_EQ(content(), "newer");
  OutputFile(Path("link")).Write("newest");
  EXPECT_EQ(content(), "newest");
  EXPECT_EQ(Get("file (deleted)"), "foreign");
  EXPECT_EQ(Names("."), (std::set<std::string>{"file (deleted)", "link"}));
  ::close(file);
}

TEST_F(TargetTest, AMemfdAndAPipeOfAnotherProcessAreWritten) {
  const int memory = ::memfd_create("memory", MFD_CLOEXEC);
  ASSERT_GE(memory, 0);
  const Holder has_memory(memory);
  OutputFile(has_memory.Name()).Write("content");
  EXPECT_EQ(ReadWhole(has_memory.Name(), 7), "content");
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  const Holder has_pipe(ends[1]);
  OutputFile(has_pipe.Name()).Write("content");
  char got[7] = {};
  ASSERT_EQ(::read(ends[0], got, sizeof(got)), 7);
  EXPECT_EQ(std::string(got, sizeof(got)), "content");
  for (const int file : {memory, ends[0], ends[1]}) ::close(file);
}

TEST_F(TargetTest, AProgramThatRunsIsRefusedBeforeTheWork) {
  EXPECT_EQ(ErrorOf([] {
              OutputFile{"/proc/" + std::to_string(::getpid()) + "/exe"};
            }),
            "/proc/" + std::to_string(::getpid()) + "/exe: Text file busy");
}

TEST_F(TargetTest, TheDescriptorsOfThreadsAreOurs) {
  const int file =
      ::open(Path("file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  const std::string number = std::to_string(file);
  const std::string pid = std::to_string(::getpid());
  for (const std::string& name :
       {"/proc/thread-self/fd/" + number, "/proc/" + pid + "/fd/" + number,
        "/proc/self/task/" + pid + "/fd/" + number})
    WriteFile(name, "one ");
  EXPECT_EQ(Get("file"), "one one one ");
  ::close(file);
}

// Guards of names are as before where the text of a link of /proc is right.
TEST_F(TargetTest, ALinkOfProcIsNoWayAroundTheGuards) {
  Put("input", "read");
  Put(".vmtrunc-own", "");
  for (const std::string name : {"input", ".vmtrunc-own"}) {
    const int file = ::open(Path(name).c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(file, 0);
    const Holder holder(file);
    // What this process reads counts as read by the tests that follow.
    const auto nothing = [] { return true; };
    EXPECT_NE(ErrorAfter(nothing,
                         [&] {
                           ReadFile(Path("input"));
                           OutputFile{holder.Name()};
                         }),
              "")
        << name;
    EXPECT_FALSE(CanBeNamedLater(holder.Name()));
    ::close(file);
  }
  EXPECT_EQ(Get("input"), "read");
}

TEST_F(TargetTest, ALinkInACircleIsRefused) {
  fs::create_symlink("b", Path("a"));
  fs::create_symlink("a", Path("b"));
  EXPECT_NE(ErrorOf([&] { WriteFile(Path("a"), "new"); }), "");
  EXPECT_TRUE(fs::is_symlink(Path("a")));
}

}  // namespace
}  // namespace vmtrunc::base
