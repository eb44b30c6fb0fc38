// How each of our commands starts and ends.
#ifndef VMTRUNC_BASE_PROGRAM_H_
#define VMTRUNC_BASE_PROGRAM_H_

namespace vmtrunc::base {

// Calls `program` with the arguments of main(). Descriptors 0, 1 and 2 are
// open, exceeding a file size limit is an error and not a signal, a limit of
// processor time ends the program with kExitRanOut, how a child ended is kept
// until somebody waits for it, and the stack has its usual size. Returns its
// result; or kExitUsage, after a line that begins with `name`, if it throws a
// UsageError or a std::exception, or its output could not be written; where
// nobody reads that, EndWithoutReader().
int RunProgram(const char* name, int (*program)(int, char**), int argc,
               char** argv);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_PROGRAM_H_
