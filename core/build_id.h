// Which model a program has: two programs that talk to each other, a command
// and the fuzzing executable that it starts, must have the same.
#ifndef VMTRUNC_CORE_BUILD_ID_H_
#define VMTRUNC_CORE_BUILD_ID_H_

namespace vmtrunc {

// 16 hexadecimal digits: a hash of the sources that decide what a run does and
// what the two tell each other, whatever compiler and flags built them
// (cmake/build_id.cmake).
const char* BuildId();

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_BUILD_ID_H_
