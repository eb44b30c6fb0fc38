// A libFuzzer target for a user's property, guided like fuzz_truncate: by
// abstract states of the model, and with its mutator. docs/library.md.
#ifndef VMTRUNC_FUZZ_GUIDED_H_
#define VMTRUNC_FUZZ_GUIDED_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/run/run.h"

namespace vmtrunc::fuzz {

// The violation at a step, in words; "" if the property holds.
using StepProperty = std::function<std::string(const TraceStep&)>;

// The body of LLVMFuzzerTestOneInput(): runs the bytes as a script under
// `rules` and calls `property` after each step. On a violation it prints the
// event, the words and the script on standard error, and aborts; libFuzzer
// writes the input, which `vmtrunc run` reads. The mutator draws operations
// that can have an effect under the rules of the first call.
int FuzzSteps(std::span<const uint8_t> bytes, const Rules& rules,
              const StepProperty& property);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_GUIDED_H_
