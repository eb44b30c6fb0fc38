// Each script of corpus/history and corpus/found that violates a property,
// explained: what is said to have been a way out is one, what is said to be
// folded loses no step, and what is printed of a state is what the state has.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "report/explain/cause.h"
#include "report/explain/contrast.h"
#include "report/explain/no_return.h"
#include "report/explain/page.h"
#include "report/explain/parting.h"
#include "report/explain/story_json.h"
#include "report/explain/victim.h"
#include "report/explain/why.h"
#include "report/explain/words.h"
#include "report/explain/would_scan.h"
#include "report/json_text.h"
#include "search/search_test.h"

namespace vmtrunc::report {
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
      const Script script = search::ReadScript(path);
      for (const Expect& expect : script.expects)
        if (expect.broken >= 0 && expect.spec)
          cases.push_back({path.filename(), script, *expect.spec});
    }
  }
  return cases;
}

TEST(Explain, EachReportedWayOutAvoidsTheViolation) {
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

// From after that row, running on in any order that we try violates it.
TEST(Explain, NoWayOutAfterThePointOfNoReturn) {
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kNone);
    const auto found = FindNoReturn(story);
    if (!found || !found->settled) continue;
    const Property property = story.result.first.property;
    // The script itself, cut after the event of the row: what is in flight
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

TEST(Explain, FlippingTheDecidingRuleRepairs) {
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    const Cause cause = FindCause(story);
    for (const RuleRole& role : cause.rules) {
      KernelSpec turned = it.kernel;
      turned.flips.flip(role.number);
      EXPECT_EQ(role.decides, vmtrunc::Run(it.script, turned.rules()).holds());
    }
    if (cause.main_rule) {
      EXPECT_TRUE(cause.rules[*cause.main_rule].decides);
    }
    EXPECT_FALSE(Why(story, cause).empty());
  }
}

// The story of 2004 as people tell it: kernel.md 4.1.
TEST(Explain, ExplainsTheBugOf2004) {
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

// Where the pass passes the page by for a reason that no mark here tells, as
// with a rule that keeps state of its own: the mark that was believed is hidden
// from the story, and another field changes instead.
TEST(Explain, ReportsAnUnknownCause) {
  for (const Case& it : Cases()) {
    if (it.path != "HB-07a-freed-vma-reused-by-split-top.vmt") continue;
    Story story = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    if (story.result.first.property != Property::kNoPagePastSize) continue;
    const auto escape = EscapeOf(story);
    ASSERT_TRUE(escape && escape->dropped && escape->looked);
    ASSERT_EQ(escape->skip, Escape::Skip::kPointer);
    for (size_t row = 0; row < story.rows.size(); ++row) {
      for (Task& task : story.rows[row].world.tasks)
        task.op.pass.restart_vma = kNone;
      if (row >= *escape->dropped)
        story.rows[row].world.files[0].index_bits = 7;
    }
    EXPECT_EQ(EscapeOf(story)->skip, Escape::Skip::kUnknown);
    const std::string why = Why(story, FindCause(story));
    for (const char* const part :
         {"its walk comes to [103, 108) of b and skips 103",
          "explain does not know why", "file f: index_bits 3 | 7"})
      EXPECT_NE(why.find(part), std::string::npos) << part << "\n" << why;
    EXPECT_EQ(why.find("never comes"), std::string::npos) << why;
    EXPECT_EQ(why.find("takes 103 for scanned"), std::string::npos) << why;
    return;
  }
  FAIL() << "the script is gone";
}

// A mark is no reason where the pass would leave the address out without it.
TEST(Explain, TestsEachReasonThatItReports) {
  unsigned reasons = 0;
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kQuiet);
    const auto victim = VictimOf(story.result.first);
    const auto escape = EscapeOf(story);
    if (!escape || escape->skip == Escape::Skip::kUnknown) continue;
    ++reasons;
    const unsigned task = story.rows[escape->breaks].task;
    LargeWorld world = story.Before(escape->skipped);
    EXPECT_FALSE(WouldScan(world, story.rules, task, victim->mm, victim->addr));
    for (Vma& vma : world.vmas)
      if (&vma == CoverOf(world, *victim)) vma.count = 0;
    world.tasks[task].op.pass.restart_vma = kNone;
    EXPECT_TRUE(WouldScan(world, story.rules, task, victim->mm, victim->addr))
        << it.path << " on " << it.kernel.ToString();
  }
  EXPECT_GT(reasons, 15U);
}

