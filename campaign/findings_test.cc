#include "campaign/findings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/read.h"
#include "campaign/groups.h"
#include "report/explain/bug_shown.h"

namespace vmtrunc::campaign {
namespace {

std::vector<KnownScript> Corpus(const std::string& directory) {
  std::vector<KnownScript> scripts;
  for (const auto& entry : std::filesystem::directory_iterator(
           VMTRUNC_SOURCE_DIR "/corpus/" + directory))
    scripts.push_back(
        {entry.path().filename().string(),
         ParseText(base::ReadWhole(entry.path().string(), 1 << 16).value())
             .value()});
  return scripts;
}

Script In(const std::string& directory, const std::string& name) {
  return ParseText(base::ReadWhole(
                       VMTRUNC_SOURCE_DIR "/corpus/" + directory + "/" + name,
                       1 << 16)
                       .value())
      .value();
}
Script Named(const std::string& name) { return In("found", name); }

constexpr const char* kSplit =
    "split-leaves-restart-address-below-the-range.vmt";
bool Never() { return false; }

// What an expect line names is known on that kernel, and there alone.
TEST(Known, IsReadFromScripts) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  const Known known(kernel, Corpus("found"));
  EXPECT_GE(known.size(), 2U);
  const Script script = Named(kSplit);
  const search::RootCause cause =
      search::CauseOf(script, kernel, Property::kNoPagePastSize, known.rules());
  EXPECT_NE(known.Find(cause), nullptr);
  EXPECT_EQ(Known(*ParseKernelSpec("3.0"), Corpus("found")).size(), 0U);
  EXPECT_EQ(Known(kernel, {}).size(), 0U);
}

// Names are kept in files and in the log: each leads back to what it names.
TEST(Causes, AreFoundByTheirNames) {
  for (const char* const base : {"2.6.9-mm", "2.6.11", "repaired"}) {
    const KernelSpec kernel = *ParseKernelSpec(base);
    for (int i = 0; i < kProperties; ++i) {
      search::RootCause cause{.property = static_cast<Property>(i)};
      for (int rule = search::RootCause::kSeveral;
           rule < static_cast<int>(AllRules().size()); ++rule) {
        cause.rule = rule;
        cause.breach = rule == search::RootCause::kBreach ? Breach::kMappedAtEnd
                                                          : Breach::kNone;
        const auto named = search::CauseNamed(cause.Name(kernel), kernel);
        ASSERT_TRUE(named) << cause.Name(kernel);
        EXPECT_EQ(named->property, cause.property) << cause.Name(kernel);
        EXPECT_EQ(named->rule, cause.rule) << cause.Name(kernel);
      }
    }
    const auto other =
        search::CauseNamed("no-page-past-size+no-such-rule", kernel);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->property, Property::kNoPagePastSize);
    EXPECT_FALSE(search::CauseNamed("no-such-property+leap", kernel));
  }
}

TEST(Findings, AKnownFindingIsNotNew) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings findings(kernel, "2.6.11", Known(kernel, Corpus("found")));
  const Script script = Named(kSplit);
  ASSERT_NE(findings.Add(script, Never), nullptr);
  ASSERT_EQ(findings.all().size(), 1U);
  EXPECT_TRUE(findings.all().begin()->second.is_known);
}

TEST(Findings, KeepsTheSmallestScriptOfEachCause) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings findings(kernel, "2.6.11", Known(kernel, {}));
  const Script script = Named(kSplit);
  const Draft& draft = script;
  std::string name;
  Findings(kernel, "2.6.11", Known(kernel, {})).Add(draft, Never, &name);
  ASSERT_TRUE(findings.Restore(name, script));
  const search::Cost first = findings.all().begin()->second.cost;
  findings.Count(name, 5, 100);
  ASSERT_NE(findings.Add(draft, Never), nullptr);
  EXPECT_EQ(findings.Add(draft, Never), nullptr);  // no cheaper
  findings.Count(name, 2, 200);
  ASSERT_EQ(findings.all().size(), 1U);
  const Finding& finding = findings.all().begin()->second;
  EXPECT_FALSE(finding.is_known);
  EXPECT_LT(finding.cost, first);
  EXPECT_EQ(finding.executions, 7U);
  EXPECT_EQ(finding.first_unix, 100U);
  EXPECT_EQ(finding.last_unix, 200U);
  EXPECT_TRUE(vmtrunc::Run(finding.script, kernel.rules())
                  .breaks(Property::kNoPagePastSize));
}

