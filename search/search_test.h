// Helpers for the tests of exhaustive search.
#ifndef VMTRUNC_SEARCH_SEARCH_TEST_H_
#define VMTRUNC_SEARCH_SEARCH_TEST_H_

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>

#include "core/run/scripts_test.h"
#include "search/bound.h"
#include "search/mutate.h"

namespace vmtrunc::search {

inline Script ReadScript(const std::filesystem::path& path) {
  std::ifstream in(path);
  return *ParseText(std::string(std::istreambuf_iterator<char>(in), {}));
}

constexpr Verbs Of(std::initializer_list<Verb> all) {
  Verbs verbs = 0;
  for (const Verb verb : all) verbs |= Bit(verb);
  return verbs;
}

// Two processes that map one page, a pass and `operations` others, of which
// `operations` + 1 may be in flight.
constexpr Bound TwoMms(Verbs verbs, unsigned operations) {
  return {.name = "two-mms",
          .pages = 1,
          .first_addr = 15,
          .end_addr = 17,
          .mms = 2,
          .vmas = 4,
          .passes = 1,
          .operations = operations,
          .in_flight = operations + 1,
          .verbs = verbs,
          .private_too = false};
}

// One process, a pass and another operation, two in flight: at most a few ten
// thousand states.
constexpr Bound OneMm(Verbs verbs, bool private_too = false) {
  return {.name = "one-mm",
          .pages = 2,
          .first_addr = 15,
          .end_addr = 17,
          .mms = 1,
          .vmas = 4,
          .passes = 1,
          .operations = 1,
          .in_flight = 2,
          .verbs = verbs,
          .private_too = private_too};
}

// Two passes over one page, and operations that can split its vma.
inline constexpr Bound kTwoPassesOfAPage = {
    .name = "two-passes",
    .pages = 1,
    .first_addr = 15,
    .end_addr = 17,
    .mms = 1,
    .vmas = 4,
    .passes = 2,
    .operations = 1,
    .in_flight = 2,
    .verbs = Of({Verb::kMunmap, Verb::kTruncate, Verb::kInvalidate}),
    .private_too = false};

// A fault and a truncation of a file of one folio of two pages, or of one each,
// and who holds a reference to it.
constexpr Bound Pinned(bool shmem, Verbs verbs = 0) {
  Bound bound = OneMm(verbs | Of({Verb::kWrite, Verb::kTruncate, Verb::kPin,
                                  Verb::kUnpin, Verb::kOrder}));
  bound.name = "pinned";
  bound.folios = {.shmem = shmem, .low = 0, .high = 1};
  bound.pins = 1;
  return bound;
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SEARCH_TEST_H_
