// The steps of a run, a line each.
#ifndef VMTRUNC_CLI_TRACE_H_
#define VMTRUNC_CLI_TRACE_H_

#include "core/run/run.h"

namespace vmtrunc::cli {

// Prints one step: key=value, for grep.
void PrintStep(const Script& script, const TraceStep& step);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_TRACE_H_
