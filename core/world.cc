#include "core/world.h"

#include <cstddef>
#include <cstring>

namespace vmtrunc {

// Multiply, fold, and a final avalanche; not keyed, so that the same state has
// the same hash everywhere.
uint64_t HashBytes(const void* bytes, size_t size) {
  const auto* from = static_cast<const unsigned char*>(bytes);
  uint64_t hash = 0x9e3779b97f4a7c15U ^ size;
  while (size > 0) {
    uint64_t word = 0;
    const size_t take = size < sizeof(word) ? size : sizeof(word);
    std::memcpy(&word, from, take);
    hash = (hash ^ word) * 0xd6e8feb86659fd93U;
    hash ^= hash >> 32;
    from += take;
    size -= take;
  }
  hash *= 0xd6e8feb86659fd93U;
  return hash ^ hash >> 29;
}

}  // namespace vmtrunc
