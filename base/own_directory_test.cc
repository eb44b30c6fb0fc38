#include "base/own_directory.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <tuple>

#include "base/lock.h"
#include "base/scratch_test.h"
#include "base/work_directory.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

class OwnDirectoryTest : public Scratch {
 protected:
  // Writes `files` to "out" as `vmtrunc distill` would.
  void Write(const OwnDirectory::Files& files, bool replace) const {
    OwnDirectory("-o", Path("out"), "distill", replace).Write(files, true);
  }
  std::string Refused(const OwnDirectory::Files& files) const {
    return ErrorOf([&] { Write(files, true); });
  }
};

TEST_F(OwnDirectoryTest, ReplacesOnlyWhatItWrote) {
  Write({{"a", "1"}, {"b", "2"}}, false);
  EXPECT_EQ(Names("out"), (std::set<std::string>{"a", "b", ".vmtrunc"}));
  Put("out/notes", "mine");
  fs::create_directories(Path("out/.git/objects"));
  Put("out/.git/objects/one", "theirs");
  fs::create_symlink("/etc/passwd", Path("out/passwd"));
  EXPECT_NE(ErrorOf([&] { Write({{"c", "3"}}, false); }), "");
  Write({{"b", "3"}, {"c", "4"}}, true);
  EXPECT_EQ(Names("out"), (std::set<std::string>{"b", "c", ".vmtrunc", "notes",
                                                 ".git", "passwd"}));
  EXPECT_EQ(Get("out/b"), "3");
  EXPECT_EQ(Get("out/notes"), "mine");
  EXPECT_EQ(Get("out/.git/objects/one"), "theirs");
}

TEST_F(OwnDirectoryTest, KeepsWhatAFileWasGiven) {
  Write({{"same", "1"}, {"other", "2"}}, false);
  const auto look = [&](const char* name, bool content_stays) {
    struct stat is{};
    ::stat(Path(name).c_str(), &is);
    return std::tuple(is.st_mode, is.st_uid, content_stays ? is.st_ino : 0);
  };
  for (const char* name : {"out/same", "out/other"})
    ASSERT_EQ(::chmod(Path(name).c_str(), 0640), 0);
  if (::geteuid() == 0) ::chown(Path("out/other").c_str(), 1234, 1235);
  const auto same = look("out/same", true), other = look("out/other", false);
  Write({{"same", "1"}, {"other", "3"}, {"new", "4"}}, true);
  EXPECT_EQ(Get("out/other"), "3");
  EXPECT_EQ(look("out/same", true), same);
  EXPECT_EQ(look("out/other", false), other);
}

TEST_F(OwnDirectoryTest, CreatesNothingBeforeItWrites) {
  Write({{"a", "1"}}, false);
  const auto long_ago =
      fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(Path("out"), long_ago);
  const auto before = fs::last_write_time(Path("out"));
  OwnDirectory("-o", Path("out"), "distill", /*replace=*/true);
  EXPECT_EQ(fs::last_write_time(Path("out")), before);
}

TEST_F(OwnDirectoryTest, ADirectoryWithoutItsMarkerIsLeftAlone) {
  fs::create_directory(Path("out"));
  Put("out/notes", "mine");
  EXPECT_NE(Refused({{"a", "1"}}), "");
  Put("out/.vmtrunc", "vmtrunc fuzz 1\n");  // another command's
  EXPECT_NE(Refused({{"a", "1"}}), "");
  Put("out/.vmtrunc", "vmtrunc distill 1\n0 ../notes\n");
  EXPECT_NE(Refused({{"a", "1"}}), "");
  fs::remove(Path("out/.vmtrunc"));
  Put("marker", "vmtrunc distill 1\n");
  fs::create_symlink("../marker", Path("out/.vmtrunc"));
  EXPECT_NE(Refused({{"a", "1"}}), "");
  EXPECT_EQ(Names("out"), (std::set<std::string>{"notes", ".vmtrunc"}));
}

TEST_F(OwnDirectoryTest, AFileThatWasChangedSinceIsNotReplaced) {
  Write({{"a", "1"}, {"b", "2"}}, false);
  Put("out/a", "edited by hand");
  EXPECT_NE(Refused({{"a", "3"}}), "");
  EXPECT_EQ(Get("out/a"), "edited by hand");
  EXPECT_EQ(Get("out/b"), "2");
  fs::remove(Path("out/a"));
  fs::create_symlink("b", Path("out/a"));
  EXPECT_NE(Refused({{"a", "3"}}), "");
}

