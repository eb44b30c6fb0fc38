#include "core/about/abstract_state.h"

#include <array>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/run/checker.h"

namespace vmtrunc {
namespace {

// The factors in the order in which CountFeatures() multiplies them.
constexpr const char* kCount[] = {"count older or none", "count of the pass",
                                  "count newer",         "restart at its start",
                                  "restart within it",   "restart beyond it"};
constexpr const char* kWalk[] = {"walk not there", "walk in it",
                                 "walk was there"};
constexpr const char* kPte[] = {"no pte in range", "ptes in range"};
constexpr const char* kLink[] = {"linked", "linked in a reused struct",
                                 "not linked"};
constexpr const char* kBegin[] = {"begins in range", "begins before the range"};
constexpr const char* kMover[] = {"mmap",   "munmap", "mprotect",
                                  "mremap", "fault",  "fork",
                                  "exit",   "remap",  "pass"};
constexpr const char* kDropped[] = {"lock held or free", "lock dropped"};

struct Factor {
  const char* const* words;
  unsigned size;
};
constexpr Factor kFactors[] = {
    {kCount, std::size(kCount)},    {kWalk, std::size(kWalk)},
    {kPte, std::size(kPte)},        {kLink, std::size(kLink)},
    {kBegin, std::size(kBegin)},    {kMover, std::size(kMover)},
    {kDropped, std::size(kDropped)}};

constexpr unsigned Product() {
  unsigned product = 1;
  for (const Factor& factor : kFactors) product *= factor.size;
  return product;
}
static_assert(Product() == Checker<LargeCaps>::kFeatures);

}  // namespace

std::string DescribeState(unsigned state) {
  VMT_CHECK(state < Product());
  std::array<const char*, std::size(kFactors)> words{};
  for (size_t i = std::size(kFactors); i-- > 0;) {
    words[i] = kFactors[i].words[state % kFactors[i].size];
    state /= kFactors[i].size;
  }
  return absl::StrCat(words[0], ", ", words[1], ", ", words[2], ", ", words[3],
                      ", ", words[4], "; ", words[5], " has moved; ", words[6]);
}

}  // namespace vmtrunc
