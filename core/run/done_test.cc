// done-is-unmapped: it counts only where it is named, it sees a planted bug
// before no-page-past-size does, and at passes that no other property looks at;
// each of its known false alarms is one; and it holds where all else does.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/run/run.h"
#include "core/run/scripts_test.h"

namespace vmtrunc {
namespace {

constexpr uint32_t kDone = Bit(Property::kDoneIsUnmapped);

RunResult RunNamed(const Script& script, const Rules& rules) {
  return Run<LargeCaps>(script, rules, {.report = CountedProperties() | kDone});
}

// testing::Test has a Run() of its own.
RunResult RunAsEver(const Script& script, const Rules& rules) {
  return Run(script, rules);
}

// The pass drops its lock again before it ends.
constexpr const char* kImporter = R"(vmtrunc 1
block 2
file f 6
task a
task t
a mmap 100 6 f 0 populate
a mprotect 102 2 r
t truncate f 0 &
t drop
a mprotect 103 1 rw
t drop
t finish
)";

TEST(DoneIsUnmapped, CountsOnlyWhereItIsNamed) {
  EXPECT_EQ(CountedProperties() & kOnlyNamed, 0U);
  const Script script = Parse(kImporter);
  const Rules rules = RulesOf("2.6.11-importer-rescans");
  EXPECT_EQ(RunAsEver(script, rules).broken & kDone, 0U);
  EXPECT_NE(RunNamed(script, rules).broken & kDone, 0U);
}

TEST(DoneIsUnmapped, SeesAPlantedBugBeforeThePassEnds) {
  const Script script = Parse(kImporter);
  EXPECT_TRUE(RunNamed(script, RulesOf("2.6.11")).holds());
  const Rules rules = RulesOf("2.6.11-importer-rescans");
  const RunResult before = RunAsEver(script, rules);
  ASSERT_EQ(before.first.property, Property::kNoPagePastSize);
  const RunResult now = RunNamed(script, rules);
  ASSERT_EQ(now.first.property, Property::kDoneIsUnmapped);
  EXPECT_LT(now.first.event, before.first.event);
  EXPECT_LT(now.first.step, before.first.step);
}

// The vma goes before the pass ends, so that nothing is left to see then; and a
// punch, after which no page is past i_size.
TEST(DoneIsUnmapped, SeesWhatNoOtherPropertyLooksAt) {
  const std::string with = kImporter;
  const std::string gone =
      with.substr(0, with.rfind("t finish")) + "a munmap 100 6\nt finish\n";
  std::string punch = with;
  punch.replace(punch.find("truncate f 0"), 12, "punch f 1 5");
  const Rules flipped = RulesOf("2.6.38-importer-rescans");
  for (const std::string& text : {gone, punch}) {
    const Script script = Parse(text);
    EXPECT_TRUE(RunAsEver(script, flipped).holds()) << text;
    EXPECT_EQ(RunNamed(script, flipped).broken, kDone) << text;
    EXPECT_TRUE(RunNamed(script, RulesOf("2.6.38")).holds()) << text;
  }
}

// A page that a fault has mapped since the pass began may be there.
TEST(DoneIsUnmapped, LeavesWhatAFaultHasMappedAlone) {
  const Script script = Parse(R"(vmtrunc 1
block 1
file f 4
task a
task t
a mmap 100 4 f 0 populate
t punch f 0 4 &
t drop 2
a read 100
t drop
t finish
)");
  for (const char* kernel : {"2.6.11", "2.6.23", "2.6.38", "repaired"})
    EXPECT_EQ(RunNamed(script, RulesOf(kernel)).broken & kDone, 0U) << kernel;
}

// docs/alarms: on its own kernel, each breaks it and nothing else, and no
// page past the size is left.
TEST(DoneIsUnmapped, HasTheseFalseAlarms) {
  int alarms = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(VMTRUNC_SOURCE_DIR "/docs/alarms")) {
    std::ifstream in(entry.path());
    const Script script =
        Parse(std::string(std::istreambuf_iterator<char>(in), {}));
    const Rules rules = script.kernel->rules();
    EXPECT_TRUE(RunAsEver(script, rules).holds()) << entry.path();
    EXPECT_EQ(RunNamed(script, rules).broken, kDone) << entry.path();
    ++alarms;
  }
  EXPECT_EQ(alarms, 3);
}

}  // namespace
}  // namespace vmtrunc
