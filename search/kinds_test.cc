#include "search/kinds.h"

#include <gtest/gtest.h>

#include "core/model/rules.h"
#include "core/script/script.h"

namespace vmtrunc::search {
namespace {

using Draw = bool (*)(const Rules&, uint32_t, base::Random&);

// Of 8,000 scripts for the kernel, those that are to have it.
int Drawn(Draw draw, const char* kernel, uint32_t properties) {
  const Rules rules = ParseKernelSpec(kernel)->rules();
  base::Random random(1);
  int drawn = 0;
  for (int i = 0; i < 8000; ++i) drawn += draw(rules, properties, random);
  return drawn;
}

constexpr uint32_t kTlb = Bit(Property::kNoStaleTlb);
constexpr uint32_t kFolio = Bit(Property::kMapsOwnPage);
constexpr uint32_t kNeither = Bit(Property::kNoPagePastSize);

TEST(Kinds, AScriptHasWhatThePropertiesNeed) {
  EXPECT_EQ(Drawn(DrawTranslations, "6.18", kTlb), 8000);
  EXPECT_NEAR(Drawn(DrawTranslations, "6.18", kTlb | kNeither), 4000, 200);
  EXPECT_NEAR(Drawn(DrawTranslations, "6.18", CountedProperties()), 4000, 200);
  EXPECT_NEAR(Drawn(DrawTranslations, "6.18", kNeither), 1000, 150);

  EXPECT_NEAR(Drawn(DrawFolios, "6.18", kFolio), 6000, 200);
  EXPECT_NEAR(Drawn(DrawFolios, "6.18", CountedProperties()), 6000, 200);
  EXPECT_NEAR(Drawn(DrawFolios, "6.18", kNeither), 4000, 200);
}

TEST(Kinds, NothingThatTheKernelDoesNotHave) {
  EXPECT_EQ(Drawn(DrawTranslations, "2.6.11", kTlb), 0);
  EXPECT_EQ(Drawn(DrawFolios, "2.6.11", kFolio), 0);
}

}  // namespace
}  // namespace vmtrunc::search
