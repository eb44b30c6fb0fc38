// Identifies the model of a program: a command and the fuzzing executable that
// it runs must have the same.
#ifndef VMTRUNC_CORE_BUILD_ID_H_
#define VMTRUNC_CORE_BUILD_ID_H_

namespace vmtrunc {

// 16 hexadecimal digits: a hash of the sources that determine a run and the
// communication of the two programs, independent of compiler and flags
// (cmake/build_id.cmake).
const char* BuildId();

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_BUILD_ID_H_
