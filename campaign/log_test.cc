#include "campaign/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/read.h"

namespace vmtrunc {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    char name[] = "/tmp/vmtrunc-log-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/log.jsonl";
  }
  ~LogTest() override { std::filesystem::remove_all(directory_); }

  static SliceRecord Record(uint64_t slice) {
    return {.slice = slice,
            .began_unix = 1000 + static_cast<int64_t>(slice),
            .seconds = 30.5,
            .kernel = "2.6.11",
            .engine = "plain",
            .executions = 7 * slice,
            .gain = {.states = 3, .features = 2, .causes = 1},
            .causes = {{"no-page-past-size+relock-resets", 12}}};
  }
  std::string Content() const { return ReadWhole(path_, 1 << 20).value(); }

  std::string directory_, path_;
};

TEST_F(LogTest, ReadsWhatItWrote) {
  {
    Log log = Log::Open(path_);
    log.Append(Record(1));
    log.Append(Record(2));
  }
  const Log log = Log::Open(path_);
  ASSERT_EQ(log.records().size(), 2U);
  EXPECT_EQ(ToLine(log.records()[1]), ToLine(Record(2)));
  EXPECT_TRUE(log.Has(2));
  EXPECT_FALSE(log.Has(3));
}

// Cut anywhere in the last line, the log has the others, and goes on.
TEST_F(LogTest, StandsEveryTornLine) {
  const std::string one = ToLine(Record(1)), two = ToLine(Record(2));
  for (size_t cut = 0; cut < two.size(); ++cut) {
    std::ofstream(path_, std::ios::trunc) << one << two.substr(0, cut);
    Log log = Log::Open(path_);
    ASSERT_EQ(log.records().size(), 1U);
    EXPECT_EQ(log.bad_lines(), 0U);
    log.Append(Record(2));
    ASSERT_EQ(Content(), one + two) << cut;
  }
}

TEST_F(LogTest, SkipsWhatIsDamaged) {
  std::ofstream(path_) << "\n{}\n[1]\nnonsense \xff\xfe\n"
                       << std::string(5, '\0') << "\n"
                       << ToLine(Record(4)) << "{\"slice\": \"five\"}\n";
  const Log log = Log::Open(path_);
  EXPECT_EQ(log.records().size(), 1U);
  EXPECT_EQ(log.bad_lines(), 6U);
}

TEST_F(LogTest, CountsASliceOnce) {
  std::ofstream(path_) << ToLine(Record(4)) << ToLine(Record(4));
  EXPECT_EQ(Log::Open(path_).records().size(), 1U);
}

}  // namespace
}  // namespace vmtrunc
