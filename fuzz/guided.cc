#include "fuzz/guided.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "core/script/script.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/status.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// libFuzzer reads this section as coverage: fuzz_truncate.cc.
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t
    g_features[vmtrunc::Checker<vmtrunc::LargeCaps>::kFeatures];

namespace vmtrunc::fuzz {
namespace {

// The rules of the first call of FuzzSteps(), which libFuzzer makes without
// bytes before it mutates anything.
std::optional<ByteMutator> g_mutator;

// A separate function: it is the top frame of the stack, by which services
// group crashes.
[[noreturn, gnu::noinline]] void ViolatesOwnProperty(const Script& script,
                                                     unsigned event,
                                                     const std::string& what) {
  std::fprintf(stderr, "violated at event %u: %s\n%s", event, what.c_str(),
               ToText(script).c_str());
  std::abort();
}

// By _exit(): libFuzzer takes exit() for a crash of the target.
void ExpectEvents() {
  const char* const events = std::getenv(kEventsVariable);
  if (events == nullptr) return;
  const auto parsed = ParseEventsVariable(events);
  if (parsed.ok()) return;
  std::fprintf(stderr, "%s: expected %s\n", kEventsVariable,
               std::string(parsed.status().message()).c_str());
  ::_exit(2);
}

}  // namespace

int FuzzSteps(std::span<const uint8_t> bytes, const Rules& rules,
              const StepProperty& property) {
  if (!g_mutator) {
    ExpectEvents();
    g_mutator.emplace(rules, LLVMFuzzerMutate);
  }
  const Script script = DecodeBytes(bytes);
  Run<LargeCaps>(script, rules, {.hash_state = false, .features = g_features});
  unsigned event = 0;
  std::string what;
  RunTraced(script, rules, [&](const TraceStep& step) {
    if (!what.empty()) return;
    event = step.event;
    what = property(step);
  });
  if (!what.empty()) ViolatesOwnProperty(script, event, what);
  return 0;
}

}  // namespace vmtrunc::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  const auto& mutator = vmtrunc::fuzz::g_mutator;
  max_size = vmtrunc::fuzz::MutableBytes(max_size);
  size = std::min(size, max_size);
  return mutator ? mutator->Mutate(data, size, max_size, seed)
                 : LLVMFuzzerMutate(data, size, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2,
                                            uint8_t* out, size_t max_out_size,
                                            unsigned seed) {
  using vmtrunc::fuzz::MutableBytes;
  const auto& mutator = vmtrunc::fuzz::g_mutator;
  return mutator ? mutator->CrossOver(std::span(data1, MutableBytes(size1)),
                                      std::span(data2, MutableBytes(size2)),
                                      out, MutableBytes(max_out_size), seed)
                 : 0;
}
