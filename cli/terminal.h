// What standard output goes to: a terminal, how wide it is, whether it takes
// colours.
#ifndef VMTRUNC_CLI_TERMINAL_H_
#define VMTRUNC_CLI_TERMINAL_H_

#include <string>

#include "report/explain/text.h"

namespace vmtrunc::cli {

// `colour`: always, never, or auto, which is on a terminal unless NO_COLOR is
// set to anything or TERM says that it is dumb. A terminal is as wide as
// COLUMNS or, where that is not set, as it says itself; all else is
// kTextColumns wide, so that what goes into a file or a pipe is the same
// everywhere.
report::Look LookOfOutput(const std::string& colour);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_TERMINAL_H_
