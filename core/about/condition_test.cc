// Conditions: how they are read, and what each predicate says of a world.
#include "core/about/condition.h"

#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "core/model/machine-inl.h"
#include "core/run/follow_test.h"
#include "core/run/run.h"
#include "core/run/scripts_test.h"
#include "search/make.h"

namespace vmtrunc {
namespace {

ConditionOf OfScript(const Script& script, const Rules& rules) {
  return {rules, {script.setup.sizes[0], script.setup.sizes[1]}};
}

// The predicates that are true after each event, a line each.
std::string TrueIn(const std::string& text, const char* kernel) {
  const Script script = Parse("vmtrunc 1\n" + text);
  const Rules rules = RulesOf(kernel);
  std::string lines;
  FollowWorld(script, rules, [&](const LargeWorld& world) {
    std::string line;
    for (size_t i = 0; i < AllPredicates().size(); ++i)
      if (IsTrue(static_cast<Predicate>(i), world, OfScript(script, rules)))
        absl::StrAppend(&line, line.empty() ? "" : " ",
                        AllPredicates()[i].name);
    absl::StrAppend(&lines, line, "\n");
  });
  return lines;
}

// Of an empty world: quiet and empty are true, mapped and pass are not.
bool Holds(const std::string& text) {
  const auto condition = Condition::Parse(text);
  EXPECT_TRUE(condition.ok()) << text << ": " << condition.status();
  const Script script = Parse("vmtrunc 1\nfile f 2\ntask a\n");
  const Rules rules = RulesOf("2.6.11");
  return condition->Holds(MakeWorld<LargeCaps>(script.setup, rules),
                          OfScript(script, rules));
}

TEST(Condition, BindsAsItSays) {
  EXPECT_TRUE(Holds("quiet"));
  EXPECT_FALSE(Holds("mapped"));
  EXPECT_FALSE(Holds("!quiet"));
  EXPECT_TRUE(Holds("!!quiet"));
  EXPECT_TRUE(Holds("!quiet | empty"));  // not !(quiet | empty)
  EXPECT_FALSE(Holds("!(quiet | empty)"));
  EXPECT_TRUE(Holds("quiet | empty & mapped"));  // not (quiet | empty) & mapped
  EXPECT_FALSE(Holds("(quiet | empty) & mapped"));
  EXPECT_TRUE(Holds("mapped & pass -> pass"));  // not mapped & (pass -> pass)
  EXPECT_FALSE(Holds("mapped & (pass -> pass)"));
  EXPECT_TRUE(Holds("mapped -> quiet -> pass"));  // not (mapped -> quiet) ->
  EXPECT_FALSE(Holds("(mapped -> quiet) -> pass"));
  EXPECT_TRUE(Holds("quiet->empty"));
  EXPECT_FALSE(Holds("quiet->mapped"));
  EXPECT_TRUE(Holds(" ( quiet&empty )\t"));
}

// Each of the two against the truth table, under something else on the stack.
TEST(Condition, OperatorsHaveTheirTruthTables) {
  const char* const value[] = {"pass", "quiet"};
  for (const bool a : {false, true})
    for (const bool b : {false, true}) {
      const std::string left = value[a], right = value[b];
      EXPECT_EQ(Holds("quiet & (" + left + "&" + right + ")"), a && b);
      EXPECT_EQ(Holds("quiet & (" + left + "|" + right + ")"), a || b);
      EXPECT_EQ(Holds("quiet & (" + left + "->" + right + ")"), !a || b);
      EXPECT_EQ(Holds("pass | (" + left + "&" + right + ")"), a && b);
      EXPECT_EQ(Holds("pass | (" + left + "|" + right + ")"), a || b);
      EXPECT_EQ(Holds("pass | (" + left + "->" + right + ")"), !a || b);
    }
}

std::string ErrorOf(const std::string& text) {
  const auto condition = Condition::Parse(text);
  EXPECT_FALSE(condition.ok()) << text;
  return std::string(condition.status().message());
}

TEST(Condition, AnErrorNamesTheWord) {
  EXPECT_EQ(ErrorOf(""), "expected a predicate, ! or (, not the end");
  EXPECT_EQ(ErrorOf("quiet &"), "expected a predicate, ! or (, not the end");
  EXPECT_EQ(ErrorOf("& quiet"), "expected a predicate, ! or (, not '&'");
  EXPECT_EQ(ErrorOf("quiet empty"),
            "expected &, |, -> or the end, not 'empty'");
  EXPECT_EQ(ErrorOf("quiet)"), "expected &, |, -> or the end, not ')'");
  EXPECT_EQ(ErrorOf("(quiet"), "expected &, |, -> or ), not the end");
  EXPECT_EQ(ErrorOf("(quiet mapped)"), "expected &, |, -> or ), not 'mapped'");
  EXPECT_EQ(ErrorOf("quiet - mapped"), "expected &, |, -> or the end, not '-'");
  EXPECT_EQ(ErrorOf("quiet = mapped"), "expected &, |, -> or the end, not '='");
  EXPECT_EQ(ErrorOf("quiet -> maped").substr(0, 43),
            "'maped' is no predicate; is it mapped?; the");
  EXPECT_EQ(ErrorOf("nothing-like-it").substr(0, 35),
            "'nothing-like-it' is no predicate; ");
}

TEST(Condition, HasALimit) {
  std::string most = "quiet";
  for (size_t i = 1; i < Condition::kMost; ++i) most = "!" + most;
  EXPECT_FALSE(Holds(most));  // 63 times not
  EXPECT_EQ(ErrorOf("!" + most),
            "expected at most 64 predicates and operators");
  // All of them on the stack at once.
  std::string deep = "quiet";
  for (size_t i = 1; i < Condition::kMost / 2; ++i)
    deep = "empty -> (" + deep + ")";
  EXPECT_TRUE(Holds(deep));
  EXPECT_EQ(ErrorOf(std::string(100000, '(')),
            "expected fewer parentheses and operators");
  EXPECT_EQ(ErrorOf(std::string(100000, '!')),
            "expected fewer parentheses and operators");
}

TEST(Condition, PredicatesOfAPassThatDrops) {
  for (const char* kernel : {"2.6.11", "2.6.11+restart-names-pass"})
    EXPECT_EQ(TrueIn("file f 2\ntask a\ntask t\n"
                     "a mmap 16 2 f 0 populate\n"
                     "t truncate f 0 &\n"
                     "t step\n"
                     "t drop\n"
                     "a munmap 16 1 &\n"
                     "t finish\n"
                     "a finish\n"
                     "a munmap 16 2\n",
                     kernel),
              "empty quiet\n"
              "mapped quiet\n"
              "past-size mapped shrunk truncating pass\n"
              "past-size mapped shrunk truncating pass locked\n"
              "past-size mapped restart shrunk truncating pass dropped\n"
              "past-size mapped restart shrunk truncating pass dropped\n"
              "shrunk\n"
              "shrunk quiet\n"
              "empty shrunk quiet\n")
        << kernel;
}

TEST(Condition, PredicatesOfFaults) {
  EXPECT_EQ(TrueIn("file f 2\ntask a\ntask t\n"
                   "a mmap 16 2 f 0 private\n"
                   "a read 16 &\n"
                   "a step\n"
                   "a finish\n"
                   "a write 17\n"
                   "t truncate f 1 &\n"
                   "t finish\n"
                   "t truncate f 2\nt truncate f 3\n",
                   "2.6.11"),
            "empty quiet\n"
            "quiet\n"
            "\n"
            "fault\n"
            "mapped quiet\n"
            "mapped copy quiet\n"
            "past-size mapped copy shrunk truncating pass\n"
            "mapped shrunk quiet\n"
            "mapped quiet\nmapped quiet\n");
  // One that populates.
  EXPECT_EQ(TrueIn("file f 1\ntask a\n"
                   "a mmap 16 1 f 0 populate &\n"
                   "a step\na step\na step\na finish\n",
                   "2.6.11"),
            "empty quiet\nempty\nempty\nfault\nfault\nmapped quiet\n");
}

// A write maps the page between the punch's pass and its removal.
TEST(Condition, PredicatesOfAPageThatLeavesTheCache) {
  EXPECT_EQ(TrueIn("file f 2\ntask a\ntask b\n"
                   "a mmap 1 2 f 0\n"
                   "a write 2 &\n"
                   "b punch f 1 1 &\n"
                   "b step\nb step\nb step\n"
                   "a finish\n"
                   "b finish\n",
                   "2.6.10"),
            "empty quiet\n"
            "quiet\n"
            "\n"
            "\n"
            "pass\n"
            "pass locked\n"
            "\n"
            "mapped\n"
            "removed mapped quiet\n");
}

TEST(Condition, PredicatesOfALockThatIsShared) {
  EXPECT_EQ(TrueIn("file f 2\ntask a\ntask t\n"
                   "a mmap 16 2 f 0 populate\n"
                   "t truncate f 1 &\n"
                   "t step\nt step\n",
                   "6.1"),
            "empty quiet\n"
            "mapped quiet\n"
            "past-size mapped shrunk truncating pass\n"
            "past-size mapped shrunk truncating pass locked\n"
            "past-size mapped shrunk truncating pass locked\n");
}

// no-page-past-size says of every state without a truncation what the predicate
// says of it.
TEST(Condition, PastSizeIsWhatThePropertyMeans) {
  const Condition condition = *Condition::Parse("past-size & !truncating");
  unsigned broken = 0, seen = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    const Script script = search::MakeScript(seed, 40);
    for (const char* kernel : {"2.6.9-mm", "2.6.11", "3.0"}) {
      const Rules rules = RulesOf(kernel);
      const RunResult result = vmtrunc::Run(script, rules);
      bool is_past = false;
      FollowWorld(script, rules, [&](const LargeWorld& world) {
        is_past |= condition.Holds(world, OfScript(script, rules));
      });
      const bool breaks = result.breaks(Property::kNoPagePastSize);
      EXPECT_TRUE(breaks || !is_past) << kernel << "\n" << ToText(script);
      broken += breaks ? 1U : 0U;
      seen += is_past ? 1U : 0U;
    }
  }
  EXPECT_GT(seen, 0U);
  EXPECT_GE(broken, seen);
}

TEST(Condition, TheDocumentListsThePredicates) {
  std::string table = "| predicate | is true when |\n|---|---|\n";
  for (const PredicateInfo& info : AllPredicates())
    absl::StrAppend(&table, "| `", info.name, "` | ", info.means, " |\n");
  std::ifstream file(VMTRUNC_SOURCE_DIR "/docs/prove.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(text.find(table), std::string::npos)
      << "docs/prove.md should have:\n"
      << table;
}

}  // namespace
}  // namespace vmtrunc
