// Files that the command line of a fuzz target names, to be run once each.
#ifndef VMTRUNC_FUZZ_NAMED_INPUT_H_
#define VMTRUNC_FUZZ_NAMED_INPUT_H_

#include <string>

#include "fuzz/settings.h"

namespace vmtrunc::fuzz {

// Why the run of the file would be of something else, as an error, or "". An
// engine gives a target a file as it is: the letters of a text as bytes, and
// bytes without the note beside them, which may name another kernel than the
// target would run them on. Of nothing in a file an engine runs nothing. Of
// what is no regular file: "". Throws UsageError if the file or a note cannot
// be read.
std::string WhyNotAsItIs(const std::string& path, const Settings& settings);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_NAMED_INPUT_H_
