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
#include "fuzz/effective.h"
#include "search/mutate.h"

namespace vmtrunc::fuzz {

// Changes `size` bytes at `data` in place, as the engine does by itself, and
// returns the new size.
using BlindMutation = size_t(uint8_t* data, size_t size, size_t max_size);

// The value of VMTRUNC_VERBS. InvalidArgument, with what is expected, if a word
// is no verb.
absl::StatusOr<search::Verbs> ParseVerbsVariable(std::string_view value);

// That of this process, checked before; all verbs if it is unset.
search::Verbs VerbsFromEnvironment();

// The value of VMTRUNC_EVENTS. InvalidArgument, with what is expected, if it is
// no number of events.
absl::StatusOr<size_t> ParseEventsVariable(std::string_view value);

// Events in an input of at most `max_size` bytes.
size_t EventsThatFit(size_t max_size);

// How much of an input of that many bytes, or of a buffer, is for a mutator: at
// most the events of VMTRUNC_EVENTS (checked before; all if it is unset), so
// that an engine can have room for inputs that are longer than what it makes.
size_t MutableBytes(size_t bytes);

// Deterministic in the bytes, the seed and the constructor's arguments. Both
// calls run the model; `before`, if not null, gets what they run before it runs
// (fuzz/aware.h).
class ByteMutator {
 public:
  // Operations are drawn that can have an effect under `rules`, of the verbs in
  // VMTRUNC_VERBS (checked before). `blind` gets a share of the calls, so that
  // every input is reachable; null if the engine mutates blindly by itself.
  ByteMutator(const Rules& rules, BlindMutation* blind);

  // Changes the script in the first `size` bytes of the buffer `data` of
  // `max_size` bytes, and returns the new size.
  size_t Mutate(uint8_t* data, size_t size, size_t max_size, uint64_t seed,
                const Before* before = nullptr) const;

  // Writes a prefix of `head` and a suffix of `tail` to the buffer `out` of
  // `max_size` bytes, and returns their size; 0: no room.
  size_t CrossOver(std::span<const uint8_t> head, std::span<const uint8_t> tail,
                   uint8_t* out, size_t max_size, uint64_t seed,
                   const Before* before = nullptr) const;

 private:
  Rules rules_;
  BlindMutation* blind_;
  search::Verbs verbs_;
};

// For targets that run on the kernel of the script: gives it another kernel, or
// flips a rule, in the first `size` bytes of the buffer `data` of `max_size`
// bytes. Returns the new size. Deterministic in its arguments.
size_t MutateKernel(uint8_t* data, size_t size, size_t max_size, uint64_t seed);

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_MUTATE_BYTES_H_
