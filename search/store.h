// Stores the states that a search has seen.
#ifndef VMTRUNC_SEARCH_STORE_H_
#define VMTRUNC_SEARCH_STORE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace vmtrunc::search {

// A set of fingerprints, none of them 0: open addressing, half full at most.
class Fingerprints {
 public:
  Fingerprints() : slots_(size_t{1} << 12) {}

  bool Has(uint64_t key) const { return slots_[Find(key)] == key; }
  // Returns whether it is new.
  bool Add(uint64_t key) {
    if (IsFull()) Grow([] { return false; });
    uint64_t& slot = slots_[Find(key)];
    if (slot == key) return false;
    slot = key;
    ++size_;
    return true;
  }
  // Whether the next new one makes it grow.
  bool IsFull() const { return 2 * (size_ + 1) > slots_.size(); }
  // Doubles it; may take seconds. Returns false, unchanged, if `is_over` says
  // so meanwhile.
  bool Grow(const std::function<bool()>& is_over);
  uint64_t bytes() const { return slots_.size() * sizeof(uint64_t); }
  // Bytes needed to hold `more` in addition.
  uint64_t BytesFor(uint64_t more) const;

 private:
  size_t Find(uint64_t key) const { return Find(slots_, shift_, key); }
  static size_t Find(const std::vector<uint64_t>& slots, unsigned shift,
                     uint64_t key) {
    size_t at = key * 0x9e3779b97f4a7c15U >> shift;
    while (slots[at] != 0 && slots[at] != key)
      at = (at + 1) & (slots.size() - 1);
    return at;
  }

  std::vector<uint64_t> slots_;  // 0: free
  unsigned shift_ = 64 - 12;
  size_t size_ = 0;
};

// A cache of added fingerprints, so that few are looked up twice.
class Recent {
 public:
  void Clear() { keys_.assign(kSlots, 0); }
  // Returns whether it is not among them. Requires: Clear() was called.
  bool Add(uint64_t key) {
    uint64_t& slot = keys_[key >> 1 & (kSlots - 1)];
    if (slot == key) return false;
    slot = key;
    return true;
  }

 private:
  static constexpr size_t kSlots = 1 << 12;
  std::vector<uint64_t> keys_;
};

// Appends `state` to `packed` with runs of zeros as counts. Injective.
void Pack(std::span<const uint8_t> state, std::string& packed);
// On the heap, and in a table of such.
inline uint64_t BytesOfPacked(const std::string& packed) {
  return packed.capacity() + 1 + 2 * sizeof(packed);
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_STORE_H_
