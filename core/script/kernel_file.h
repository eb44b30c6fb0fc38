// A kernel in a file: a built-in kernel with some rules flipped, a name, and
// reasons. docs/kernels.md describes the format.
#ifndef VMTRUNC_CORE_SCRIPT_KERNEL_FILE_H_
#define VMTRUNC_CORE_SCRIPT_KERNEL_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/model/rules.h"

namespace vmtrunc {

inline constexpr size_t kMostKernelFile = size_t{64} << 10;

struct KernelFile {
  struct Flip {
    size_t rule;      // its number
    std::string why;  // the comment in its line, or ""
    unsigned line;
  };

  std::string name;
  uint8_t base = 0;  // number in AllKernels()
  std::vector<Flip> flips;
  std::vector<std::string> comments;  // in lines of their own

  KernelSpec spec() const;
};

// InvalidArgument, "LINE: expected ...", if the text is malformed, the name is
// that of a built-in kernel, or a line has no effect.
absl::StatusOr<KernelFile> ParseKernelFile(std::string_view text);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_SCRIPT_KERNEL_FILE_H_
