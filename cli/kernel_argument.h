// Kernels of one's own, where a command or a script names a kernel.
#ifndef VMTRUNC_CLI_KERNEL_ARGUMENT_H_
#define VMTRUNC_CLI_KERNEL_ARGUMENT_H_

#include <optional>
#include <string>

#include "core/script/kernel_file.h"
#include "core/model/rules.h"

namespace vmtrunc::cli {

// The kernel in the file that `text` names; nothing where it names none. It is
// a file's name if it has a slash in it or ends in .kernel, or if it is no
// kernel that is built and there is such a file; relative to `directory`.
// The first time that a file is read, standard error says what it is.
//
// Throws UsageError where the file cannot be read, "FILE:LINE: expected ..."
// where it is no kernel, and where another file has another kernel of that
// name: two could not be distinguished in what is printed.
std::optional<KernelSpec> KernelInFile(const std::string& text,
                                       const std::string& directory);

// The file alone, and nothing said of it.
KernelFile ReadKernelFile(const std::string& path);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_KERNEL_ARGUMENT_H_
