// A part of a problem, for one of many machines that do not speak with one
// another.
//
// Every run begins at one start. So the starts are dealt out, and what holds in
// every part holds in the problem. A state that several starts lead to is
// explored in several parts: that is what the silence costs (docs/cluster.md).
// Where there are more parts than starts, parts share a start and take turns at
// the operation that begins first in it; a part that no first operation is left
// for is empty.
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

// Whether shards of one start differ in what begins first.
bool SplitsByFirstOperation(const Problem& problem, unsigned shards);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SHARD_H_
