// The notes beside the inputs that libFuzzer left (fuzz/kernel_beside.h).
#ifndef VMTRUNC_CLI_FUZZ_NOTES_H_
#define VMTRUNC_CLI_FUZZ_NOTES_H_

#include "cli/fuzz_directory.h"
#include "cli/fuzz_run.h"

namespace vmtrunc::cli {

// Writes a note beside each file that libFuzzer left in this run, for whatever
// reason: the seed is that of its job, the properties are those that this input
// violates. Also beside the file of an earlier run that was killed before it
// wrote one, if a job has stopped at the same input. Throws UsageError if
// writing fails.
void WriteNotes(const FuzzOptions& options, const FuzzDirectory& directory,
                const FuzzRun& run);

}  // namespace vmtrunc::cli

#endif  // VMTRUNC_CLI_FUZZ_NOTES_H_
