// What a command replaces where others have files too.
#include "base/own_files.h"

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>

#include "base/own_directory.h"
#include "base/scratch_test.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

class OwnFilesTest : public Scratch {
 protected:
  // As the next command in that directory would.
  OwnFiles Files() const { return {Path("."), "campaign"}; }
  std::string Write(const std::string& content) const {
    return Files().Write("a", "vmt", content);
  }
  // Its one line, where it has a list that it did not write.
  std::string WriteBesideAForeignList(const std::string& content) const {
    OwnFiles files = Files();
    EXPECT_EQ(files.Write("a", "vmt", content), "a-2.vmt");
    return files.Refused();
  }
};

TEST_F(OwnFilesTest, ReplacesWhatItWrote) {
  EXPECT_EQ(Write("one"), "a.vmt");
  EXPECT_EQ(Write("two"), "a.vmt");
  EXPECT_EQ(Write("two"), "a.vmt");
  EXPECT_EQ(Get("a.vmt"), "two");
  EXPECT_EQ(Names("."), (std::set<std::string>{".vmtrunc", "a.vmt"}));
  OwnFiles files = Files();
  files.Remove("a.vmt");
  EXPECT_EQ(Names("."), (std::set<std::string>{".vmtrunc"}));
  files.Remove("a.vmt");
  EXPECT_EQ(files.Refused(), "");
}

// Whatever it looks like, if it is not as it was written it is not replaced,
// nor is what another build wrote, which listed nothing.
TEST_F(OwnFilesTest, LeavesWhatIsNotAsItWroteIt) {
  Write("one");
  Put("a.vmt", "mine");
  Files().Remove("a.vmt");
  EXPECT_EQ(Write("two"), "a-2.vmt");
  EXPECT_EQ(Write("three"), "a-2.vmt");
  Put("a-2.vmt", "mine too");
  EXPECT_EQ(Write("four"), "a-3.vmt");
  EXPECT_EQ(Get("a.vmt"), "mine");
  EXPECT_EQ(Get("a-2.vmt"), "mine too");
  EXPECT_EQ(Get("a-3.vmt"), "four");
}

// Of its own files only those that the caller names.
TEST_F(OwnFilesTest, ReplacesWhatItMay) {
  const auto write = [&](const std::string& content, const std::string& may) {
    return Files().Write("a", "vmt", content,
                         [&](const std::string& name) { return name == may; });
  };
  EXPECT_EQ(write("one", ""), "a.vmt");
  EXPECT_EQ(write("one", ""), "a.vmt");
  EXPECT_EQ(write("two", ""), "a-2.vmt");
  EXPECT_EQ(write("three", "a-2.vmt"), "a-2.vmt");
  EXPECT_EQ(write("four", "b.vmt"), "a-3.vmt");
  EXPECT_EQ(Get("a.vmt"), "one");
  EXPECT_EQ(Get("a-2.vmt"), "three");
  Put("a-2.vmt", "mine");
  EXPECT_EQ(write("five", "a-2.vmt"), "a-4.vmt");
  EXPECT_EQ(Get("a-2.vmt"), "mine");
}

// Files that came with a list of their own, as of another machine, are its own
// for the next command; who was there before has not read them.
TEST_F(OwnFilesTest, LeavesWhatCameMeanwhile) {
  OwnFiles early = Files();
  EXPECT_EQ(early.Write("a", "vmt", "one"), "a.vmt");
  OwnFiles(Path("."), "campaign").Write("a", "vmt", "theirs");
  EXPECT_EQ(early.Write("a", "vmt", "two"), "a-2.vmt");
  early.Remove("a.vmt");
  EXPECT_EQ(Get("a.vmt"), "theirs");
  EXPECT_EQ(early.Write("a", "vmt", "three"), "a-2.vmt");
  EXPECT_EQ(Files().Write("a", "vmt", "four"), "a.vmt");
}

