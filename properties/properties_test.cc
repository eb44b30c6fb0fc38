// The properties hold where they must, each is seen to fire within a bound, and
// what is said to be known has a script in the corpus that shows it.
#include "properties/properties.h"

#include <gtest/gtest.h>

#include "core/run/scripts_test.h"
#include "core/run/run.h"
#include "properties/atomic.h"
#include "properties/census.h"
#include "properties/check.h"
#include "properties/runs.h"
#include "properties/split.h"
#include "search/prove.h"

namespace vmtrunc::properties {
namespace {

KernelSpec Spec(const char* name) { return *ParseKernelSpec(name); }

CheckParams Params(uint64_t seed, int scripts) {
  CheckParams params;
  params.rc.seed = seed;
  params.rc.maxSuccess = scripts;
  return params;
}

class Each : public testing::TestWithParam<const ScriptProperty*> {
 protected:
  const ScriptProperty& property() const { return *GetParam(); }
};

// CTest has an entry for each property: properties/Each.Holds/NAME.
TEST_P(Each, Holds) {
  CurrentScript none("");
  for (const char* kernel : CheckedKernels()) {
    if (KnownBreak(property(), kernel) != nullptr) continue;
    const CheckOutcome outcome =
        Check(property(), Spec(kernel), Spec(kernel), Params(1, 400), none);
    EXPECT_TRUE(outcome.holds) << kernel << ": " << outcome.what << "\n"
                               << ToText(outcome.script);
  }
}

TEST_P(Each, Fires) {
  CurrentScript none("");
  const KernelSpec kernel = Spec(property().fires_on);
  const KernelSpec other = property().fires_with_other == nullptr
                               ? kernel
                               : Spec(property().fires_with_other);
  const CheckOutcome outcome = Check(property(), kernel, other,
                                     Params(2, property().fires_within), none);
  ASSERT_FALSE(outcome.holds);
  // What shrinking ends with breaks too, and is short.
  EXPECT_NE(property().check(outcome.script, kernel.rules(), other.rules()),
            "");
  EXPECT_LE(outcome.script.events.size(), 15U) << ToText(outcome.script);
  EXPECT_LE(outcome.tried, 5000U);
  // The failure's own words give it again, shrunk and all.
  const auto words = rc::detail::configFromString(outcome.again);
  CheckParams again = Params(words.testParams.seed, 1);
  again.reproduce = words.reproduce;
  const CheckOutcome repeated = Check(property(), kernel, other, again, none);
  ASSERT_FALSE(repeated.holds);
  EXPECT_EQ(repeated.script.events, outcome.script.events);
  EXPECT_EQ(repeated.script.setup, outcome.script.setup);
}

// A failure of no-page-past-size on 2.6.11-leap: where it begins again.
rc::detail::Reproduce WhereItBreaks() {
  CurrentScript none("");
  const ScriptProperty& property = *FindScriptProperty("no-page-past-size");
  const KernelSpec kernel = Spec("2.6.11-leap");
  const CheckOutcome failure =
      Check(property, kernel, kernel, Params(4, 2000), none);
  EXPECT_FALSE(failure.holds);
  return rc::detail::configFromString(failure.again)
      .reproduce.at(CheckId(property, kernel));
}

CheckOutcome CheckAgain(const char* name, const char* kernel,
                        const rc::detail::Reproduce& where) {
  CurrentScript none("");
  const ScriptProperty& property = *FindScriptProperty(name);
  CheckParams again = Params(4, 2000);
  again.reproduce[CheckId(property, Spec(kernel))] = where;
  return Check(property, Spec(kernel), Spec(kernel), again, none);
}

// For another kernel or property, as if the kernel had been mended meanwhile.
TEST(Reproduce, OfAScriptThatViolatesNothingHoldsForThatOne) {
  const rc::detail::Reproduce where = WhereItBreaks();
  const std::pair<const char*, const char*> others[] = {
      {"no-page-past-size", "3.0"},
      {"no-page-past-size", "repaired"},
      {"lock-order", "2.6.11-leap"}};
  for (const auto& [name, kernel] : others) {
    const CheckOutcome outcome = CheckAgain(name, kernel, where);
    EXPECT_TRUE(outcome.holds) << name << " on " << kernel;
    EXPECT_EQ(outcome.scripts, 1) << name << " on " << kernel;
  }
}

// Where scripts are shrunk otherwise there is no such script: no answer, but
// what was violated on the way to it.
TEST(Reproduce, OfOtherScriptsIsRefused) {
  rc::detail::Reproduce where = WhereItBreaks();
  where.shrinkPath.assign(1, 1000000);
  EXPECT_THROW(CheckAgain("no-page-past-size", "3.0", where), base::UsageError);
  EXPECT_THROW(CheckAgain("lock-order", "3.8", where), base::UsageError);
  const CheckOutcome outcome =
      CheckAgain("no-page-past-size", "2.6.11-leap", where);
  EXPECT_FALSE(outcome.holds);
  const Rules rules = Spec("2.6.11-leap").rules();
  EXPECT_NE(FindScriptProperty("no-page-past-size")
                ->check(outcome.script, rules, rules),
            "");
  EXPECT_TRUE(outcome.again.starts_with("reproduce="));
}

TEST(ReproduceDeathTest, NoCheckHoldsThatItDoesNotName) {
  CurrentScript none("");
  const ScriptProperty& property = *FindScriptProperty("lock-order");
  CheckParams params = Params(1, 10);
  params.reproduce["lock-order on 3.8"] = {};
  EXPECT_FALSE(params.Runs("lock-order on 3.0"));
  EXPECT_DEATH(Check(property, Spec("3.0"), Spec("3.0"), params, none), "Runs");
}

std::vector<const ScriptProperty*> All() {
  std::vector<const ScriptProperty*> all;
  for (const ScriptProperty& property : AllScriptProperties())
    all.push_back(&property);
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    properties, Each, testing::ValuesIn(All()),
    [](const testing::TestParamInfo<const ScriptProperty*>& info) {
      std::string name = info.param->name;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Known, EachRowHasAScriptThatShowsIt) {
  const std::vector<Script> scripts = CorpusScripts();
  for (const ScriptProperty& property : AllScriptProperties()) {
    for (const char* kernel : CheckedKernels()) {
      if (KnownBreak(property, kernel) == nullptr) continue;
      const Rules rules = Spec(kernel).rules();
      bool shown = false;
      for (const Script& script : scripts)
        shown = shown || !property.check(script, rules, rules).empty();
      EXPECT_TRUE(shown) << property.name << " on " << kernel;
    }
  }
}

// And the other way: the corpus breaks nothing that must hold.
TEST(Known, TheCorpusViolatesNothingElse) {
  for (const Script& script : CorpusScripts()) {
    for (const ScriptProperty& property : AllScriptProperties()) {
      for (const char* kernel : CheckedKernels()) {
        if (KnownBreak(property, kernel) != nullptr) continue;
        const Rules rules = Spec(kernel).rules();
        EXPECT_EQ(property.check(script, rules, rules), "")
            << property.name << " on " << kernel << "\n"
            << ToText(script);
      }
    }
  }
}

// Exhaustive search knows the fewest events that violate a property; shrinking
// never ends below, and nearly always there. (A mmap over a part of a mapping
// splits it too, but not alone.)
TEST(Shrinking, EndsAtTheFewestEvents) {
  search::Bound bound = *search::FindBound("tiny");
  bound.mms = 1;
  bound.operations = 1;
  const search::Problem problem = search::ProblemOf(bound);
  const std::pair<const char*, int> kAtLeast[] = {{"no-over-unmap", 20},
                                                  {"index-agrees", 15}};
  for (const auto& [name, at_least] : kAtLeast) {
    const ScriptProperty& property = *FindScriptProperty(name);
    const KernelSpec kernel = Spec(property.fires_on);
    search::ProveOptions options;
    options.rules = kernel.rules();
    options.properties = 1U << PropertyNumber(name);
    const search::ProveResult fewest = search::Prove(problem, options);
    ASSERT_EQ(fewest.answer, search::Answer::kBreaks) << name;
    EXPECT_EQ(fewest.script.events.size(), 2U) << name;
    CurrentScript none("");
    int equal = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const size_t shrunk =
          Check(property, kernel, kernel, Params(seed, 1000), none)
              .script.events.size();
      EXPECT_GE(shrunk, fewest.script.events.size()) << name;
      equal += shrunk == fewest.script.events.size() ? 1 : 0;
    }
    EXPECT_GE(equal, at_least) << name;
  }
}

// Read from text, but with an argument that its verb does not have: neither
// form can say it.
TEST(FormsAgree, SeesWhatOneFormLoses) {
  Script script = *ParseText(R"(vmtrunc 1
file f 4
task a
a mmap 100 4 f 0
a exit
)");
  const Rules rules = Spec("2.6.11").rules();
  EXPECT_EQ(FormsAgree(script, rules, rules), "");
  script.events[1].addr = 7;
  EXPECT_NE(FormsAgree(script, rules, rules), "");
}

// 3.0 to 6.15 do not join a part that took the anon_vma of its neighbour to a
// rest that has none; what was never writable stays apart on all kernels.
TEST(SplitThenMerge, KnowsWhichPartsStayApart) {
  struct {
    const char *script, *kernel, *joins;
  } const cases[] = {
      {"a mmap 1 6 f 0 private\na mprotect 5 2 r\na write 1\n", "3.0",
       "3.0+anon-joins-none"},
      {"a mmap 1 6 f 0 private\na mprotect 1 2 r\na write 3\n", "6.12", "6.18"},
      {"a mmap 1 6 f 0 private r\n", "2.6.11", "2.6.11-account-blocks-merge"},
  };
  for (const auto& [events, kernel, joins] : cases) {
    const Script script =
        *ParseText(std::string("vmtrunc 1\nfile f 8\ntask a\n") + events);
    const Rules apart = Spec(kernel).rules(), one = Spec(joins).rules();
    EXPECT_EQ(SplitThenMerge(script, apart, apart), "") << events;
    EXPECT_EQ(SplitThenMerge(script, one, one), "") << events;
    // Where they are said to join, they must.
    EXPECT_NE(SplitThenMerge(script, one, apart), "") << events;
  }
}

// a and b share a page table: each has the page at 48 by it.
AtomicResult OfSharers(const char* kernel, const std::string& events) {
  return SameAsAtomic(
      *ParseText(
          "vmtrunc 1\nfile f 2 hugetlb\ntask a\ntask b\n"
          "a mmap 48 16 f 0\na write 48\nb mmap 48 16 f 0\nb write 48\n" +
          events),
      Spec(kernel).rules());
}

// A split that is under way decides which of them gives the table up.
TEST(SameAsAtomic, AllowsAPageThatAFaultGivesAgain) {
  const char* const ends[] = {
      "a munmap 51 1 &\na step\na step\nb truncate f 2\n",
      "a munmap 51 1 &\na step\na step\nb truncate f 1\n",
      "a mprotect 51 1 r &\na step\na step\nb truncate f 2\n",
      "a munmap 51 1 &\na step\na step\nb punch f 3 1\n"};
  for (const char* kernel : {"4.9", "6.1", "6.12", "6.18", "7.0"}) {
    for (const char* events : ends) {
      const AtomicResult result = OfSharers(kernel, events);
      EXPECT_TRUE(result.compared) << kernel << "\n" << events;
      EXPECT_EQ(result.difference, "") << kernel << "\n" << events;
    }
  }
}

// What a mmap has mapped may move before it is populated: two operations.
TEST(SameAsAtomic, LeavesOutWhatMovesBeforeItIsPopulated) {
  const auto result_of = [](const char* kernel, const char* other) {
    return SameAsAtomic(
        *ParseText(std::string("vmtrunc 1\nfile f 2\ntask a\ntask b mm a\n"
                               "a mmap 1 1 f 0 populate &\na step\na step\n") +
                   other),
        Spec(kernel).rules());
  };
  for (const char* other :
       {"b mremap 1 1 20 1 fail 0\n", "b munmap 1 1\n", "b mmap 1 1 f 1\n"}) {
    EXPECT_FALSE(result_of("6.1", other).compared) << other;
    EXPECT_EQ(result_of("6.1-populate-unlocks", other).difference, "") << other;
  }
  EXPECT_TRUE(result_of("6.1", "b munmap 30 1\nb read 1\n").compared);
}

// But not a page that no fault gives: one that was truncated.
TEST(SameAsAtomic, SeesAnOrphanInASharedTable) {
  const std::string events =
      "a write 49 &\na step\na step\na step\na step\na step\na step\n"
      "b truncate f 1\n";
  EXPECT_EQ(OfSharers("6.18", events).difference, "");
  EXPECT_NE(OfSharers("6.18-fault-page-lock", events).difference, "");
}

TEST(FlipAloneBreaks, HasScriptsToCheck) {
  const Rules rules = Spec("2.6.38+pass-clears-restarts").rules();
  int breaks = 0;
  for (uint64_t seed = 0; seed < 200; ++seed)
    if (FlipThatBreaks(search::MakeScript(seed, kScriptEvents), rules) !=
        nullptr)
      ++breaks;
  EXPECT_GE(breaks, 100);
}

}  // namespace
}  // namespace vmtrunc::properties
