// Candidate replacement events for shrinking a script.
#ifndef VMTRUNC_SEARCH_ALTERNATIVES_H_
#define VMTRUNC_SEARCH_ALTERNATIVES_H_

#include <vector>

#include "search/cost.h"

namespace vmtrunc::search {

// All verbs, by the tasks of the script, over ranges that begin and end where
// its ranges do: hundreds.
std::vector<Event> Alternatives(const Draft& draft);

// Events that differ in one field from a given one; declarations in a number.
std::vector<Event> Near(const Event& event);
std::vector<Setup> Near(const Setup& setup);

// The same pass with another verb; another operation unchanged.
std::vector<Event> OtherPasses(const Event& pass, const Setup& setup);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_ALTERNATIVES_H_
