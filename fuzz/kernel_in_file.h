// Kernels in files: which words name one, and what is in it.
#ifndef VMTRUNC_FUZZ_KERNEL_IN_FILE_H_
#define VMTRUNC_FUZZ_KERNEL_IN_FILE_H_

#include <string>

#include "core/script/kernel_file.h"

namespace vmtrunc::fuzz {

// Whether `text`, where a kernel is named, is the name of a file: it has a
// slash in it or ends in .kernel, or it is no built-in kernel and `path`, where
// the file would be, is one.
bool NamesKernelFile(const std::string& text, const std::string& path);

// Throws UsageError if the file cannot be read, "FILE:LINE: expected ..." if it
// is malformed. Prints nothing.
KernelFile ReadKernelFile(const std::string& path);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_KERNEL_IN_FILE_H_
