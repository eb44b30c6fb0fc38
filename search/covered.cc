#include "search/covered.h"

#include <algorithm>
#include <bit>

#include "core/check.h"
#include "core/run/drive-inl.h"
#include "search/covered_checker.h"

namespace {

// The counters of search/machine_covered.cc, the one file that has any.
uint8_t* g_first = nullptr;
uint8_t* g_end = nullptr;

}  // namespace

// What -fsanitize-coverage=inline-8bit-counters calls, before main.
extern "C" void __sanitizer_cov_8bit_counters_init(char* first, char* end) {
  g_first = reinterpret_cast<uint8_t*>(first);
  g_end = reinterpret_cast<uint8_t*>(end);
}

namespace vmtrunc::search {

#ifdef __clang__
using Watched = CoveredChecker;
#else
using Watched = Checker<LargeCaps>;  // no copy, no counters
#endif

size_t BranchCount() { return static_cast<size_t>(g_end - g_first); }

RunResult RunCovered(const Draft& draft, const Rules& rules,
                     const RunOptions& options, std::span<uint8_t> taken) {
  VMT_CHECK(taken.size() == BranchCount());
  std::fill(g_first, g_end, uint8_t{0});
  const RunResult result =
      RunChecked<LargeCaps, Watched>(draft.setup, draft.events, rules, options);
  std::copy(g_first, g_end, taken.begin());
  return result;
}

unsigned CountClass(uint8_t count) {
  if (count < 4) return count;
  const int bits = std::bit_width(count);  // 3..8
  return bits <= 6 ? static_cast<unsigned>(bits) + 1 : bits == 7 ? 7 : 8;
}

}  // namespace vmtrunc::search
