// The same as core/run/machine_checked.cc, compiled with the flags of the fuzz
// targets.
#include "core/model/machine-inl.h"
#include "search/covered_checker.h"

namespace vmtrunc {

template class Machine<LargeCaps, search::CoveredChecker>;

}  // namespace vmtrunc