// The number after the words, if they are there.
std::optional<unsigned> NumberAfter(const std::string& text,
                                    const std::string& words) {
  const size_t at = text.find(words);
  unsigned number = 0;
  if (at == std::string::npos ||
      std::sscanf(text.c_str() + at + words.size(), "%u", &number) != 1)
    return std::nullopt;
  return number;
}

// What is said of scans, against the notes of the trace.
TEST(Explain, ReportedScansMatchTheRun) {
  unsigned never = 0, scanned = 0;
  for (const Case& it : Cases()) {
    const Story story = Tell(it.path, it.script, it.kernel, Folding::kNone);
    const auto escape = EscapeOf(story);
    if (!escape) continue;
    const Victim victim = *VictimOf(story.result.first);
    std::vector<unsigned> steps;  // at which the pass scans the address
    bool looks = false;           // at a vma that has it
    for (size_t row = escape->begins; row <= escape->breaks; ++row) {
      if (story.rows[row].task != story.rows[escape->breaks].task) continue;
      for (const TraceNote& note : story.rows[row].notes) {
        if (note.kind == TraceNote::Kind::kScans && note.mm == victim.mm &&
            note.start <= victim.addr && victim.addr < note.end)
          steps.push_back(story.rows[row].first_step);
        looks |= note.kind == TraceNote::Kind::kLooksAt &&
                 CoverOf(story.Before(row), victim) ==
                     &story.Before(row).vmas[note.id];
      }
    }
    const std::string why = Why(story, FindCause(story));
    const std::string number = std::to_string(victim.addr);
    if (NumberAfter(why, "It has never scanned ") ||
        NumberAfter(why, "The pass never scans ")) {
      ++never;
      EXPECT_TRUE(steps.empty()) << it.path << "\n" << why;
    }
    if (const auto step =
            NumberAfter(why, "The pass has scanned " + number + " at step ")) {
      ++scanned;
      EXPECT_EQ(std::count(steps.begin(), steps.end(), *step), 1) << why;
    }
    EXPECT_TRUE(!looks || why.find("never comes") == std::string::npos) << why;
  }
  EXPECT_GT(never, 10U);
  EXPECT_GT(scanned, 5U);
}

// What a task waits for is named: the lock of that file, not one of its kind.
TEST(Explain, NamesTheHolderOfAnAwaitedLock) {
  const auto script = ParseText(R"(vmtrunc 1
file f 4
file g 4
task a
task b
task c
a truncate f 1 &
b truncate g 1 &
c truncate g 2
)");
  const Story story =
      Tell("", *script, *ParseKernelSpec("2.6.11"), Folding::kNone);
  bool waits = false;
  for (size_t row = 0; row < story.rows.size(); ++row)
    for (const std::string& deed : Deeds(story, row)) {
      if (!deed.starts_with("waits")) continue;
      waits = true;
      EXPECT_EQ(deed, "waits: b holds i_sem of g");
    }
  EXPECT_TRUE(waits);
}

// Names are bytes: the page and the JSON are still UTF-8, and no name is
// markup.
TEST(Explain, NamesAreEscaped) {
  const Script script = *ParseText(R"(vmtrunc 1
file f 1
task a
a read 1
)");
  for (const char* const name : {"</script><img onerror=x>.vmt", "a\xff.vmt",
                                 "\"'&<bad>.vmt", "-x\n\x1b[31m.vmt"}) {
    const Story story =
        Tell(name, script, *ParseKernelSpec("2.6.11"), Folding::kQuiet);
    const std::string page = PageOf(story, nullptr);
    EXPECT_EQ(page.find("<img"), std::string::npos);
    EXPECT_EQ(page.find("<bad>"), std::string::npos);
    EXPECT_EQ(page.find('\xff'), std::string::npos);
    EXPECT_EQ(page.find('\x1b'), std::string::npos);
    EXPECT_EQ(JsonText(ToJson(story, nullptr)).find('\xff'), std::string::npos);
    EXPECT_NE(page.find("vmtrunc explain "), std::string::npos);
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
}  // namespace vmtrunc::report
