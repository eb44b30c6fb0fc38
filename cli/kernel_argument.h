// Kernels in files, where a command or a script names a kernel.
#ifndef VMTRUNC_CLI_KERNEL_ARGUMENT_H_
#define VMTRUNC_CLI_KERNEL_ARGUMENT_H_

#include <optional>
#include <string>

#include "core/model/rules.h"

namespace vmtrunc::cli {

// kRegular: not one that might have to be waited for.
enum class KernelFiles { kAny, kRegular };

// The kernel in the file that `text` names, relative to `directory`; nothing if
// it names none (fuzz::NamesKernelFile()). When a file is first read, standard
// error says what it is.
//
// Throws UsageError if the file cannot be read, is not of `files`, "FILE:LINE:
// expected ..." if it is malformed, and if another file has another kernel of
// that name, as output could not distinguish the two.
std::optional<KernelSpec> KernelInFile(const std::string& text,
                                       const std::string& directory,
                                       KernelFiles files = KernelFiles::kAny);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_KERNEL_ARGUMENT_H_
