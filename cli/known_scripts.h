// The scripts that say which violations are known: --known.
#ifndef VMTRUNC_CLI_KNOWN_SCRIPTS_H_
#define VMTRUNC_CLI_KNOWN_SCRIPTS_H_

#include <string>
#include <vector>

#include "campaign/known.h"

namespace vmtrunc::cli {

// The scripts in files below these places; default: those of the sources that
// the command was built from, or that are installed with it. If there are none,
// says on standard error that nothing is known, and where it looked. Throws
// UsageError if a place that is given has no file.
std::vector<campaign::KnownScript> ReadKnown(
    const std::vector<std::string>& places);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_KNOWN_SCRIPTS_H_
