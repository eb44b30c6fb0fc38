// A script to run, and the origin of its kernel.
#ifndef VMTRUNC_CLI_TO_RUN_H_
#define VMTRUNC_CLI_TO_RUN_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::cli {

struct ToRun {
  std::string path;
  // Its own kernel, or that of the note beside saved bytes: the fuzzer may have
  // run them on another kernel than they name.
  Script script;
  const char* kernel_from;  // option, note, script, default: for --json
};

// Makes the kernel of the note beside saved bytes the script's own. Returns
// whether there is one. Throws UsageError.
bool TakeKernelBeside(const std::string& path, Script& script);

// Where a command says what of a script is not run: at its end, by a note, or
// on the line of its answer, with HowItRan().
enum class Says { kAtEnd, kOnItsLine };

// Reads the file as ReadScript() does. `kernels` is the value of --kernel, ""
// if not given: then the note counts. Throws UsageError.
ToRun ReadToRun(const std::string& path, const std::string& from,
                const std::string& kernels, Says says = Says::kAtEnd);

// Additions to the line of who has yet to run it: of saved bytes, "; on the
// kernel that ...", and what of the script is not run.
std::string HowItIsRun(const ToRun& it);

// To the line of an answer: the same, and that nothing was run.
std::string HowItRan(const ToRun& it);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_TO_RUN_H_
