// What is reported of the TLB, of gathers and frames, and of revoked pages.
#include <gtest/gtest.h>

#include "report/explain/brief.h"
#include "report/explain/contrast.h"
#include "report/explain/story_json.h"
#include "report/explain/story_test.h"
#include "report/explain/text.h"
#include "report/explain/tlb_json.h"
#include "report/explain/tlb_victim.h"
#include "report/explain/why.h"
#include "report/explain/words_fact.h"
#include "report/explain/words_tlb.h"

namespace vmtrunc::report {
namespace {

// HB-48: mremap has moved a page, and owes the flush of where it was.
const char kMoved[] = R"(vmtrunc 1
tlb
file f 2
task a
task a2 mm a
task b
a mmap 16 1 f 0 r
a read 16
a mremap 16 1 20 1 &
a step
a step
a step
a step
a step
b truncate f 0
)";

// HB-72: munmap has taken a vma off the index, and owes the flush.
const char kUnlinked[] = R"(vmtrunc 1
tlb
file f 2 pfn
task a
task b
a mmap 16 2 f 0
a read 16
a munmap 16 2 &
a step
a step
a step
a step
b revoke f 0 2
)";

// HB-74: a gather of two frames is full.
const char kFull[] = R"(vmtrunc 1
block 4
tlb
file f 3
task a
task b
a mmap 16 3 f 0 populate
b truncate f 0
)";

// HB-77: munmap has cleared a pte, and its gather is open.
const char kNested[] = R"(vmtrunc 1
tlb
file f 2 pfn
task a
task b
a mmap 16 2 f 0
a read 16
a munmap 16 2 &
a step
a step
b revoke f 0 2
)";

Story Told(const std::string& text, const char* kernel,
           Folding folding = Folding::kQuiet) {
  return Tell("", *ParseText(text), *ParseKernelSpec(kernel), folding);
}

