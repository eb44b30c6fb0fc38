#include "fuzz/mutate_bytes.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/script.h"
#include "fuzz/aware.h"
#include "fuzz/status.h"

namespace vmtrunc {
namespace {

Verbs VerbsFromEnvironment() {
  const char* verbs = std::getenv(kVerbsVariable);
  return verbs == nullptr
             ? kAllVerbs
             : static_cast<Verbs>(std::strtoul(verbs, nullptr, 10));
}

bool HasRoom(size_t max_size) {
  return max_size >= kHeaderBytes + kRecordBytes;
}

size_t MaxEvents(size_t max_size) {
  return (max_size - kHeaderBytes) / kRecordBytes;
}

size_t Encode(const Script& script, uint8_t* out) {
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  std::copy(bytes.begin(), bytes.end(), out);
  return bytes.size();
}

// Blind mutation knows no verbs: without the operations that are not to be.
size_t KeepVerbs(uint8_t* data, size_t size, Verbs verbs) {
  if (verbs == kAllVerbs || size < kHeaderBytes) return size;
  Script script = DecodeBytes(std::span(data, size));
  std::erase_if(script.events, [&](const Event& event) {
    return event.verb != Verb::kNone &&
           (verbs >> static_cast<unsigned>(event.verb) & 1) == 0;
  });
  return Encode(script, data);
}

}  // namespace

ByteMutator::ByteMutator(const Rules& rules, BlindMutation* blind)
    : rules_(rules), blind_(blind), verbs_(VerbsFromEnvironment()) {}

size_t ByteMutator::Mutate(uint8_t* data, size_t size, size_t max_size,
                           uint64_t seed) const {
  Random random(seed);
  if (!HasRoom(max_size) || random.Below(16) == 0) {
    if (blind_ != nullptr)
      return KeepVerbs(data, blind_(data, size, max_size), verbs_);
    if (!HasRoom(max_size)) return size;
  }
  Script script = size < kHeaderBytes || random.Below(64) == 0
                      ? RandomSetup(random)
                      : DecodeBytes(std::span(data, size));
  script.kernel.reset();
  MutateAware(script, MaxEvents(max_size), rules_, random, verbs_);
  return Encode(script, data);
}

size_t ByteMutator::CrossOver(std::span<const uint8_t> head,
                              std::span<const uint8_t> tail, uint8_t* out,
                              size_t max_size, uint64_t seed) const {
  if (!HasRoom(max_size)) return 0;
  Random random(seed);
  Script script = Splice(DecodeBytes(head), DecodeBytes(tail),
                         MaxEvents(max_size), rules_, random);
  script.kernel.reset();
  return Encode(script, out);
}

}  // namespace vmtrunc
