// What a job of a search finds in the states that it expands.
#ifndef VMTRUNC_SEARCH_FOUND_H_
#define VMTRUNC_SEARCH_FOUND_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "search/store.h"
#include "search/trail.h"

namespace vmtrunc::search {

struct Candidate {
  uint64_t key;
  Node node;
};

// The successors of one chunk of states.
struct Found {
  std::vector<Candidate> candidates;
  std::vector<std::string> states;  // of these, packed, with `exact` alone
  std::vector<uint8_t> is_new;      // each, when they are merged
  std::vector<uint64_t> worlds;     // of the first of these, for the frontier
  std::vector<uint32_t> offsets;    // of each in it
  uint64_t transitions = 0, beyond = 0;
  // A violation after an edge, there or when the script ends there.
  bool breaks = false;
  Node next;  // the first such edge
};

// Adds the candidates to the set and marks those that are new: of candidates
// that are one state, the first. Most of this time memory is waited for, so
// each job adds to parts of its own. Lowers `jobs` where threads are few;
// throws std::bad_alloc, with some of them added.
void MarkNew(std::span<Found> all, Fingerprints& seen, unsigned& jobs);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_FOUND_H_
