// The step from which a violation could not be avoided any more.
#ifndef VMTRUNC_REPORT_EXPLAIN_NO_RETURN_H_
#define VMTRUNC_REPORT_EXPLAIN_NO_RETURN_H_

#include <optional>

#include "report/explain/cause.h"

namespace vmtrunc::report {

// Goes back from the row that violates, and looks at each for a way out
// (NoReturn): depth first, states by a hash of the world, of what the checker
// remembers and of the operations that have begun. Empty when even the state
// before the first row has none. Looks at kMostLooked states at most, and at no
// run longer than kLongest (13 KB a step).
std::optional<NoReturn> FindNoReturn(const Story& story);
inline constexpr size_t kMostLooked = 100'000;
inline constexpr size_t kLongest = 8192;

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_NO_RETURN_H_
