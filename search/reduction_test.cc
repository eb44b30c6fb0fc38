// The reduced search breaks what the whole one breaks, and each step that it
// takes early commutes with what others could have done first.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>

#include "base/random.h"
#include "core/about/bugs.h"
#include "core/run/tracer.h"
#include "search/prove.h"
#include "search/search_test.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

namespace fs = std::filesystem;

constexpr Bound kOneMm =
    OneMm(Of({Verb::kMunmap, Verb::kMprotect, Verb::kMremap, Verb::kRead,
              Verb::kWrite, Verb::kFork, Verb::kTruncate}),
          /*private_too=*/true);
constexpr Bound kTwoMms =
    TwoMms(Of({Verb::kMunmap, Verb::kMprotect, Verb::kRead, Verb::kTruncate}),
           /*operations=*/2);
constexpr Bound kTwoPasses = {
    .name = "two-passes",
    .pages = 2,
    .first_addr = 15,
    .end_addr = 17,
    .mms = 1,
    .vmas = 4,
    .passes = 2,
    .operations = 1,
    .in_flight = 3,
    .verbs = Of({Verb::kMunmap, Verb::kRead, Verb::kTruncate, Verb::kPunch,
                 Verb::kInvalidate}),
    .private_too = false};

constexpr Bound kPinned =
    Pinned(/*shmem=*/false, Of({Verb::kMunmap, Verb::kRead}));
constexpr Bound kPinnedShmem =
    Pinned(/*shmem=*/true, Of({Verb::kMunmap, Verb::kRead}));

constexpr Bound kTwoTasks = [] {
  Bound bound =
      OneMm(Of({Verb::kMunmap, Verb::kMprotect, Verb::kRead, Verb::kTruncate}));
  bound.name = "two-tasks";
  bound.pages = 1;
  bound.threads = 2;
  bound.operations = 2;
  bound.end_addr = 18;  // fault-around takes two in a page table
  return bound;
}();

// The properties that break anywhere in the problem, and the states that it
// took to know.
uint32_t Broken(const Problem& problem, const Rules& rules, bool reduce,
                uint64_t& states) {
  ProveOptions options;
  options.rules = rules;
  options.steps_only = true;
  options.reduce = reduce;
  options.properties = (1U << kProperties) - 1;
  uint32_t broken = 0;
  for (;;) {
    const ProveResult result = Prove(problem, options);
    EXPECT_NE(result.answer, Answer::kRanOut);
    states += result.progress.states;
    if (result.answer != Answer::kBreaks) return broken;
    broken |= Bit(result.property);
    options.properties &= ~Bit(result.property);
  }
}

void ExpectSame(const Problem& problem, const Rules& rules,
                const std::string& name) {
  uint64_t states = 0;
  const uint32_t whole = Broken(problem, rules, false, states);
  EXPECT_EQ(Broken(problem, rules, true, states), whole) << name;
}

TEST(Reduction, LosesNoPropertyOfAnyKnownBug) {
  int searched = 0;
  for (const BugInfo& bug : AllBugs()) {
    const Script script =
        ReadScript(fs::path(VMTRUNC_SOURCE_DIR "/corpus/history") / bug.script);
    // HB-09 is 256 passes; the others take minutes with ASan.
    const std::string name = bug.name;
    if (script.events.size() > 30 || name == "HB-15" || name == "HB-07d")
      continue;
    ++searched;
    ExpectSame(ProblemOf(script), WithBug(bug).rules(), name);
    ExpectSame(ProblemOf(script), RulesOf(bug.kernel), name + " mended");
  }
  EXPECT_GE(searched, 28);
}

// Each rule flipped, on the bounds above: what a rule lets a step touch
// must be known.
TEST(Reduction, LosesNothingForAnyFlippedRule) {
  Bound bound = kOneMm;
  bound.pages = 1;
  bound.private_too = false;
  for (const char* kernel : {"2.6.11", "6.18"}) {
    const Problem problem = ProblemOf(bound);
    ExpectSame(problem, RulesOf(kernel), kernel);
    for (const RuleInfo& rule : AllRules()) {
      Rules rules = RulesOf(kernel);
      rules.*rule.flag = !(rules.*rule.flag);
      ExpectSame(problem, rules, std::string(kernel) + " " + rule.name);
    }
  }
}

