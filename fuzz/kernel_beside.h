// The origin of a saved input: a note beside it, FILE.md, for bytes that do not
// contain the kernel that they ran on.
#ifndef VMTRUNC_FUZZ_KERNEL_BESIDE_H_
#define VMTRUNC_FUZZ_KERNEL_BESIDE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/model/rules.h"

namespace vmtrunc::fuzz {

struct InputNote {
  KernelSpec kernel;     // that the input was run on
  std::string property;  // that it violates there, with commas between, or ""
  std::string options;   // that a replay needs, each followed by a space
  uint32_t seed = 0;     // of the process that ran it; 0: unknown
};

// The note's text, for the input in `path`, which has this content.
std::string NoteText(const InputNote& note, const std::string& path,
                     const std::string& content);

// The kernel and the properties that the note beside `path` names; nothing if
// there is no note, or if it belongs to another input (another file has the
// name now). Throws UsageError if it names a kernel that is not built, or
// cannot be read.
std::optional<InputNote> NoteBeside(const std::string& path);

// Its kernel, for who runs the input: no output replaces the note then.
std::optional<KernelSpec> KernelBeside(const std::string& path);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_KERNEL_BESIDE_H_
