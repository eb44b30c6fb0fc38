// The main of fuzz_truncate under AFL++: its driver, which also passes
// libFuzzer's extra counters to AFL++.
//
// VMTRUNC_NO_FEATURES  edges alone, as in plain AFL++
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "core/check.h"
#include "core/run/checker.h"
#include "fuzz/status.h"

extern "C" {
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerRunDriver(int* argc, char*** argv,
                        int (*run)(const uint8_t* data, size_t size));
// AFL++'s coverage map of the current execution, a byte for each guard. It
// moves when the map is shared with afl-fuzz.
extern uint8_t* __afl_area_ptr;
// Numbers the guards in [start, stop), one byte of the map each.
void __sanitizer_cov_trace_pc_guard_init(uint32_t* start, uint32_t* stop);
// The linker's names for the ends of the section (fuzz_truncate.cc).
extern uint8_t __start___libfuzzer_extra_counters[];
extern uint8_t __stop___libfuzzer_extra_counters[];
}

namespace {

constexpr size_t kFeatures = vmtrunc::Checker<vmtrunc::LargeCaps>::kFeatures;
static_assert(kFeatures % sizeof(uint64_t) == 0);

// One guard for each counter: AFL++ gives each a byte of its map, as for an
// edge. Zero until then.
std::array<uint32_t, kFeatures> g_guards{};

// Before main, where the guards of edges are numbered too: the map's size is
// fixed when the fork server starts.
__attribute__((constructor)) void ReserveMap() {
  if (std::getenv(vmtrunc::fuzz::kNoFeaturesVariable) != nullptr) return;
  __sanitizer_cov_trace_pc_guard_init(g_guards.data(),
                                      g_guards.data() + g_guards.size());
}

int RunAndShowFeatures(const uint8_t* data, size_t size) {
  uint8_t* const counters = __start___libfuzzer_extra_counters;
  std::memset(counters, 0, kFeatures);
  LLVMFuzzerTestOneInput(data, size);
  if (g_guards[0] == 0) return 0;
  for (size_t i = 0; i < kFeatures; i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, counters + i, sizeof(word));
    if (word == 0) continue;  // most are
    for (size_t k = i; k < i + sizeof(word); ++k)
      if (counters[k] != 0) __afl_area_ptr[g_guards[k]] = counters[k];
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  VMT_CHECK(static_cast<size_t>(__stop___libfuzzer_extra_counters -
                                __start___libfuzzer_extra_counters) ==
            kFeatures);
  return LLVMFuzzerRunDriver(&argc, &argv, RunAndShowFeatures);
}
