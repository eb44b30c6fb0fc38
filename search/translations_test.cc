// Random scripts where translations outlive their ptes: they can be written and
// read, and reach what they are made for, where a kernel breaks and only there.
#include "search/translations.h"

#include <gtest/gtest.h>

#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "search/folios.h"
#include "search/make.h"
#include "search/mutate.h"

namespace vmtrunc::search {
namespace {

Script Made(uint64_t seed) {
  base::Random random(seed);
  Script script = MakeScript(seed, 16);
  if (random.Below(4) == 0) AddFolios(script, random);
  AddTranslations(script, random);
  return script;
}

TEST(Translations, CanBeWrittenAndRead) {
  int devices = 0, beside = 0, shared = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script script = Made(seed);
    EXPECT_TRUE(script.setup.tlb);
    ASSERT_LE(script.events.size(), kMaxEvents);
    ASSERT_NO_FATAL_FAILURE(ExpectReadsBack(script));
    ASSERT_EQ(ToText(Made(seed)), ToText(script));
    devices += script.setup.folios[0].pfn ? 1 : 0;
    beside += script.setup.folios[1].pfn ? 1 : 0;
    shared += script.setup.mm_of[1] == 0 ? 1 : 0;
  }
  EXPECT_GT(devices, 300);
  EXPECT_GT(beside, 300);
  EXPECT_GT(shared, 1000);
}

// As often as a full script leaves room.
TEST(Translations, AddsNothingThatHasNoRoom) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed);
    Script script = MakeScript(seed, kMaxEvents - seed % 8);
    AddTranslations(script, random);
    ASSERT_LE(script.events.size(), kMaxEvents);
    script.events.clear();
    script.setup.tasks = 0;
    AddTranslations(script, random);
    for (const Event& event : script.events) ASSERT_EQ(event.task, 0);
  }
}

// A pass that no file has an effect for is made by no generator.
TEST(Translations, APassFitsItsFile) {
  unsigned revokes = 0;
  const auto check = [&](const Script& script) {
    for (const Event& event : script.events) {
      if (!IsPass(event.verb)) continue;
      ASSERT_EQ(script.setup.folios[event.file].pfn,
                event.verb == Verb::kRevoke)
          << ToText(script);
      revokes += event.verb == Verb::kRevoke ? 1 : 0;
    }
  };
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Script script = Made(seed);
    check(script);
    base::Random random(seed);
    while (script.events.size() < 60)
      script.events.push_back(RandomEvent(script, random));
    check(script);
  }
  EXPECT_GT(revokes, 1000U);
}

TEST(FitToFile, KeepsToTheVerbsAndTheRange) {
  const Event truncate{
      .kind = EventKind::kStart, .verb = Verb::kTruncate, .addr = 3};
  Event event = truncate;
  FitToFile(/*is_device=*/false, 8, event);
  EXPECT_EQ(event, truncate);
  FitToFile(/*is_device=*/true, 8, event, ~Bit(Verb::kRevoke));
  EXPECT_EQ(event, truncate);
  FitToFile(/*is_device=*/true, 8, event);
  EXPECT_EQ(event.verb, Verb::kRevoke);
  EXPECT_EQ(event.addr, 3);
  EXPECT_EQ(event.len, 5);
  FitToFile(/*is_device=*/false, 8, event);
  EXPECT_EQ(event, truncate);
  Event read{.kind = EventKind::kStart, .verb = Verb::kRead, .addr = 3};
  FitToFile(/*is_device=*/true, 8, read);
  EXPECT_EQ(read.verb, Verb::kRead);
}

struct Case {
  const char* kernel;  // which holds
  const char* flip;    // a rule, and what breaks without
  Property property;
  unsigned at_least;  // of 2000 scripts
};
class ReachesTheBug : public testing::TestWithParam<Case> {};

TEST_P(ReachesTheBug, OnThatKernelAlone) {
  const Case& it = GetParam();
  const Rules right = RulesOf(it.kernel);
  const Rules wrong = RulesOf(std::string(it.kernel) + it.flip);
  unsigned found = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script script = Made(seed);
    EXPECT_FALSE(vmtrunc::Run(script, right).breaks(it.property))
        << ToText(script);
    found += vmtrunc::Run(script, wrong).breaks(it.property) ? 1 : 0;
  }
  EXPECT_GE(found, it.at_least);
}

INSTANTIATE_TEST_SUITE_P(
    Translations, ReachesTheBug,
    testing::Values(
        Case{"6.18", "-move-flushes-before-unlock", Property::kNoStaleTlb, 10},
        Case{"6.18", "-move-flushes-before-unlock",
             Property::kNoFreedPageReachable, 3},
        Case{"6.18", "-pfn-flush-before-unlink", Property::kPassLeavesNoTlb,
             10},
        Case{"6.18", "-pfn-flush-looks-at-all", Property::kPassLeavesNoTlb, 3},
        Case{"6.18", "-full-batch-counts-last-page", Property::kNoStaleTlb,
             100},
        Case{"6.18", "-nested-gather-flushes", Property::kPassLeavesNoTlb, 20}),
    [](const auto& info) {
      std::string name = std::string(info.param.flip).substr(1) + "_" +
                         Name(info.param.property);
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace vmtrunc::search
