#include "base/write.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/in_child_test.h"
#include "base/scratch_test.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;
using WriteTest = Scratch;
using testing::Test;

mode_t ModeOf(const std::string& path) {
  struct stat about{};
  ::stat(path.c_str(), &about);
  return about.st_mode & 07777;
}

TEST_F(WriteTest, ANewFileHasTheModeOfTheUmask) {
  const mode_t mask = ::umask(027);
  WriteFile(Path("new"), "content");
  ::umask(mask);
  EXPECT_EQ(Get("new"), "content");
  EXPECT_EQ(ModeOf(Path("new")), 0640u);
  EXPECT_EQ(Names("."), std::set<std::string>{"new"});
}

TEST_F(WriteTest, ALinkStaysAndItsTargetIsWritten) {
  fs::create_directory(Path("data"));
  Put("data/least.vmt", "old");
  fs::create_symlink("data/least.vmt", Path("link"));
  fs::create_symlink("link", Path("link-to-link"));
  WriteFile(Path("link-to-link"), "new");
  EXPECT_TRUE(fs::is_symlink(Path("link-to-link")));
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Get("data/least.vmt"), "new");
}

TEST_F(WriteTest, ADanglingLinkCreatesItsTarget) {
  fs::create_symlink("later", Path("link"));
  WriteFile(Path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Get("later"), "new");
}

TEST_F(WriteTest, ModeAndOtherNamesAreKept) {
  Put("file", "old");
  ::chmod(Path("file").c_str(), 0604);
  WriteFile(Path("file"), "new");
  EXPECT_EQ(ModeOf(Path("file")), 0604u);
  Put("one", "old");
  fs::create_hard_link(Path("one"), Path("other"));
  WriteFile(Path("one"), "a longer content than before");
  EXPECT_EQ(Get("other"), "a longer content than before");
  WriteFile(Path("one"), "short");
  EXPECT_EQ(Get("other"), "short");
}

// As in a container whose users have no names.
TEST_F(WriteTest, AnOwnerThatIsHiddenIsKept) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ::chmod(directory_.c_str(), 0777);
  Put("theirs", "old");
  ASSERT_EQ(::chown(Path("theirs").c_str(), 1, 1), 0);
  ::chmod(Path("theirs").c_str(), 0666);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 ||
        ::setresuid(65534, 65534, 65534) != 0)
      ::_exit(2);
    if (::unshare(CLONE_NEWUSER) != 0) ::_exit(77);
    ::_exit(ErrorOf([&] { WriteFile(Path("theirs"), "new"); }).empty() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no user namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  struct stat about{};
  ::stat(Path("theirs").c_str(), &about);
  EXPECT_EQ(about.st_uid, 1u);
  EXPECT_EQ(Get("theirs"), "new");
}

// The directory would give the new file a list that the old one has not.
TEST_F(WriteTest, NobodyGetsRightsByTheListOfTheDirectory) {
  if (!ListByDefault("."))
    GTEST_SKIP() << "the file system has no access lists";
  Put("private", "old");
  ASSERT_EQ(::removexattr(Path("private").c_str(), "system.posix_acl_access"),
            0);
  ::chmod(Path("private").c_str(), 0660);
  WriteFile(Path("private"), "new");
  EXPECT_EQ(Get("private"), "new");
  EXPECT_EQ(ModeOf(Path("private")), 0660u);
  EXPECT_LE(::listxattr(Path("private").c_str(), nullptr, 0), 0);
  EXPECT_EQ(Names("."), std::set<std::string>{"private"});
}

TEST_F(WriteTest, ANewFileReplacesAndFollowsNothing) {
  WriteNew(Path("new"), "content");
  EXPECT_EQ(Get("new"), "content");
  EXPECT_NE(ErrorOf([&] { WriteNew(Path("new"), "other"); }), "");
  EXPECT_EQ(Get("new"), "content");
  fs::create_symlink("later", Path("link"));
  EXPECT_NE(ErrorOf([&] { WriteNew(Path("link"), "new"); }), "");
  EXPECT_FALSE(fs::exists(Path("later")));
}

TEST_F(WriteTest, AcceptsANameOf255Bytes) {
  const std::string name(255, 'x');
  WriteFile(Path(name), "new");
  WriteFile(Path(name), "newer");
  EXPECT_EQ(Get(name), "newer");
  EXPECT_NE(ErrorOf([&] { OutputFile{Path(std::string(256, 'x'))}; }), "");
}

TEST_F(WriteTest, OwnersAreKept) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  Put("theirs", "old");
  ASSERT_EQ(::chown(Path("theirs").c_str(), 65534, 65534), 0);
  WriteFile(Path("theirs"), "new");
  struct stat about{};
  ::stat(Path("theirs").c_str(), &about);
  EXPECT_EQ(about.st_uid, 65534u);
  EXPECT_EQ(about.st_gid, 65534u);
  EXPECT_EQ(Get("theirs"), "new");
}

