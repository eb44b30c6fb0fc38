// How a command of ours begins and ends.
#ifndef VMTRUNC_BASE_PROGRAM_H_
#define VMTRUNC_BASE_PROGRAM_H_

namespace vmtrunc::base {

// Calls `program` with the arguments of main(): with the numbers 0, 1 and 2
// taken, a file that may not grow an error and not a signal, and the stack that
// is usual. Returns what it does; kExitUsage, after a line that begins with
// `name`, where what it printed could not be written.
int RunProgram(const char* name, int (*program)(int, char**), int argc,
               char** argv);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_PROGRAM_H_
