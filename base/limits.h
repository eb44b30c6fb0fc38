// What this machine lets the process have.
#ifndef VMTRUNC_BASE_LIMITS_H_
#define VMTRUNC_BASE_LIMITS_H_

#include <cstdint>
#include <string>

namespace vmtrunc::base {

// Memory that can still be had: bytes, and whose limit that is: "ulimit -v",
// "ulimit -d", "the memory control group", "the memory of the machine".
struct MemoryRoom {
  uint64_t bytes;
  std::string whose;
};

// The least of the limits of the process, of its memory control group and of
// the groups around that (both versions, wherever they are mounted), and of the
// machine. What is in use is taken off; what the kernel would give back of
// itself, the page cache, is not. `proc` is where procfs is: another in tests.
MemoryRoom FindMemoryRoom(const std::string& proc = "/proc");

// Of that, what tables may be planned to take: the rest is for what is not
// counted (threads, the heap's own, what is being worked on).
uint64_t MemoryLimit();

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_LIMITS_H_
