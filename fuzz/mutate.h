// Mutation of scripts at the level of events, for fuzzers.
#ifndef VMTRUNC_FUZZ_MUTATE_H_
#define VMTRUNC_FUZZ_MUTATE_H_

#include <cstdint>

#include "core/script.h"

namespace vmtrunc {

// A small generator (splitmix64), deterministic in its seed.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next();
  // A number below `limit`. Requires: limit > 0.
  unsigned Below(unsigned limit) {
    return static_cast<unsigned>(Next() % limit);
  }

 private:
  uint64_t state_;
};

// Verbs to choose from, a bit a verb.
using Verbs = uint32_t;
inline constexpr Verbs kAllVerbs = ~Verbs{0};

// A script with declarations that let things happen and up to three populated
// mappings.
Script RandomSetup(Random& random);

// One event with arguments near those that `script` uses already.
Event RandomEvent(const Script& script, Random& random,
                  Verbs verbs = kAllVerbs);

// Changes the script in one to four places. At most `max_events` events.
void Mutate(Script& script, size_t max_events, Random& random,
            Verbs verbs = kAllVerbs);

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_MUTATE_H_
