// Checks the search on a problem and a kernel: the same problem is searched in
// several ways, of which the simple ones trust no table maintained by hand.
//
// The normal search leaves out states by a normal form (search/canonical.cc)
// and orders by what steps may touch (core/about/touch.h). A rule with state of
// its own that is missing there makes it report "holds" where a property is
// violated.
#ifndef VMTRUNC_SEARCH_SELF_CHECK_H_
#define VMTRUNC_SEARCH_SELF_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "search/prove.h"

namespace vmtrunc::search {

// One of the searches.
struct SelfCheckWay {
  const char* name = "";  // "default"
  const char* is = "";    // "reduced, normal form, 63 bits of each state"
  uint32_t broken = 0;    // a bit a property
  uint64_t states = 0;    // of the last search
  uint64_t runs = 0;      // for random runs, instead
  bool is_through = false;
  RanOut ran_out = RanOut::kNothing;  // not completed
  // One for each property, empty if none violates it.
  std::vector<Script> scripts;
};

// A difference between two searches: a defect of the search, or of a table that
// it trusts.
struct SelfCheckDifference {
  std::string what;             // a sentence without its end
  std::vector<Script> scripts;  // that show it, one or two
};

struct SelfCheck {
  // default, exact, whole, plain, and random runs.
  std::vector<SelfCheckWay> ways;
  uint64_t merged = 0;  // states that the normal form took for another one, and
                        // were seen to continue alike
  uint64_t one_step = 0;  // of these, that plain search did not expand: the
                          // normal form has 4 others that it did
  uint64_t orders = 0;    // steps that come early, and were seen to lead to the
                          // same after what another task could have done first
  std::vector<SelfCheckDifference> differences;
};

// Compares for each property which searches violate it; an incomplete search
// counts as far as it got. `options` as for Prove(): the rules, properties,
// jobs, memory (of each search), time (of all), stop, on_progress. `tell` is
// called after each search.
SelfCheck CheckSearch(const Problem& problem, const ProveOptions& options,
                      const std::function<void(const SelfCheckWay&)>& tell);

// Searches plain states, one by one: no normal form, no reduction, no threads.
// Fills `way`; also checks states that the normal form merges and steps that
// are taken early. (In search/self_check_plain.cc.)
void SearchPlainly(const Problem& problem, const ProveOptions& options,
                   SelfCheckWay& way, SelfCheck& found);

// Random runs within the problem, by the machine alone. (In
// search/self_check_runs.cc.)
void RunAtRandom(const Problem& problem, const ProveOptions& options,
                 uint64_t runs, SelfCheckWay& way);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SELF_CHECK_H_
