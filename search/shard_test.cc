// What shards reach together is what one search reaches, and so are verdicts
// and lengths.
#include "search/shard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "search/prove.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

constexpr Bound kOneMm =
    OneMm(Of({Verb::kMunmap, Verb::kMprotect, Verb::kMremap, Verb::kRead,
              Verb::kTruncate}));

// Fewer shards than starts, some with a start of their own, and more than a
// start has first operations.
std::vector<unsigned> Numbers(const Problem& problem) {
  const auto starts = static_cast<unsigned>(problem.starts.size());
  return {3, starts + 2, 20 * starts};
}

TEST(Shard, EachStartIsInOne) {
  const Problem problem = ProblemOf(*FindBound("tiny"));
  for (const unsigned shards : {1U, 2U, 16U, 601U}) {
    std::multiset<std::string> starts;
    size_t least = problem.starts.size(), most = 0;
    for (unsigned i = 0; i < shards; ++i) {
      const Problem part = PartOf(problem, {i, shards});
      EXPECT_EQ(part.first_shares, 1U);
      least = std::min(least, part.starts.size());
      most = std::max(most, part.starts.size());
      for (const Script& start : part.starts) starts.insert(ToText(start));
    }
    EXPECT_LE(most - least, 1U) << shards;
    EXPECT_EQ(starts.size(), problem.starts.size());
    for (const Script& start : problem.starts)
      EXPECT_EQ(starts.count(ToText(start)), 1U);
  }
}

// Each start is in as many shards as its first operations are shared by, one
// share each.
TEST(Shard, NoShareOfAStartIsMissing) {
  const Problem problem = ProblemOf(kOneMm);
  for (const unsigned shards : Numbers(problem)) {
    std::set<std::pair<std::string, unsigned>> shares;
    size_t expected = 0;
    for (unsigned i = 0; i < shards; ++i) {
      const Problem part = PartOf(problem, {i, shards});
      ASSERT_LT(part.first_share, part.first_shares);
      EXPECT_TRUE(part.first_shares == 1 || part.starts.size() == 1);
      for (const Script& start : part.starts)
        shares.emplace(ToText(start), part.first_share);
      expected += part.starts.size();
      if (part.first_share == 0)
        expected += (part.first_shares - 1) * part.starts.size();
      else
        expected -= part.starts.size();
    }
    EXPECT_EQ(shares.size(), expected) << shards;
  }
}

TEST(Shard, TogetherShardsReachTheSameStates) {
  for (const auto& [bound, kernel] : {std::pair{kOneMm, "2.6.38"},
                                      {kOneMm, "3.0"},
                                      {kTwoPassesOfAPage, "2.6.38"},
                                      {kTwoPassesOfAPage, "3.0"},
                                      {Pinned(/*shmem=*/false), "6.18"}}) {
    const Problem problem = ProblemOf(bound);
    std::set<uint64_t> whole, parts;
    ProveOptions options;
    options.rules = RulesOf(kernel);
    options.on_state = [&](uint64_t key) { whole.insert(key); };
    ASSERT_EQ(Prove(problem, options).answer, Answer::kHolds) << kernel;
    options.on_state = [&](uint64_t key) { parts.insert(key); };
    for (const unsigned shards : Numbers(problem)) {
      parts.clear();
      for (unsigned i = 0; i < shards; ++i) {
        const ProveResult part = Prove(PartOf(problem, {i, shards}), options);
        ASSERT_EQ(part.answer, Answer::kHolds) << kernel << " " << i;
        EXPECT_EQ(part.held_events, kAnyEvents);
      }
      EXPECT_TRUE(parts == whole) << kernel << " " << shards << ": "
                                  << parts.size() << ", not " << whole.size();
    }
  }
}

struct Together {
  bool breaks = false;
  size_t events = SIZE_MAX;
  unsigned held_events = kAnyEvents;
};

Together All(const Problem& problem, ProveOptions options, unsigned shards,
             uint64_t first_states) {
  Together all;
  options.part_of = &problem;
  for (unsigned i = 0; i < shards; ++i) {
    const Problem part = PartOf(problem, {i, shards});
    const ProveResult result = options.reduce
                                   ? Prove(part, options)
                                   : ProveFewest(part, options, first_states);
    all.breaks |= result.answer == Answer::kBreaks;
    all.held_events = std::min(all.held_events, result.held_events);
    if (result.answer == Answer::kBreaks)
      all.events = std::min(all.events, result.script.events.size());
  }
  return all;
}

// The verdict by the reduced search, which leaves orders out, and by the one
// that says the fewest events; that number where the shards have looked as far.
TEST(Shard, TogetherShardsHaveTheSameVerdict) {
  for (const Bound& bound : {kOneMm, kTwoPassesOfAPage})
    for (const char* kernel : {"2.6.9-mm", "2.6.11-importer-rescans",
                               "2.6.38-unmap-mutex", "6.18"}) {
      const Problem problem = ProblemOf(bound);
      ProveOptions options;
      options.rules = RulesOf(kernel);
      const ProveResult whole = Prove(problem, options);
      const bool breaks = whole.answer == Answer::kBreaks;
      ProveOptions reduced = options;
      reduced.steps_only = reduced.reduce = true;
      for (const unsigned shards : Numbers(problem)) {
        EXPECT_EQ(All(problem, reduced, shards, 0).breaks, breaks)
            << kernel << " " << shards;
        for (const uint64_t first : {uint64_t{0}, kFirstStates}) {
          const Together all = All(problem, options, shards, first);
          EXPECT_EQ(all.breaks, breaks) << kernel << " " << shards;
          if (!breaks || all.held_events + 1 < all.events) continue;
          EXPECT_EQ(all.events, whole.script.events.size())
              << kernel << " " << shards << " " << first;
        }
      }
    }
}

// Every number of events that a shard says it has excluded is.
TEST(Shard, HeldEventsHold) {
  const Problem problem = ProblemOf(kOneMm);
  ProveOptions options;
  options.rules = RulesOf("2.6.9-mm");
  for (unsigned i = 0; i < 3; ++i) {
    const Problem part = PartOf(problem, {i, 3});
    const ProveResult whole = Prove(part, options);
    ProveOptions few = options;
    few.most_states = 100;
    const ProveResult soon = Prove(part, few);
    EXPECT_EQ(soon.answer, Answer::kRanOut);
    EXPECT_GT(soon.held_events, 0U);
    EXPECT_LE(soon.held_events, whole.held_events);
    if (whole.answer == Answer::kBreaks) {
      EXPECT_EQ(whole.held_events, whole.script.events.size() - 1);
    }
    few.steps_only = few.reduce = true;
    EXPECT_EQ(Prove(part, few).held_events, 0U);
  }
}

}  // namespace
}  // namespace vmtrunc::search
