// A state that an edge leads to, before it is looked up.
#ifndef VMTRUNC_SEARCH_SUCCESSOR_H_
#define VMTRUNC_SEARCH_SUCCESSOR_H_

#include <cstdint>

#include "search/space.h"
#include "search/store.h"

namespace vmtrunc::search {

template <class C>
struct Successor {
  const State<C>* state = nullptr;  // null: there is none
  Edge edge;
  uint64_t key = 0;
  bool is_beyond = false, breaks = false;  // with either there is no key
};

// Begins to load the state's place in the set, which is mostly in no cache: the
// next state is best made before it is looked up.
template <class C>
Successor<C> Look(const Space<C>& space, const Fingerprints& seen,
                  const Edge& edge, const State<C>& next) {
  Successor<C> it{.state = &next, .edge = edge};
  it.is_beyond = space.IsBeyond(next.world);
  it.breaks = !it.is_beyond && space.Broken(next) != 0;
  if (it.is_beyond || it.breaks) return it;
  it.key = space.Key(next) | 1;  // 0 is a free slot
  seen.Prefetch(it.key);
  return it;
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SUCCESSOR_H_
