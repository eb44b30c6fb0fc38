// Reads any bytes as the text form (fuzz/check_text.h).
//
//   fuzz_text -dict=build/release/bin/fuzz_text.dict -max_total_time=60 CORPUS
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/check_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string wrong =
      vmtrunc::fuzz::WrongWithText({reinterpret_cast<const char*>(data), size});
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "fuzz_text: %s\n", wrong.c_str());
  std::abort();
}
