// Random scripts without the verbs that ask for a property, on kernels with any
// rules flipped: none violates it.
#include "search/asked_by.h"

#include <gtest/gtest.h>

#include <map>

#include "core/run/run.h"
#include "search/folios.h"
#include "search/make.h"
#include "search/tables.h"
#include "search/translations.h"

namespace vmtrunc::search {
namespace {

// A script of all verbs, and a kernel with up to three rules flipped.
struct Try {
  Script script;
  KernelSpec kernel;
};

Try Made(uint64_t seed) {
  base::Random random(seed);
  Try made{MakeScript(seed, 16), {}};
  if (random.OneOf(2)) AddFolios(made.script, random);
  if (random.OneOf(2)) AddTranslations(made.script, random);
  if (random.OneOf(2)) AddTables(made.script, random);
  const auto below = [&](size_t n) {
    return random.Below(static_cast<unsigned>(n));
  };
  made.kernel.kernel = static_cast<uint8_t>(below(AllKernels().size()));
  for (unsigned flips = below(4); flips != 0; --flips)
    made.kernel.flips.flip(below(AllRules().size()));
  return made;
}

// The same script without these verbs.
Script Without(Script script, Verbs verbs) {
  std::erase_if(script.events, [&](const Event& event) {
    return (Bit(event.verb) & verbs) != 0;
  });
  return script;
}

uint32_t Broken(const Script& script, const KernelSpec& kernel) {
  return Run<LargeCaps>(script, kernel.rules(),
                        {.hash_state = false, .report = ~uint32_t{0}})
      .broken;
}

// The properties that each set of verbs alone asks for.
std::map<Verbs, uint32_t> BySet() {
  std::map<Verbs, uint32_t> by_set;
  for (int i = 0; i < kProperties; ++i)
    by_set[AskedBy(static_cast<Property>(i))] |= 1U << i;
  by_set.erase(0);
  return by_set;
}

TEST(AskedBy, NothingElseViolatesTheProperty) {
  const std::map<Verbs, uint32_t> by_set = BySet();
  uint32_t asked = 0, violated = 0;
  for (uint64_t seed = 0; seed < 10000; ++seed) {
    const Try made = Made(seed);
    violated |= Broken(made.script, made.kernel);
    for (const auto& [verbs, properties] : by_set) {
      asked |= properties;
      const Script script = Without(made.script, verbs);
      ASSERT_EQ(Broken(script, made.kernel) & properties, 0U)
          << made.kernel.ToString() << "\n"
          << ToText(script);
    }
  }
  // These scripts can violate them, but for two that take more of them.
  asked &= ~(Bit(Property::kNoCachedPagePastSize) |
             Bit(Property::kNothingLostOutsideRange));
  EXPECT_EQ(violated & asked, asked);
}

}  // namespace
}  // namespace vmtrunc::search
