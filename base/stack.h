// The stack that a program has, whatever `ulimit -s` says.
#ifndef VMTRUNC_BASE_STACK_H_
#define VMTRUNC_BASE_STACK_H_

namespace vmtrunc::base {

// Calls `program` with the arguments of main(). A world is some KiB, and a
// search holds some of them: where the stack may not grow to what is usual, it
// runs in a thread with a stack of that size, as all threads have from then on.
// Returns what it does; kExitUsage, after a line, where there is no room.
int RunWithStack(int (*program)(int, char**), int argc, char** argv);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STACK_H_
