// What is reported and drawn of folios.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "report/explain/brief.h"
#include "report/explain/fact_json.h"
#include "report/explain/folio_facts.h"
#include "report/explain/folio_victim.h"
#include "report/explain/story_json.h"
#include "report/explain/story_test.h"
#include "report/explain/text.h"
#include "report/explain/why.h"
#include "report/explain/words_folio.h"

namespace vmtrunc::report {
namespace {

namespace fs = std::filesystem;

void Says(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

// Each script of the corpus that violates first one of the five that are about
// the page cache has a story: of that page, with facts, of which each is of its
// row.
TEST(Folios, EachPropertyHasAStory) {
  std::set<Property> told;
  for (const char* const name : {"history", "found"})
    for (const auto& entry : fs::directory_iterator(
             fs::path(VMTRUNC_SOURCE_DIR) / "corpus" / name)) {
      const Script script = search::ReadScript(entry.path());
      for (const Expect& expect : script.expects) {
        if (expect.broken < static_cast<int>(Property::kSigbusPastEof) ||
            expect.broken >= static_cast<int>(Property::kFaultInOwnVma) ||
            !expect.spec)
          continue;
        const Story story = Tell("", script, *expect.spec, Folding::kQuiet);
        if (story.result.first.property < Property::kSigbusPastEof) continue;
        told.insert(story.result.first.property);
        const auto tale = FolioStoryOf(story);
        ASSERT_TRUE(tale) << entry.path();
        EXPECT_EQ(tale->page, story.result.first.values[0]);
        EXPECT_FALSE(tale->leads.empty()) << entry.path();
        EXPECT_TRUE(VictimOf(story.result.first) ||
                    CacheVictimOf(story.result.first));
        EXPECT_TRUE(ToJson(story, nullptr).contains("victim"));
        EXPECT_FALSE(
            Why(story, FindCause(story))
                .starts_with(
                    "At step " +
                    std::to_string(story.rows[*story.broken_row].first_step)))
            << entry.path();
      }
    }
  EXPECT_EQ(told.size(), 5U);
}

// F5: the i_size that was read, and the one that is stored then.
TEST(Folios, FaultAroundMapsByAnOldSize) {
  const Story story = StoryOf("found/fault-around-with-an-old-size.vmt", "7.0");
  const auto tale = FolioStoryOf(story);
  ASSERT_TRUE(tale && tale->old_size && tale->kept);
  EXPECT_EQ(tale->old_size->size, 2U);
  EXPECT_EQ(tale->old_size->now, 1U);
  EXPECT_LT(tale->old_size->read, tale->old_size->stored);
  const auto samples = [&](size_t row) {
    return CacheOf(story, story.rows[row].world, 0).samples;
  };
  EXPECT_EQ(samples(tale->old_size->read),
            (std::vector<SizeSample>{{.task = 0, .size = 2}}));
  EXPECT_TRUE(samples(tale->old_size->read - 1).empty());
  EXPECT_TRUE(samples(*story.broken_row).empty());
  Says(Why(story, FindCause(story)),
       {"a reads i_size of f, 2, by which it will map pages",
        "b cannot split the folio of pages 0..3 (the file has no smaller ones, "
        "and it is dirty, so that its private data is not released) and leaves "
        "it whole",
        "a acts by an i_size of 2 that it read before",
        "the rule around-size-again"});
  Says(InOneSentence(story).text, {"while i_size is 1"});
  Says(ToText(story, nullptr, Look{.columns = 400}),
       {"+ f: i_size 2; folio 0..3 (order 2)\n",
        "+ f: i_size 1; folio 0..3 (order 2): dirty, held by a, locked by a; a "
        "will map by the i_size that it read, 2\n"});
}

// The same, of an empty file that has grown by then.
TEST(Folios, FaultAroundMapsByASizeOfNothing) {
  const Story story = StoryOf("found/fault-around-with-no-end.vmt", "7.0");
  const auto tale = FolioStoryOf(story);
  ASSERT_TRUE(tale && tale->old_size);
  EXPECT_EQ(tale->old_size->size, 0U);
  EXPECT_EQ(tale->old_size->now, 1U);
  Says(Why(story, FindCause(story)),
       {"a reads i_size of f, 0, which caps nothing of what it will map",
        "a acts by an i_size of 0, which caps nothing, that it read before",
        "the rule around-size-again"});
  Says(ToText(story, nullptr, Look{.columns = 400}),
       {"a will map by the i_size that it read, 0, which caps nothing\n"});
  const auto sentences =
      BriefSentences(story, FindCause(story), /*bug=*/nullptr);
  ASSERT_FALSE(sentences.empty());
  EXPECT_TRUE(sentences[0].text.starts_with("a acts by an i_size of 0,"))
      << sentences[0].text;
}

// F6, F8: the fault's own reference is why the folio is whole.
TEST(Folios, TheFaultItselfKeepsTheFolio) {
  for (const char* const path : {"found/tmpfs-fault-does-not-look-again.vmt",
                                 "found/page-mkwrite-looks-at-the-folio.vmt"}) {
    const Story story = StoryOf(path, "6.18");
    const auto tale = FolioStoryOf(story);
    ASSERT_TRUE(tale && tale->kept && tale->old_size) << path;
    EXPECT_EQ(tale->old_size->task, 0U);
    const LargeWorld& world = story.rows[*tale->kept].world;
    const CacheView view = CacheOf(story, world, 0);
    ASSERT_EQ(view.folios.size(), 1U);
    EXPECT_EQ(view.folios[0].holders, std::vector<unsigned>{0});
    EXPECT_TRUE(view.folios[0].dirty);
    Says(Why(story, FindCause(story)),
         {"the fault of a holds a reference to it"});
  }
}

// F7: a pin.
TEST(Folios, APinIsShown) {
  const Story story = StoryOf("found/tmpfs-serves-past-the-end.vmt", "6.18");
  const auto tale = FolioStoryOf(story);
  ASSERT_TRUE(tale && tale->kept);
  EXPECT_FALSE(tale->old_size);
  Says(Why(story, FindCause(story)),
       {"a pins page 0 of f", "(a pin of page 0 is a reference to it)",
        "b maps 16..19 of b", "b writes to page 3 of f, past i_size"});
  const auto json = ToJson(story, nullptr);
  EXPECT_EQ(json["victim"],
            (nlohmann::json{{"mm", "b"}, {"addr", 19}, {"page", 3}}));
  const auto& last = *std::find_if(
      json["rows"].rbegin(), json["rows"].rend(),
      [](const auto& row) { return row["set"].contains("files"); });
  EXPECT_EQ(last["set"]["files"]["f"]["folios"][0]["pins"],
            nlohmann::json::array({0}));
}

// A folio that nothing holds is split: into which ones is said.
TEST(Folios, ASplitIsReported) {
  const Script script = *ParseText(R"(vmtrunc 1
file f 4 order 2
task a
a truncate f 1
)");
  const Story story =
      Tell("", script, *ParseKernelSpec("6.18"), Folding::kQuiet);
  ASSERT_TRUE(story.result.holds());
  const std::string text = ToText(story, nullptr, Look{.columns = 400});
  Says(text, {"splits the folio of pages 0..3: pieces start at 0\n",
              "+ f: i_size 4; folio 0..3 (order 2)\n"});
  EXPECT_EQ(CacheInWords(story, 0, CacheOf(story, story.rows.back().world, 0)),
            "f: i_size 1");
}

// Of single pages that nothing holds there is nothing to say.
TEST(Folios, FilesOfSinglePagesAreAsBefore) {
  const Script script = *ParseText(R"(vmtrunc 1
file f 4
task a
a mmap 1 4 f 0
a read 1
a write 2
a truncate f 1
)");
  for (const char* const kernel : {"2.6.11", "6.18", "7.0"}) {
    const Story story =
        Tell("", script, *ParseKernelSpec(kernel), Folding::kQuiet);
    EXPECT_FALSE(ShowsFolios(story, 0));
    const std::string json = ToJson(story, nullptr).dump();
    for (const char* const word : {"folio", "samples", "holds-old"})
      EXPECT_EQ(json.find(word), std::string::npos) << word;
    EXPECT_EQ(ToText(story, nullptr, Look{}).find("f: i_size"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace vmtrunc::report
