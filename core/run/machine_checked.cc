// The machine that Run() drives, by itself: fuzzers see the branches of this
// file alone, and pay for each of them in every execution.
#include "core/run/checker.h"
#include "core/model/machine-inl.h"

namespace vmtrunc {

template class Machine<LargeCaps, Checker<LargeCaps>>;

}  // namespace vmtrunc
