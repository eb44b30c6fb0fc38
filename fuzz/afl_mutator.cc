// Our mutator as a library for afl-fuzz:
//
//   AFL_CUSTOM_MUTATOR_LIBRARY=build/afl/bin/libafl_mutator.so afl-fuzz ...
//
// AFL++'s own stages mutate blindly beside it; AFL_CUSTOM_MUTATOR_ONLY=1
// switches them off. AFL++ ignores the target's LLVMFuzzerCustomMutator, and
// -G: scripts get VMTRUNC_EVENTS events at most, 32 by default, or as many as
// the input had.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.h"
#include "core/script/script.h"
#include "fuzz/mutate_bytes.h"
#include "fuzz/status.h"

namespace {

// As in `vmtrunc fuzz`: longer scripts run slower and find little more.
constexpr size_t kDefaultEvents = 32;

// How often an input is mutated in a row; AFL++'s own number is hundreds, which
// gives less depth.
constexpr unsigned kMutationsAnInput = 64;

[[noreturn]] void Usage(const std::string& what) {
  std::fprintf(stderr, "afl_mutator: %s\n", what.c_str());
  std::exit(2);
}

vmtrunc::Rules RulesFromEnvironment() {
  const char* verbs = std::getenv(vmtrunc::fuzz::kVerbsVariable);
  const auto parsed =
      vmtrunc::fuzz::ParseVerbsVariable(verbs != nullptr ? verbs : "");
  if (verbs != nullptr && !parsed.ok())
    Usage(std::string(vmtrunc::fuzz::kVerbsVariable) + "=" + verbs +
          ": expected " + std::string(parsed.status().message()));
  const char* kernel = std::getenv(vmtrunc::fuzz::kKernelVariable);
  const auto spec = vmtrunc::ParseKernelSpec(
      kernel != nullptr ? kernel : vmtrunc::fuzz::kDefaultKernel);
  if (!spec.ok())
    Usage(std::string(vmtrunc::fuzz::kKernelVariable) + "=" + kernel +
          ": expected " + std::string(spec.status().message()));
  return spec->rules();
}

size_t EventsFromEnvironment() {
  const char* events = std::getenv(vmtrunc::fuzz::kEventsVariable);
  if (events == nullptr) return kDefaultEvents;
  const auto number = vmtrunc::fuzz::ParseEventsVariable(events);
  if (!number.ok())
    Usage(std::string(vmtrunc::fuzz::kEventsVariable) + "=" + events +
          ": expected " + std::string(number.status().message()));
  return *number;
}

// The state of one afl-fuzz between calls. It mutates blindly by itself.
struct Mutator {
  explicit Mutator(unsigned seed) : seeds(seed) {}
  vmtrunc::base::Random seeds;
  vmtrunc::fuzz::ByteMutator mutator{RulesFromEnvironment(), nullptr};
  size_t max_bytes =
      vmtrunc::kHeaderBytes + vmtrunc::kRecordBytes * EventsFromEnvironment();
  std::vector<uint8_t> bytes;  // the result of the last call
};

}  // namespace

// The library is built with hidden visibility, so that it does not meet
// symbols of afl-fuzz; these are what afl-fuzz looks up.
#define VMTRUNC_EXPORT extern "C" __attribute__((visibility("default")))

VMTRUNC_EXPORT void* afl_custom_init(void* /*afl*/, unsigned seed) {
  return new Mutator(seed);
}

// Half of the results with two inputs are spliced, as in libFuzzer.
VMTRUNC_EXPORT size_t afl_custom_fuzz(void* data, const uint8_t* input,
                                      size_t size, uint8_t** output,
                                      const uint8_t* other, size_t other_size,
                                      size_t max_size) {
  auto* m = static_cast<Mutator*>(data);
  const size_t room = std::min(max_size, std::max(m->max_bytes, size));
  m->bytes.assign(std::max(room, size), 0);
  *output = m->bytes.data();
  const uint64_t seed = m->seeds.Next();
  if (other != nullptr && m->seeds.Below(2) == 0)
    return m->mutator.CrossOver({input, size}, {other, other_size},
                                m->bytes.data(), room, seed);
  std::copy_n(input, size, m->bytes.begin());
  return m->mutator.Mutate(m->bytes.data(), size, room, seed);
}

VMTRUNC_EXPORT unsigned afl_custom_fuzz_count(void* /*data*/,
                                              const uint8_t* /*input*/,
                                              size_t /*size*/) {
  return kMutationsAnInput;
}

VMTRUNC_EXPORT void afl_custom_deinit(void* data) {
  delete static_cast<Mutator*>(data);
}
