// Stores the states that a search has seen.
#ifndef VMTRUNC_SEARCH_STORE_H_
#define VMTRUNC_SEARCH_STORE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace vmtrunc::search {

// A set of fingerprints, none of them 0.
//
// Each of its parts is a table in the order of a hash, with gaps: a fingerprint
// is at the place that its hash has in proportion, or after it in the same run.
// So a search for one that is not there ends at the first larger one, and a
// table that is nearly full is still fast. A part grows by a quarter, in its
// place, each part at another size, so all of it takes some 10.5 bytes a
// fingerprint at all times.
class Fingerprints {
 public:
  Fingerprints();

  bool Has(uint64_t key) const {
    const uint64_t hash = Mixed(key);
    const Part& part = PartOf(hash);
    return part.slots[part.Find(hash)] == hash;
  }
  // Begins to load what Has() or Add() of the key will look at.
  void Prefetch(uint64_t key) const {
    const uint64_t hash = Mixed(key);
    const Part& part = PartOf(hash);
    __builtin_prefetch(&part.slots[part.PlaceOf(hash)]);
  }
  // Returns whether it is new. std::bad_alloc leaves the set as it was. Threads
  // may add at once if no two of their keys have one part.
  bool Add(uint64_t key);
  unsigned PartNumber(uint64_t key) const { return PartNumberOf(Mixed(key)); }

  uint64_t bytes() const;
  // Bytes that hold `more` in addition.
  uint64_t BytesFor(uint64_t more) const;

 private:
  static constexpr unsigned kPartBits = 6;
  static constexpr size_t kSpare = 64;  // slots after the last place

  struct Part {
    struct Free {
      void operator()(uint64_t* slots) const { std::free(slots); }
    };
    std::unique_ptr<uint64_t[], Free> slots;  // 0: a gap; the last one is one
    size_t places = 0;  // that hashes have; kSpare slots come after them
    size_t size = 0;

    // Where the hash is, or where it would go.
    size_t Find(uint64_t hash) const {
      size_t at = PlaceOf(hash);
      while (slots[at] != 0 && slots[at] < hash) ++at;
      return at;
    }
    size_t PlaceOf(uint64_t hash) const {
      return static_cast<size_t>(
          static_cast<unsigned __int128>(hash << kPartBits) * places >> 64);
    }
    size_t slots_count() const { return places + kSpare; }
    bool IsFull() const {
      return 20 * size >= 17 * places || slots[slots_count() - 2] != 0;
    }
    void Grow(size_t wider);
  };

  // One to one, and 0 of 0 alone.
  static uint64_t Mixed(uint64_t key) { return key * 0x9e3779b97f4a7c15U; }
  static unsigned PartNumberOf(uint64_t hash) {
    return static_cast<unsigned>(hash >> (64 - kPartBits));
  }
  const Part& PartOf(uint64_t hash) const { return parts_[PartNumberOf(hash)]; }

  std::vector<Part> parts_;
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
