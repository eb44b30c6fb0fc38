#include "core/model/world.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace vmtrunc {
namespace {

constexpr uint64_t kMultiplier = 0xd6e8feb86659fd93U;

uint64_t Fold(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * kMultiplier;
  return hash ^ hash >> 32;
}

}  // namespace

// Multiply and fold, in four lanes that do not wait for each other, and a final
// avalanche; not keyed, so that the same state has the same hash everywhere.
uint64_t HashBytes(const void* bytes, size_t size) {
  const auto* from = static_cast<const unsigned char*>(bytes);
  std::array<uint64_t, 4> lanes = {0x9e3779b97f4a7c15U ^ size,
                                   0xc2b2ae3d27d4eb4fU, 0x165667b19e3779f9U,
                                   0x27d4eb2f165667c5U};
  std::array<uint64_t, 4> words;
  for (; size >= sizeof(words); size -= sizeof(words), from += sizeof(words)) {
    std::memcpy(words.data(), from, sizeof(words));
    for (size_t i = 0; i < 4; ++i) lanes[i] = Fold(lanes[i], words[i]);
  }
  words = {};
  if (size > 0) std::memcpy(words.data(), from, size);
  uint64_t hash = 0;
  for (size_t i = 0; i < 4; ++i)
    hash = Fold(hash, lanes[i] + Fold(hash, words[i]));
  hash *= kMultiplier;
  return hash ^ hash >> 29;
}

}  // namespace vmtrunc
