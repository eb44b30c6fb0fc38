// What random scripts are about, by the properties that are looked for.
#ifndef VMTRUNC_SEARCH_KINDS_H_
#define VMTRUNC_SEARCH_KINDS_H_

#include <cstdint>

#include "base/random.h"
#include "core/model/rules.h"
#include "core/property.h"

namespace vmtrunc::search {

// What a script should have, for a property to be violated.
enum class Scripts : uint8_t {
  kPlain,         // what those of search/make.h have
  kFolios,        // large folios: search/folios.h
  kTranslations,  // translations that outlive their ptes: translations.h
};

constexpr Scripts ScriptsFor(Property property) {
  switch (property) {
    case Property::kSigbusPastEof:
    case Property::kMapsOwnPage:
    case Property::kNoCachedPagePastSize:
    case Property::kGrownPagesAreZero:
    case Property::kNothingLostOutsideRange:
      return Scripts::kFolios;
    case Property::kNoStaleTlb:
    case Property::kNoFreedPageReachable:
    case Property::kPassLeavesNoTlb:
      return Scripts::kTranslations;
    default:
      return Scripts::kPlain;
  }
}

// Whether a random script for a kernel with these rules, which is to violate
// one of these properties, a bit for each, is to have large folios, or
// translations. Both are drawn: what is about neither may need them too, and
// what looks for all properties looks for those that need none.
bool DrawFolios(const Rules& rules, uint32_t properties, base::Random& random);
bool DrawTranslations(const Rules& rules, uint32_t properties,
                      base::Random& random);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_KINDS_H_
