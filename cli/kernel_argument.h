// Kernels in files, where a command or a script names a kernel.
#ifndef VMTRUNC_CLI_KERNEL_ARGUMENT_H_
#define VMTRUNC_CLI_KERNEL_ARGUMENT_H_

#include <optional>
#include <string>

#include "core/script/kernel_file.h"
#include "core/model/rules.h"

namespace vmtrunc::cli {

// The kernel in the file that `text` names; nothing if it names none. It is a
// file name if it has a slash in it or ends in .kernel, or if it is no built-in
// kernel and such a file exists; relative to `directory`. When a file is first
// read, standard error says what it is.
//
// Throws UsageError if the file cannot be read, "FILE:LINE: expected ..." if it
// is malformed, and if another file has another kernel of that name, as output
// could not distinguish the two.
std::optional<KernelSpec> KernelInFile(const std::string& text,
                                       const std::string& directory);

// Reads the file only, and prints nothing.
KernelFile ReadKernelFile(const std::string& path);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_KERNEL_ARGUMENT_H_
