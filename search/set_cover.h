// The smallest selection of sets that covers all elements.
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
  std::vector<uint32_t> chosen;  // indices of sets, ascending
  size_t at_least = 0;           // lower bound of the number of sets
  bool is_proved = false;        // proved optimal, in sets and then in weight
  size_t greedy = 0;             // sets that the greedy choice takes
  size_t forced = 0;             // sets that the reductions alone have chosen
  size_t left = 0;               // sets among which the solver had to choose
};

// As few sets as possible, then as little weight. Exact unless the solver uses
// up its `seconds`: then its best, or the greedy choice. Deterministic if
// exact, except for ties in weight.
CoverResult SmallestCover(const CoverProblem& problem, const Solver& solver,
                          double seconds);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SET_COVER_H_