// Where time is up at once, a script stays as it came, unless nobody can say
// yet which bug it shows.
TEST(Findings, TimeIsNotUpBeforeTheBugIsKnown) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.9-mm");
  const Script script = *ParseText(
      "vmtrunc 1\nkernel 2.6.9-mm\nfile f 6\ntask a\ntask b mm a\n"
      "a mmap 14 6 f 0\nb mmap 17 6 f 0 populate\nb truncate f 0 &\nb drop\n"
      "b drop\nb drop\nb drop\nb drop\na mprotect 17 3 r\n"
      "a invalidate f 5 2 &\na drop\na finish\nb finish\n");
  ASSERT_EQ(report::BugShownBy(script, kernel), nullptr);
  Findings findings(kernel, "2.6.9-mm", Known(kernel, {}));
  const Finding* const finding = findings.Add(script, [] { return true; });
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->bug, "HB-18");
  EXPECT_FALSE(finding->is_minimised);

  const KernelSpec seed = *ParseKernelSpec("2.6.11");
  const Script split = Named(kSplit);
  Findings others(seed, "2.6.11", Known(seed, {}));
  const Finding* const other = others.Add(split, [] { return true; });
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->script.events.size(), split.events.size());
}

// Two bugs stay two, and each script shows its own.
TEST(Findings, TwoCausesAreTwoFindings) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings findings(kernel, "2.6.11", Known(kernel, {}));
  for (const char* name :
       {kSplit, "mremap-moves-below-a-restart-address.vmt"}) {
    const Script script = Named(name);
    findings.Add(script, Never);
  }
  EXPECT_EQ(findings.all().size(), 2U);
}

// Two bugs that the same rule repairs, and violate the same property: HB-27,
// and HB-36a, which needs an event more.
constexpr const char* kPunch =
    "vmtrunc 1\nfile f 1\ntask a\ntask b\na punch f 0 1 &\na step\na step\n"
    "b mmap 1 1 f 0 populate\n";
constexpr const char* kRestart =
    "vmtrunc 1\nblock 2\nfile f 2\ntask a\ntask b mm a\na mmap 1 3 f 0 "
    "populate\na invalidate f 0 1 &\na drop\nb read 2\nb punch f 1 1\n";

class OneCause : public testing::Test {
 protected:
  const KernelSpec kernel_ = *ParseKernelSpec("2.6.11");
  const Script punch_ = *ParseText(kPunch), restart_ = *ParseText(kRestart);
  const std::string cause_ = "no-removed-page-mapped+unmap-mutex";

  Findings New() const {
    // Whose rule is tried first.
    return {kernel_, "2.6.11",
            Known(kernel_,
                  {{"", In("history", "HB-01-split-outside-the-lock.vmt")}})};
  }
  static std::string BugOf(const Findings& findings, const std::string& name) {
    const auto at = findings.all().find(name);
    return at == findings.all().end() ? "(none)" : at->second.bug;
  }
};

// A smaller script of another bug takes no finding's place.
TEST_F(OneCause, OfTwoBugsAreTwoFindings) {
  Findings findings = New();
  std::string one, other;
  ASSERT_NE(findings.Add(restart_, Never, &one), nullptr);
  EXPECT_EQ(one, cause_);
  const Finding* const added = findings.Add(punch_, Never, &other);
  ASSERT_NE(added, nullptr);
  EXPECT_EQ(other, cause_ + "=HB-27");
  EXPECT_EQ(added->Stem(), "2.6.11-" + cause_);
  EXPECT_EQ(findings.all().size(), 2U);
  EXPECT_EQ(BugOf(findings, one), "HB-36a");
  EXPECT_EQ(BugOf(findings, other), "HB-27");
  // Each is compared with its own.
  EXPECT_EQ(findings.Add(punch_, Never, &other), nullptr);
  EXPECT_EQ(findings.Add(restart_, Never, &one), nullptr);
  findings.SetFile(*added, "elsewhere");
  EXPECT_EQ(findings.all().at(other).FileName(), "elsewhere");
  EXPECT_NE(findings.all().at(one).FileName(), "elsewhere");
}

