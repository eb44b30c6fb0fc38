#include "search/store.h"

#include <algorithm>

namespace vmtrunc::search {

uint64_t Fingerprints::BytesFor(uint64_t more) const {
  uint64_t slots = slots_.size();
  while (2 * (size_ + more + 1) > slots) slots *= 2;
  const uint64_t bytes = slots * sizeof(uint64_t);
  return slots == slots_.size() ? bytes : bytes + this->bytes();
}

bool Fingerprints::Grow(const std::function<bool()>& is_over) {
  constexpr size_t kLook = 1 << 18;  // slots between two calls of is_over
  std::vector<uint64_t> wide(slots_.size() * 2);
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (i % kLook == 0 && is_over()) return false;
    if (slots_[i] != 0) wide[Find(wide, shift_ - 1, slots_[i])] = slots_[i];
  }
  slots_.swap(wide);
  --shift_;
  return true;
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
