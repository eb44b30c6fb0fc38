// Reads whole files.
#ifndef VMTRUNC_BASE_READ_H_
#define VMTRUNC_BASE_READ_H_

#include <cstddef>
#include <optional>
#include <string>

namespace vmtrunc::base {

// A script has 256 events; endless files (/dev/zero) are no scripts.
inline constexpr size_t kMostInput = size_t{16} << 20;

// The whole file; "-" is standard input. Throws UsageError if it cannot be
// opened or read, is larger than kMostInput, or if IsToldToStop() while there
// is nothing to read yet.
std::string ReadFile(const std::string& path);

// The content of a regular file of at most `most` bytes; nothing if it is none,
// cannot be read, or is larger. Never blocks, as a pipe would.
std::optional<std::string> ReadWhole(const std::string& path, size_t most);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_READ_H_
