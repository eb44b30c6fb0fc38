// The cheapest of some sets that together have all that they have.
#ifndef VMTRUNC_SEARCH_SET_COVER_H_
#define VMTRUNC_SEARCH_SET_COVER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vmtrunc::search {

class Solver;

struct CoverProblem {
  std::vector<std::vector<uint32_t>> sets;  // of elements, ascending
  std::vector<uint64_t> weights;            // one a set
};

struct CoverResult {
  std::vector<uint32_t> chosen;  // numbers of sets, ascending
  size_t at_least = 0;           // no cover has fewer sets
  bool is_proved = false;        // nor one with as few less weight
  size_t greedy = 0;             // sets that the greedy way takes
  size_t forced = 0;             // sets that the reductions alone have chosen
  size_t left = 0;               // sets among which the solver had to choose
};

// As few sets as possible, and of as few the least weight. Exact unless
// `seconds` of the solver's are up: then the best that it knows, or the greedy
// choice. Deterministic where it is exact, but for ties in weight.
CoverResult SmallestCover(const CoverProblem& problem, const Solver& solver,
                          double seconds);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SET_COVER_H_