TEST_F(OwnDirectoryTest, AForeignFileInTheWayIsNotReplaced) {
  Write({{"a", "1"}}, false);
  Put("out/c", "mine");
  EXPECT_NE(Refused({{"a", "2"}, {"c", "3"}}), "");
  EXPECT_EQ(Get("out/a"), "1");
  EXPECT_EQ(Get("out/c"), "mine");
}

TEST_F(OwnDirectoryTest, NoForeignTemporaryIsCleanedUp) {
  fs::create_directory(Path("out.part"));
  Put("out.part/notes", "mine");
  fs::create_directory(Path(".vmtrunc-foreign"));
  Put(".vmtrunc-foreign/notes", "mine");
  Write({{"a", "1"}}, false);
  Write({{"a", "2"}}, true);
  EXPECT_EQ(Get("out.part/notes"), "mine");
  EXPECT_EQ(Get(".vmtrunc-foreign/notes"), "mine");
  EXPECT_EQ(Names("."),
            (std::set<std::string>{"out", "out.part", ".vmtrunc-foreign"}));
}

TEST_F(OwnDirectoryTest, ALinkToADirectoryIsFollowedAndStays) {
  fs::create_directory(Path("data"));
  fs::create_symlink("data", Path("out"));
  Write({{"a", "1"}}, false);
  EXPECT_TRUE(fs::is_symlink(Path("out")));
  EXPECT_EQ(Get("data/a"), "1");
  Write({{"a", "2"}}, true);
  EXPECT_TRUE(fs::is_symlink(Path("out")));
  EXPECT_EQ(Get("data/a"), "2");
}

TEST_F(OwnDirectoryTest, AConcurrentWriterKeepsItsFiles) {
  OwnDirectory one("-o", Path("out"), "distill", false);
  Write({{"a", "theirs"}}, false);
  EXPECT_NE(ErrorOf([&] { one.Write({{"a", "ours"}}, true); }), "");
  EXPECT_EQ(Get("out/a"), "theirs");
  EXPECT_EQ(Names("."), (std::set<std::string>{"out"}));
}

// Two at once, and one is first: the other learns who was, and what to do.
TEST_F(OwnDirectoryTest, ASecondWriterIsRefused) {
  for (const bool is_there : {false, true}) {
    fs::remove_all(Path("out"));
    if (is_there) fs::create_directory(Path("out"));
    OwnDirectory second("-o", Path("out"), "distill", /*replace=*/false);
    Write({{"a", "first"}}, false);
    const std::string error =
        ErrorOf([&] { second.Write({{"a", "second"}}, false); });
    EXPECT_TRUE(error.starts_with("-o " + Path("out"))) << error;
    EXPECT_NE(error.find("written there meanwhile"), std::string::npos)
        << error;
    EXPECT_NE(error.find("--replace"), std::string::npos) << error;
    EXPECT_EQ(Get("out/a"), "first");
    EXPECT_EQ(Names("."), (std::set<std::string>{"out"}));
  }
}

