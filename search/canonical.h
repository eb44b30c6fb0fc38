// The normal form of a state: what exhaustive search recognises it by.
#ifndef VMTRUNC_SEARCH_CANONICAL_H_
#define VMTRUNC_SEARCH_CANONICAL_H_

#include <cstdint>
#include <vector>

#include "core/run/checker.h"
#include "core/model/world.h"

namespace vmtrunc::search {

// What is left out or renamed, because nothing that can happen depends on it:
//   1  slots of the slab: vmas in use come in the order of mm, state and
//      address, free ones in the order in which they will be handed out.
//      Slot 0 stays: it is not to be in use, for it stands for none
//   2  births: a remembered vma is the one it was, or it is not
//   3  counts: those of passes that occur become 1, 2, ... in their order,
//      where they stand beside a page (core/model/mark.h) too; restart
//      addresses stay. Not where one comes near the first leap
//   4  ptes of addresses that no vma has, and operations of idle tasks
// `plain` leaves out and renames nothing: for the test that both agree. `extra`
// is what else the future depends on.
template <class C>
void CanonicalBytes(const World<C>& world, const Rules& rules, uint64_t extra,
                    bool plain, std::vector<uint8_t>& bytes);

// A hash of these.
template <class C>
uint64_t Fingerprint(const World<C>& world, const Rules& rules, uint64_t extra,
                     bool plain);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_CANONICAL_H_
