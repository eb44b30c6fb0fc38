// What engines take beside a target, made from the code that reads the byte
// form so that it cannot go stale: a dictionary and libFuzzer's options.
#ifndef VMTRUNC_FUZZ_DICTIONARY_H_
#define VMTRUNC_FUZZ_DICTIONARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/script.h"

namespace vmtrunc {

// A piece of the byte form that engines insert or write over others.
struct Token {
  std::string name;  // letters, digits and _: AFL++ takes no more
  std::vector<uint8_t> bytes;
};

// A header and a record for each event there is: `mmap` runs to its end,
// `mmap_begin` is `mmap &`.
std::vector<Token> AllTokens();

// As `-dict=` of libFuzzer and `-x` of afl-fuzz read it.
std::string Dictionary();

// The `.options` file of OSS-Fuzz for the target of that name, without a
// directory; libFuzzer's flags without the dashes.
std::string Options(std::string_view target);

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_DICTIONARY_H_
