// What gets the name of a shard's directory is not written in.
#include "search/shard_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "base/scratch_test.h"

namespace vmtrunc::search {
namespace {

namespace fs = std::filesystem;

class ShardDirectoryTest : public base::Scratch {
 protected:
  ShardDirectoryTest() {
    fs::create_directory(Path("own"));
    fs::create_directory(Path("theirs"));
    for (const char* const name : {"new", "old", "states", "level-1"}) {
      Put(std::string("own/") + name, "old");
      Put(std::string("theirs/") + name, "mine");
    }
  }
};

TEST_F(ShardDirectoryTest, StaysTheOneThatWasOpened) {
  const ShardDirectory own(Path("own"));
  fs::rename(Path("own"), Path("moved"));
  fs::create_symlink("theirs", Path("own"));
  ::close(own.Make("new"));
  ::close(own.Append("states"));
  own.Rename("new", "old");
  own.Remove("states");
  own.WriteDurable("level-1", "level");
  own.Sync();
  for (const char* const name : {"new", "old", "states", "level-1"})
    EXPECT_EQ(Get(std::string("theirs/") + name), "mine") << name;
  EXPECT_EQ(Names("moved"), (std::set<std::string>{"level-1", "old"}));
  EXPECT_EQ(Get("moved/old"), "");
  EXPECT_EQ(Get("moved/level-1"), "level");
  EXPECT_EQ(own.Read("level-1", 100), "level");
  EXPECT_EQ(own.Read("level-1", 3), "lev");
  EXPECT_EQ(own.Read("level-2", 100), std::nullopt);
}

TEST_F(ShardDirectoryTest, FollowsNoLink) {
  EXPECT_THROW(
      {
        fs::create_symlink("own", Path("link"));
        ShardDirectory link(Path("link"));
      },
      base::UsageError);
  const ShardDirectory own(Path("own"));
  for (const char* const name : {"states", "level-1"}) {
    fs::remove(Path(std::string("own/") + name));
    fs::create_symlink(std::string("../theirs/") + name,
                       Path(std::string("own/") + name));
    EXPECT_THROW(own.Append(name), base::UsageError);
    EXPECT_THROW(own.WriteDurable(name, "x"), base::UsageError);
    EXPECT_EQ(Get(std::string("theirs/") + name), "mine");
  }
  fs::create_hard_link(Path("theirs/new"), Path("own/hard"));
  EXPECT_THROW(own.WriteDurable("hard", "x"), base::UsageError);
  EXPECT_EQ(Get("theirs/new"), "mine");
}

}  // namespace
}  // namespace vmtrunc::search
