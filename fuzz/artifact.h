// Names of the files that a fuzzing executable writes: libFuzzer's, and ours.
#ifndef VMTRUNC_FUZZ_ARTIFACT_H_
#define VMTRUNC_FUZZ_ARTIFACT_H_

#include <string_view>

namespace vmtrunc::fuzz {

// An input of a corpus: 40 hexadecimal digits, the SHA-1 of its content.
bool IsHash(std::string_view name);

// An input that it stopped at: crash-, timeout-, oom-, leak- or slow-unit-, and
// a hash.
bool IsArtifact(std::string_view name);

// An input that is kept for a cause or a property, by whatever build: `prefix`,
// kCausePrefix or kBrokenPrefix (fuzz/status.h), then a number, or a property's
// name. With -2 and so on, where the name was taken. Nothing else is
// (cause-1-mine.bytes).
bool NamesInput(std::string_view name, std::string_view prefix);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_ARTIFACT_H_