// Pins, unpins and orders, beside faults that hold references too.
// Two tasks of one mm, which the reduction takes for each other while they are
// idle. What per-VMA locks forbid takes two.
TEST(Reduction, LosesNothingOfTwoTasksInAnMm) {
  const Problem problem = ProblemOf(kTwoTasks);
  ExpectSame(problem, RulesOf("2.6.38"), "2.6.38");
  ExpectSame(problem, RulesOf("6.18"), "6.18");
  ProveOptions options;
  options.steps_only = options.reduce = true;
  int found = 0;
  for (const BugInfo& bug : AllBugs()) {
    if (bug.property != Property::kFaultInOwnVma) continue;
    ExpectSame(problem, WithBug(bug).rules(), bug.name);
    options.rules = WithBug(bug).rules();
    options.properties = Bit(bug.property);
    found += Prove(problem, options).answer == Answer::kBreaks ? 1 : 0;
  }
  EXPECT_GE(found, 1);
}

TEST(Reduction, LosesNothingWherePagesArePinned) {
  constexpr const char* kOfFolios[] = {
      "around-size-again",       "around-size-first", "faults-map-folios",
      "found-page-is-rechecked", "map-respects-size", "mkwrite-checks-page",
      "split-failure-unmaps",    "split-keeps-large"};
  for (const bool shmem : {false, true})
    for (const char* kernel : {"6.1", "6.12", "6.18", "7.0"}) {
      const Problem problem = ProblemOf(Pinned(shmem, Bit(Verb::kRead)));
      ExpectSame(problem, RulesOf(kernel), kernel);
      for (const RuleInfo& rule : AllRules()) {
        if (std::find(std::begin(kOfFolios), std::end(kOfFolios),
                      std::string_view(rule.name)) == std::end(kOfFolios))
          continue;
        Rules rules = RulesOf(kernel);
        rules.*rule.flag = !(rules.*rule.flag);
        ExpectSame(problem, rules, std::string(kernel) + " " + rule.name);
      }
    }
}

// What only a state shows, at no truncation's end and no removal: all searches
// find it, and none finds it without the flip.
TEST(Reduction, AllSearchesFindViolationsThatOnlyAStateShows) {
  struct Case {
    Property property;
    const char* kernel;
    const char* rule;
    const char* text;
  };
  constexpr const char* kPast =
      R"(vmtrunc 1
file f 2
task a
task b
task t
a mmap 15 2 f 0
b mmap 15 2 f 0
t truncate f 1
a read 16
a mremap 16 1 18 1
b read 15
b munmap 15 1
)";
  constexpr const char* kRemoved =
      R"(vmtrunc 1
file f 2
task a
task b
task t
a mmap 15 2 f 0
b mmap 15 2 f 0
a write 16
t punch f 1 1
b read 15
b munmap 15 1
)";
  constexpr Case kCases[] = {
      {Property::kNoPagePastSize, "2.6.11", "-fault-checks-size", kPast},
      {Property::kNoPagePastSize, "3.0", "-fault-checks-size", kPast},
      {Property::kNoPagePastSize, "6.18", "-fault-checks-size", kPast},
      {Property::kNoRemovedPageMapped, "2.6.38", "-mkwrite-rechecks", kRemoved},
      {Property::kNoRemovedPageMapped, "6.18", "-mkwrite-rechecks", kRemoved},
  };
  for (const Case& it : kCases) {
    const Problem problem = ProblemOf(*ParseText(it.text));
    const std::string flipped = std::string(it.kernel) + it.rule;
    for (const std::string& kernel : {std::string(it.kernel), flipped}) {
      for (const bool steps : {false, true})
        for (const bool reduce : {false, true})
          for (const bool plain : {false, true}) {
            if (reduce && !steps) continue;
            ProveOptions options;
            options.rules = RulesOf(kernel.c_str());
            options.properties = Bit(it.property);
            options.steps_only = steps;
            options.reduce = reduce;
            options.plain = plain;
            const ProveResult result = Prove(problem, options);
            EXPECT_EQ(result.answer,
                      kernel == flipped ? Answer::kBreaks : Answer::kHolds)
                << kernel << " steps " << steps << " reduce " << reduce
                << " plain " << plain;
          }
    }
  }
}

