#include "search/distill.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "core/about/bugs.h"
#include "core/check.h"
#include "search/covered.h"
#include "search/make.h"
#include "search/set_cover.h"
#include "search/solver.h"

namespace vmtrunc::search {
namespace {

bool Covers(const CoverProblem& problem, const std::vector<uint32_t>& chosen) {
  std::set<uint32_t> all, covered;
  for (const auto& set : problem.sets) all.insert(set.begin(), set.end());
  for (const uint32_t i : chosen)
    covered.insert(problem.sets[i].begin(), problem.sets[i].end());
  return all == covered;
}

uint64_t WeightOf(const CoverProblem& problem,
                  const std::vector<uint32_t>& chosen) {
  uint64_t sum = 0;
  for (const uint32_t i : chosen) sum += problem.weights[i];
  return sum;
}

CoverProblem RandomProblem(base::Random& random, unsigned most_sets,
                           unsigned most_elements) {
  CoverProblem problem;
  const unsigned sets = random.Between(1, most_sets);
  const unsigned elements = random.Between(1, most_elements);
  for (unsigned i = 0; i < sets; ++i) {
    std::set<uint32_t> set;
    for (unsigned k = random.Below(6); k > 0; --k)
      set.insert(random.Below(elements));
    problem.sets.emplace_back(set.begin(), set.end());
    problem.weights.push_back(random.Between(1, 9));
  }
  return problem;
}

Solver TheSolver() {
  absl::StatusOr<Solver> solver = Solver::Load();
  VMT_CHECK(solver.ok());
  return *solver;
}

// All subsets are tried.
TEST(SetCover, IsTheSmallest) {
  base::Random random(7);
  unsigned better_than_greedy = 0;
  for (int n = 0; n < 200; ++n) {
    const CoverProblem problem = RandomProblem(random, 11, 12);
    size_t fewest = problem.sets.size() + 1;
    uint64_t lightest = 0;
    for (unsigned bits = 0; bits < 1U << problem.sets.size(); ++bits) {
      std::vector<uint32_t> chosen;
      for (uint32_t i = 0; i < problem.sets.size(); ++i)
        if ((bits >> i & 1) != 0) chosen.push_back(i);
      if (!Covers(problem, chosen)) continue;
      const uint64_t weight = WeightOf(problem, chosen);
      if (chosen.size() < fewest ||
          (chosen.size() == fewest && weight < lightest)) {
        fewest = chosen.size();
        lightest = weight;
      }
    }
    const CoverResult result = SmallestCover(problem, TheSolver(), 10);
    EXPECT_TRUE(result.is_proved);
    EXPECT_TRUE(Covers(problem, result.chosen));
    EXPECT_EQ(result.chosen.size(), fewest);
    EXPECT_EQ(result.at_least, fewest);
    EXPECT_EQ(WeightOf(problem, result.chosen), lightest);
    better_than_greedy += result.greedy > fewest ? 1 : 0;
  }
  EXPECT_GT(better_than_greedy, 0u);
}

TEST(SetCover, HasAnAnswerAndABoundWhenTimeIsUp) {
  base::Random random(3);
  CoverProblem problem;
  for (int i = 0; i < 300; ++i) {
    std::set<uint32_t> set;
    while (set.size() < 12) set.insert(random.Below(250));
    problem.sets.emplace_back(set.begin(), set.end());
    problem.weights.push_back(random.Between(1, 999));
  }
  const CoverResult result = SmallestCover(problem, TheSolver(), 0.05);
  EXPECT_FALSE(result.is_proved);
  EXPECT_TRUE(Covers(problem, result.chosen));
  EXPECT_LE(result.chosen.size(), result.greedy);
  EXPECT_LE(result.at_least, result.chosen.size());
  EXPECT_GT(result.at_least, 12u);  // 250 elements in sets of 12
}

TEST(Covered, CountsBranchesAndChangesNothing) {
  if (BranchCount() == 0) GTEST_SKIP() << "this build counts no branches";
  const Rules rules = ParseKernelSpec("2.6.11")->rules();
  std::vector<uint8_t> idle(BranchCount()), taken(BranchCount());
  RunCovered({.setup = {.folios = {}, .tasks = 1}, .events = {}}, rules, {},
             idle);
  const Script script = MakeScript(5, 64);
  const RunResult covered = RunCovered(script, rules, {}, taken);
  const RunResult plain = vmtrunc::Run(script, rules);
  EXPECT_EQ(covered.state_hash, plain.state_hash);
  EXPECT_EQ(covered.steps, plain.steps);
  EXPECT_EQ(covered.broken, plain.broken);
  const auto count = [](const std::vector<uint8_t>& counts) {
    return counts.size() -
           static_cast<size_t>(std::count(counts.begin(), counts.end(), 0));
  };
  EXPECT_GT(count(taken), count(idle) + 100);
}

TEST(Covered, ClassesAreThoseOfLibFuzzer) {
  const unsigned counts[] = {0,  1,  2,  3,  4,   7,   8,
                             15, 16, 31, 32, 127, 128, 255};
  const unsigned classes[] = {0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8};
  for (size_t i = 0; i < std::size(counts); ++i)
    EXPECT_EQ(CountClass(static_cast<uint8_t>(counts[i])), classes[i]);
}

// What only one of them reaches it still reaches when it is smaller.
TEST(Distill, MinimisedInputsKeepTheirFeatures) {
  if (BranchCount() == 0) GTEST_SKIP() << "this build counts no branches";
  const Reach reach({ParseKernelSpec("2.6.11")->rules()}, {.classes = true});
  std::vector<Draft> drafts;
  std::vector<ReachedBy> reached;
  std::vector<uint32_t> all;
  std::set<uint32_t> had;
  for (uint32_t seed = 0; seed < 6; ++seed) {
    const Script script = MakeScript(seed, 32);
    drafts.push_back(script);
    reached.push_back(reach.Of(drafts.back()));
    EXPECT_TRUE(reach.Has(drafts.back(), reached.back().features));
    EXPECT_FALSE(reach.Has({{}, {}}, reached.back().features));
    had.insert(reached[seed].features.begin(), reached[seed].features.end());
    all.push_back(seed);
  }
  size_t before = 0, after = 0;
  for (const Draft& draft : drafts) before += draft.events.size();
  unsigned told = 0;
  ShrinkKept(reach, all, {had.begin(), had.end()}, drafts, reached,
             [&] { ++told; });
  std::set<uint32_t> has;
  for (const Draft& draft : drafts) {
    after += draft.events.size();
    const Features features = reach.Of(draft).features;
    has.insert(features.begin(), features.end());
  }
  EXPECT_TRUE(std::includes(has.begin(), has.end(), had.begin(), had.end()));
  EXPECT_LT(after, before);
  EXPECT_EQ(told, 6u);
}

TEST(Distill, CountsABugThatAScriptDetects) {
  const Reach reach({}, {});
  const auto script = ParseText(
      R"(vmtrunc 1
file f 2
task a
a mmap 1 2 f 0 populate
a truncate f 1
)");
  ASSERT_TRUE(script.ok());
  const Features features = reach.Of(*script).features;
  const FeatureCounts counts = reach.Count(features);
  EXPECT_EQ(counts.branches, 0u);
  EXPECT_GE(counts.bugs, 1u);
  std::set<std::string> names;
  for (const uint32_t feature : features) names.insert(reach.Name(feature));
  EXPECT_TRUE(names.contains("HB-21"));
  EXPECT_FALSE(names.contains("HB-01"));
}

}  // namespace
}  // namespace vmtrunc::search
