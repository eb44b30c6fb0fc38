// Files for fuzzing engines beside a target, generated from the code that reads
// the byte form so that they are always current: a dictionary and libFuzzer's
// options.
#ifndef VMTRUNC_FUZZ_DICTIONARY_H_
#define VMTRUNC_FUZZ_DICTIONARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc::fuzz {

// A piece of the byte form that engines insert or overwrite with.
struct Token {
  std::string name;  // letters, digits and _: AFL++ accepts no others
  std::vector<uint8_t> bytes;
};

// A header and a record for each possible event: `mmap` runs to completion,
// `mmap_begin` is `mmap &`.
std::vector<Token> AllTokens();

// The same for the text form: its keywords, and lines that are each an event.
std::vector<Token> AllTextTokens();

// In the format of libFuzzer's `-dict=` and afl-fuzz's `-x`.
std::string Dictionary(const std::vector<Token>& tokens);

// The `.options` file of OSS-Fuzz for the target of that name, without a
// directory; libFuzzer's flags without the dashes. `max_len`: in bytes.
std::string Options(std::string_view target, size_t max_len);
inline constexpr size_t kMostBytes = kHeaderBytes + kRecordBytes * kMaxEvents;
// Of fuzz_text, whose inputs are unbounded.
inline constexpr size_t kMostText = 8192;

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_DICTIONARY_H_
