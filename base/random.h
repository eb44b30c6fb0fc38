// The random numbers of the fuzzers and the generators.
#ifndef VMTRUNC_BASE_RANDOM_H_
#define VMTRUNC_BASE_RANDOM_H_

#include <cstdint>

namespace vmtrunc::base {

// A small generator (splitmix64), deterministic in its seed.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  }
  // A number below `limit`. Requires: limit > 0.
  unsigned Below(unsigned limit) {
    return static_cast<unsigned>(Next() % limit);
  }
  // A number of [from, to]. Requires: from <= to.
  unsigned Between(unsigned from, unsigned to) {
    return from + Below(to - from + 1);
  }
  // True once in n times. Requires: n > 0.
  bool OneOf(unsigned n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_RANDOM_H_