TEST(Reduction, LeavesFewerStates) {
  for (const char* kernel : {"2.6.10", "2.6.11", "repaired", "6.18"}) {
    const Problem problem = ProblemOf(kOneMm);
    uint64_t whole = 0, reduced = 0;
    Broken(problem, RulesOf(kernel), false, whole);
    Broken(problem, RulesOf(kernel), true, reduced);
    EXPECT_LT(2 * reduced, whole) << kernel;
  }
}

// In a walk through the states of a problem: a step that may come early, and
// anything that another task could do first, in both orders.
int Commutations(const Bound& bound, const char* kernel) {
  using C = SmallCaps;
  const Problem problem = ProblemOf(bound);
  ProveOptions options;
  options.rules = RulesOf(kernel);
  options.steps_only = true;
  const Space<C> whole(problem, options);
  ProveOptions reduced_options = options;
  reduced_options.reduce = true;
  const Space<C> reduced(problem, reduced_options);
  base::Random random(7);
  int tried = 0;
  std::vector<Edge> edges;
  for (int walk = 0; walk < 3000; ++walk) {
    State<C> state =
        whole.Start(random.Below(static_cast<unsigned>(problem.starts.size())));
    for (int step = 0; step < 40; ++step) {
      edges.clear();
      whole.Edges(state, edges);
      for (unsigned task = 0; task < C::kTasks; ++task) {
        State<C> early = state;
        if (!reduced.StepEarly(early, task, nullptr)) continue;
        for (const Edge& edge : edges) {
          State<C> first = state;
          // A drop may be many steps: those of one hold are looked at.
          if (edge.task == task ||
              (edge.kind == EventKind::kDrop &&
               state.world.files[0].i_mmap_lock != edge.task) ||
              !whole.Apply(first, edge))
            continue;
          const Edge its{EventKind::kStep, static_cast<uint8_t>(task), 0};
          // The other may have taken page_table_lock, and releases it without
          // anything that the task holds: a delay.
          if (!whole.Apply(first, its)) continue;
          State<C> second = early;
          EXPECT_TRUE(whole.Apply(second, edge));
          EXPECT_EQ(whole.Broken(first), whole.Broken(second));
          if (first.world.ran_out != 0 && second.world.ran_out != 0) continue;
          EXPECT_EQ(whole.Key(first), whole.Key(second))
              << kernel << ": " << WhereIs(state.world.tasks[task].op)
              << ", and of task " << int{edge.task} << " "
              << WhereIs(state.world.tasks[edge.task].op) << ": "
              << ToText(whole.EventOf(edge), problem.starts.front());
          ++tried;
          if (testing::Test::HasFailure()) return tried;
        }
      }
      if (edges.empty()) break;
      State<C> next = state;
      const Edge& edge =
          edges[random.Below(static_cast<unsigned>(edges.size()))];
      if (!whole.Apply(next, edge) || next.world.ran_out != 0) continue;
      state = next;
    }
  }
  return tried;
}

TEST(Reduction, StepsThatComeEarlyCommute) {
  for (const Bound* bound : {&kOneMm, &kTwoMms, &kTwoPasses, &kTwoTasks})
    for (const KernelInfo& kernel : AllKernels())
      EXPECT_GT(Commutations(*bound, kernel.name),
                bound == &kTwoTasks ? 100 : 1000)
          << bound->name << " " << kernel.name;
  for (const Bound* bound : {&kPinned, &kPinnedShmem})
    for (const char* kernel :
         {"6.1", "6.12-vma-locks", "6.18-vma-locks", "7.0-vma-locks"})
      EXPECT_GT(Commutations(*bound, kernel), 1000)
          << bound->name << " " << kernel;
}

}  // namespace
}  // namespace vmtrunc::search
