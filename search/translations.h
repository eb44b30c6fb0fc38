// Translations that outlive their ptes, and memory of devices, in random
// scripts.
#ifndef VMTRUNC_SEARCH_TRANSLATIONS_H_
#define VMTRUNC_SEARCH_TRANSLATIONS_H_

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"

namespace vmtrunc::search {

// Whether translations can outlive their ptes on a kernel with these rules.
inline bool HasTranslations(const Rules& rules) {
  return !rules.each_pte_flushed;
}

// Only the declarations: translations outlive their ptes (`tlb`); sometimes a
// file, the first or a second one, is memory of a device, with the operations
// on it made such that they can have an effect; often two tasks share an mm.
void DeclareTranslations(Script& script, base::Random& random);

// Those, and events that such scripts are about: operations that are stopped
// when ptes have gone and flushes are owed, and others beside them. For kernels
// with HasTranslations(): others run the script as if it did not say tlb.
void AddTranslations(Script& script, base::Random& random);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_TRANSLATIONS_H_
