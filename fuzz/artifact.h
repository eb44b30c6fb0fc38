// Names that libFuzzer gives to the files that it writes.
#ifndef VMTRUNC_FUZZ_ARTIFACT_H_
#define VMTRUNC_FUZZ_ARTIFACT_H_

#include <string_view>

namespace vmtrunc::fuzz {

// An input of a corpus: 40 hexadecimal digits, the SHA-1 of what is in it.
bool IsHash(std::string_view name);

// What it stopped at: crash-, timeout-, oom-, leak- or slow-unit-, and a hash.
bool IsArtifact(std::string_view name);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_ARTIFACT_H_
