// The empty target: what an execution costs before anything is done. The
// benchmark states fuzz_truncate's speed as a ratio to it.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
