// The phases that operations of a problem may have, and those that states of a
// search are in: what is left was never reached.
#ifndef VMTRUNC_SEARCH_REACHED_H_
#define VMTRUNC_SEARCH_REACHED_H_

#include "core/model/where.h"
#include "search/prove.h"
#include "search/space.h"

namespace vmtrunc::search {

// The phases that the problem's operations may have, whatever the kernel.
PhaseSet PhasesOf(const Problem& problem);

// Adds the phases of what is in flight after each step of an edge that has an
// effect. With `reduce` an edge is several steps, which are made again for
// this. An operation or a `finish` that runs as a whole is one step here: its
// steps are edges too.
template <class C>
void NotePath(const Space<C>& space, const ProveOptions& options,
              const State<C>& from, const Edge& edge, PhaseSet& phases);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_REACHED_H_
