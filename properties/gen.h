// The scripts of search/make.h, for rapidcheck.
#ifndef VMTRUNC_PROPERTIES_GEN_H_
#define VMTRUNC_PROPERTIES_GEN_H_

#include <rapidcheck.h>

#include "search/make.h"

namespace vmtrunc::properties {

inline constexpr unsigned kScriptEvents = 32;

// Scripts of `events` events, at every size: rapidcheck's size narrows nothing,
// since SmallerScripts() does the shrinking. One in 128 is longer.
rc::Gen<Script> AnyScript(unsigned events = kScriptEvents);

}  // namespace vmtrunc::properties

namespace vmtrunc::properties {

// A script with large folios.
struct FolioScript {
  Script script;
};
rc::Gen<FolioScript> AnyFolioScript();

void showValue(const FolioScript& it, std::ostream& os);

// A script with translations that outlive their ptes, sometimes with large
// folios too.
struct TranslationScript {
  Script script;
};
rc::Gen<TranslationScript> AnyTranslationScript();

void showValue(const TranslationScript& it, std::ostream& os);

}  // namespace vmtrunc::properties

namespace rc {

template <>
struct Arbitrary<vmtrunc::properties::FolioScript> {
  static Gen<vmtrunc::properties::FolioScript> arbitrary() {
    return vmtrunc::properties::AnyFolioScript();
  }
};

template <>
struct Arbitrary<vmtrunc::properties::TranslationScript> {
  static Gen<vmtrunc::properties::TranslationScript> arbitrary() {
    return vmtrunc::properties::AnyTranslationScript();
  }
};

template <>
struct Arbitrary<vmtrunc::Script> {
  static Gen<vmtrunc::Script> arbitrary() {
    return vmtrunc::properties::AnyScript();
  }
};

}  // namespace rc

namespace vmtrunc::properties {

// How rapidcheck shows a script: as text.
void showValue(const Script& script, std::ostream& os);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_GEN_H_
