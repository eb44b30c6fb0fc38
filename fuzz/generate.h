// New random scripts for a kernel, by the generators that know no state and by
// those that do.
#ifndef VMTRUNC_FUZZ_GENERATE_H_
#define VMTRUNC_FUZZ_GENERATE_H_

#include <cstdint>

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"
#include "fuzz/effective.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// Removes operations of excluded verbs.
void KeepVerbs(Script& script, search::Verbs verbs);

// A script of search::MakeScript(), with what this kernel has beyond single
// pages and ptes, as these properties need it (search/kinds.h).
Script MakeFor(const Rules& rules, uint32_t properties, unsigned events,
               base::Random& random);

// Such a script, for all properties, or one of WeaveScript(). Not all of its
// verbs are of `verbs`. `before` may be null: as of WeaveScript().
Script Generate(const Rules& rules, unsigned events, search::Verbs verbs,
                base::Random& random, const Before* before = nullptr);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_GENERATE_H_
