// The machine of core/run/machine_checked.cc once more, which no engine
// instruments.
#include "core/model/machine-inl.h"
#include "fuzz/plain_checker.h"

namespace vmtrunc {

template class Machine<LargeCaps, fuzz::PlainChecker>;

}  // namespace vmtrunc