void Says(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

std::string WhyOf(const Story& story) { return Why(story, FindCause(story)); }

std::string AllDeeds(const Story& story) {
  std::string all;
  for (size_t row = 0; row < story.rows.size(); ++row)
    for (const std::string& deed : Deeds(story, row)) all += deed + "\n";
  return all;
}

TEST(Tlb, AMoveOwesAFlush) {
  const Story story = Told(std::string(kMoved) + "a2 read 16\n", "3.8");
  ASSERT_FALSE(story.result.holds());
  EXPECT_EQ(story.result.first.property, Property::kNoStaleTlb);
  const auto tale = TlbStoryOf(story);
  ASSERT_TRUE(tale && tale->owes && tale->freed && tale->gone);
  EXPECT_EQ(tale->owes->task, 0U);
  EXPECT_TRUE(tale->owes->is_move);
  EXPECT_EQ(tale->translation.made_for, (PageName{0, 0}));
  EXPECT_EQ(tale->users, (std::vector<unsigned>{0, 1}));
  EXPECT_LT(tale->left, *tale->freed);
  EXPECT_EQ(*tale->freed, *story.broken_row);
  Says(WhyOf(story),
       {"a moves 16 to 20; leaves page 0 of f in the TLB at 16 of a.",
        "b removes page 0 from the page cache; frees the frame of page 0 "
        "of f, though the TLB has it at 16 of a.",
        "page 0 of f has been in the TLB at 16 of a without a pte since",
        "a still owes the flush when b (truncate, ",
        "a processor that runs a or a2 may read there"});
  Says(InOneSentence(story).text, {"a still owes the flush"});
  // The access is reported as what it is.
  Says(AllDeeds(story), {"reaches through the TLB the frame that was page 0 of "
                         "f, which is free\n"});
  EXPECT_EQ(AllDeeds(story).find("SIGSEGV"), std::string::npos);
  Says(ToText(story, nullptr, Look{.columns = 400}),
       {"+ TLB of a: page 0 of f at 16 (stale: its frame is free)\n",
        "+ move of a in a: 16 to flush\n",
        "+ gather of b in a: 20 to flush, 1 frame to release (page 0 of f)\n",
        "+ frame 0: was page 0 of f, is free\n"});
}

TEST(Tlb, AFlushUnderTheLockIsSaid) {
  const Story broken = Told(kMoved, "3.8");
  for (const char* const kernel : {"3.0", "5.4"}) {
    const Story story = Told(kMoved, kernel);
    ASSERT_TRUE(story.result.holds()) << kernel;
    Says(AllDeeds(story), {"flushes 16 of a\n"});
    Says(TextOf(WhyNot(story, broken)),
         {"flushes 16 of a: from then on no processor has 16 of a in its TLB"});
  }
}

TEST(Tlb, AFrameIsUsedAgain) {
  const Story story =
      Told(std::string(kMoved) + "b truncate f 2\nb mmap 40 2 f 0\n" +
               "b read 41\na2 read 16\n",
           "3.8");
  ASSERT_FALSE(story.result.holds());
  Says(AllDeeds(story),
       {"takes the frame that was page 0 of f and the TLB has it at 16 of a "
        "for page 1 of f\n",
        "reaches through the TLB the frame that was page 0 of f, which is "
        "page 1 of f now\n"});
}

// What first violates it is an access, where only that property is asked for.
TEST(Tlb, AnAccessReachesWhatWasFreed) {
  Story story = Told(std::string(kMoved) + "a2 read 16\n", "3.8");
  story.result =
      Run<LargeCaps>(story.script, story.rules,
                     {.report = Bit(Property::kNoFreedPageReachable)});
  ASSERT_EQ(story.result.first.breach, Breach::kReachesFreed);
  story.broken_row.reset();
  for (size_t row = 0; row < story.rows.size(); ++row)
    if ((story.rows[row].broke & Bit(Property::kNoFreedPageReachable)) != 0)
      story.broken_row = row;
  ASSERT_TRUE(story.broken_row);
  const auto tale = TlbStoryOf(story);
  ASSERT_TRUE(tale && tale->freed);
  EXPECT_LT(*tale->freed, *story.broken_row);
  const std::vector<std::string> sentences = TlbSentences(story, *tale);
  Says(TextOf(SentencesOf(sentences)),
       {"a2 reaches through the TLB the frame that was page 0 of f",
        "a still owes the flush when b (truncate"});
}

TEST(Tlb, MemoryOfADeviceIsFlushedLate) {
  const Story story = Told(kUnlinked, "5.4");
  ASSERT_EQ(story.result.first.property, Property::kPassLeavesNoTlb);
  const auto tale = TlbStoryOf(story);
  ASSERT_TRUE(tale && tale->owes && !tale->freed);
  EXPECT_EQ(tale->translation.use.is, FrameUse::Is::kRevoked);
  Says(WhyOf(story),
       {"a takes [16, 18) of a out of the index.",
        "b revokes pages 0..1 of f: no fault maps them any more.",
        "a still owes the flush when the pass of b (revoke, ",
        "may read and write there, without a fault, memory that its driver has "
        "taken back"});
  Says(ToText(story, nullptr, Look{.columns = 400}),
       {"+ [16, 18) of a pages 0..1  ..  slot 0, off its mm, not in the "
        "index\n"});
  const Story holds = Told(kUnlinked, "6.1");
  ASSERT_TRUE(holds.result.holds());
  Says(TextOf(WhyNot(holds, story)), {"a flushes 16 of a: from then on"});
}

TEST(Tlb, ARevokedPageIsSigbus) {
  Says(AllDeeds(Told("vmtrunc 1\nfile f 2 pfn\ntask a\na mmap 16 2 f 0\n"
                     "a revoke f 1 1\na read 17\n",
                     "6.1")),
       {"revokes page 1 of f: no fault maps it any more\n",
        "ends in SIGBUS at 17: page 1 is revoked\n"});
}

TEST(Tlb, AFullGatherLeavesItsLastPage) {
  const Story story = Told(kFull, "3.8");
  ASSERT_EQ(story.result.first.property, Property::kNoStaleTlb);
  const auto tale = TlbStoryOf(story);
  ASSERT_TRUE(tale && !tale->owes);
  EXPECT_FALSE(tale->missed.empty());
  EXPECT_EQ(tale->missed.front(), tale->left);
  Says(WhyOf(story),
       {"b zaps 16..17 of a; flushes 16 of a, as its gather is full; leaves "
        "page 1 of f in the TLB at 17 of a.",
        "as the flush there left it out, and nobody owes another when b",
        "Unless 17 is flushed"});
  Says(AllDeeds(Told(kFull, "5.4")),
       {"flushes 16..17 of a, as its gather is full\n"});
}

TEST(Tlb, AnotherGatherIsOpen) {
  const Story story = Told(kNested, "6.18-nested-gather-flushes");
  ASSERT_EQ(story.result.first.property, Property::kPassLeavesNoTlb);
  Says(WhyOf(story), {"b scans 16..17 of a: nothing to zap; ends the pass.",
                      "a still owes the flush when the pass of b"});
  const Story holds = Told(kNested, "6.18");
  ASSERT_TRUE(holds.result.holds());
  Says(AllDeeds(holds), {"flushes all of a, as a has a gather of it too\n"});
  Says(TextOf(WhyNot(holds, story)), {"b flushes all of a, as a has a gather"});
}

// A gather holds the frame of a page that has left the cache.
TEST(Tlb, AGatherHoldsAFrame) {
  const Story story = Told(
      "vmtrunc 1\ntlb\nfile f 1\ntask a\ntask a2 mm a\ntask b\n"
      "a mmap 16 1 f 0 r\na read 16\na munmap 16 1 &\na step\na step\n"
      "b truncate f 0\na2 read 16\na finish\n",
      "4.9");
  ASSERT_TRUE(story.result.holds());
  Says(AllDeeds(story),
       {"leaves the frame of page 0 of f to the gather of a\n",
        "is served through the TLB without a fault: at 16 it has page 0 of f, "
        "which has left the page cache, its frame held by the gather of a\n",
        "frees the frame of page 0 of f\n"});
}

// As the state of each row says, put together from its changes.
TEST(Tlb, JsonHasWhatIsLeft) {
  const Story story = Told(kMoved, "3.8", Folding::kNone);
  const auto json = ToJson(story, nullptr);
  EXPECT_EQ(json["victim"],
            (nlohmann::json{{"mm", "a"}, {"addr", 16}, {"page", 0}}));
  EXPECT_EQ(json["tlb_story"]["owes"], "a");
  nlohmann::json state = nlohmann::json::object();
  for (size_t row = 0; row < story.rows.size(); ++row) {
    const auto& set = json["rows"][row]["set"];
    for (const char* const kind : {"tlb", "gathers", "frames"}) {
      if (!set.contains(kind)) continue;
      for (const auto& [name, value] : set[kind].items())
        if (value.is_null())
          state[kind].erase(name);
        else
          state[kind][name] = value;
      if (state[kind].empty()) state.erase(kind);
    }
    ASSERT_EQ(state, TlbJson(story, row)) << row;
  }
}

// Without the line nothing is said of it.
TEST(Tlb, ScriptsWithoutTheLineAreAsBefore) {
  std::string text(kMoved);
  text.erase(text.find("tlb\n"), 4);
  const Story story = Told(text, "3.8");
  ASSERT_TRUE(story.result.holds());
  const std::string json = ToJson(story, nullptr).dump();
  for (const char* const word : {"tlb", "gather", "frame", "flushes"}) {
    EXPECT_EQ(json.find(word), std::string::npos) << word;
    EXPECT_EQ(ToText(story, nullptr, Look{}).find(word), std::string::npos);
  }
}

}  // namespace
}  // namespace vmtrunc::report
