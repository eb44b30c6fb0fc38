// Reads whole files.
#ifndef VMTRUNC_BASE_READ_H_
#define VMTRUNC_BASE_READ_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace vmtrunc::base {

// A script has 256 events; endless files (/dev/zero) are no scripts.
inline constexpr size_t kMostInput = size_t{16} << 20;

// The whole file; "-" is standard input. Throws UsageError if it cannot be
// opened or read, is larger than `most`, or if IsToldToStop() while there is
// nothing to read yet.
std::string ReadFile(const std::string& path, size_t most = kMostInput);

// The file counts as read by ReadFile().
void NoteRead(const std::string& path);

// Whether ReadFile() has read this file, or a link to it: inputs are kept.
// Throws UsageError if that cannot be found out.
bool WasRead(const std::string& path);
bool WasRead(int file);

// The content of a regular file of at most `most` bytes; nothing if it is none,
// cannot be read, or is larger. Never blocks, as a pipe would.
std::optional<std::string> ReadWhole(const std::string& path, size_t most);

// The same, but throws UsageError where a file cannot be opened or read, of
// which nobody knows what it has: no permission, no descriptor left.
std::optional<std::string> ReadKnown(const std::string& path, size_t most);

// The same, but nothing only if there is no such file. Throws UsageError if it
// is no regular file, cannot be read, or is larger.
std::optional<std::string> ReadIfThere(const std::string& path, size_t most);

// The first `most` bytes of such a file, whatever follows.
std::optional<std::string> ReadStart(const std::string& path, size_t most);

// Whether no regular file can have the name that open() failed for: none is
// there, or a link that leads nowhere, a socket, a device without a driver.
bool IsNoFile(int error);

// Calls `take` for each line that has an end, without it, and never holds more
// than one line of `most` bytes. Returns what is after them, which has no end:
// "" as a rule, and where there is no file. Throws UsageError where it is no
// regular file, a read fails, or more than `most` bytes have no end.
std::string ReadLines(const std::string& path, size_t most,
                      const std::function<void(const std::string&)>& take);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_READ_H_
