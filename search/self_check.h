// Whether the search can be believed on a problem and a kernel: the same asked
// in several ways, of which the simple ones trust no table that is kept by
// hand.
//
// The search that tells leaves states out by a normal form
// (search/canonical.cc) and orders by what steps may touch
// (core/about/touch.h). A rule that keeps a state of its own and is not known
// there makes it say "holds" of what breaks.
#ifndef VMTRUNC_SEARCH_SELF_CHECK_H_
#define VMTRUNC_SEARCH_SELF_CHECK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "search/prove.h"

namespace vmtrunc::search {

// One of the ways.
struct SelfCheckWay {
  const char* name = "";  // "default"
  const char* is = "";    // "reduced, normal form, 63 bits of each state"
  uint32_t broken = 0;    // a bit a property
  uint64_t states = 0;    // of the last search
  uint64_t runs = 0;      // instead, of random runs
  bool is_through = false;
  RanOut ran_out = RanOut::kNothing;  // not through
  std::vector<Script> scripts;  // one a property, empty where none breaks it
};

// Where two ways differ: a defect of the search, or of a table that it trusts.
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

// Which property breaks by which way is compared for each; how far the way came
// that did not come to its end counts too. `options` as for Prove(): the rules,
// properties, jobs, memory (of each way), time (of all), stop, on_progress.
// `tell` is called when a way is through.
SelfCheck CheckSearch(const Problem& problem, const ProveOptions& options,
                      const std::function<void(const SelfCheckWay&)>& tell);

// Plain states, one by one: no normal form, no reduction, no threads. Fills the
// way; looks on the way at what the normal form merges and at the steps that
// come early. (Of search/self_check_plain.cc.)
void SearchPlainly(const Problem& problem, const ProveOptions& options,
                   SelfCheckWay& way, SelfCheck& found);

// Random runs within the problem, by the machine alone. (Of
// search/self_check_runs.cc.)
void RunAtRandom(const Problem& problem, const ProveOptions& options,
                 uint64_t runs, SelfCheckWay& way);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SELF_CHECK_H_
