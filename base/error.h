// How a command fails, and its exit statuses.
#ifndef VMTRUNC_BASE_ERROR_H_
#define VMTRUNC_BASE_ERROR_H_

#include <string>

namespace vmtrunc::base {

inline constexpr int kExitHeld = 0;
inline constexpr int kExitBroken = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRanOut = 3;  // ran out or stopped: no answer

// Bad usage or input, or a resource that the machine refuses. `what` is the
// line for standard error.
struct UsageError {
  std::string what;
};

// A directory that a command works in was exchanged, or is lost: why, thrown.
[[noreturn]] void FailExchanged(const std::string& directory);

// "PATH: what errno means", thrown. The path is shown as Shown() does.
[[noreturn]] void FailPath(const std::string& path, int error);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_ERROR_H_
