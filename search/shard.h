// A part of a problem, for one of many machines that do not communicate.
//
// Every run begins at one starting state. So these are distributed, and what
// holds in every part holds in the problem. A state that several starting
// states lead to is explored in several parts: the price of independence
// (docs/cluster.md). If there are more parts than starting states, parts share
// a starting state and take turns at the operation that starts first in it; a
// part without a first operation is empty.
#ifndef VMTRUNC_SEARCH_SHARD_H_
#define VMTRUNC_SEARCH_SHARD_H_

#include <cstddef>

#include "search/bound.h"

namespace vmtrunc::search {

struct Shard {
  unsigned number = 0, shards = 1;  // number < shards
};

// Requires: the problem is whole.
Problem PartOf(const Problem& problem, Shard shard);

// Whether shards of one starting state differ in the first operation.
bool SplitsByFirstOperation(const Problem& problem, unsigned shards);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SHARD_H_
