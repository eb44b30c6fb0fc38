// The empty target: the fixed cost of an execution. The benchmark states
// fuzz_truncate's speed as a ratio to it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "fuzz/status.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned) {
  static const bool same =
      std::getenv(vmtrunc::fuzz::kNoMutationVariable) != nullptr;
  return same ? size : LLVMFuzzerMutate(data, size, max_size);
}
