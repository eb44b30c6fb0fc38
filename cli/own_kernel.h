// vmtrunc kernels FILE: compares a kernel in a file with the built-in ones.
#ifndef VMTRUNC_CLI_OWN_KERNEL_H_
#define VMTRUNC_CLI_OWN_KERNEL_H_

#include <string>

namespace vmtrunc::cli {

// Returns the exit status.
int PrintOwnKernel(const std::string& path, bool as_json);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_OWN_KERNEL_H_
