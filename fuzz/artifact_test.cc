// Which names a fuzzing executable writes, and which it never does.
#include "fuzz/artifact.h"

#include <gtest/gtest.h>

#include "fuzz/status.h"

namespace vmtrunc::fuzz {
namespace {

TEST(ArtifactTest, KnowsTheNamesOfInputs) {
  for (const char* name :
       {"cause-0.bytes", "cause-63.bytes", "cause-1-2.bytes"}) {
    EXPECT_TRUE(NamesInput(name, kCausePrefix)) << name;
    EXPECT_FALSE(NamesInput(name, kBrokenPrefix)) << name;
  }
  for (const char* name :
       {"broken-no-page-past-size.bytes", "broken-of-another-build-2.bytes"}) {
    EXPECT_TRUE(NamesInput(name, kBrokenPrefix)) << name;
    EXPECT_FALSE(NamesInput(name, kCausePrefix)) << name;
  }
}

// Beside these, who looks at them puts files of his own.
TEST(ArtifactTest, TakesNoOthersForThem) {
  for (const char* name :
       {"cause-1.vmt", "cause-notes.txt", "cause-1-mine.bytes", "cause-.bytes",
        "cause-1-.bytes", "cause-1-2-3.bytes", "cause-mine.bytes",
        "cause.bytes", "cause-1.bytes.md", "cause-1(copy).bytes"})
    EXPECT_FALSE(NamesInput(name, kCausePrefix)) << name;
  for (const char* name :
       {"broken-no-page-past-size.vmt", "broken-.bytes", "broken.bytes",
        "broken-no-page-past-size copy.bytes", "broken-it.txt"})
    EXPECT_FALSE(NamesInput(name, kBrokenPrefix)) << name;
}

}  // namespace
}  // namespace vmtrunc::fuzz
