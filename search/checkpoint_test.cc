// What a checkpoint that cannot be read, or is damaged, comes to. prove_test
// has that a search resumes from one.
#include "search/checkpoint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "search/prove.h"
#include "base/read_at.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

namespace fs = std::filesystem;

// A level that is damaged, with more after it, was not left by a kill: nothing
// is cut off.
TEST(Checkpoint, RefusesACheckpointThatIsDamagedWithin) {
  const fs::path directory =
      fs::path(testing::TempDir()) / absl::StrCat("damaged", ::getpid());
  ProveOptions options;
  options.checkpoint = directory;
  ASSERT_EQ(SearchBound(kMovingMm, "3.0", options).answer, Answer::kHolds);
  const fs::path file = directory / "prove";
  const uint64_t size = fs::file_size(file);
  const auto flip = [&](uint64_t at) {
    std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
    char byte = 0;
    bytes.seekg(static_cast<std::streamoff>(at)).get(byte);
    bytes.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(~byte));
  };
  // In the first level's head, where its number of states is and its checksum,
  // in its states, and in the middle.
  for (const uint64_t at : {uint64_t{16}, uint64_t{18}, uint64_t{23},
                            uint64_t{40}, uint64_t{60}, size / 2}) {
    flip(at);
    const ProveResult result = SearchBound(kMovingMm, "3.0", options);
    EXPECT_EQ(result.answer, Answer::kFailed) << at;
    EXPECT_NE(result.why.find("truncate -s "), std::string::npos) << result.why;
    EXPECT_EQ(fs::file_size(file), size);
    flip(at);
  }
  EXPECT_EQ(SearchBound(kMovingMm, "3.0", options).answer, Answer::kHolds);
  // At the end it was.
  flip(size - 1);
  EXPECT_EQ(SearchBound(kMovingMm, "3.0", options).answer, Answer::kHolds);
  // What a kill leaves of the last level, which may be zeros.
  for (const uint64_t cut : {1U, 17U, 40U, 500U}) {
    fs::resize_file(file, size - cut);
    if (cut != 500) fs::resize_file(file, size);
    EXPECT_EQ(SearchBound(kMovingMm, "3.0", options).answer, Answer::kHolds);
    EXPECT_EQ(fs::file_size(file), size);
  }
  fs::remove_all(directory);
}

// Nor over an error of the disk: a place that cannot be read is no end.
TEST(Checkpoint, RefusesACheckpointThatCannotBeRead) {
  int error = 0;
  char byte = 0;
  const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(base::ReadAt(directory, 0, &byte, 1, error), 0U);
  EXPECT_EQ(error, EISDIR);
  ::close(directory);
  const int empty = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_EQ(base::ReadAt(empty, 0, &byte, 1, error), 0U);
  EXPECT_EQ(error, 0);
  ::close(empty);
}

// Stopped while it reads its checkpoint, it reports the levels that it has: all
// of them are expanded, or the next level would not be there.
TEST(Checkpoint, ReportsWhatItHasReadOfItsCheckpoint) {
  const fs::path directory =
      fs::path(testing::TempDir()) / absl::StrCat("read", ::getpid());
  ProveOptions options;
  options.checkpoint = directory;
  const ProveResult whole = SearchBound(kMovingMm, "3.0", options);
  ASSERT_EQ(whole.answer, Answer::kHolds);
  std::atomic<bool> stop = false;
  options.stop = &stop;
  for (const size_t levels : {1U, 3U, 5U}) {
    ASSERT_LT(levels, whole.levels.size());
    stop = false;
    uint64_t states = 0;
    for (size_t i = 0; i < levels; ++i) states += whole.levels[i];
    options.on_progress = [&](const ProveProgress& progress) {
      if (progress.states == states) stop = true;
    };
    const ProveResult result = SearchBound(kMovingMm, "3.0", options);
    EXPECT_EQ(result.answer, Answer::kRanOut);
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.levels.size(), levels);
    EXPECT_EQ(result.progress.states, states);
    EXPECT_EQ(result.progress.depth, levels - 1);
    EXPECT_EQ(result.progress.left, 0U);
  }
  fs::remove_all(directory);
}

}  // namespace
}  // namespace vmtrunc::search
