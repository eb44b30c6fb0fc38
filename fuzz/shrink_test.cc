#include "fuzz/shrink.h"

#include <gtest/gtest.h>

#include "fuzz/mutate.h"

namespace vmtrunc {
namespace {

TEST(Shrink, KeepsThePropertyAndNoEventTooMany) {
  const Rules rules = ParseKernelSpec("2.6.11-clip-to-range")->rules();
  Random random(11);
  int shrunk = 0;
  for (int i = 0; i < 20000 && shrunk < 20; ++i) {
    Script script = RandomSetup(random);
    for (int k = 0; k < 12; ++k) Mutate(script, 40, random);
    const RunResult result = vmtrunc::Run(script, rules);
    if (result.holds()) continue;
    ++shrunk;
    const Property property = result.first.property;
    const Script small = Shrink(script, rules, property);
    EXPECT_LE(small.events.size(), script.events.size());
    ASSERT_TRUE(vmtrunc::Run(small, rules).breaks(property));
    for (size_t at = 0; at < small.events.size(); ++at) {
      Script less = small;
      less.events.erase(less.events.begin() + static_cast<std::ptrdiff_t>(at));
      EXPECT_FALSE(vmtrunc::Run(less, rules).breaks(property)) << ToText(small);
    }
  }
  EXPECT_EQ(shrunk, 20);
}

}  // namespace
}  // namespace vmtrunc