// In a child whose files may not grow past 4 KiB, as on a full disk.
TEST_F(WriteTest, AFailedWriteLeavesTheOldContent) {
  Put("old", "old");
  Put("linked", "linked");
  fs::create_hard_link(Path("linked"), Path("its-other-name"));
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int failed = 0;
    for (const char* name : {"old", "new", "linked"})
      failed += ErrorOf([&] {
                  WriteFile(Path(name), std::string(8192, 'x'));
                }).ends_with("File too large");
    ::_exit(failed);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_EQ(Get("old"), "old");
  EXPECT_EQ(Get("linked"), "linked");
  EXPECT_EQ(Names("."),
            (std::set<std::string>{"old", "linked", "its-other-name"}));
}

TEST_F(WriteTest, ADescriptorIsNotWrittenIfItsCloseTellsAnError) {
  const int file =
      ::open(Path("file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  const std::string name = "/dev/fd/" + std::to_string(file);
  WriteFile(name, "one ");
  WriteFile(name, "two");  // it stays open
  EXPECT_EQ(Get("file"), "one two");
  EXPECT_EQ(ErrorAfter(FailEachClose, [&] { WriteFile(name, "three"); }),
            name + ": Disk quota exceeded");
  ::close(file);
}

// The number of `names` that a child, whose files may not grow past 18 MiB and
// which is this user, cannot write 20 MiB to.
int RefusedWhereFilesMayNotGrow(const std::vector<std::string>& paths,
                                uid_t user) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{18 << 20, 18 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (user != ::geteuid() && ::setresuid(user, user, user) != 0) ::_exit(100);
    int failed = 0;
    for (const std::string& path : paths)
      failed +=
          ErrorOf([&] { WriteFile(path, std::string(20 << 20, 'x')); }).empty()
              ? 0
              : 1;
    ::_exit(failed);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

// Without a lock some of a hundred pairs leave a mixture.
TEST_F(WriteTest, TwoThatWriteInPlaceTakeTurns) {
  Put("linked", "old");
  fs::create_hard_link(Path("linked"), Path("other"));
  const std::string one(300'000, '1'), two(100'000, '2');
  for (int i = 0; i < 100; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      WriteFile(Path("linked"), one);
      ::_exit(0);
    }
    WriteFile(Path("linked"), two);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const std::string now = Get("linked");
    ASSERT_TRUE(now == one || now == two) << i << ": " << now.size();
  }
}

// More than any input may have.
TEST_F(WriteTest, ALargeFileThatIsWrittenInPlaceIsWrittenBack) {
  const std::string large = std::string(17 << 20, 'o') + "end";
  const std::string larger(19 << 20, 'o');  // than the limit
  Put("linked", large);
  Put("larger", larger);
  for (const char* name : {"linked", "larger"})
    fs::create_hard_link(Path(name), Path(std::string("other-") + name));
  EXPECT_EQ(RefusedWhereFilesMayNotGrow({Path("linked"), Path("larger")},
                                        ::geteuid()),
            2);
  EXPECT_TRUE(ReadWhole(Path("linked"), ~size_t{0}) == large);
  EXPECT_TRUE(ReadWhole(Path("larger"), ~size_t{0}) == larger);
}

// The error of writing 20 MiB to the file where files may not grow past 18 MiB,
// and where it cannot be written back either, as this user.
std::string ErrorWhereNothingIsWrittenBack(const std::string& path,
                                           uid_t user) {
  return ResultInChild([&]() -> std::string {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{18 << 20, 18 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (user != ::geteuid() && ::setresuid(user, user, user) != 0)
      return "no such user";
    g_before_writing_back_for_test = [] {
      const rlimit nothing{1, 1};
      ::setrlimit(RLIMIT_FSIZE, &nothing);
    };
    return ErrorOf([&] { WriteFile(path, std::string(20 << 20, 'x')); });
  });
}

// As on a full disk where an overwrite needs room.
TEST_F(WriteTest, WhatCannotBeWrittenBackIsBesideTheFile) {
  Put("linked", "old");
  ::chmod(Path("linked").c_str(), 0666);
  fs::create_hard_link(Path("linked"), Path("other"));
  const std::string error =
      ErrorWhereNothingIsWrittenBack(Path("linked"), ::geteuid());
  std::string copy;
  for (const std::string& name : Names("."))
    if (name.starts_with(".vmtrunc-")) copy = name;
  EXPECT_EQ(error, Path("linked") +
                       ": File too large; it has a part of the new content, "
                       "and its old one is in " +
                       Path(copy));
  EXPECT_EQ(Get(copy), "old");
  EXPECT_EQ(ModeOf(Path(copy)), 0600u);  // it may be secret
}

// A directory that has no room for a copy of ours.
TEST_F(WriteTest, WhatCannotBeWrittenBackIsSaidToBeLost) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ::chmod(directory_.c_str(), 0755);
  Put("mine", "old");
  ::chmod(Path("mine").c_str(), 0666);
  EXPECT_EQ(ErrorWhereNothingIsWrittenBack(Path("mine"), 65534),
            Path("mine") +
                ": File too large; it has a part of the new content, and its "
                "old one is lost");
  EXPECT_EQ(Names("."), std::set<std::string>{"mine"});
}

// It could not be written back, so that it is not written to.
TEST_F(WriteTest, AnUnreadableFileIsNotWrittenInPlace) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ::chmod(directory_.c_str(), 0755);
  Put("secret", "old");
  ::chmod(Path("secret").c_str(), 0222);
  EXPECT_EQ(RefusedWhereFilesMayNotGrow({Path("secret")}, 65534), 1);
  EXPECT_EQ(Get("secret"), "old");
  Put("nothing", "");  // is not lost
  ::chmod(Path("nothing").c_str(), 0222);
  EXPECT_EQ(RefusedWhereFilesMayNotGrow({Path("nothing")}, 65534), 1);
  EXPECT_EQ(Get("nothing"), "");
}

TEST_F(WriteTest, APlaceIsTriedBeforeTheWork) {
  EXPECT_NE(ErrorOf([] { OutputFile{""}; }), "");
  EXPECT_NE(ErrorOf([&] { OutputFile{directory_}; }), "");
  EXPECT_NE(ErrorOf([&] { OutputFile{Path("no/such/file")}; }), "");
  Put("file", "old");
  const OutputFile out(Path("file"));
  EXPECT_EQ(Get("file"), "old");
  OutputFile{Path("new")};
  EXPECT_EQ(Names("."), std::set<std::string>{"file"});
  out.Write("new");
  EXPECT_EQ(Get("file"), "new");
}

TEST_F(WriteTest, AChosenNameReplacesNoEarlierResult) {
  EXPECT_EQ(WriteUnused(Path("found"), "vmt", "one"), Path("found.vmt"));
  EXPECT_EQ(WriteUnused(Path("found"), "vmt", "one"), Path("found.vmt"));
  EXPECT_EQ(WriteUnused(Path("found"), "vmt", "two"), Path("found-2.vmt"));
  EXPECT_EQ(WriteUnused(Path("found"), "vmt", "three"), Path("found-3.vmt"));
  EXPECT_EQ(Get("found.vmt"), "one");
  fs::create_symlink("/dev/null", Path("there.vmt"));
  EXPECT_EQ(WriteUnused(Path("there"), "vmt", "one"), Path("there-2.vmt"));
  EXPECT_NE(ErrorOf([&] { WriteUnused(Path("no/found"), "vmt", "one"); }), "");
  // A name ends at a NUL for the system: it would never be a free one.
  const std::set<std::string> before = Names(".");
  EXPECT_NE(ErrorOf([&] {
              WriteUnused(Path("found.vmt") + std::string(1, '\0'), "vmt",
                          "five");
            }),
            "");
  EXPECT_EQ(Names("."), before);
  EXPECT_EQ(Names(".").size(), 5u);
}

// Whatever it says of a link: the file is renamed. Where that is refused too,
// it is that error which is named.
TEST_F(WriteTest, AChosenNameNeedsNoLinks) {
  const auto write = [&](const std::vector<FailingCall>& calls,
                         const char* content) {
    return WhereRefused(calls, [&] {
      std::string path;
      const std::string why =
          ErrorOf([&] { path = WriteUnused(Path("found"), "vmt", content); });
      return why.empty() ? path : why;
    });
  };
  Put("found.vmt", "before");
  if (!write({}, "before")) GTEST_SKIP() << "needs filters of system calls";
  int number = 2;
  for (const int error : {EPERM, EROFS, EACCES, EMLINK, ENOSPC, EIO}) {
    const std::string name = "found-" + std::to_string(number++) + ".vmt";
    const std::string content = std::to_string(error);
    // As of a taken name the system says that before it asks the file system.
    EXPECT_EQ(write({{SYS_linkat, error}}, content.c_str()), Path(name));
    EXPECT_EQ(Get(name), content);
  }
  for (const int error : {ENOSPC, EDQUOT, EROFS, EIO})
    EXPECT_EQ(write({{SYS_linkat, EPERM}, {SYS_renameat2, error}}, "no"),
              Path("found.vmt: ") + std::strerror(error));
  EXPECT_EQ(write({{SYS_linkat, ENOSPC},
                   {SYS_renameat2, EINVAL},
                   {kRenameCall, ENOSPC}},
                  "no"),
            Path("found.vmt: No space left on device"));
  EXPECT_EQ(Get("found.vmt"), "before");
  EXPECT_EQ(Names(".").size(), 7u);  // no temporary file
}

}  // namespace
}  // namespace vmtrunc::base