// Kills a command before each change that others see. What is left is whole,
// and the next command resumes from it.
TEST_F(OwnDirectoryTest, KilledAtAnyMomentItIsReplacedByTheNext) {
  const OwnDirectory::Files old = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  const OwnDirectory::Files next = {{"a", "4"}, {"b", "2"}, {"d", "5"}};
  for (const bool link : {false, true}) {
    int killed = 0;
    for (int at = 0;; ++at) {
      fs::remove_all(Path("out"));
      fs::remove_all(Path("data"));
      fs::create_directory(Path("data"));
      if (link) fs::create_symlink("data", Path("out"));
      const pid_t child = ::fork();
      if (child == 0) {
        int step = 0;
        OwnDirectory::on_step_for_test = [&] {
          if (step++ == at) ::_exit(7);
        };
        Write(old, false);
        Put("out/notes", "mine");
        Put("out/.vmtrunc-foreign", "mine");
        Write(next, true);
        ::_exit(0);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      if (WEXITSTATUS(status) == 0) break;
      ASSERT_EQ(WEXITSTATUS(status), 7);
      ++killed;
      const bool had_notes = fs::exists(Path("out/notes"));
      for (const char* name : {"a", "b", "c", "d"}) {
        const std::string content = Get(std::string("out/") + name);
        EXPECT_TRUE(content.size() == 1 || content == "(not there)") << content;
      }
      EXPECT_EQ(ErrorOf([&] { Write(next, true); }), "") << at;
      EXPECT_EQ(Get("out/a") + Get("out/b") + Get("out/d"), "425") << at;
      EXPECT_FALSE(fs::exists(Path("out/c"))) << at;
      if (had_notes) {
        EXPECT_EQ(Get("out/notes"), "mine") << at;
        EXPECT_EQ(Get("out/.vmtrunc-foreign"), "mine") << at;
      }
    }
    EXPECT_GE(killed, link ? 12 : 7);
  }
}

// Somebody else writes into it before each of our changes.
TEST_F(OwnDirectoryTest, AConcurrentChangeIsNotReplaced) {
  const std::string theirs = "edited while we wrote";
  const auto edit = [&](const std::string& name, int how) {
    fs::remove_all(Path("out/" + name));
    if (how == 0) Put("out/" + name, theirs);
    if (how == 1) fs::create_symlink("../outside", Path("out/" + name));
    if (how == 2) fs::create_directory(Path("out/" + name));
    if (how == 2) Put("out/" + name + "/notes", theirs);
  };
  for (const std::string name : {"a", "b", "c", "d"}) {
    for (int how = 0; how < 3; ++how) {
      int step = 0;
      for (int at = 0; at <= step; ++at) {
        fs::remove_all(Path("out"));
        Put("outside", "theirs");
        Write({{"a", "1"}, {"b", "2"}, {"c", "3"}}, false);
        step = 0;
        bool edited = false;
        OwnDirectory::on_step_for_test = [&] {
          if (step++ != at) return;
          edit(name, how);
          edited = true;
        };
        const std::string error = Refused({{"a", "4"}, {"b", "2"}, {"d", "5"}});
        OwnDirectory::on_step_for_test = nullptr;
        EXPECT_EQ(Get("outside"), "theirs");
        if (!edited) continue;
        // Ours is done with that name, or theirs is where they put it.
        const std::string place = Path("out/" + name);
        const bool is_theirs = how == 0 ? Get("out/" + name) == theirs
                               : how == 1
                                   ? fs::is_symlink(place)
                                   : Get("out/" + name + "/notes") == theirs;
        EXPECT_TRUE(is_theirs) << name << " " << how << " " << at << error;
      }
    }
  }
}

TEST_F(OwnDirectoryTest, ALinkInThePlaceOfTheMarkerIsNotFollowed) {
  Put("outside", "theirs");
  for (int at = 0; at < 8; ++at) {
    fs::remove_all(Path("out"));
    Write({{"a", "1"}}, false);
    int step = 0;
    OwnDirectory::on_step_for_test = [&] {
      if (step++ != at) return;
      fs::remove(Path("out/.vmtrunc"));
      fs::create_symlink("../outside", Path("out/.vmtrunc"));
    };
    Refused({{"a", "2"}, {"b", "3"}});
    OwnDirectory::on_step_for_test = nullptr;
    EXPECT_EQ(Get("outside"), "theirs") << at;
  }
}

TEST_F(OwnDirectoryTest, MalformedMarkersAreRejected) {
  Write({{"a", "1"}}, false);
  const std::string good = Get("out/.vmtrunc");
  for (const std::string& marker :
       {std::string(), std::string(3, '\0') + good, std::string("\n") + good,
        good.substr(0, 12), good + "nonsense", good + "0 ..\n",
        std::string(65 << 20, '\n') + good}) {
    Put("out/.vmtrunc", marker);
    EXPECT_NE(Refused({{"a", "2"}}), "") << marker.size();
    EXPECT_EQ(Get("out/a"), "1");
  }
}

TEST_F(OwnDirectoryTest, AMarkerThatListsOurOwnNamesIsRefusedBeforeTheWork) {
  Write({{"a", "1"}}, false);
  const std::string good = Get("out/.vmtrunc");
  for (const char* name : {".vmtrunc-lock", ".vmtrunc-1.tmp"}) {
    Put("out/.vmtrunc", good + "0 " + name + "\n");
    EXPECT_NE(ErrorOf([&] {
                OwnDirectory("-o", Path("out"), "distill", /*replace=*/true);
              }),
              "")
        << name;
  }
}

TEST_F(OwnDirectoryTest, AHardLinkElsewhereKeepsItsContent) {
  Write({{"a", "1"}, {"b", "2"}}, false);
  fs::create_hard_link(Path("out/a"), Path("kept"));
  fs::create_hard_link(Path("out/b"), Path("kept-too"));
  fs::create_hard_link(Path("out/.vmtrunc"), Path("marker"));
  const std::string marker = Get("marker");
  Write({{"a", "3"}}, true);
  EXPECT_EQ(Get("out/a") + Get("kept") + Get("kept-too"), "312");
  EXPECT_EQ(Get("marker"), marker);
}

// What a umask forbids is forbidden later, and nothing is in the way before.
TEST_F(OwnDirectoryTest, TheUmaskAppliesOnlyToTheResult) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ::chmod(directory_.c_str(), 0777);
  for (const mode_t mask : {0777U, 0277U, 0477U}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::umask(mask);
      if (::setresuid(65534, 65534, 65534) != 0) ::_exit(100);
      ::_exit(ErrorOf([&] { Write({{"a", "1"}}, false); }).empty() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << std::oct << mask;
    struct stat about{};
    ::stat(Path("out").c_str(), &about);
    EXPECT_EQ(about.st_mode & 07777, 0777 & ~mask);
    EXPECT_EQ(Get("out/a"), "1");
    EXPECT_EQ(Names("."), std::set<std::string>{"out"});
    fs::remove_all(Path("out"));
  }
}

// A link, or what is mounted there, is somebody's, whatever its files are
// called.
TEST_F(OwnDirectoryTest, RemovesNothingThroughALinkOrAMount) {
  const auto all = [](std::string_view) { return true; };
  fs::create_directory(Path("theirs"));
  Put("theirs/one", "mine");
  fs::create_directory_symlink("theirs", Path("link"));
  EXPECT_FALSE(RemoveKnown(Path("link"), all));
  EXPECT_EQ(Get("theirs/one"), "mine");
  fs::create_directory(Path("mount"));
  if (::mount(Path("theirs").c_str(), Path("mount").c_str(), nullptr, MS_BIND,
              nullptr) == 0) {
    EXPECT_FALSE(RemoveKnown(Path("mount"), all));
    ::umount2(Path("mount").c_str(), MNT_DETACH);
    EXPECT_EQ(Get("theirs/one"), "mine");
  }
  EXPECT_TRUE(RemoveKnown(Path("theirs"), all));
}

// By access lists and groups of the directory above, too.
TEST_F(OwnDirectoryTest, ANewDirectoryHasTheModeThatMkdirGives) {
  const auto mode = [&](const char* name) {
    struct stat about{};
    return ::stat(Path(name).c_str(), &about) == 0 ? about.st_mode : 0;
  };
  const auto expect_same = [&](const std::string& what) {
    fs::create_directory(Path("plain"));
    Write({{"a", "1"}}, false);
    EXPECT_EQ(mode("out"), mode("plain")) << what;
    fs::remove_all(Path("out"));
    // It stays the one that was there, without a list of its own.
    fs::create_directory(Path("out"));
    ::removexattr(Path("out").c_str(), "system.posix_acl_default");
    ::removexattr(Path("out").c_str(), "system.posix_acl_access");
    ::chmod(Path("out").c_str(), 0750);
    Write({{"a", "1"}}, false);
    EXPECT_EQ(mode("out") & 0777, 0750u) << what;
    EXPECT_LE(::listxattr(Path("out").c_str(), nullptr, 0), 0) << what;
    EXPECT_EQ(Names("."), (std::set<std::string>{"out", "plain"}));
    fs::remove_all(Path("out"));
    fs::remove_all(Path("plain"));
  };
  ASSERT_EQ(::chmod(directory_.c_str(), 02775), 0);
  expect_same("setgid");
  if (!ListByDefault("."))
    GTEST_SKIP() << "the file system has no access lists";
  expect_same("an access list");
}

TEST_F(OwnDirectoryTest, NoResultHasAReservedName) {
  for (const char* name : {"", ".", "..", ".vmtrunc", ".vmtrunc-lock", "a/b",
                           ".VMTRUNC", ".VmTrunc-lock"})
    EXPECT_NE(ErrorOf([&] { Write({{name, "1"}}, false); }), "") << name;
  EXPECT_FALSE(fs::exists(Path("out")));
}

TEST_F(OwnDirectoryTest, APlaceThatCannotBeWrittenIsRefusedBeforeTheWork) {
  const auto refused = [&](const std::string& place) {
    return ErrorOf([&] { OwnDirectory("-o", place, "distill", false); });
  };
  EXPECT_NE(refused(Path("no/such/out")), "");
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  fs::create_directory(Path("ro"));
  fs::create_directory(Path("ro/empty"));
  ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(3);
    ::_exit((refused(Path("ro/out")).empty() ? 1 : 0) +
            (refused(Path("ro/empty")).empty() ? 2 : 0));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// One directory has two names where it is mounted twice.
TEST_F(OwnDirectoryTest, AHeldLockIsReportedBeforeTheWork) {
  Write({{"a", "1"}}, false);
  fs::create_directory(Path("out/.vmtrunc-lock"));
  const std::string error = ErrorOf(
      [&] { OwnDirectory("-o", Path("out"), "distill", /*replace=*/true); });
  EXPECT_NE(error.find(".vmtrunc-lock: Is a directory"), std::string::npos)
      << error;
  fs::remove(Path("out/.vmtrunc-lock"));
  const DirectoryLock held(Path("out"), "vmtrunc distill");
  EXPECT_NE(ErrorOf([&] {
              OwnDirectory("-o", Path("out"), "distill", /*replace=*/true);
            }).find("in use by vmtrunc distill, process "),
            std::string::npos);
}

TEST_F(OwnDirectoryTest, AnInputIsKnownUnderAnotherMount) {
  fs::create_directories(Path("in/below"));
  fs::create_directory(Path("other"));
  if (::mount(Path("in").c_str(), Path("other").c_str(), nullptr, MS_BIND,
              nullptr) != 0)
    GTEST_SKIP() << "needs mounts";
  const std::string error = ErrorOf([&] {
    ExpectReplaceable("-o", Path("other/below"), {Path("in/below")});
  });
  const std::string above = ErrorOf(
      [&] { ExpectReplaceable("-o", Path("other/new"), {Path("in")}); });
  ::umount2(Path("other").c_str(), MNT_DETACH);
  // A part of it, mounted elsewhere: the names that lead there have none of it.
  fs::create_directories(Path("in/below/far"));
  ASSERT_EQ(::mount(Path("in/below").c_str(), Path("other").c_str(), nullptr,
                    MS_BIND, nullptr),
            0);
  fs::create_directory(Path("apart"));
  std::string of_part, beside;
  for (const char* place : {"other", "other/new", "other/far/new"})
    of_part += ErrorOf([&] {
                 ExpectReplaceable("-o", Path(place), {Path("in")});
               }).empty()
                   ? place
                   : "";
  beside = ErrorOf([&] {
    ExpectReplaceable("-o", Path("other/new"), {Path("apart")});
    ExpectReplaceable("-o", Path("apart/new"), {Path("in")});
  });
  ::umount2(Path("other").c_str(), MNT_DETACH);
  EXPECT_NE(error, "");
  EXPECT_NE(above, "");
  EXPECT_EQ(of_part, "");
  EXPECT_EQ(beside, "");
}

TEST_F(OwnDirectoryTest, NamesAreBytes) {
  const std::string name = "new\nline \\ and \xff";
  Write({{name, "1"}}, false);
  Write({{name, "2"}}, true);
  EXPECT_EQ(Get("out/" + name), "2");
  Write({}, true);
  EXPECT_EQ(Names("out"), (std::set<std::string>{".vmtrunc"}));
}

TEST_F(OwnDirectoryTest, SomePlacesAreNeverReplaced) {
  const auto refused = [&](const std::string& place,
                           const std::vector<std::string>& inputs = {}) {
    return !ErrorOf([&] { ExpectReplaceable("-o", place, inputs); }).empty();
  };
  for (const char* place : {"", "/", "//", "/.", ".", "..", "../..", "/proc"})
    EXPECT_TRUE(refused(place)) << place;
  fs::create_directories(Path("home/me"));
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "";
  ::setenv("HOME", Path("home/me").c_str(), 1);
  EXPECT_TRUE(refused(Path("home/me")));
  EXPECT_TRUE(refused(Path("home/me/../me/")));
  EXPECT_TRUE(refused(Path("home")));
  EXPECT_FALSE(refused(Path("home/me/out")));
  ::setenv("HOME", home.c_str(), 1);
  fs::create_directories(Path("in/below"));
  fs::create_symlink("in", Path("link"));
  EXPECT_TRUE(refused(Path("in"), {Path("in")}));
  EXPECT_TRUE(refused(Path("in/below"), {Path("in")}));
  EXPECT_TRUE(refused(Path("in"), {Path("in/below")}));
  EXPECT_TRUE(refused(Path("link"), {Path("in")}));
  EXPECT_FALSE(refused(Path("in-2"), {Path("in")}));
}

TEST_F(OwnDirectoryTest, RemovesOnlyKnownFiles) {
  fs::create_directory(Path("job"));
  Put("job/log", "");
  Put("job/notes", "mine");
  fs::create_symlink("/etc/passwd", Path("job/status"));
  const auto known = [](std::string_view name) { return name != "notes"; };
  EXPECT_FALSE(RemoveKnown(Path("job"), known));
  EXPECT_EQ(Names("job"), (std::set<std::string>{"notes", "status"}));
  fs::remove(Path("job/notes"));
  fs::remove(Path("job/status"));
  EXPECT_TRUE(RemoveKnown(Path("job"), known));
}

}  // namespace
}  // namespace vmtrunc::base
