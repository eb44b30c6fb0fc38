// Reads from a place of a file.
#ifndef VMTRUNC_BASE_READ_AT_H_
#define VMTRUNC_BASE_READ_AT_H_

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace vmtrunc::base {

// Bytes that were read from there on: fewer than `size` at the end of the file,
// and `error` is 0 then, or after an error, as errno.
inline size_t ReadAt(int file, uint64_t at, void* to, size_t size, int& error) {
  size_t had = 0;
  error = 0;
  while (had < size) {
    const ssize_t got = ::pread(file, static_cast<char*>(to) + had, size - had,
                                static_cast<off_t>(at + had));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    had += static_cast<size_t>(got);
  }
  return had;
}

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_READ_AT_H_
