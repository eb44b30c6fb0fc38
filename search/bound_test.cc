// What a bound lets begin, and from where.
#include "search/bound.h"

#include <gtest/gtest.h>

#include <set>

#include "search/prove.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

TEST(Bound, EachIsNamedOnceAndFits) {
  for (const Bound& bound : AllBounds()) {
    EXPECT_EQ(FindBound(bound.name), &bound);
    const Problem problem = ProblemOf(bound);
    EXPECT_GT(problem.starts.size(), 10U);
    std::set<Verb> verbs;
    for (const Event& event : problem.operations) verbs.insert(event.verb);
    for (int verb = 1; verb <= kVerbs; ++verb)
      EXPECT_EQ(verbs.contains(static_cast<Verb>(verb)),
                (bound.verbs >> verb & 1) != 0)
          << bound.name << " " << VerbName(static_cast<Verb>(verb));
    for (const Script& start : problem.starts)
      EXPECT_TRUE(Fits<SmallCaps>(start.setup)) << bound.name;
  }
  EXPECT_EQ(FindBound("huge"), nullptr);
}

// The task of its own that begins pins and orders begins nothing else, and has
// the number that the child of a fork has without it.
TEST(Bound, PinsAndOrdersAreOfATaskOfTheirOwn) {
  for (Bound bound : AllBounds()) {
    const unsigned others = bound.mms + bound.passes;
    for (const Event& event : ProblemOf(bound).operations)
      if (event.verb == Verb::kFork) EXPECT_EQ(event.new_addr, others);
    bound.folios = {.shmem = true, .low = 0, .high = 2, .min_order = 1};
    bound.pins = 2;
    bound.verbs |= kFolioVerbs;
    const Problem problem = ProblemOf(bound);
    EXPECT_EQ(problem.max_pins, 2U);
    std::set<Event> of_folios;
    for (const Event& event : problem.operations) {
      EXPECT_EQ(event.task == others, IsOfFolios(event.verb));
      if (IsOfFolios(event.verb)) of_folios.insert(event);
      if (event.verb == Verb::kFork) EXPECT_EQ(event.new_addr, others + 1);
      EXPECT_TRUE(Fits<SmallCaps>(event));
    }
    EXPECT_EQ(of_folios.size(), 2 * bound.pages + 3);
    for (const Script& start : problem.starts) {
      EXPECT_EQ(start.setup.tasks, others + 1);
      EXPECT_EQ(start.setup.folios[0], bound.folios);
      EXPECT_TRUE(Fits<SmallCaps>(start.setup)) << bound.name;
    }
  }
}

// A checkpoint or an answer of one is not taken for one of another.
TEST(Bound, FilesAndPinsAreOfTheProblem) {
  std::set<uint64_t> ids;
  size_t bounds = 0;
  for (const FolioSetup& folios : {FolioSetup{},
                                   {.shmem = true},
                                   {.high = 1},
                                   {.low = 1, .high = 1},
                                   {.min_order = 1}})
    for (const unsigned pins : {0U, 1U, 2U}) {
      Bound bound = Pinned(/*shmem=*/false);
      bound.folios = folios;
      bound.pins = pins;
      ids.insert(ProblemId(ProblemOf(bound), {}));
      ++bounds;
    }
  EXPECT_EQ(ids.size(), bounds);
}

}  // namespace
}  // namespace vmtrunc::search
