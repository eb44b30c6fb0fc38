// Scripts made while they run: they are as long as asked, can be written and
// read, are the same for the same seed, and few of them are without effect.
#include "fuzz/weave.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <vector>

#include "core/run/run.h"
#include "fuzz/one_file_test.h"
#include "search/make.h"

namespace vmtrunc::fuzz {
namespace {

TEST(Weave, ScriptsCanBeWrittenAndRead) {
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script script = WeaveScript(seed, 24, rules);
    ASSERT_LE(script.events.size(),
              search::MakeStart(base::Random(seed).Next()).events.size() + 24);
    const Script again = DecodeBytes(EncodeBytes(script));
    ASSERT_EQ(again.setup, script.setup);
    ASSERT_EQ(again.events, script.events) << ToText(script);
    ASSERT_EQ(ToText(WeaveScript(seed, 24, rules)), ToText(script));
  }
}

TEST(Weave, ContinuesFromTheCut) {
  const Rules rules = ParseKernelSpec("2.6.38")->rules();
  base::Random random(3);
  unsigned longer = 0, all = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script script = WeaveScript(seed, 24, rules);
    const size_t cut =
        random.Below(static_cast<unsigned>(script.events.size() + 1));
    Script other = script;
    WeaveOn(other, cut, 32, rules, random);
    ASSERT_LE(other.events.size(), 32U);
    ASSERT_EQ(other.setup, script.setup);
    for (size_t i = 0; i < std::min<size_t>(cut, 32); ++i)
      ASSERT_EQ(other.events[i], script.events[i]);
    if (cut == script.events.size() || cut >= 32) continue;
    ++all;
    longer += other.events.size() > cut ? 1 : 0;
  }
  EXPECT_GT(all, 1500U);
  EXPECT_GT(longer, all * 9 / 10);
}

TEST(Weave, MakesNoOtherVerbs) {
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  const search::Verbs verbs = search::Bit(Verb::kTruncate) |
                              search::Bit(Verb::kMmap) |
                              search::Bit(Verb::kMunmap);
  for (uint64_t seed = 0; seed < 500; ++seed)
    for (const Event& event : WeaveScript(seed, 24, rules, verbs).events)
      ASSERT_TRUE(event.verb == Verb::kNone ||
                  (verbs & search::Bit(event.verb)) != 0);
}

// What it runs ahead, to choose, is reported before it runs, as what it keeps
// is: all events since the state that it looks from.
TEST(Weave, TellsWhatRunsAhead) {
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  unsigned ahead = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    base::Random random(seed);
    Script script = StartWithOneFile(random);
    if (!Fits<SmallCaps>(script.setup)) continue;
    script.events.clear();
    Watched watched(script.setup, rules, CountedProperties(), nullptr);
    std::vector<Event> told;
    watched.TellBefore([&](std::span<const Event> events) {
      if (events.size() > 1) {  // another one ran since
        ++ahead;
        ASSERT_EQ(events.size(), told.size() + 1);
        ASSERT_TRUE(std::equal(told.begin(), told.end(), events.begin()));
      }
      told.assign(events.begin(), events.end());
    });
    Weave(script, watched, 32, random);
    watched.Finish();
    if (!watched.is_over()) EXPECT_TRUE(told.empty());
  }
  EXPECT_GT(ahead, 1000U);
}

// Where a kernel flushes late, some of the scripts are about that; where it
// does not, none.
TEST(Weave, DeclaresTranslationsWhereTheyMatter) {
  for (const char* kernel : {"5.4", "2.6.11"}) {
    const Rules rules = ParseKernelSpec(kernel)->rules();
    unsigned declared = 0;
    for (uint64_t seed = 0; seed < 500; ++seed)
      declared += WeaveScript(seed, 24, rules).setup.tlb ? 1 : 0;
    if (rules.each_pte_flushed) {
      EXPECT_EQ(declared, 0U) << kernel;
    } else {
      EXPECT_GT(declared, 100U) << kernel;
      EXPECT_LT(declared, 250U) << kernel;
    }
  }
}

// It stops operations where they owe a flush, without plots: it finds the bug
// of each kind by itself.
TEST(Weave, ReachesWhatOutlivesItsPte) {
  constexpr std::pair<const char*, Property> kBugs[] = {
      {"5.4-move-flushes-before-unlock", Property::kNoStaleTlb},
      {"6.1-pfn-flush-before-unlink", Property::kPassLeavesNoTlb}};
  for (const auto& [kernel, property] : kBugs) {
    const Rules rules = ParseKernelSpec(kernel)->rules();
    unsigned found = 0;
    for (uint64_t seed = 0; found < 3 && seed < 30000; ++seed)
      found +=
          vmtrunc::Run(WeaveScript(seed, 32, rules), rules).breaks(property)
              ? 1
              : 0;
    EXPECT_EQ(found, 3U) << kernel;
  }
}

// Fewer of its events have no effect, and after more drops something happens,
// than in scripts that are made without looking.
TEST(Weave, MoreEventsHaveAnEffect) {
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  unsigned events[2] = {}, effects[2] = {}, drops[2] = {};
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Script scripts[] = {search::MakeScript(seed, 24),
                              WeaveScript(seed, 24, rules)};
    for (int i = 0; i < 2; ++i) {
      if (scripts[i].events.size() > 60) continue;  // that go round the count
      const RunResult run = vmtrunc::Run(scripts[i], rules);
      events[i] += run.events;
      effects[i] += run.effects;
      drops[i] += run.drops;
    }
  }
  const double made = double(effects[0]) / events[0];
  const double woven = double(effects[1]) / events[1];
  EXPECT_GT(woven, 0.8) << made;
  EXPECT_LT(made, 0.7) << woven;
  EXPECT_GT(drops[1], drops[0]);
}

}  // namespace
}  // namespace vmtrunc::fuzz
