// Each script of corpus/history and corpus/found that breaks a kernel,
// explained: what is said to have been a way out is one, what is said to be
// folded loses no step, and what is told of a state is what the state has.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "explain/cause.h"
#include "explain/contrast.h"
#include "explain/no_return.h"
#include "explain/why.h"
#include "explain/words.h"
#include "fuzz/search_test.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string path;
  Script script;
  KernelSpec kernel;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const char* const name : {"history", "found"}) {
    std::vector<fs::path> paths;
    for (const auto& entry :
         fs::directory_iterator(fs::path(VMTRUNC_SOURCE_DIR) / "corpus" / name))
      paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
      const Script script = ReadScript(path);
      for (const Expect& expect : script.expects)
        if (expect.broken >= 0 && expect.spec)
          cases.push_back({path.filename(), script, *expect.spec});
    }
  }
  return cases;
}

TEST(Explain, WhatIsSaidToBeAWayOutIsOne) {
  unsigned settled = 0, all = 0;
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    const auto found = FindNoReturn(story);
    ++all;
    if (!found || !found->settled) continue;
    ++settled;
    const Property property = story.result.first.property;
    EXPECT_LE(found->row, *story.broken_row);
    const RunResult run =
        vmtrunc::Run<LargeCaps>(it.script.setup, found->saved, story.rules);
    EXPECT_FALSE(run.breaks(property))
        << it.path << " on " << it.kernel.ToString();
  }
  EXPECT_GT(all, 40U);
  EXPECT_GT(settled * 10, all * 9);
}

// From behind that row, running on in any order that we try breaks it.
TEST(Explain, BehindItThereIsNone) {
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kNone);
    const auto found = FindNoReturn(story);
    if (!found || !found->settled) continue;
    const Property property = story.result.first.property;
    // The script itself, cut behind the event of the row: what is in flight
    // runs to its end in the model's own order.
    const unsigned event = story.rows[found->row].event;
    if (event == 0) continue;
    std::vector<Event> events = it.script.events;
    events.resize(event);
    const RunResult run =
        vmtrunc::Run<LargeCaps>(it.script.setup, events, story.rules);
    EXPECT_TRUE(run.breaks(property))
        << it.path << " on " << it.kernel.ToString() << ", event " << event;
  }
}

TEST(Explain, FoldingLosesNoStep) {
  for (const Case& it : Cases()) {
    const Story whole = Tell(it.path, it.script, it.kernel, Folding::kNone);
    const Story folded = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    EXPECT_LE(folded.rows.size(), whole.rows.size());
    unsigned next = 1;
    for (const StoryRow& row : folded.rows) {
      EXPECT_EQ(row.first_step, next);
      next = row.last_step + 1;
      EXPECT_EQ(HashOf(row.world), HashOf(whole.rows[row.last_step - 1].world));
    }
    EXPECT_EQ(next - 1, whole.rows.back().last_step);
    EXPECT_EQ(whole.result.state_hash, HashOf(whole.rows.back().world));
  }
}

TEST(Explain, TheRuleThatDecidesDoes) {
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    const Cause cause = FindCause(story);
    for (const RuleRole& role : cause.rules) {
      KernelSpec turned = it.kernel;
      turned.flips ^= uint64_t{1} << role.number;
      EXPECT_EQ(role.decides, vmtrunc::Run(it.script, turned.rules()).holds());
    }
    if (cause.main_rule) {
      EXPECT_TRUE(cause.rules[*cause.main_rule].decides);
    }
    EXPECT_FALSE(Why(story, cause).empty());
  }
}

// The story of 2004 as people tell it: kernel.md 4.1.
TEST(Explain, TellsTheBugOf2004) {
  for (const Case& it : Cases()) {
    if (it.path != "HB-07a-freed-vma-reused-by-split-top.vmt") continue;
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    if (story.result.first.property != Property::kNoPagePastSize) continue;
    const std::string why = Why(story, FindCause(story));
    for (const char* const part :
         {"slot 0 (the vma [100, 108) of a), address 106, file page 6",
          "frees [100, 108) of a: slot 0",
          "the piece [103, 108) of b gets slot 0, which was [100, 108) of a",
          "It has never scanned 103", "restart-in-vma"})
      EXPECT_NE(why.find(part), std::string::npos) << part << "\n" << why;
    const Story other =
        Tell(it.path, it.script, *ParseKernelSpec("2.6.11"), Folding::kQuiet);
    const auto row = PartingRow(story, other);
    ASSERT_TRUE(row);
    EXPECT_TRUE(story.rows[*row].Has(TraceNote::Kind::kDrops));
    ASSERT_EQ(WhyNot(other, story).size(), 4U);
  }
}

// A lasso is seen as one, and nothing else is.
TEST(Explain, FindsTheLoop) {
  const auto loops = ParseText(R"(vmtrunc 1
file f 5
task a
task b
b mmap 22 4 f 2 populate
a truncate f 0 &
a drop
a drop
b invalidate f 2 8 &
b step
b step
b step
b step
b step
a drop
b drop
a drop
b step
b drop
)");
  const KernelSpec kernel = *ParseKernelSpec("2.6.23");
  const Story story = Tell("lasso", *loops, kernel, Folding::kQuiet);
  ASSERT_TRUE(story.loop);
  EXPECT_EQ(story.loop->after_event, 12U);
  EXPECT_EQ(story.loop->last_event, 15U);
  Script shorter = *loops;
  shorter.events.pop_back();
  EXPECT_FALSE(Tell("", shorter, kernel, Folding::kQuiet).loop);
}

}  // namespace
}  // namespace vmtrunc