// Also where its script shows the other bug when it is minimised; but a bug
// that no finding shows is kept first.
TEST_F(OneCause, AKnownBugIsNotMinimisedIntoAnother) {
  const Script refill = *ParseText(
      "vmtrunc 1\nkernel 2.6.11\nfile f 5\ntask a\ntask b mm a\ntask c\n"
      "task d\na mmap 10 3 f 2 populate\na mremap 11 1 16 1 &\na step\n"
      "d truncate f 3 &\nd step\nd drop\na finish\nd step\n"
      "a punch f 0 15 &\nexpect 2.6.11 breaks no-removed-page-mapped\n");
  Findings findings(kernel_, "2.6.11", Known(kernel_, {{"", Named(kSplit)}}));
  const std::string cause = "no-removed-page-mapped+pass-clears-restarts";
  ASSERT_TRUE(findings.Restore(cause, refill));
  ASSERT_EQ(BugOf(findings, cause), "HB-23");
  std::string name;
  ASSERT_NE(findings.Add(refill, Never, &name), nullptr);
  EXPECT_EQ(name, cause + "=F1");
  EXPECT_EQ(BugOf(findings, cause), "HB-23");

  Findings fresh(kernel_, "2.6.11", Known(kernel_, {{"", Named(kSplit)}}));
  const Finding* const first = fresh.Add(refill, Never);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->bug, "HB-23");
  EXPECT_LT(first->cost, search::CostOf(refill));
  ASSERT_NE(fresh.Add(refill, Never, &name), nullptr);
  EXPECT_EQ(name, cause + "=F1");
}

// Nor does a larger one, also where no time is left to minimise it: nobody
// keeps its input for later.
TEST_F(OneCause, ALargerScriptIsKeptThoughTimeIsUp) {
  Findings findings = New();
  ASSERT_NE(findings.Add(punch_, Never), nullptr);
  std::string name;
  EXPECT_NE(findings.Add(restart_, [] { return true; }, &name), nullptr);
  EXPECT_EQ(name, cause_ + "=HB-36a");
  EXPECT_EQ(findings.all().size(), 2U);
  EXPECT_EQ(BugOf(findings, cause_), "HB-27");
  EXPECT_EQ(findings.Add(punch_, [] { return true; }, &name), nullptr);
  EXPECT_EQ(name, cause_);
}

// Also where its cause has been minimised often, as in an earlier campaign.
TEST_F(OneCause, AnotherBugOfARestoredCauseIsLookedAt) {
  Findings findings = New();
  std::string name;
  ASSERT_NE(findings.Add(punch_, Never), nullptr);
  Findings later = New();
  ASSERT_TRUE(later.Restore(cause_, findings.all().at(cause_).script));
  EXPECT_EQ(later.Add(punch_, Never), nullptr);
  EXPECT_NE(later.Add(restart_, Never, &name), nullptr);
  EXPECT_EQ(name, cause_ + "=HB-36a");
  EXPECT_EQ(later.Add(restart_, Never, &name), nullptr);
}

// The next campaign finds both, whichever comes first; what the log counted for
// one that has lost its script is its cause's.
TEST_F(OneCause, BothAreRestored) {
  Findings before = New();
  std::string one, other;
  before.Add(restart_, Never, &one);
  before.Add(punch_, Never, &other);
  for (const bool turned : {false, true}) {
    Findings after = New();
    for (const std::string& name :
         turned ? std::vector{other, one} : std::vector{one, other})
      EXPECT_TRUE(after.Restore(cause_, before.all().at(name).script));
    EXPECT_EQ(after.all().size(), 2U);
    EXPECT_EQ(BugOf(after, cause_), turned ? "HB-27" : "HB-36a");
    after.Count(other, 5, 100);
    EXPECT_EQ(after.all().at(turned ? cause_ : other).executions, 5U);
  }
}

