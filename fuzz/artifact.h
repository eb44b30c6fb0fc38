// Names of the files that libFuzzer writes.
#ifndef VMTRUNC_FUZZ_ARTIFACT_H_
#define VMTRUNC_FUZZ_ARTIFACT_H_

#include <string_view>

namespace vmtrunc::fuzz {

// An input of a corpus: 40 hexadecimal digits, the SHA-1 of its content.
bool IsHash(std::string_view name);

// An input that it stopped at: crash-, timeout-, oom-, leak- or slow-unit-, and
// a hash.
bool IsArtifact(std::string_view name);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_ARTIFACT_H_
