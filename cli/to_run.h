// A script that a command runs, and who named the kernel that it runs on.
#ifndef VMTRUNC_CLI_TO_RUN_H_
#define VMTRUNC_CLI_TO_RUN_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::cli {

struct ToRun {
  std::string path;
  // On its own kernel, or on that of the note beside saved bytes: what found
  // them may have run them on another kernel than they name.
  Script script;
  const char* kernel_from;  // option, note, script, default: as --json says it
};

// The file as ReadScript() reads it. `kernels` is what was given for --kernel,
// "" if nothing was: then the note counts. Throws UsageError.
ToRun ReadToRun(const std::string& path, const std::string& from,
                const std::string& kernels);

// What a line says of saved bytes besides: "; on the kernel that ..." or "".
std::string KernelFromInWords(const ToRun& it);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_TO_RUN_H_