// One bug is one row, though different rules repair its scripts and they
// violate different properties; another bug is another row.
TEST(Groups, GroupFindingsByShownBug) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings findings(kernel, "2.6.11", Known(kernel, Corpus("known")));
  std::set<std::string> causes;
  for (const char* const name :
       {"fault-after-a-punch.vmt", "fault-after-an-invalidation.vmt",
        "read-after-a-punch-that-drops.vmt",
        "remap-installs-after-an-invalidation.vmt"}) {
    std::string cause;
    findings.Add(In("known", name), Never, &cause);
    findings.Count(cause, 10, 100);
    causes.insert(cause);
  }
  EXPECT_GT(causes.size(), 2U);
  std::vector<Finding> all;
  for (const auto& [name, finding] : findings.all()) all.push_back(finding);
  const std::vector<Group> groups = GroupsOf(all);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].name, "HB-27");
  EXPECT_EQ(groups[0].executions, 30U);
  EXPECT_TRUE(groups[0].is_known);
  EXPECT_EQ(groups[1].name, "HB-27r");
  for (const Finding& finding : all)
    if (finding.bug == "HB-27") {
      EXPECT_FALSE(finding.cost < groups[0].least.cost);
    }
}

// A bug that is known of another kernel is new of this one, under its name.
TEST(Groups, AreNewIfNoScriptShowsThemOnThatKernel) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings findings(kernel, "2.6.11", Known(kernel, {}));
  ASSERT_NE(findings.Add(Named(kSplit), Never), nullptr);
  const std::vector<Group> groups = GroupsOf({findings.all().begin()->second});
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].name, "F1");
  EXPECT_FALSE(groups[0].is_known);
}

TEST(Findings, AScriptThatHoldsIsNoFinding) {
  const KernelSpec kernel = *ParseKernelSpec("3.0");
  Findings findings(kernel, "3.0", Known(kernel, {}));
  const Script script = Named(kSplit);
  EXPECT_EQ(findings.Add(script, Never), nullptr);
  EXPECT_TRUE(findings.all().empty());
}

// A finding whose script has since been taken into the corpus is known, with
// all that was counted for it.
TEST(Findings, ALaterScriptMakesAFindingKnown) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings before(kernel, "2.6.11", Known(kernel, {}));
  const Script script = Named(kSplit);
  std::string name;
  const Finding* finding = before.Add(script, Never, &name);
  ASSERT_NE(finding, nullptr);
  Findings after(kernel, "2.6.11", Known(kernel, Corpus("found")));
  after.Restore(name, finding->script);
  after.Count(name, 9, 100);
  ASSERT_EQ(after.all().size(), 1U);
  EXPECT_TRUE(after.all().begin()->second.is_known);
  EXPECT_EQ(after.all().begin()->second.executions, 9U);
}

// What was counted for a cause stays with it where its script has been edited:
// only where what is known has changed does the script say what the cause is
// called now.
TEST(Findings, AnEditedScriptTakesNoCounts) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings before(kernel, "2.6.11", Known(kernel, {}));
  std::string name;
  const Finding* finding = before.Add(Named(kSplit), Never, &name);
  ASSERT_NE(finding, nullptr);
  const std::string other = "no-page-past-size+unmap-mutex";
  ASSERT_NE(name, other);
  for (const bool is_edited : {true, false}) {
    Findings after(kernel, "2.6.11", Known(kernel, {}));
    EXPECT_TRUE(after.Restore(other, finding->script, is_edited));
    after.Count(other, 9, 100);
    EXPECT_EQ(after.all().at(name).executions, is_edited ? 0U : 9U);
    EXPECT_EQ(after.all().contains(other), is_edited);
  }
}

// Its script has a number where somebody's was in its place, or the name of a
// cause that is called otherwise by now.
TEST(Findings, NameTheFilesOfTheirScripts) {
  const KernelSpec kernel = *ParseKernelSpec("2.6.11");
  Findings before(kernel, "2.6.11", Known(kernel, {}));
  std::string name;
  const Finding* finding = before.Add(Named(kSplit), Never, &name);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->FileName(), "2.6.11-" + name);
  before.SetFile(*finding, "2.6.11-" + name + "-2");
  EXPECT_EQ(finding->FileName(), "2.6.11-" + name + "-2");
  EXPECT_EQ(finding->Stem(), "2.6.11-" + name);
  for (const std::string& was : {name, name + "-2", std::string("no-cause")}) {
    Findings after(kernel, "2.6.11", Known(kernel, {}));
    EXPECT_TRUE(after.Restore(was, finding->script));
    EXPECT_EQ(after.all().at(name).FileName(), "2.6.11-" + was);
  }
}

}  // namespace
}  // namespace vmtrunc::campaign
