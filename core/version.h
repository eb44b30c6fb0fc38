// The versions of the formats that leave the program, each defined only here.
// The formats: docs/format.md. The project's own version is in CMakeLists.txt.
//
// A number changes if a reader of the old format would misread the new one, or
// could not read it; additions (a verb, a rule, a member of an object) change
// none.
#ifndef VMTRUNC_CORE_VERSION_H_
#define VMTRUNC_CORE_VERSION_H_

#include <cstdint>

namespace vmtrunc {

inline constexpr int kTextVersion = 1;       // `vmtrunc 1` on the first line
inline constexpr uint8_t kBytesVersion = 1;  // byte 0
inline constexpr int kKernelVersion = 1;     // `vmtrunc-kernel 1` on the first
inline constexpr int kJsonVersion = 1;       // "version" of --json, of all
inline constexpr int kAbstractVersion = 3;   // of prove --abstract-to
// Of a checkpoint of prove, a digit at the end of its first eight bytes.
inline constexpr int kCheckpointVersion = 4;

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_VERSION_H_
