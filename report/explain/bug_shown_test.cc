// Each script of the corpus that violates a property shows the bug that it was
// written for: each bug is one group, and no group has two bugs.
#include "report/explain/bug_shown.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "core/about/bugs.h"
#include "search/search_test.h"

namespace vmtrunc::report {
namespace {

namespace fs = std::filesystem;

// What people said that the scripts show whose names do not say it.
const std::map<std::string, std::string> kBugOf = {
    {"fault-after-a-punch", "HB-27"},
    {"fault-after-an-invalidation-while-a-pass-runs", "HB-27"},
    {"fault-after-an-invalidation", "HB-27"},
    {"fault-between-two-rounds", "HB-27"},
    {"fault-maps-a-page-that-was-invalidated", "HB-26"},
    {"invalidation-believes-a-truncation", "HB-36a"},
    {"read-after-a-punch-that-drops", "HB-27"},
    {"remap-installs-after-an-invalidation", "HB-27r"},
    {"restart-address-of-another-pass-in-a-nonlinear-vma", "HB-36a"},
    {"truncation-believes-an-invalidation", "HB-36a"},
    {"two-passes-and-a-fault", "HB-36b"},
    {"two-passes-scan-again", "HB-36b"},
    {"split-leaves-restart-address-and-is-read", "F1"},
    {"split-leaves-restart-address-below-the-range", "F1"},
    {"split-leaves-restart-address-in-five-events", "F1"},
    {"stale-restart-address-and-invalidate", "F1"},
    {"mremap-moves-below-a-restart-address", "F2"},
    {"mremap-moves-below-the-restart-point", "F3"},
    {"mprotect-grows-below-the-restart-point", "F4"},
    {"fault-around-with-an-old-size", "F5"},
    {"fault-around-with-an-old-size-of-a-later-folio", "F5"},
    {"fault-around-with-an-old-size-of-a-whole-folio", "F5"},
    {"fault-around-with-no-end", "F5"},
    {"page-mkwrite-looks-at-the-folio", "F8"},
    {"page-mkwrite-looks-at-the-folio-under-mmap-sem", "F8"},
    {"tmpfs-fault-does-not-look-again", "F6"},
    {"tmpfs-fault-does-not-look-again-under-mmap-sem", "F6"},
    {"tmpfs-serves-past-the-end", "F7"},
    {"tmpfs-serves-past-the-end-by-a-gather", "F7"},
    {"tmpfs-truncation-to-its-size-unmaps-nothing", "F7"},
    {"zeroed-before-it-is-unmapped", "F9"},
    {"zeroed-before-it-is-unmapped-under-mmap-sem", "F9"},
};

// "HB-07d-in-five-events" shows HB-07: its letters tell variants apart. Those
// of 11 and 36 are bugs of their own.
std::string Expected(const std::string& stem) {
  if (const auto named = kBugOf.find(stem); named != kBugOf.end())
    return named->second;
  std::string bug = stem.substr(0, stem.find('-', 3));
  if (bug.starts_with("HB-07")) bug = "HB-07";
  return bug;
}

std::vector<fs::path> Scripts() {
  std::vector<fs::path> paths;
  for (const char* const name : {"history", "known", "found"})
    for (const auto& entry :
         fs::directory_iterator(fs::path(VMTRUNC_SOURCE_DIR) / "corpus" / name))
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(BugShown, EachScriptOfTheCorpusShowsItsBug) {
  std::set<std::string> shown;
  for (const fs::path& path : Scripts()) {
    const Script script = search::ReadScript(path);
    for (const Expect& expect : script.expects) {
      if (expect.broken < 0 || !expect.spec) continue;
      const ShownBug* const bug = BugShownBy(script, *expect.spec);
      const std::string name = bug == nullptr ? "none" : bug->name;
      EXPECT_EQ(name, Expected(path.stem()))
          << path << " on " << expect.spec->Name();
      shown.insert(name);
    }
  }
  // No row of the table is there for nothing.
  EXPECT_EQ(shown.size(), ShownBugs().size());
}

TEST(BugShown, ANewBugIsNotTakenForAKnownOne) {
  // No bug that is known: a fault that does not look at i_size.
  const auto script = ParseText(R"(vmtrunc 1
kernel 3.0-fault-checks-size
file f 1
task a
a mmap 1 2 f 0
a read 2
)");
  ASSERT_TRUE(script.ok());
  const Story story = Tell("", *script, *script->kernel, Folding::kNone);
  ASSERT_EQ(story.result.first.property, Property::kNoPagePastSize);
  EXPECT_EQ(BugShownBy(*script, *script->kernel), nullptr);
}

TEST(BugShown, EachRowRepairsByARuleThatIsBuilt) {
  std::set<std::string> names;
  for (const ShownBug& bug : ShownBugs()) {
    EXPECT_TRUE(FindRule(bug.rule).ok()) << bug.name;
    EXPECT_TRUE(names.insert(bug.name).second) << bug.name;
  }
  for (const BugInfo& bug : AllBugs()) {
    const std::string name = bug.name;
    EXPECT_TRUE(names.contains(name) || names.contains(name.substr(0, 5)))
        << name;
  }
}

}  // namespace
}  // namespace vmtrunc::report
