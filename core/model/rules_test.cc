#include "core/model/rules.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace vmtrunc {
namespace {

TEST(Rules, EveryNameIsUniqueAndEveryFlagIsListedOnce) {
  std::set<std::string> names;
  Rules all_on;
  for (const RuleInfo& rule : AllRules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(all_on.*rule.flag) << rule.name << " shares a flag";
    all_on.*rule.flag = true;
  }
  EXPECT_EQ(sizeof(Rules), AllRules().size());
}

// {2, 6, 11} of "2.6.11" and "2.6.9-mm"; an x is later than any number.
std::vector<int> Release(const std::string& text) {
  std::vector<int> numbers;
  for (const std::string& part : std::vector<std::string>(
           absl::StrSplit(text.substr(0, text.find('-')), '.')))
    numbers.push_back(part == "x" ? 1000 : std::stoi(part));
  return numbers;
}

// A rule came between the first kernel that has it and the one before.
TEST(Rules, CameBeforeTheFirstKernelThatHasThem) {
  for (const RuleInfo& rule : AllRules()) {
    std::vector<int> before;
    std::vector<int> first;  // kernel that has it
    for (const uint8_t number : KernelsByAge()) {
      const KernelInfo& kernel = AllKernels()[number];
      // Its number is that of the kernel it was based on.
      if (std::string(kernel.name) == "repaired") continue;
      const bool has = kernel.rules.*rule.flag;
      if (first.empty()) (has ? first : before) = Release(kernel.name);
    }
    ASSERT_EQ(first.empty(), *rule.since == '\0') << rule.name;
    if (first.empty()) continue;
    EXPECT_LE(Release(rule.since), first) << rule.name;
    EXPECT_LT(before, Release(rule.since)) << rule.name;
  }
}

TEST(Rules, AreWrittenAndReadAsNames) {
  const RuleSet rules =
      RuleSet::Of(FindRule("leap").value()).set(FindRule("stamp-vmas").value());
  EXPECT_EQ(RuleNames(rules), "stamp-vmas,leap");
  EXPECT_EQ(ParseRuleNames("leap,stamp-vmas").value(), rules);
  EXPECT_EQ(ParseRuleNames("").value(), RuleSet());
  for (const char* wrong : {",", "leap,", "leap,,leap", " leap", "12", "-leap"})
    EXPECT_TRUE(absl::IsNotFound(ParseRuleNames(wrong).status())) << wrong;
  EXPECT_EQ(FindRule("stamp-vmsa").status().message(),
            "a rule (vmtrunc rules lists them), not stamp-vmsa; is it "
            "stamp-vmas?");
}

TEST(KernelSpec, ReadsFlipsWithAndWithoutBlanks) {
  const auto spec = ParseKernelSpec("2.6.11 -importer-rescans +unmap-mutex");
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->ToString(), "2.6.11-importer-rescans+unmap-mutex");
  EXPECT_EQ(*ParseKernelSpec(spec->ToString()), *spec);
  EXPECT_FALSE(spec->rules().importer_rescans);
  EXPECT_TRUE(spec->rules().unmap_mutex);
}

TEST(KernelSpec, TheLongestKernelNameWinsAndAliasesWork) {
  EXPECT_EQ(ParseKernelSpec("2.6.9-mm-leap")->ToString(), "2.6.9-mm");
  EXPECT_EQ(ParseKernelSpec("seed-leap")->ToString(), "2.6.11-leap");
}

TEST(KernelSpec, DistinguishesUnknownFromMalformedNames) {
  EXPECT_TRUE(absl::IsNotFound(ParseKernelSpec("2.6.99").status()));
  EXPECT_TRUE(absl::IsNotFound(ParseKernelSpec("2.6.11-no-such").status()));
  EXPECT_TRUE(absl::IsNotFound(ParseKernelSpec("2.6.11-leaping").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ParseKernelSpec("2.6.11 leap").status()));
}

}  // namespace
}  // namespace vmtrunc
