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
#include "search/lasso.h"
#include "search/mutate.h"
#include "search/prove.h"

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

// One process that unmaps, protects, moves, writes and truncates.
inline constexpr Bound kMovingMm =
    OneMm(Of({Verb::kMunmap, Verb::kMprotect, Verb::kMremap, Verb::kWrite,
              Verb::kTruncate}));

inline ProveResult SearchBound(const Bound& bound, const char* kernel,
                               ProveOptions options = {}) {
  options.rules = RulesOf(kernel);
  return Prove(ProblemOf(bound), options);
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

inline constexpr Verbs kSplits =
    Of({Verb::kTruncate, Verb::kMunmap, Verb::kMprotect});

// One page at up to two addresses, any number of operations: a few thousand
// states.
constexpr Bound ClosedWorld(Verbs verbs, unsigned vmas = 2) {
  Bound bound = OneMm(verbs);
  bound.name = "closed-world";
  bound.pages = 1;
  bound.vmas = vmas;
  bound.closed = true;
  bound.offsets = 2;
  return bound;
}

// What is searched in these worlds, by steps.
inline ProveOptions ClosedSteps(const Rules& rules) {
  ProveOptions options;
  options.rules = rules;
  options.steps_only = true;
  options.properties = PropertiesOf(ProblemOf(ClosedWorld(kSplits)));
  return options;
}

struct Eventual {
  LassoResult lasso;
  Invariant eventually;
};

// Looks for a run in which the condition does not come true any more.
inline Eventual Eventually(const Problem& problem, const std::string& kernel,
                           const std::string& text, Fairness fairness) {
  ProveOptions options;
  options.rules = RulesOf(kernel);
  const LassoOptions lasso{fairness, InvariantOf(text, *Condition::Parse(text),
                                                 problem, options.rules)};
  return {FindLasso(problem, options, lasso), lasso.eventually};
}

// Checks that each round of the loop leads back to the same state.
inline void ExpectLoop(const Problem& problem, const LassoResult& lasso,
                       ProveOptions options) {
  options.properties = 0;
  Script run = lasso.script;
  const std::vector<Event> loop(
      run.events.begin() + static_cast<std::ptrdiff_t>(lasso.stem),
      run.events.end());
  run.events.insert(run.events.end(), loop.begin(), loop.end());
  const std::vector<uint64_t> keys = StatesOf(problem, run, options);
  ASSERT_GT(keys.size(), 2 * loop.size());
  const size_t first = keys.size() - 2 * loop.size() - 1;
  EXPECT_EQ(keys[first], keys[first + loop.size()]) << ToText(run);
  EXPECT_EQ(keys[first], keys.back()) << ToText(run);
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SEARCH_TEST_H_
