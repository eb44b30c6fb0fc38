// Mutation of scripts at the level of events, for fuzzers.
#ifndef VMTRUNC_SEARCH_MUTATE_H_
#define VMTRUNC_SEARCH_MUTATE_H_

#include <cstdint>

#include "base/random.h"
#include "core/script/script.h"

namespace vmtrunc::search {

// Verbs to choose from, a bit each.
using Verbs = uint32_t;
inline constexpr Verbs kAllVerbs = ~Verbs{0};
constexpr Verbs Bit(Verb verb) {
  return Verbs{1} << static_cast<unsigned>(verb);
}
// Those of large folios.
inline constexpr Verbs kFolioVerbs =
    Bit(Verb::kPin) | Bit(Verb::kUnpin) | Bit(Verb::kOrder);
inline constexpr Verbs kPassVerbs = Bit(Verb::kTruncate) | Bit(Verb::kPunch) |
                                    Bit(Verb::kInvalidate) | Bit(Verb::kRevoke);
// Those of files of one kind, or of page tables, that bounds do not have unless
// they are asked for.
inline constexpr Verbs kExtraVerbs =
    kFolioVerbs | Bit(Verb::kRevoke) | Bit(Verb::kCollapse);

// A script with random declarations and up to three populated mappings.
Script RandomSetup(base::Random& random);

// Of memory of a device only a revoke has an effect among passes, and it has
// none of other files. Makes another pass of one without, if `verbs` has that.
void FitToFile(bool is_device, unsigned size, Event& event,
               Verbs verbs = kAllVerbs);
inline void FitToFile(const Setup& setup, Event& event,
                      Verbs verbs = kAllVerbs) {
  FitToFile(setup.folios[event.file].pfn, setup.sizes[event.file], event,
            verbs);
}

// One event with arguments near those that `script` already uses.
Event RandomEvent(const Script& script, base::Random& random,
                  Verbs verbs = kAllVerbs);

// Changes the script in one to four places. At most `max_events` events.
void Mutate(Script& script, size_t max_events, base::Random& random,
            Verbs verbs = kAllVerbs);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_MUTATE_H_
