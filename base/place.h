// Where a command may replace what is there.
#ifndef VMTRUNC_BASE_PLACE_H_
#define VMTRUNC_BASE_PLACE_H_

#include <string>
#include <vector>

namespace vmtrunc::base {

// Not a link to one either.
bool IsRegularFile(const std::string& path);

// Whether the file that is open is still the one of that name, and no link to
// it: it, or its directory, may have been moved away, and another's be there.
bool IsStill(int file, const std::string& path);

// `path` is canonical.
bool IsMountPoint(const std::string& path);

// Throws UsageError where nothing may be replaced: no name, the root, the
// working or the home directory or what is around them, a mount point, an input
// or what is in it or around it. `option` says whose value it is: "-o".
void ExpectReplaceable(const std::string& option, const std::string& directory,
                       const std::vector<std::string>& inputs);

// Throws UsageError where `output`, the value of `option`, is the file of
// `input`: what is read is kept.
void ExpectOtherFile(const std::string& option, const std::string& output,
                     const std::string& input);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_PLACE_H_
