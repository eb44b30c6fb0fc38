// What is reported of page tables that move, that are retracted, and that are
// freed under a task that relies on their entries.
#include <gtest/gtest.h>

#include "report/explain/brief.h"
#include "report/explain/contrast.h"
#include "report/explain/fact_json.h"
#include "report/explain/parting.h"
#include "report/explain/row_facts.h"
#include "report/explain/story_json.h"
#include "report/explain/story_test.h"
#include "report/explain/table_json.h"
#include "report/explain/table_victim.h"
#include "report/explain/text.h"
#include "report/explain/tlb_victim.h"
#include "report/explain/why.h"
#include "report/explain/words_fact.h"
#include "report/explain/words_table.h"

namespace vmtrunc::report {
namespace {

const char kMoves[] = "history/HB-56-table-moves-under-a-walk.vmt";
const char kPast[] = "history/HB-39-table-moves-past-the-pass.vmt";
const char kRetracted[] = "history/HB-81-moves-a-table-that-was-retracted.vmt";
const char kWalked[] = "history/HB-82-table-retracted-under-a-walk.vmt";
const char kShared[] = "history/HB-79-shared-table-goes-without-a-flush.vmt";
const char kMerged[] = "history/HB-83-tables-freed-under-a-merged-vma.vmt";

void Says(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

std::string WhyOf(const Story& story) { return Why(story, FindCause(story)); }

std::string BriefOf(const Story& story) {
  return TextOf(BriefSentences(story, FindCause(story), nullptr));
}

std::string AllDeeds(const Story& story) {
  std::string all;
  for (size_t row = 0; row < story.rows.size(); ++row)
    for (const std::string& deed : Deeds(story, row)) all += deed + "\n";
  return all;
}

// The only fact of the kind.
Fact TheFact(const Story& story, Fact::Kind kind) {
  std::vector<Fact> facts;
  for (size_t row = 0; row < story.rows.size(); ++row)
    for (const Fact& fact : FactsOf(story, row))
      if (fact.kind == kind) facts.push_back(fact);
  EXPECT_EQ(facts.size(), 1U)
      << ToJson(story, facts.empty() ? Fact{} : facts.front());
  return facts.empty() ? Fact{} : facts.front();
}

TEST(PageTables, OneIsSharedAndGivenUp) {
  const Story story = StoryOf(kShared, "6.1-unshare-flushes");
  EXPECT_EQ(story.result.first.property, Property::kNoStaleTlb);
  const Fact shares = TheFact(story, Fact::Kind::kSharesTable);
  EXPECT_EQ(shares.owner, 1U);
  EXPECT_EQ(shares.tasks, std::vector<unsigned>{0});
  EXPECT_EQ(shares.table->number, 1U);
  EXPECT_EQ(shares.table->first, 16U);
  const Fact gives_up = TheFact(story, Fact::Kind::kUnsharesTable);
  EXPECT_EQ(gives_up.owner, 0U);
  EXPECT_EQ(gives_up.tasks, std::vector<unsigned>{1});
  EXPECT_EQ(ToJson(story, gives_up)["sharers"],
            nlohmann::json(std::vector<std::string>{"b"}));
  Says(AllDeeds(story),
       {"takes page table 1 for 16..31 of b, which it shares with a\n",
        "gives up page table 1 at 16..31 of a, with all that it maps: b keeps "
        "it\n",
        "clears 16 of a\n"});
  Says(WhyOf(story), {"unshare-flushes"});
}

TEST(PageTables, OneMovesUnderAPass) {
  const Story story = StoryOf(kMoves, "5.4");
  ASSERT_EQ(story.result.first.property, Property::kNoStaleTlb);
  EXPECT_EQ(TheFact(story, Fact::Kind::kReadsTable).task, 1U);
  const Fact moves = TheFact(story, Fact::Kind::kMovesTable);
  EXPECT_EQ(moves.table, (TableFact{.number = 1, .first = 16, .now = 48}));
  EXPECT_EQ(moves.tasks, std::vector<unsigned>{1});
  const Fact uses = TheFact(story, Fact::Kind::kUsesTable);
  EXPECT_EQ(uses.table, (TableFact{.number = 1, .first = 16, .now = 48}));
  const auto tale = TlbStoryOf(story);
  ASSERT_TRUE(tale);
  EXPECT_EQ(tale->taken_for, 16U);
  Says(WhyOf(story),
       {"b reads the directory's entry at 16..31 of a: page table 1. At step "
        "13 a moves page table 1 from 16..31 to 48..63 as a whole, although b "
        "has read its entry and relies on it; moves 16 to 48. At step 14 b "
        "walks in page table 1, whose entry it has read at 16..31 of a and "
        "which is at 48..63 by now; zaps 48 of a; leaves page 0 of f in the "
        "TLB at 48 of a. At step 15 b flushes 16 of a.",
        "as it was taken for 16, where its page table was, and nobody owes a "
        "flush of it when b",
        "Root cause: the rule table-move-locks"});
}

// What a gather flushes that is full there is where the table was, and one page
// less where that is the rule.
TEST(PageTables, AFullGatherFlushesTheOldPlace) {
  Script script = StoryOf(kMoves, "5.4").script;
  script.setup.sizes[0] = 16;
  const auto deeds = [&](const char* kernel) {
    return AllDeeds(
        Tell("", script, *ParseKernelSpec(kernel), Folding::kQuiet));
  };
  Says(deeds("5.4"),
       {"zaps 48..49 of a\nflushes 16..17 of a, as its gather is full\n"});
  Says(deeds("5.4-full-batch-counts-last-page"),
       {"zaps 48..49 of a\nflushes 16 of a, as its gather is full\n"});
}

// With the lock the move waits for the pass; nobody's entry is lost.
TEST(PageTables, AMoveWaitsForThePass) {
  const Story story = StoryOf(kMoves, "6.1");
  ASSERT_TRUE(story.result.holds());
  EXPECT_EQ(TheFact(story, Fact::Kind::kMovesTable).tasks,
            std::vector<unsigned>{});
  EXPECT_EQ(AllDeeds(story).find("relies on"), std::string::npos);
  EXPECT_EQ(AllDeeds(story).find("reads the"), std::string::npos);
}

TEST(PageTables, OneMovesPastAPass) {
  const Story story = StoryOf(kPast, "5.4-merged-move-locks");
  ASSERT_EQ(story.result.first.property, Property::kNoRemovedPageMapped);
  Says(WhyOf(story),
       {"a (mremap) moves page 16 there from 48 at step 28. At step 28 a moves "
        "page table 1 from 48..63 to 128..143 as a whole. At step 29 b finds "
        "no page table at 48..63 of a: page table 1, which was there, is at "
        "128..143 by now."});
  Says(BriefOf(story),
       {"a moves page table 1 from 48..63 to 128..143 as a whole (step 28); b "
        "finds no page table at 48..63 of a"});
  const auto json = ToJson(story, nullptr);
  ASSERT_EQ(json["escape"]["tables"].size(), 2U);
  EXPECT_EQ(json["escape"]["tables"][1]["fact"]["kind"], "finds-no-table");
  EXPECT_TRUE(StoryOf(kPast, "5.4").result.holds());
}

TEST(PageTables, ARetractedOneMoves) {
  const Story story = StoryOf(kRetracted, "6.12-table-move-rereads");
  ASSERT_EQ(story.result.first.property, Property::kNoFreedUse);
  const auto tale = TableStoryOf(story);
  ASSERT_TRUE(tale);
  EXPECT_EQ(tale->table, (TableFact{.number = 1, .first = 16, .now = {}}));
  EXPECT_LT(tale->read, tale->freed);
  EXPECT_LT(tale->freed, tale->used);
  EXPECT_EQ(tale->used, *story.broken_row);
  EXPECT_EQ(TheFact(story, Fact::Kind::kRetractsTable).tasks,
            std::vector<unsigned>{0});
  EXPECT_EQ(TheFact(story, Fact::Kind::kMovesFreedTable).table,
            (TableFact{.number = 1, .first = 16, .now = 48}));
  Says(WhyOf(story),
       {"b takes page table 1 out of the directory at 16..31 of a and frees "
        "it, although a has read its entry and relies on it.",
        "a moves page table 1, whose entry it has read at 16..31 of a and "
        "which is free, to 48..63.",
        "So a (mremap) uses page table 1 after b (collapse) has freed it"});
  Says(BriefOf(story),
       {"Page table 1, of 16..31 of a, is freed by b (collapse, step 18), "
        "although a (mremap, step 10) has read its entry and relies on it: at "
        "step 21 it moves what is free."});
  const Story holds = StoryOf(kRetracted, "6.12");
  ASSERT_TRUE(holds.result.holds());
  Says(TextOf(WhyNot(holds, story)),
       {"On 6.12 the same script holds.",
        "a finds no page table at 16..31 of a: page table 1, which was there, "
        "is free."});
}

TEST(PageTables, OneIsRetractedUnderAPass) {
  const Story story = StoryOf(kWalked, "6.1-retract-takes-map-lock");
  ASSERT_EQ(story.result.first.property, Property::kNoFreedUse);
  EXPECT_EQ(TheFact(story, Fact::Kind::kUsesTable).table,
            (TableFact{.number = 1, .first = 16, .now = {}}));
  Says(WhyOf(story),
       {"c comes to [16, 32) of a.",
        "c reads the directory's entry at 16..31 of a: page table 1.",
        "b takes page table 1 out of the directory at 16..31 of a and frees "
        "it, although c has read its entry and relies on it.",
        "c walks in page table 1, whose entry it has read at 16..31 of a and "
        "which is free."});
  const Story holds = StoryOf(kWalked, "6.1");
  ASSERT_TRUE(holds.result.holds());
  Says(TextOf(WhyNot(holds, story)), {"b waits: c holds i_mmap_lock shared."});
  // A walk that looks at the entry again has no harm.
  const Story again =
      StoryOf(kWalked, "6.1-retract-takes-map-lock+walk-rereads-table");
  ASSERT_TRUE(again.result.holds());
  EXPECT_EQ(AllDeeds(again).find("walks in"), std::string::npos);
  Says(AllDeeds(again), {"finds no page table at 16..31 of a: page table 1, "
                         "which was there, is free\n"});
}

TEST(PageTables, OneIsFreedUnderAMergedVma) {
  const Story story = StoryOf(kMerged, "6.12-unmap-before-expand");
  ASSERT_EQ(story.result.first.property, Property::kNoFreedUse);
  const Fact frees = TheFact(story, Fact::Kind::kFreesTable);
  ASSERT_TRUE(frees.vma);
  EXPECT_EQ(frees.vma->start, 16U);
  EXPECT_EQ(frees.vma->end, 48U);
  Says(WhyOf(story),
       {"a takes [32, 48) of a off its mm.",
        "a changes [16, 32) of a to [16, 48).", "b comes to [16, 48) of a.",
        "a frees page table 1, of 32..47 of a, although [16, 48) of a covers "
        "it and is in the index, and b has read its entry and relies on it."});
  const Story holds = StoryOf(kMerged, "6.12");
  ASSERT_TRUE(holds.result.holds());
  Says(TextOf(WhyNot(holds, story)),
       {"a frees page table 1, and nobody relies on its entry."});
}

// That an entry is read is known from what others do later: runs do not part
// where it is read, but where they do something else.
TEST(PageTables, RunsDoNotPartWhereAnEntryIsRead) {
  const Story story = StoryOf(kRetracted, "6.12-table-move-rereads");
  const auto row = PartingRow(story, StoryOf(kRetracted, "6.12"));
  ASSERT_TRUE(row);
  EXPECT_GT(*row, TableStoryOf(story)->freed);
  const Story walked = StoryOf(kWalked, "6.1-retract-takes-map-lock");
  const auto part = PartingRow(walked, StoryOf(kWalked, "6.1"));
  ASSERT_TRUE(part);
  EXPECT_GT(*part, TableStoryOf(walked)->read);
}

// As the state of each row says, put together from its changes.
TEST(PageTables, JsonHasWhatEntriesLeadTo) {
  for (const auto& [text, kernel] : {std::pair{kMoves, "5.4"},
                                     {kRetracted, "6.12-table-move-rereads"},
                                     {kMerged, "6.12-unmap-before-expand"}}) {
    const Story story = StoryOf(text, kernel, Folding::kNone);
    const auto json = ToJson(story, nullptr);
    nlohmann::json state = nlohmann::json::object();
    size_t entries = 0, readers = 0;
    for (size_t row = 0; row < story.rows.size(); ++row) {
      const auto& set = json["rows"][row]["set"];
      for (const char* const kind : {"tables", "readers"}) {
        if (!set.contains(kind)) continue;
        for (const auto& [name, value] : set[kind].items())
          if (value.is_null())
            state[kind].erase(name);
          else
            state[kind][name] = value;
        if (state[kind].empty()) state.erase(kind);
      }
      ASSERT_EQ(state, TablesJson(story, row)) << row;
      entries += state.contains("tables") ? 1U : 0U;
      readers += state.contains("readers") ? 1U : 0U;
    }
    EXPECT_GT(entries, 0U);
    EXPECT_GT(readers, 0U);
  }
}

// Each entry has the table that the world says it has: a number for each bit.
TEST(PageTables, NumbersAreThoseOfTheWorld) {
  for (const char* const text : {kMoves, kPast, kRetracted, kWalked, kMerged}) {
    const Story story = StoryOf(text, "6.18", Folding::kNone);
    for (const StoryRow& row : story.rows)
      for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
        for (unsigned span = 0; span < Tables::kSpans; ++span)
          ASSERT_EQ(row.tables.at[mm][span] != 0,
                    (row.world.mms[mm].tables >> span & 1) != 0);
  }
}

// Tables that are allocated and freed while nobody relies on an entry are not
// worth a word.
TEST(PageTables, ScriptsWhereNoneMovesOrGoesAreAsBefore) {
  const Story story =
      Tell("",
           *ParseText("vmtrunc 1\nfile f 2\ntask a\ntask b\n"
                      "a mmap 16 2 f 0 populate\nb truncate f 1\n"
                      "a munmap 16 2\n"),
           *ParseKernelSpec("6.1"), Folding::kQuiet);
  const std::string json = ToJson(story, nullptr).dump();
  EXPECT_EQ(json.find("table\""), std::string::npos);
  EXPECT_EQ(json.find("tables\""), std::string::npos);
  EXPECT_EQ(ToText(story, nullptr, Look{}).find("page table "),
            std::string::npos);
}

}  // namespace
}  // namespace vmtrunc::report
