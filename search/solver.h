// The solver of integer programs, loaded on demand: it takes longer to load
// than everything else at a start of the command, and only `distill` needs it.
#ifndef VMTRUNC_SEARCH_SOLVER_H_
#define VMTRUNC_SEARCH_SOLVER_H_

#include <vector>

#include "absl/status/statusor.h"

namespace vmtrunc::search {

// Chooses columns, each with a cost, so that each row has at least one of them.
// Column i is in the rows elements[starts[i]] up to elements[starts[i + 1]],
// ascending.
struct BinaryProgram {
  int rows = 0;
  std::vector<int> starts = {0};
  std::vector<int> elements;
  std::vector<double> costs;
};

struct Solution {
  std::vector<bool> is_chosen;  // empty if none was found
  bool is_optimal = false;
  double at_least = 0;  // lower bound of the cost
};

class Solver {
 public:
  // Fails if the library cannot be loaded; the message is one line.
  static absl::StatusOr<Solver> Load();

  // The best solution within `seconds`. Deterministic if it is not cut short.
  Solution Minimise(const BinaryProgram& program, double seconds) const;

 private:
  struct Functions;
  explicit Solver(const Functions* functions) : functions_(functions) {}
  const Functions* functions_;  // loaded until the process ends
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SOLVER_H_
