// The notes beside the inputs that libFuzzer left (fuzz/kernel_beside.h).
#ifndef VMTRUNC_CLI_FUZZ_NOTES_H_
#define VMTRUNC_CLI_FUZZ_NOTES_H_

#include <optional>
#include <set>
#include <string>

#include "cli/fuzz_directory.h"
#include "cli/fuzz_run.h"
#include "core/model/rules.h"

namespace vmtrunc::cli {

// What the notes say of an input in the directory: the one beside it, and that
// beside its copy for the kernel of this run, CRASH-KERNEL.bytes.
struct Notes {
  bool is_noted = false;             // there is one
  std::optional<KernelSpec> first;   // of the first; nothing: it is not built
  bool is_of_this_kernel = false;    // one of them names it
  std::set<std::string> properties;  // that it violates there, as they say
};
Notes NotesBeside(const FuzzOptions& options, const FuzzDirectory& directory,
                  const std::string& name);

// Writes a note beside each file that libFuzzer left in this run, for whatever
// reason: the seed is that of its job, the properties are those that this input
// violates. So too where a job has stopped at the input of an earlier run: that
// was killed before it wrote one; or its note says less, as it was on another
// kernel, and then the note is beside a copy. Throws UsageError if writing
// fails.
void WriteNotes(const FuzzOptions& options, const FuzzDirectory& directory,
                const FuzzRun& run);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_NOTES_H_
