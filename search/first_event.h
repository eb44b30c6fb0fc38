// What a search can begin with. It says "holds" of a problem in which nothing
// happens too, and so do all of its parts.
#ifndef VMTRUNC_SEARCH_FIRST_EVENT_H_
#define VMTRUNC_SEARCH_FIRST_EVENT_H_

#include <cstdint>

#include "core/model/rules.h"
#include "search/bound.h"

namespace vmtrunc::search {

// In order: the greatest of several says whether one has anything.
enum class FirstEvent : uint8_t {
  kNoStart,  // no starting state fits the bound
  kNone,     // in none of them has an event an effect within the bound
  kSome,
};

// Of the whole problem, whatever part of it is searched.
FirstEvent FirstEventOf(const Problem& problem, const Rules& rules);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_FIRST_EVENT_H_