// A copy by links is somebody's, with the list.
TEST_F(OwnFilesTest, LeavesTheOtherNameOfAFile) {
  Write("one");
  const std::string list = Get(".vmtrunc");
  fs::create_hard_link(Path("a.vmt"), Path("kept"));
  fs::create_hard_link(Path(".vmtrunc"), Path("list"));
  EXPECT_EQ(Write("two"), "a.vmt");
  EXPECT_EQ(Get("a.vmt"), "two");
  EXPECT_EQ(Get("kept"), "one");
  EXPECT_EQ(Get("list"), list);
}

// It counts as written, and stays foreign.
TEST_F(OwnFilesTest, AForeignFileWithTheContentStays) {
  Put("a.vmt", "one");
  EXPECT_EQ(Write("one"), "a.vmt");
  EXPECT_EQ(Write("two"), "a-2.vmt");
  EXPECT_EQ(Get("a.vmt"), "one");
}

// A link to a file that has the content, a directory: none is what it wrote.
TEST_F(OwnFilesTest, LeavesWhatIsNoFile) {
  Write("one");
  fs::rename(Path("a.vmt"), Path("kept"));
  fs::create_symlink("kept", Path("a.vmt"));
  EXPECT_EQ(Write("two"), "a-2.vmt");
  fs::remove(Path("a-2.vmt"));
  fs::create_directory(Path("a-2.vmt"));
  EXPECT_EQ(Write("three"), "a-3.vmt");
  EXPECT_EQ(Get("kept"), "one");
  EXPECT_TRUE(fs::is_symlink(Path("a.vmt")));
}

// Another command's list, a torn one, a link to one: nothing is replaced, nor
// is it. Without it nothing is known to be ours.
TEST_F(OwnFilesTest, AForeignListMakesNothingOurs) {
  Write("one");
  const std::string list = Get(".vmtrunc");
  for (const std::string& foreign :
       {std::string(), std::string("mine"), std::string("vmtrunc distill 1\n"),
        list.substr(0, list.size() - 7)}) {
    Put(".vmtrunc", foreign);
    EXPECT_TRUE(WriteBesideAForeignList("two").ends_with(
        "/.vmtrunc: expected the list of the files that vmtrunc campaign wrote "
        "there; it stays, and no file is replaced"))
        << foreign;
    EXPECT_EQ(Get(".vmtrunc"), foreign);
    fs::remove(Path("a-2.vmt"));
  }
  Put("list", list);
  fs::remove(Path(".vmtrunc"));
  fs::create_symlink("list", Path(".vmtrunc"));
  EXPECT_NE(WriteBesideAForeignList("two"), "");
  EXPECT_EQ(Get("list"), list);
  fs::remove(Path(".vmtrunc"));
  EXPECT_EQ(Write("three"), "a-3.vmt");
  EXPECT_EQ(Get("a.vmt"), "one");
  EXPECT_EQ(Files().Refused(), "");
}

TEST_F(OwnFilesTest, AListThatCannotBeReadIsNotCalledForeign) {
  Write("one");
  EXPECT_TRUE(WithoutDescriptors([&] {
                return ErrorOf([&] { Files().Refused(); });
              }).ends_with("/.vmtrunc: Too many open files"));
}

// A content is listed first: ended in between, the file is still ours.
TEST_F(OwnFilesTest, AFileThatCannotBeWrittenIsStillOurs) {
  Write("one");
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1000, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string error = ErrorOf([&] { Write(std::string(2000, 'x')); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, before);
  EXPECT_TRUE(error.ends_with("/a.vmt: File too large")) << error;
  EXPECT_EQ(Get("a.vmt"), "one");
  const auto listed = ReadMarker(Path("."), "campaign");
  ASSERT_TRUE(listed);
  EXPECT_EQ(
      listed->at("a.vmt"),
      (std::set<std::string>{NameOf("one"), NameOf(std::string(2000, 'x'))}));
  EXPECT_EQ(Write("two"), "a.vmt");
  EXPECT_EQ(ReadMarker(Path("."), "campaign")->at("a.vmt"),
            std::set<std::string>{NameOf("two")});
}

}  // namespace
}  // namespace vmtrunc::base
