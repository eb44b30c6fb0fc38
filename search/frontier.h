// The states of a level, kept whole until they are expanded: a reduced search
// would make the many steps of their last moves again to rebuild them from
// their trails.
#ifndef VMTRUNC_SEARCH_FRONTIER_H_
#define VMTRUNC_SEARCH_FRONTIER_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace vmtrunc::search {

// States of one kind, packed: of the words of a state those that differ from
// the words of another, of which a level has many alike.
template <class T>
class Packer {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);

 public:
  explicit Packer(const T& base) { std::memcpy(base_, &base, sizeof(base)); }

  // For each 64 words a mask of those that differ, and by which bits.
  void Pack(const T& state, std::vector<uint64_t>& packed) const {
    uint64_t words[kWords];
    std::memcpy(words, &state, sizeof(state));
    uint64_t out[kWords + kMasks];
    size_t at = 0;
    for (size_t from = 0; from < kWords; from += 64) {
      const size_t end = std::min(kWords, from + 64);
      uint64_t mask = 0;
      for (size_t i = from; i < end; ++i)
        mask |= uint64_t{words[i] != base_[i]} << (i - from);
      out[at++] = mask;
      for (; mask != 0; mask &= mask - 1) {
        const size_t i = from + static_cast<size_t>(std::countr_zero(mask));
        out[at++] = words[i] ^ base_[i];
      }
    }
    packed.insert(packed.end(), out, out + at);
  }

  // Takes a packed state from words that come one after another. What is none
  // fails there.
  template <class Words>
  void Take(Words& words, std::vector<uint64_t>& packed) const {
    packed.clear();
    for (size_t from = 0; from < kWords; from += 64) {
      const uint64_t mask = words.Take();
      if (kWords - from < 64 && mask >> (kWords - from) != 0) words.Fail();
      packed.push_back(mask);
      for (int left = std::popcount(mask); left > 0; --left)
        packed.push_back(words.Take());
    }
  }

  void Unpack(const uint64_t* packed, T& state) const {
    uint64_t words[kWords];
    std::memcpy(words, base_, sizeof(words));
    for (size_t from = 0; from < kWords; from += 64)
      for (uint64_t mask = *packed++; mask != 0; mask &= mask - 1)
        words[from + static_cast<size_t>(std::countr_zero(mask))] ^= *packed++;
    std::memcpy(static_cast<void*>(&state), words, sizeof(state));
  }

 private:
  static constexpr size_t kWords = sizeof(T) / 8;
  static constexpr size_t kMasks = (kWords + 63) / 64;

  uint64_t base_[kWords];
};

// States by their place in the level: the first ones, as many as there is room
// for.
class Frontier {
 public:
  void Begin(std::vector<uint64_t>&& packed) {
    bytes_ += packed.capacity() * sizeof(uint64_t);
    buffers_.push_back(std::move(packed));
  }
  // The state with this place is at `offset` of the last buffer. Ignored if the
  // one before it was not kept.
  void Keep(size_t place, size_t offset) {
    if (place != where_.size()) return;
    where_.push_back({static_cast<uint32_t>(buffers_.size() - 1),
                      static_cast<uint32_t>(offset)});
  }

  bool Has(size_t place) const { return place < where_.size(); }
  // The state, packed. Requires: Has(place).
  const uint64_t* At(size_t place) const {
    const auto [buffer, offset] = where_[place];
    return buffers_[buffer].data() + offset;
  }

  uint64_t bytes() const {
    return bytes_ + where_.capacity() * sizeof(where_[0]);
  }

 private:
  std::vector<std::vector<uint64_t>> buffers_;
  std::vector<std::pair<uint32_t, uint32_t>> where_;  // buffer, offset
  uint64_t bytes_ = 0;                                // of the buffers
};

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_FRONTIER_H_
