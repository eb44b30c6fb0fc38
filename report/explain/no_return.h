// The step after which a violation cannot be avoided.
#ifndef VMTRUNC_REPORT_EXPLAIN_NO_RETURN_H_
#define VMTRUNC_REPORT_EXPLAIN_NO_RETURN_H_

#include <optional>

#include "report/explain/cause.h"

namespace vmtrunc::report {

// Searches backwards from the violating row, and at each row for a way out
// (NoReturn): depth first, with states hashed by the world, the checker's state
// and the operations that have started. Empty if even the state before the
// first row has none. Visits at most kMostLooked states, and no run longer than
// kLongest (13 KB a step).
std::optional<NoReturn> FindNoReturn(const Story& story);
inline constexpr size_t kMostLooked = 100'000;
inline constexpr size_t kLongest = 8192;

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_NO_RETURN_H_
