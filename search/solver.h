// The solver of integer programs, loaded when somebody asks for it: with what
// it links it takes longer to load than all else that the command starts with,
// and `distill` alone needs it.
#ifndef VMTRUNC_SEARCH_SOLVER_H_
#define VMTRUNC_SEARCH_SOLVER_H_

#include <vector>

#include "absl/status/statusor.h"

namespace vmtrunc::search {

// Choose columns, each at its cost, so that each row has at least one of those
// chosen. Column i is in the rows elements[starts[i]] up to elements[starts[i +
// 1]], ascending.
struct BinaryProgram {
  int rows = 0;
  std::vector<int> starts = {0};
  std::vector<int> elements;
  std::vector<double> costs;
};

struct Solution {
  std::vector<bool> is_chosen;  // empty if none was found
  bool is_optimal = false;
  double at_least = 0;  // no choice costs less
};

class Solver {
 public:
  // Fails where the library cannot be loaded; the message says why, in a line.
  static absl::StatusOr<Solver> Load();

  // As cheap as it gets within `seconds`. Deterministic if it is not cut short.
  Solution Minimise(const BinaryProgram& program, double seconds) const;

 private:
  struct Functions;
  explicit Solver(const Functions* functions) : functions_(functions) {}
  const Functions* functions_;  // loaded until the process ends
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SOLVER_H_
