// A search that several machines share: each state belongs to one shard, which
// expands it once. Not as with PartOf(), whose shards do not communicate: in a
// closed world each of them would come to all states.
#ifndef VMTRUNC_SEARCH_PROVE_SHARED_H_
#define VMTRUNC_SEARCH_PROVE_SHARED_H_

#include <functional>
#include <string>

#include "search/prove.h"
#include "search/shard.h"

namespace vmtrunc::search {

struct Sharing {
  Shard shard;
  std::string directory;  // search/exchange.h
  std::string program;    // its build: all shards must be of the same one
  // May be empty. Called while it waits for another shard to have a level.
  std::function<void(unsigned shard, unsigned level)> on_wait;
};

// The shard's part of the search, level by level; between two levels the shards
// wait for one another. All return the same answer, script and sums; the
// progress is that of all but for its bytes, which are this shard's. A shard
// that was stopped or killed resumes if it is called again.
//
// Requires: options.steps_only, and neither exact, plain, a checkpoint,
// features nor phases. The shard's own directory is there, and no other process
// works in it. Throws UsageError.
ProveResult ProveShared(const Problem& problem, const ProveOptions& options,
                        const Sharing& sharing);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_PROVE_SHARED_H_
