#include "fuzz/sorter.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/read.h"
#include "core/script/script.h"

namespace vmtrunc::fuzz {
namespace {

// What the target does where an input cannot be written.
struct Ended {};

class SorterTest : public testing::Test {
 protected:
  // Notes a script that violates a property.
  void Note(const Sorter::KeepInput& keep) {
    const Script script =
        ParseText(
            base::ReadFile(VMTRUNC_SOURCE_DIR
                           "/corpus/found/"
                           "split-leaves-restart-address-and-is-read.vmt"))
            .value();
    const KernelSpec kernel = *ParseKernelSpec("2.6.11");
    const RunResult run = Run<LargeCaps>(script, kernel.rules(), {});
    ASSERT_FALSE(run.holds());
    Sorter(kernel, {}, *status_, keep).Note(script.setup, script.events, run);
  }

  const std::unique_ptr<FuzzStatus> status_ = std::make_unique<FuzzStatus>();
};

TEST_F(SorterTest, CountsACauseAndSaysWhereItsInputIs) {
  for (int i = 0; i < 2; ++i)
    Note([](const std::string& old, const std::string& stem) {
      EXPECT_EQ(old, "");
      return stem + ".bytes";
    });
  EXPECT_EQ(status_->causes[0].executions, 2U);
  EXPECT_STREQ(status_->causes[0].file, "cause-0.bytes");
}

// Else the parent would count a cause that no input shows.
TEST_F(SorterTest, CountsNoCauseWhoseInputCannotBeKept) {
  EXPECT_THROW(Note([](const std::string&, const std::string&) -> std::string {
                 throw Ended{};
               }),
               Ended);
  EXPECT_EQ(status_->causes[0].executions, 0U);
  EXPECT_STREQ(status_->causes[0].name, "");
}

}  // namespace
}  // namespace vmtrunc::fuzz
