// The memory that this process may use.
#ifndef VMTRUNC_BASE_LIMITS_H_
#define VMTRUNC_BASE_LIMITS_H_

#include <cstdint>
#include <string>

namespace vmtrunc::base {

// Available memory in bytes, and what limits it: "ulimit -v", "ulimit -d", "the
// memory control group", "the memory of the machine".
struct MemoryRoom {
  uint64_t bytes;
  std::string whose;
};

// The smallest of the limits of the process, of its memory control group and
// that group's ancestors (both versions, wherever they are mounted), and of the
// machine. Memory in use is subtracted, except the page cache, which the kernel
// can reclaim. `proc`: where procfs is mounted; tests use another directory.
MemoryRoom FindMemoryRoom(const std::string& proc = "/proc");

// The part of it that tables may use: the rest is for memory that is not
// counted (threads, heap overhead, work in progress).
uint64_t MemoryLimit();

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_LIMITS_H_
