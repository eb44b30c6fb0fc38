#include "search/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/about/bugs.h"
#include "search/make.h"
#include "search/mutate.h"
#include "search/translations.h"

namespace vmtrunc::search {
namespace {

const BugInfo& BugNamed(std::string_view name) {
  for (const BugInfo& bug : AllBugs())
    if (name == bug.name) return bug;
  ADD_FAILURE() << "no such bug";
  return AllBugs().front();
}

Reason ReasonOfBug(const BugInfo& bug) {
  return {.property = bug.property, .unlike = *ParseKernelSpec(bug.kernel)};
}

// Long random scripts that show the bug.
std::vector<Draft> Failing(const BugInfo& bug, size_t count) {
  const Rules wrong = WithBug(bug).rules();
  const Shows shows(wrong, ReasonOfBug(bug));
  std::vector<Draft> all;
  for (uint64_t seed = 1; all.size() < count && seed < 30000; ++seed) {
    const Script script = MakeScript(seed, 96);
    if (shows(script)) all.push_back(script);
  }
  EXPECT_EQ(all.size(), count);
  return all;
}

TEST(Cost, ComparesInItsOrder) {
  const vmtrunc::Setup setup{.sizes = {1, 0}, .folios = {}, .tasks = 2};
  const Event read{.kind = EventKind::kStart, .verb = Verb::kRead, .addr = 9};
  Event other = read;
  other.task = 1;
  const Event step{.kind = EventKind::kStep};
  const Event drop{.kind = EventKind::kDrop};
  const auto cost = [&](std::vector<Event> events) {
    return CostOf({setup, std::move(events)});
  };
  EXPECT_LT(cost({read}), cost({step, step}));
  EXPECT_LT(cost({read, read}), cost({step, other}));
  EXPECT_LT(cost({read, read}), cost({step, drop}));
  EXPECT_LT(cost({step, step}), cost({step, read}));
  vmtrunc::Setup larger = setup;
  larger.count = ~0U;
  EXPECT_LT(CostOf({setup, {}}), CostOf({larger, {}}));
  EXPECT_FALSE(IsLess({setup, {read}}, {setup, {read}}));
  EXPECT_NE(IsLess({setup, {read, other}}, {setup, {other, read}}),
            IsLess({setup, {other, read}}, {setup, {read, other}}));
}

// Nothing that it returns shows another bug, has an event too many, or gets
// smaller when it is shrunk again.
TEST(Shrink, KeepsTheRootCauseAndNoUnneededEvent) {
  for (const char* name : {"HB-07a", "HB-08", "HB-19", "HB-36a", "HB-45"}) {
    const BugInfo& bug = BugNamed(name);
    const Rules rules = WithBug(bug).rules();
    const Reason reason = ReasonOfBug(bug);
    const Shows shows(rules, reason);
    for (const Draft& draft : Failing(bug, 2)) {
      const Shrunk shrunk = Shrink(draft, rules, reason);
      const std::vector<Event>& events = shrunk.draft.events;
      ASSERT_TRUE(shows(shrunk.draft)) << name;
      EXPECT_LT(shrunk.cost.events, draft.events.size());
      EXPECT_EQ(shrunk.cost, CostOf(shrunk.draft));
      for (size_t at = 0; at < events.size(); ++at) {
        Draft less = shrunk.draft;
        less.events.erase(less.events.begin() +
                          static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(shows(less)) << name << " event " << at;
      }
    }
  }
}

// More effort never gives a larger script; with the same, what comes of a
// script stays as it is.
TEST(Shrink, GivesNoLargerScriptWithMoreEffort) {
  for (const char* name : {"HB-05", "HB-11a", "HB-19", "HB-23", "HB-41"}) {
    const BugInfo& bug = BugNamed(name);
    const Rules rules = WithBug(bug).rules();
    const Reason reason = ReasonOfBug(bug);
    const Shows shows(rules, reason);
    for (const Draft& draft : Failing(bug, 3)) {
      std::vector<Shrunk> all;
      for (const Effort effort :
           {Effort::kQuick, Effort::kDefault, Effort::kThorough}) {
        all.push_back(Shrink(draft, rules, reason, effort));
        const Draft& small = all.back().draft;
        ASSERT_TRUE(shows(small)) << name;
        EXPECT_EQ(Shrink(small, rules, reason, effort).draft, small) << name;
      }
      for (size_t i = 1; i < all.size(); ++i) {
        EXPECT_FALSE(IsLess(all[i - 1].draft, all[i].draft)) << name;
        EXPECT_LT(all[i - 1].evaluations, all[i].evaluations) << name;
      }
    }
  }
}

// A read that ends in SIGBUS has no effect that is counted, but leaves the page
// table without which nothing is used after it was freed.
TEST(Shrink, KeepsWhatMattersWithoutAnEffect) {
  const auto script = ParseText(
      R"(vmtrunc 1
file f 0
task a
task b mm a
a mmap 1 1 f 0
a read 1
a truncate f 0 &
a step
a step
b mmap 1 1 f 0
)");
  ASSERT_TRUE(script.ok());
  const BugInfo& bug = BugNamed("HB-19");
  const Rules rules = WithBug(bug).rules();
  const Shows shows(rules, ReasonOfBug(bug));
  ASSERT_TRUE(shows(*script));
  for (const Effort effort :
       {Effort::kQuick, Effort::kDefault, Effort::kThorough})
    EXPECT_TRUE(
        shows(Shrink(Draft(*script), rules, ReasonOfBug(bug), effort).draft));
}

// What is written and read again is what was found.
TEST(Shrink, GivesWhatTheTextFormHas) {
  for (const char* name : {"HB-13", "HB-19", "HB-41"}) {
    const BugInfo& bug = BugNamed(name);
    for (const Draft& draft : Failing(bug, 4)) {
      const Draft small =
          Shrink(draft, WithBug(bug).rules(), ReasonOfBug(bug)).draft;
      const auto again = ParseText(ToText(ScriptOf(small)));
      ASSERT_TRUE(again.ok());
      EXPECT_EQ(Draft(*again), small) << name;
    }
  }
}

// Each kind of change has its turn.
TEST(Shrink, StartsOfManyBugs) {
  for (const char* name : {"HB-01", "HB-10", "HB-14", "HB-23", "HB-27", "HB-28",
                           "HB-36b", "HB-41"}) {
    const BugInfo& bug = BugNamed(name);
    const Rules rules = WithBug(bug).rules();
    const Shows shows(rules, ReasonOfBug(bug));
    for (const Draft& draft : Failing(bug, 3)) {
      const Shrunk shrunk = Shrink(draft, rules, ReasonOfBug(bug));
      EXPECT_TRUE(shows(shrunk.draft)) << name;
      EXPECT_LT(shrunk.cost.events, 16u) << name;
    }
  }
}

TEST(Shrink, GivesOneScriptForOneBug) {
  for (const char* name :
       {"HB-01", "HB-05", "HB-14", "HB-21", "HB-22", "HB-41", "HB-45"}) {
    const BugInfo& bug = BugNamed(name);
    std::vector<Draft> forms;
    for (const Draft& draft : Failing(bug, 8)) {
      const Draft form = Shrink(draft, WithBug(bug).rules(), ReasonOfBug(bug),
                                Effort::kThorough)
                             .draft;
      if (std::find(forms.begin(), forms.end(), form) == forms.end())
        forms.push_back(form);
    }
    EXPECT_EQ(forms.size(), 1u) << name;
  }
}

// 2.6.11 violates no-page-past-size by itself as well (F1), so that a script
// which shows HB-13 can be shrunk to one that does not.
TEST(Shrink, DoesNotChangeTheRootCause) {
  const BugInfo& bug = BugNamed("HB-13");
  const Rules right = ParseKernelSpec(bug.kernel)->rules();
  int slipped = 0;
  for (const Draft& draft : Failing(bug, 6)) {
    const auto holds_without = [&](const Reason& reason) {
      const Draft small = Shrink(draft, WithBug(bug).rules(), reason).draft;
      return vmtrunc::Run<LargeCaps>(small, right).holds();
    };
    EXPECT_TRUE(holds_without(ReasonOfBug(bug)));
    const Reason any{.property = bug.property};
    slipped += holds_without(any) ? 0 : 1;
  }
  EXPECT_GT(slipped, 0);
}

TEST(Reason, IsTheRuleThatWasFlipped) {
  for (const char* name : {"HB-07a", "HB-19", "HB-21"}) {
    const BugInfo& bug = BugNamed(name);
    for (const Draft& draft : Failing(bug, 1)) {
      const Reason reason = ReasonOf(draft, WithBug(bug), bug.property);
      ASSERT_TRUE(reason.unlike);
      EXPECT_EQ(reason.unlike->ToString(), bug.kernel);
    }
  }
}

// On a kernel as it was: the rule that a later one has.
TEST(Reason, IsTheRuleThatRepairs) {
  const auto script = ParseText(
      R"(vmtrunc 1
file f 6
task a
task t
a mmap 11 6 f 2 populate
t truncate f 4 &
t drop
a munmap 13 1
t finish
t truncate f 2
)");
  ASSERT_TRUE(script.ok());
  const Reason reason =
      ReasonOf(*script, *ParseKernelSpec("2.6.11"), Property::kNoPagePastSize);
  ASSERT_TRUE(reason.unlike);
  EXPECT_EQ(reason.unlike->ToString(), "2.6.11+pass-clears-restarts");
}

bool HasDevice(const vmtrunc::Setup& setup) {
  return setup.folios[0].pfn || setup.folios[1].pfn;
}

// A file of a device, and translations that outlive their ptes, stay where the
// violation needs them, and only there.
TEST(Shrink, DeclaresTranslationsWhereTheyAreNeeded) {
  struct Case {
    const char* kernel;
    const char* flip;
    Property property;
    bool tlb, device;
  };
  constexpr Case kCases[] = {
      {"6.18", "-move-flushes-before-unlock", Property::kNoStaleTlb, true,
       false},
      {"6.18", "-pfn-flush-before-unlink", Property::kPassLeavesNoTlb, true,
       true},
      {"6.18", "-pfn-flush-looks-at-all", Property::kPassLeavesNoTlb, true,
       true},
      {"6.18", "-clip-to-range", Property::kNoOverUnmap, false, false},
      {"6.18", "-merge-moves-pgoff", Property::kVmasWellFormed, false, false},
  };
  for (const Case& it : kCases) {
    const Reason reason{.property = it.property,
                        .unlike = *ParseKernelSpec(it.kernel)};
    const Rules wrong =
        ParseKernelSpec(std::string(it.kernel) + it.flip)->rules();
    const Shows shows(wrong, reason);
    int shrunk = 0;
    for (uint64_t seed = 0; shrunk < 4 && seed < 20000; ++seed) {
      base::Random random(seed);
      Script script = MakeScript(seed, 16);
      AddTranslations(script, random);
      if (!shows(script)) continue;
      // Half of them have a device where the violation needs none.
      if (!it.device && shrunk < 2 && !HasDevice(script.setup)) continue;
      ++shrunk;
      const Script small = Shrink(script, wrong, reason);
      ASSERT_TRUE(shows(small));
      EXPECT_EQ(small.setup.tlb, it.tlb) << it.flip << ToText(small);
      EXPECT_EQ(HasDevice(small.setup), it.device) << it.flip << ToText(small);
    }
    EXPECT_EQ(shrunk, 4) << it.flip;
  }
}

TEST(ShrinkEvents, LeavesArgumentsAlone) {
  const auto script = ParseText(
      R"(vmtrunc 1
block 2
file f 8
task a
task b
a mmap 100 8 f 1 populate
a read 7
b mmap 200 1 f 0
b truncate f 2
)");
  ASSERT_TRUE(script.ok());
  const Script small =
      ShrinkEvents(*script, ParseKernelSpec("2.6.11-clip-to-range")->rules(),
                   Property::kNoOverUnmap);
  EXPECT_EQ(small.setup, script->setup);
  ASSERT_EQ(small.events.size(), 2u);
  EXPECT_EQ(small.events[0], script->events[0]);
  EXPECT_EQ(small.events[1], script->events[3]);
}

}  // namespace
}  // namespace vmtrunc::search
