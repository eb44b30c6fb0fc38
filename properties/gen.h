// The scripts of search/make.h, for rapidcheck.
#ifndef VMTRUNC_PROPERTIES_GEN_H_
#define VMTRUNC_PROPERTIES_GEN_H_

#include <rapidcheck.h>

#include "core/model/rules.h"
#include "properties/properties.h"
#include "search/kinds.h"
#include "search/make.h"

namespace vmtrunc::properties {

using search::Scripts;

inline constexpr unsigned kScriptEvents = 32;

// Scripts of `events` events, at every size: rapidcheck's size narrows nothing,
// since SmallerScripts() does the shrinking. One in 128 is longer.
rc::Gen<Script> AnyScript(unsigned events = kScriptEvents);

// Scripts of the kind for a kernel. Where page tables move or go while their
// vma stays, some begin with that, as the fuzzer's do (search/tables.h).
rc::Gen<Script> AnyScriptOf(Scripts kind, const Rules& rules);

}  // namespace vmtrunc::properties

namespace rc {

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
