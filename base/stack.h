// Gives a program its usual stack, whatever `ulimit -s` is.
#ifndef VMTRUNC_BASE_STACK_H_
#define VMTRUNC_BASE_STACK_H_

namespace vmtrunc::base {

// Calls `program` with the arguments of main(). A world is some KiB, and a
// search holds some of them: if the stack may not grow to the usual size, the
// program runs in a thread with a stack of that size, and so do all later
// threads. Returns its result, or kExitUsage, after a line, if there is no
// room.
int RunWithStack(int (*program)(int, char**), int argc, char** argv);

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STACK_H_
