// What engines take beside a target, made from the code that reads the byte
// form so that it cannot go stale: a dictionary and libFuzzer's options.
#ifndef VMTRUNC_FUZZ_DICTIONARY_H_
#define VMTRUNC_FUZZ_DICTIONARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/script/script.h"

namespace vmtrunc::fuzz {

// A piece of the byte form that engines insert or write over others.
struct Token {
  std::string name;  // letters, digits and _: AFL++ takes no more
  std::vector<uint8_t> bytes;
};

// A header and a record for each event there is: `mmap` runs to its end,
// `mmap_begin` is `mmap &`.
std::vector<Token> AllTokens();

// The same of the text form: its words, and lines that are each an event.
std::vector<Token> AllTextTokens();

// As `-dict=` of libFuzzer and `-x` of afl-fuzz read it.
std::string Dictionary(const std::vector<Token>& tokens);

// The `.options` file of OSS-Fuzz for the target of that name, without a
// directory; libFuzzer's flags without the dashes. `max_len`: in bytes.
std::string Options(std::string_view target, size_t max_len);
inline constexpr size_t kMostBytes = kHeaderBytes + kRecordBytes * kMaxEvents;
inline constexpr size_t kMostText = 8192;  // of fuzz_text; a text has no end

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_DICTIONARY_H_
