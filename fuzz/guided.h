// A libFuzzer target for a property of one's own, guided as fuzz_truncate is:
// by abstract states of the model, and with its mutator. docs/library.md.
#ifndef VMTRUNC_FUZZ_GUIDED_H_
#define VMTRUNC_FUZZ_GUIDED_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/run/run.h"

namespace vmtrunc::fuzz {

// What of a step violates the property, in words; "" where it holds.
using StepProperty = std::function<std::string(const TraceStep&)>;

// What LLVMFuzzerTestOneInput() is to return: runs the bytes as a script under
// `rules` and asks `property` after each step. Where it is violated, prints the
// event, the words and the script on standard error, and aborts; libFuzzer
// writes the input, which `vmtrunc run` reads. The mutator draws operations
// that can have an effect under the rules of the first call.
int FuzzSteps(std::span<const uint8_t> bytes, const Rules& rules,
              const StepProperty& property);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_GUIDED_H_
