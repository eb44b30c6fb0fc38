// Properties of standard output: whether it is a terminal, its width and
// colours.
#ifndef VMTRUNC_CLI_TERMINAL_H_
#define VMTRUNC_CLI_TERMINAL_H_

#include <string>

#include "report/explain/text.h"

namespace vmtrunc::cli {

// `colour`: always, never, or auto, which means on a terminal unless NO_COLOR
// is set or TERM says that it is dumb. A terminal's width is COLUMNS or, if
// that is not set, its own; otherwise it is kTextColumns, so that files and
// pipes get the same output everywhere.
report::Look LookOfOutput(const std::string& colour);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_TERMINAL_H_
