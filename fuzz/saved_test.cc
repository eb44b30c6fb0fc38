#include "fuzz/saved.h"

#include <filesystem>
#include <memory>
#include <vector>

#include "base/scratch_test.h"

namespace vmtrunc::fuzz {
namespace {

namespace fs = std::filesystem;

class SavedTest : public base::Scratch {
 protected:
  // Keeps that input, which runs.
  static std::string Keep(Saved& saved, const std::string& input,
                          const std::string& old) {
    saved.Save(std::vector<uint8_t>(input.begin(), input.end()));
    return saved.KeepInstead(old, "cause-0");
  }
};

TEST_F(SavedTest, AnInputThatIsKeptAgainReplacesItsOwnFile) {
  Saved saved(directory_);
  const std::string name = Keep(saved, "large", "");
  EXPECT_EQ(name, "cause-0.bytes");
  EXPECT_EQ(Keep(saved, "small", name), name);
  EXPECT_EQ(Keep(saved, "tiny", name), name);
  EXPECT_EQ(Get(name), "tiny");
}

// A copy by links of a directory that a target writes in has what was there.
TEST_F(SavedTest, AnotherNameOfItsFileKeepsTheOldContent) {
  Saved saved(directory_);
  const std::string name = Keep(saved, "large", "");
  fs::create_hard_link(Path(name), Path("copy"));
  EXPECT_EQ(Keep(saved, "small", name), name);
  EXPECT_EQ(Get(name), "small");
  EXPECT_EQ(Get("copy"), "large");
}

// What another has under the name, before or meanwhile, stays.
TEST_F(SavedTest, NoInputReplacesAFileOfOthers) {
  Put("precious", "theirs");
  fs::create_symlink(
      "../" + fs::path(directory_).filename().string() + "/precious",
      Path("cause-0.bytes"));
  Put("cause-0-2.bytes", "theirs");
  Saved saved(directory_);
  const std::string first = Keep(saved, "large", "");
  EXPECT_EQ(first, "cause-0-3.bytes");
  Put(first, "edited");
  const std::string second = Keep(saved, "small", first);
  EXPECT_EQ(second, "cause-0-4.bytes");
  fs::remove(Path(second));
  fs::create_symlink("precious", Path(second));
  EXPECT_EQ(Keep(saved, "tiny", second), "cause-0-5.bytes");
  fs::remove(Path("cause-0-5.bytes"));
  fs::create_directory(Path("cause-0-5.bytes"));
  EXPECT_EQ(Keep(saved, "one", "cause-0-5.bytes"), "cause-0-6.bytes");
  EXPECT_EQ(Get("precious") + Get("cause-0-2.bytes") + Get(first),
            "theirstheirsedited");
}

// Also one that has the same content, as of an earlier run with that seed.
TEST_F(SavedTest, NoInputReplacesOneOfAnEarlierRun) {
  Keep(*std::make_unique<Saved>(directory_), "same", "");
  Saved saved(directory_);
  EXPECT_EQ(Keep(saved, "same", ""), "cause-0.bytes");
  EXPECT_EQ(Keep(saved, "less", "cause-0.bytes"), "cause-0-2.bytes");
  EXPECT_EQ(Get("cause-0.bytes"), "same");
}

// Else it would keep nothing of a property that the earlier one has counted.
TEST_F(SavedTest, ARunCountsFromTheStart) {
  {
    Saved earlier(directory_);
    earlier.status().executions = 7;
    earlier.status().broken[0] = 1;
    earlier.status().causes[0] = {.executions = 1,
                                  .effects = 1,
                                  .name = "of-another-kernel",
                                  .file = "cause-0.bytes"};
  }
  Saved saved(directory_);
  EXPECT_EQ(saved.status().executions, 0U);
  EXPECT_EQ(saved.status().broken[0], 0U);
  EXPECT_EQ(saved.status().causes[0].executions, 0U);
  EXPECT_STREQ(saved.status().causes[0].file, "");
  EXPECT_STRNE(saved.status().build, "");
}

}  // namespace
}  // namespace vmtrunc::fuzz
