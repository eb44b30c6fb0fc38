// What is there, and what cannot be looked at, which is not said to be missing.
#include "base/place.h"

#include <gtest/gtest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "base/lock.h"
#include "base/in_child_test.h"
#include "base/scratch_test.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

class PlaceTest : public Scratch {
 protected:
  PlaceTest() {
    ::chmod(directory_.c_str(), 0755);
    fs::create_directory(Path("closed"));
    Put("closed/file", "");
    ::chmod(Path("closed").c_str(), 0);
    fs::create_symlink("loop", Path("loop"));
    fs::create_symlink("nothing", Path("dangling"));
    fs::create_directory(Path("directory"));
    Put("file", "");
    Put("program", "");
    ::chmod(Path("program").c_str(), 0755);
  }
  ~PlaceTest() override { ::chmod(Path("closed").c_str(), 0700); }

  // Whether `holds` returns true for somebody who may not enter `closed`.
  template <class F>
  static bool HoldsForNobody(F holds) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
      ::_exit(holds() ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
  }
};

TEST_F(PlaceTest, IsBesideTheProgramWhereverThisRuns) {
  const std::string beside = BesideProgram("../bin/x");
  EXPECT_TRUE(beside.starts_with("/") && beside.ends_with("/bin/x")) << beside;
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chroot(directory_.c_str()) != 0 || ::chdir("/") != 0) ::_exit(2);
    ::_exit(ErrorOf([] { BesideProgram("x"); }) ==
                    "/proc/self/exe: No such file or directory"
                ? 0
                : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(PlaceTest, IsThereOrNot) {
  for (const char* const name : {"file", "directory", "loop", "dangling"})
    EXPECT_TRUE(IsThere(Path(name))) << name;
  for (const char* const name : {"nothing", "nothing/file", "file/file"})
    EXPECT_FALSE(IsThere(Path(name))) << name;
  EXPECT_TRUE(IsDirectory(Path("directory")));
  for (const char* const name : {"file", "nothing", "dangling"})
    EXPECT_FALSE(IsDirectory(Path(name))) << name;
}

TEST_F(PlaceTest, SaysWhyItCannotBeFoundOut) {
  const std::string longer(300, 'n');
  EXPECT_EQ(ErrorOf([&] { IsThere(Path("loop/file")); }),
            Path("loop/file: Too many levels of symbolic links"));
  EXPECT_EQ(ErrorOf([&] { IsDirectory(Path("loop")); }),
            Path("loop: Too many levels of symbolic links"));
  EXPECT_EQ(ErrorOf([&] { IsThere(Path(longer)); }),
            Path(longer + ": File name too long"));
  EXPECT_TRUE(HoldsForNobody([&] {
    const std::string why = Path("closed/file: Permission denied");
    return ErrorOf([&] { IsThere(Path("closed/file")); }) == why &&
           ErrorOf([&] { IsDirectory(Path("closed/file")); }) == why;
  }));
}

TEST_F(PlaceTest, FindsTheFirstThatMayBeExecuted) {
  EXPECT_EQ(FirstProgram({Path("nothing"), Path("dangling")}), "");
  EXPECT_EQ(FirstProgram({Path("file"), Path("directory"), Path("program")}),
            Path("program"));
  EXPECT_EQ(FirstDirectory({Path("loop"), Path("file"), Path("directory")}),
            Path("directory"));
}

TEST_F(PlaceTest, SaysOfTheFirstThatIsThereWhyItMayNotBeExecuted) {
  EXPECT_EQ(ErrorOf([&] { FirstProgram({Path("nothing"), Path("file")}); }),
            Path("file: Permission denied"));
  EXPECT_EQ(ErrorOf([&] { FirstProgram({Path("directory"), Path("loop")}); }),
            Path("directory: Is a directory"));
  EXPECT_EQ(ErrorOf([&] { FirstProgram({Path("file/program")}); }),
            Path("file/program: Not a directory"));
  EXPECT_EQ(ErrorOf([&] { FirstDirectory({Path("loop"), Path("file")}); }),
            Path("loop: Too many levels of symbolic links"));
  EXPECT_TRUE(HoldsForNobody([&] {
    return ErrorOf([&] { FirstProgram({Path("closed/program")}); }) ==
           Path("closed/program: Permission denied");
  }));
}

// Also by a directory that is still open, as a working directory may be.
TEST_F(PlaceTest, SaysWhyThereCanBeNoNewFile) {
  EXPECT_EQ(NewFileError(Path("directory")), 0);
  EXPECT_EQ(NewFileError(Path("nothing")), ENOENT);
  EXPECT_EQ(NewFileError(Path("file")), EACCES);
  fs::create_directory(Path("gone"));
  const int open = ::open(Path("gone").c_str(), O_PATH | O_DIRECTORY);
  const std::string name = "/proc/self/fd/" + std::to_string(open);
  EXPECT_EQ(NewFileError(name), 0);
  fs::remove(Path("gone"));
  EXPECT_EQ(NewFileError(name), ENOENT);
  ::close(open);
}

// Under a name that nobody has, of a file or of a directory with what is in it.
TEST_F(PlaceTest, SetsAsideUnderAFreeName) {
  Put("directory/one", "1");
  fs::create_directory(Path("aside"));
  fs::create_symlink("nothing", Path("aside-2"));
  EXPECT_EQ(SetAside(Path("directory"), Path("aside"), ""), Path("aside-3"));
  EXPECT_EQ(Get("aside-3/one"), "1");
  EXPECT_TRUE(Names("aside").empty());
  Put("torn.bytes", "2");
  EXPECT_EQ(SetAside(Path("file"), Path("torn"), ".bytes"),
            Path("torn-2.bytes"));
  EXPECT_EQ(Get("torn.bytes"), "2");
  EXPECT_EQ(ErrorOf([&] { SetAside(Path("nothing"), Path("torn"), ""); }),
            Path("nothing: No such file or directory"));
}

// A file system without the call that renames and replaces nothing.
TEST_F(PlaceTest, SetsAsideWithoutTheCallThatReplacesNothing) {
  const auto aside = [&](std::vector<FailingCall> calls, const char* stem) {
    calls.push_back({SYS_renameat2, EINVAL});
    return WhereRefused(calls, [&] {
      std::string to;
      const std::string why =
          ErrorOf([&] { to = SetAside(Path("file"), Path(stem), ".bytes"); });
      return why.empty() ? to : why;
    });
  };
  Put("torn.bytes", "2");
  if (!aside({}, "torn")) GTEST_SKIP() << "needs filters of system calls";
  EXPECT_EQ(Get("torn.bytes"), "2");
  EXPECT_EQ(Get("torn-2.bytes"), "");
  Put("file", "3");
  EXPECT_EQ(aside({}, "torn"), Path("torn-3.bytes"));
  EXPECT_EQ(Get("torn-3.bytes"), "3");
  Put("file", "4");
  EXPECT_EQ(aside({{kRenameCall, EACCES}}, "torn"),
            Path("file: Permission denied"));
  EXPECT_EQ(aside({{kRenameCall, EROFS}}, "new"),
            Path("file: Read-only file system"));
  // The new name cannot be looked at: it is not said to be free.
  EXPECT_EQ(aside({{SYS_newfstatat, EIO}}, "new"),
            Path("file: Input/output error"));
  // A file system that says of each name that it is taken.
  EXPECT_EQ(aside({{kRenameCall, EEXIST}}, "new"),
            Path("new.bytes: File exists"));
  EXPECT_EQ(Get("file"), "4");
}

// A lock whose file looks like another at each look, as where it cannot be
// looked at.
TEST_F(PlaceTest, ALockThatIsNeverThereIsRefused) {
  const auto error =
      WhereRefused({{SYS_newfstatat, EIO}, {SYS_fstat, EIO}}, [&] {
        return ErrorOf([&] { DirectoryLock(Path("directory"), "test"); });
      });
  if (!error) GTEST_SKIP() << "needs filters of system calls";
  EXPECT_EQ(*error, Path("directory/.vmtrunc-lock: expected to stay the file "
                         "that was opened"));
}

// Of a file that is not there its directory tells: it may have two names.
TEST_F(PlaceTest, OutputsThatAreNotThereAreApart) {
  fs::create_directory(Path("other"));
  fs::create_symlink("../directory/new", Path("other/link"));
  const auto error = [&](const char* one, const char* other) {
    return ErrorOf([&] { ExpectApart("-o", Path(one), {Path(other)}); });
  };
  EXPECT_EQ(error("directory/new", "other/new"), "");
  EXPECT_EQ(error("directory/new", "directory/newer"), "");
  EXPECT_NE(error("directory/new", "other/link"), "");
  if (::mount(Path("directory").c_str(), Path("other").c_str(), nullptr,
              MS_BIND, nullptr) != 0)
    GTEST_SKIP() << "needs mounts";
  const std::string twice = error("directory/new", "other/new");
  const std::string another = error("directory/new", "other/newer");
  // A mount on the name in one of them is another file.
  Put("directory/new", "");
  const bool is_mounted =
      ::mount(Path("file").c_str(), Path("other/new").c_str(), nullptr, MS_BIND,
              nullptr) == 0;
  const std::string mounted = error("directory/new", "other/new");
  ::umount2(Path("other/new").c_str(), MNT_DETACH);
  ::umount2(Path("other").c_str(), MNT_DETACH);
  EXPECT_NE(twice, "");
  EXPECT_EQ(another, "");
  EXPECT_TRUE(is_mounted);
  EXPECT_EQ(mounted, "");
}

// As where upper and lower case are the same: seen when one of them is there.
TEST_F(PlaceTest, TwoNamesThatBecomeOneFileAreSeenThen) {
  const auto error = [&] {
    return ErrorOf([&] { ExpectApart("-o", Path("c"), {Path("C")}); });
  };
  EXPECT_EQ(error(), "");
  Put("C", "");
  EXPECT_EQ(error(), "");
  fs::create_hard_link(Path("C"), Path("c"));
  EXPECT_EQ(error(), "-o " + Path("c") + ": expected another file than " +
                         Path("C") + ", which is written too");
}

TEST_F(PlaceTest, ALinkToNothingLeadsToWhereItWouldBe) {
  fs::create_symlink("directory/new", Path("into"));
  EXPECT_EQ(NameIn(Path("directory"), Path("into")), "new");
  EXPECT_NE(ErrorOf([&] {
              ExpectOutside("-o", Path("into"), "--out", Path("directory"));
            }),
            "");
}

// One whose lstat() fails is there.
TEST_F(PlaceTest, NobodyKnowsWhetherAFileIsRegularThatCannotBeLookedAt) {
  EXPECT_TRUE(IsRegularFile(Path("file")));
  for (const char* const name : {"nothing", "dangling", "directory"})
    EXPECT_FALSE(IsRegularFile(Path(name))) << name;
  EXPECT_EQ(ErrorAfter(FailEachLstat, [&] { IsRegularFile(Path("file")); }),
            Path("file") + ": Stale file handle");
}

TEST_F(PlaceTest, TwoOutputsAreOneFileByALinkOfProcToo) {
  const int file = ::open(Path("file").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  const std::string link = "/dev/fd/" + std::to_string(file);
  const auto error = [&](const std::string& other) {
    return ErrorOf([&] { ExpectApart("-o", link, {Path(other)}); });
  };
  EXPECT_NE(error("file"), "");
  fs::rename(Path("file"), Path("moved"));
  EXPECT_NE(error("moved"), "");
  fs::create_hard_link(Path("moved"), Path("other"));
  fs::remove(Path("moved"));
  Put("moved (deleted)", "");  // what the link says now
  EXPECT_EQ(error("moved (deleted)"), "");
  EXPECT_NE(error("other"), "");
  ::close(file);
}

TEST_F(PlaceTest, EachFileOfAWalkIsOutside) {
  fs::create_directories(Path("kept/below"));
  fs::create_directories(Path("in"));
  for (const char* name : {"kept/below/a", "in/a", "in/b"}) Put(name, "x");
  fs::create_symlink(Path("kept/below/a"), Path("in/link"));
  std::atomic<bool> stop = false;
  const auto error = [&](const std::vector<std::string>& names) {
    std::vector<std::string> files;
    for (const std::string& name : names) files.push_back(Path(name));
    return ErrorOf([&] {
      ExpectOutside("--corpus", files, "what --out replaces,", Path("kept"),
                    stop);
    });
  };
  EXPECT_EQ(error({"in/a", "in/b"}), "");
  EXPECT_NE(error({"in/a", "in/b", "in/link"}), "");
  EXPECT_NE(error({"in/a", "kept/below/a"}), "");
  stop = true;
  EXPECT_EQ(error({"in/a", "kept/below/a"}), "");
}

// What a fuzzer takes away is lost from its directory; what was in a directory
// that has another name by now nobody can say.
TEST_F(PlaceTest, AFileIsLostFromTheDirectoryThatWasListed) {
  fs::create_directories(Path("corpus/below"));
  for (const char* const file : {"corpus/a", "corpus/b", "corpus/below/c"})
    Put(file, "input");
  const std::string a = Path("corpus/a"), c = Path("corpus/below/c");
  const Places places({a, Path("corpus/b"), c});
  EXPECT_FALSE(places.HasLost(a));
  fs::remove(a);
  fs::remove(c);
  EXPECT_TRUE(places.HasLost(a));
  EXPECT_TRUE(places.HasLost(c));
  EXPECT_FALSE(places.HasLost(Path("corpus/b")));
  EXPECT_FALSE(places.HasLost(Path("elsewhere/d")));  // it was not listed
  places.ExpectThere();
  fs::remove(Path("corpus/below"));
  EXPECT_FALSE(places.HasLost(c));
  EXPECT_EQ(ErrorOf([&] { places.ExpectThere(); }),
            Path("corpus/below") +
                ": has another name by now, or has gone, and not all in it has "
                "been read");
  fs::rename(Path("corpus"), Path("away"));
  fs::create_directory(Path("corpus"));
  EXPECT_FALSE(places.HasLost(a));
}

}  // namespace
}  // namespace vmtrunc::base
