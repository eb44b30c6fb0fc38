#include "base/work_directory.h"

#include <filesystem>
#include <functional>
#include <optional>

#include "base/lock.h"
#include "base/scratch_test.h"

namespace vmtrunc::base {
namespace {

namespace fs = std::filesystem;

using WorkDirectoryTest = Scratch;

TEST_F(WorkDirectoryTest, AForeignFileIsNoLock) {
  for (const char* content : {"notes", "vmtrunc 1\nfile f 4\n"}) {
    fs::create_directories(Path("out"));
    Put("out/.vmtrunc-lock", content);
    EXPECT_NE(ErrorOf([&] { WorkDirectory("--out", Path("out"), "fuzz"); }),
              "");
    EXPECT_EQ(Get("out/.vmtrunc-lock"), content);
  }
  Put("out/.vmtrunc-lock", "vmtrunc fuzz, process 7\n");  // was killed
  EXPECT_EQ(ErrorOf([&] { WorkDirectory("--out", Path("out"), "fuzz"); }), "");
}

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

TEST_F(WorkDirectoryTest, ALaterLockStays) {
  std::optional<WorkDirectory> first;
  first.emplace("--out", Path("out"), "fuzz");
  fs::rename(Path("out"), Path("moved"));
  const WorkDirectory second("--out", Path("out"), "fuzz");
  first.reset();
  EXPECT_EQ(Names("out"), (std::set<std::string>{".vmtrunc", ".vmtrunc-lock"}));
  EXPECT_NE(ErrorOf([&] { WorkDirectory("--out", Path("out"), "fuzz"); }), "");
}

// Both saw an empty directory; the other had it, and has ended.
TEST_F(WorkDirectoryTest, ASecondProcessIsRefused) {
  const auto meanwhile = [&](const std::function<void()>& other) {
    WorkDirectory::on_step_for_test = [&] {
      WorkDirectory::on_step_for_test = nullptr;
      other();
    };
    return ErrorOf([&] { WorkDirectory("--out", Path("out"), "fuzz"); });
  };
  EXPECT_EQ(meanwhile([&] { WorkDirectory("--out", Path("out"), "fuzz"); }),
            "");
  fs::remove_all(Path("out"));
  EXPECT_NE(meanwhile([&] { WorkDirectory("--out", Path("out"), "prove"); }),
            "");
  EXPECT_EQ(Get("out/.vmtrunc"), "vmtrunc prove 1\n");
  fs::remove(Path("out/.vmtrunc"));
  EXPECT_NE(meanwhile([&] { Put("out/notes", "mine"); }), "");
  EXPECT_EQ(Names("out"), std::set<std::string>{"notes"});
}

TEST_F(WorkDirectoryTest, AnExchangedDirectoryIsRefused) {
  const WorkDirectory work("--out", Path("out"), "fuzz");
  EXPECT_EQ(ErrorOf([&] { work.ExpectThere(); }), "");
  fs::rename(Path("out"), Path("moved"));
  fs::create_directory(Path("out"));
  EXPECT_NE(ErrorOf([&] { work.ExpectThere(); }), "");
  fs::remove(Path("out"));
  fs::create_directory(Path("theirs"));
  fs::create_directory_symlink(Path("theirs"), Path("out"));
  EXPECT_NE(ErrorOf([&] { work.ExpectThere(); }), "");
  fs::remove(Path("out"));
  fs::rename(Path("moved"), Path("out"));
  EXPECT_EQ(ErrorOf([&] { work.ExpectThere(); }), "");
}

// As on a mount that is lost: nobody knows whether it is another.
TEST_F(WorkDirectoryTest, ADirectoryThatCannotBeLookedAtIsNotCalledExchanged) {
  const auto why = [&](const std::string& name) {
    return ErrorOf([&] { FailExchanged(Path(name)); });
  };
  EXPECT_TRUE(why(std::string(300, 'x')).ends_with("x: File name too long"));
  Put("file", "mine");
  fs::create_directory(Path("other"));
  fs::create_directory_symlink(Path("other"), Path("link"));
  for (const std::string name : {"none", "file", "file/in", "link", "other"})
    EXPECT_TRUE(why(name).ends_with(
        "is no longer the directory that this command began in"))
        << name;
  EXPECT_TRUE(WithoutDescriptors([&] {
                return why("other");
              }).ends_with("that this command began in"));
}

TEST_F(WorkDirectoryTest, ADirectoryThatCannotBeReadIsNotCalledForeign) {
  {
    const WorkDirectory work("--out", Path("out"), "fuzz");
  }
  EXPECT_TRUE(WithoutDescriptors([&] {
                return ErrorOf([&] {
                  const WorkDirectory work("--out", Path("out"), "fuzz");
                });
              }).ends_with("out/.vmtrunc: Too many open files"));
}

TEST_F(WorkDirectoryTest, AForeignDirectoryIsRefused) {
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
}  // namespace vmtrunc::base
