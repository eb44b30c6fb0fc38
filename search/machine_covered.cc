// As core/run/machine_checked.cc, and compiled as the fuzz targets compile
// that.
#include "core/model/machine-inl.h"
#include "search/covered_checker.h"

namespace vmtrunc {

template class Machine<LargeCaps, search::CoveredChecker>;

}  // namespace vmtrunc
