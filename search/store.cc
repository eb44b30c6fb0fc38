#include "search/store.h"

#include <algorithm>
#include <new>

namespace vmtrunc::search {

Fingerprints::Fingerprints() : parts_(size_t{1} << kPartBits) {
  // From 64 to 80.
  for (size_t i = 0; i < parts_.size(); ++i) parts_[i].Grow(64 + i / 4);
}

bool Fingerprints::Add(uint64_t key) {
  const uint64_t hash = Mixed(key);
  Part& part = parts_[PartNumberOf(hash)];
  size_t at = part.Find(hash);
  if (part.slots[at] == hash) return false;
  while (part.IsFull()) {
    part.Grow(part.places + part.places / 4);
    at = part.Find(hash);
  }
  size_t gap = at;
  while (part.slots[gap] != 0) ++gap;
  std::copy_backward(&part.slots[at], &part.slots[gap], &part.slots[gap] + 1);
  part.slots[at] = hash;
  ++part.size;
  return true;
}

uint64_t Fingerprints::bytes() const {
  uint64_t slots = 0;
  for (const Part& part : parts_) slots += part.slots_count();
  return slots * sizeof(uint64_t);
}

uint64_t Fingerprints::BytesFor(uint64_t more) const {
  // As large as a part is that has just grown, and another one of that size:
  // where memory cannot grow in its place it is there twice for a while.
  uint64_t size = more;
  for (const Part& part : parts_) size += part.size;
  const uint64_t places = size * 20 / 17 * 5 / 4;
  const uint64_t spare = parts_.size() * 2 * kSpare;
  const uint64_t slots = places + places / parts_.size() + spare;
  return std::max(bytes(), slots * sizeof(uint64_t));
}

// Moves all to the end, then each to its new place or after the one before it.
// What has not been moved yet is never overwritten, as all of it fits after it.
void Fingerprints::Part::Grow(size_t wider) {
  const size_t old = slots == nullptr ? 0 : slots_count();
  const size_t count = wider + kSpare;
  void* const grown = std::realloc(slots.get(), count * sizeof(uint64_t));
  if (grown == nullptr) throw std::bad_alloc();
  slots.release();
  slots.reset(static_cast<uint64_t*>(grown));
  places = wider;
  uint64_t* to = &slots[count];
  for (size_t i = old; i-- > 0;)
    if (slots[i] != 0) *--to = slots[i];
  const uint64_t* from = to;
  uint64_t* const end = &slots[count];
  size_t next = 0;
  while (from != end) {
    const uint64_t hash = *from++;
    const size_t at = std::max(next, PlaceOf(hash));
    std::fill(&slots[next], &slots[at], 0);
    slots[at] = hash;
    next = at + 1;
  }
  std::fill(&slots[next], end, 0);
}

// A byte with the number of zeros, one with the number of others, then those.
void Pack(std::span<const uint8_t> state, std::string& packed) {
  constexpr size_t kMost = 255;
  const auto run = [&](size_t from, bool zeros) {
    size_t end = from;
    while (end < state.size() && end - from < kMost &&
           (state[end] == 0) == zeros)
      ++end;
    return end;
  };
  for (size_t at = 0; at < state.size();) {
    const size_t others = run(at, true);
    const size_t next = run(others, false);
    packed += static_cast<char>(others - at);
    packed += static_cast<char>(next - others);
    for (size_t i = others; i < next; ++i)
      packed += static_cast<char>(state[i]);
    at = next;
  }
}

}  // namespace vmtrunc::search
