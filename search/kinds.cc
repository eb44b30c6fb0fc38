#include "search/kinds.h"

#include "search/translations.h"

namespace vmtrunc::search {
namespace {

// Those of the properties that want such scripts.
uint32_t Wanting(Scripts kind, uint32_t properties) {
  uint32_t wanting = 0;
  for (unsigned i = 0; i < kProperties; ++i)
    if (const auto property = static_cast<Property>(i);
        ScriptsFor(property) == kind)
      wanting |= properties & Bit(property);
  return wanting;
}

}  // namespace

bool DrawFolios(const Rules& rules, uint32_t properties, base::Random& random) {
  if (!rules.large_folios) return false;
  return random.Below(4) < (Wanting(Scripts::kFolios, properties) != 0 ? 3 : 2);
}

bool DrawTranslations(const Rules& rules, uint32_t properties,
                      base::Random& random) {
  if (!HasTranslations(rules)) return false;
  const uint32_t wanting = Wanting(Scripts::kTranslations, properties);
  if (wanting == properties) return true;  // nothing else counts
  return random.OneOf(wanting != 0 ? 2 : 8);
}

}  // namespace vmtrunc::search
