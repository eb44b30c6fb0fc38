// Our mutator on the byte form, as fuzzing engines call it: libFuzzer's
// LLVMFuzzerCustomMutator and AFL++'s afl_custom_fuzz are both this.
#ifndef VMTRUNC_FUZZ_MUTATE_BYTES_H_
#define VMTRUNC_FUZZ_MUTATE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/model/rules.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// Changes `size` bytes at `data` in place, as the engine does without us, and
// returns how many there are now.
using BlindMutation = size_t(uint8_t* data, size_t size, size_t max_size);

// What VMTRUNC_VERBS says. InvalidArgument, what is expected, where a word is
// no verb.
absl::StatusOr<search::Verbs> ParseVerbsVariable(std::string_view value);

// Deterministic in the bytes, the seed and what it was made with.
class ByteMutator {
 public:
  // Operations are chosen that can have an effect under `rules`, of the verbs
  // that VMTRUNC_VERBS has (it was looked at before). `blind` gets a share of
  // the calls, so that nothing is out of reach; null where the engine mutates
  // blindly by itself.
  ByteMutator(const Rules& rules, BlindMutation* blind);

  // Changes the script in the first `size` bytes at `data`, which has room for
  // `max_size`, and returns how many bytes it has now.
  size_t Mutate(uint8_t* data, size_t size, size_t max_size,
                uint64_t seed) const;

  // Writes the beginning of `head` and an end of `tail` to `out`, which has
  // room for `max_size`, and returns how many bytes that is; 0: no room.
  size_t CrossOver(std::span<const uint8_t> head, std::span<const uint8_t> tail,
                   uint8_t* out, size_t max_size, uint64_t seed) const;

 private:
  Rules rules_;
  BlindMutation* blind_;
  search::Verbs verbs_;
};

// For targets that run on the kernel of the script: gives it another, or turns
// a rule round, in the first `size` bytes at `data`, which has room for
// `max_size`. Returns how many bytes there are now. Deterministic in all of it.
size_t MutateKernel(uint8_t* data, size_t size, size_t max_size, uint64_t seed);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_MUTATE_BYTES_H_
