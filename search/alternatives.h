// Events that are worth trying in the place of others when a script is shrunk.
#ifndef VMTRUNC_SEARCH_ALTERNATIVES_H_
#define VMTRUNC_SEARCH_ALTERNATIVES_H_

#include <vector>

#include "search/cost.h"

namespace vmtrunc::search {

// All verbs, by the tasks that the script has, over ranges that begin and end
// where its own do: hundreds.
std::vector<Event> Alternatives(const Draft& draft);

// Events that differ from one in one thing; declarations in a number.
std::vector<Event> Near(const Event& event);
std::vector<Setup> Near(const Setup& setup);

// The same pass, and what another verb makes of it; of another operation, that
// alone.
std::vector<Event> OtherPasses(const Event& pass, const Setup& setup);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_ALTERNATIVES_H_
