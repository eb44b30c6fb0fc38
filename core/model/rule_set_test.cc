#include "core/model/rule_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "absl/hash/hash_testing.h"

namespace vmtrunc {
namespace {

// At both edges of both words, whatever rules there are today.
constexpr size_t kEdges[] = {0, 1, 62, 63, 64, 65, 126, 127};

TEST(RuleSet, HoldsOneRuleAtEachEdgeOfItsWords) {
  for (const size_t rule : kEdges) {
    const RuleSet one = RuleSet::Of(rule);
    EXPECT_EQ(one.count(), 1U);
    EXPECT_EQ(one.first(), rule);
    for (size_t other = 0; other < RuleSet::kMostRules; ++other)
      EXPECT_EQ(one.test(other), other == rule);
    EXPECT_EQ(one.word(rule / 64), uint64_t{1} << rule % 64);
    EXPECT_EQ(one.word(1 - rule / 64), 0U);
  }
}

TEST(RuleSet, SetsAndFlipsARuleAndLeavesTheOthers) {
  RuleSet rules = RuleSet::FirstOf(RuleSet::kMostRules);
  for (const size_t rule : kEdges) {
    rules.set(rule, false);
    rules.set(rule, false);
    EXPECT_FALSE(rules.test(rule));
  }
  EXPECT_EQ(rules.count(), RuleSet::kMostRules - std::size(kEdges));
  for (const size_t rule : kEdges) rules.flip(rule);
  EXPECT_EQ(rules, RuleSet::FirstOf(RuleSet::kMostRules));
}

TEST(RuleSet, IteratesInAscendingOrder) {
  RuleSet rules;
  for (const size_t rule : {127U, 64U, 0U, 63U, 126U, 62U, 65U, 1U})
    rules.set(rule);
  EXPECT_TRUE(std::ranges::equal(rules, kEdges));
  auto at = rules.begin();
  EXPECT_EQ(*at++, 0U);
  EXPECT_EQ(*at, 1U);
  EXPECT_TRUE(RuleSet().empty());
  EXPECT_TRUE(RuleSet().begin() == RuleSet().end());
}

TEST(RuleSet, CombinesBitByBit) {
  const RuleSet a = RuleSet::Of(63).set(64);
  const RuleSet b = RuleSet::Of(64).set(127);
  EXPECT_EQ(a ^ b, RuleSet::Of(63).set(127));
  EXPECT_EQ(a & b, RuleSet::Of(64));
  EXPECT_EQ(a | b, RuleSet::Of(63).set(64).set(127));
  EXPECT_EQ(RuleSet::FirstOf(64).word(0), ~uint64_t{0});
  EXPECT_EQ(RuleSet::FirstOf(64).word(1), 0U);
}

TEST(RuleSet, IsOrderedAsANumberAndHashed) {
  std::vector<RuleSet> ascending{RuleSet()};
  for (const size_t rule : kEdges) ascending.push_back(RuleSet::Of(rule));
  EXPECT_TRUE(std::ranges::is_sorted(ascending));
  EXPECT_LT(RuleSet::FirstOf(64), RuleSet::Of(64));
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(ascending));
}

}  // namespace
}  // namespace vmtrunc
