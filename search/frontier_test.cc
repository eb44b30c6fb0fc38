// The states of a level, kept whole until they are expanded.
#include "search/frontier.h"

#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "search/prove.h"
#include "search/search_test.h"

namespace vmtrunc::search {
namespace {

using Words = std::array<uint64_t, 150>;

TEST(Frontier, GivesBackWhatWasPacked) {
  base::Random random(3);
  Words base;
  for (uint64_t& word : base) word = random.Below(3);
  const Packer<Words> packer(base);
  for (int round = 0; round < 100; ++round) {
    std::vector<uint64_t> packed;
    std::vector<Words> all;
    std::vector<size_t> offsets;
    for (int n = 0; n < 5; ++n) {
      Words it = base;
      for (uint64_t& word : it)
        if (random.OneOf(10)) word = random.Below(3);
      offsets.push_back(packed.size());
      packer.Pack(it, packed);
      all.push_back(it);
    }
    EXPECT_LT(packed.size(), all.size() * base.size() / 4);
    Frontier frontier;
    frontier.Begin(std::move(packed));
    frontier.Keep(1, 0);  // not the first: ignored
    EXPECT_FALSE(frontier.Has(0));
    for (size_t i = 0; i < all.size(); ++i) frontier.Keep(i, offsets[i]);
    for (size_t i = 0; i < all.size(); ++i) {
      ASSERT_TRUE(frontier.Has(i));
      Words it;
      packer.Unpack(frontier.At(i), it);
      EXPECT_EQ(it, all[i]);
    }
    EXPECT_FALSE(frontier.Has(all.size()));
    EXPECT_GT(frontier.bytes(), 0U);
  }
}

// States that are rebuilt from their trails, where memory is short, are those
// that are kept.
TEST(Frontier, IsNoMatterOfTheResult) {
  Bound bound = *FindBound("tiny");
  bound.mms = 1;
  bound.verbs =
      Of({Verb::kMunmap, Verb::kMprotect, Verb::kRead, Verb::kTruncate});
  const Problem problem = ProblemOf(bound);
  for (const char* kernel : {"2.6.11", "6.18"}) {
    ProveOptions options;
    options.rules = RulesOf(kernel);
    options.properties = Bit(Property::kIndexAgrees);
    options.steps_only = options.reduce = true;
    std::vector<uint64_t> kept, rebuilt;
    uint64_t most = 0;
    options.on_progress = [&](const ProveProgress& p) {
      most = std::max(most, p.bytes);
    };
    options.on_state = [&](uint64_t key) { kept.push_back(key); };
    ASSERT_EQ(Prove(problem, options).answer, Answer::kHolds) << kernel;
    const uint64_t whole = most;
    // Memory that is short, in which it comes to an end still.
    ProveResult result;
    options.on_state = [&](uint64_t key) { rebuilt.push_back(key); };
    options.most_bytes = whole / 2;
    do {
      options.most_bytes += options.most_bytes / 8;
      most = 0;
      rebuilt.clear();
      result = Prove(problem, options);
      EXPECT_LE(most, options.most_bytes);
    } while (result.answer == Answer::kRanOut);
    EXPECT_EQ(result.answer, Answer::kHolds);
    EXPECT_LT(most, whole) << kernel;
    EXPECT_EQ(kept, rebuilt) << kernel;
  }
}

}  // namespace
}  // namespace vmtrunc::search
