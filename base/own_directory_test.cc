#include "base/own_directory.h"

#include <unistd.h>

#include <filesystem>

#include "base/scratch_test.h"
#include "base/work_directory.h"

namespace vmtrunc {
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

TEST_F(OwnDirectoryTest, WhatItWroteIsReplacedAndNothingElse) {
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

TEST_F(OwnDirectoryTest, OneWhoIsThereAtTheSameTimeKeepsWhatHeWrote) {
  OwnDirectory one("-o", Path("out"), "distill", false);
  Write({{"a", "theirs"}}, false);
  EXPECT_NE(ErrorOf([&] { one.Write({{"a", "ours"}}, true); }), "");
  EXPECT_EQ(Get("out/a"), "theirs");
  EXPECT_EQ(Names("."), (std::set<std::string>{"out"}));
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

TEST_F(OwnDirectoryTest, WhatIsRemovedIsKnown) {
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

using WorkDirectoryTest = Scratch;

TEST_F(WorkDirectoryTest, OneAtATimeWorksInIt) {
  {
    const WorkDirectory first("--out", Path("a/b"), "fuzz");
    const std::string error =
        ErrorOf([&] { WorkDirectory("--out", Path("a/b"), "fuzz"); });
    EXPECT_NE(error.find("in use by vmtrunc fuzz, process "), std::string::npos)
        << error;
  }
  EXPECT_EQ(Names("a/b"), (std::set<std::string>{".vmtrunc"}));
  WorkDirectory("--out", Path("a/b"), "fuzz");
}

TEST_F(WorkDirectoryTest, ADirectoryOfSomebodyElseIsRefused) {
  fs::create_directory(Path("theirs"));
  Put("theirs/notes", "mine");
  EXPECT_NE(ErrorOf([&] { WorkDirectory("--out", Path("theirs"), "fuzz"); }),
            "");
  EXPECT_EQ(Names("theirs"), (std::set<std::string>{"notes"}));
  WorkDirectory("--out", Path("ours"), "fuzz");
  EXPECT_NE(ErrorOf([&] { WorkDirectory("--out", Path("ours"), "prove"); }),
            "");
  EXPECT_NE(ErrorOf([] { WorkDirectory("--out", "", "fuzz"); }), "");
}

}  // namespace
}  // namespace vmtrunc
