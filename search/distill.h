// The smallest corpus that reaches what a larger one does.
//
// What an input reaches is a set of features: branches of the model, abstract
// states of passes (core/run/checker.h), and known bugs that it detects. A
// corpus keeps a feature when one of its inputs has it.
#ifndef VMTRUNC_SEARCH_DISTILL_H_
#define VMTRUNC_SEARCH_DISTILL_H_

#include <functional>
#include <string>
#include <vector>

#include "core/model/rules.h"
#include "search/cost.h"
#include "search/set_cover.h"

namespace vmtrunc::search {

// Numbers of features, ascending.
using Features = std::vector<uint32_t>;

struct FeatureCounts {
  size_t branches = 0, states = 0, bugs = 0;
};

struct ReachedBy {
  Features features;
  uint64_t weight = 0;  // bytes of its byte form, and steps of its runs
};

// What counts as a feature beside branches and known bugs.
struct ReachOptions {
  bool classes = false;  // how often a branch is taken, by libFuzzer's classes
  bool states = true;    // abstract states
  // A branch or a state that is reached on one kernel is another one than on
  // the next; else one kernel is enough.
  bool per_kernel = false;
};

// Finds what scripts reach, on a list of kernels one after the other.
class Reach {
 public:
  Reach(std::vector<Rules> kernels, const ReachOptions& options);

  ReachedBy Of(const Draft& draft) const;
  // Whether Of(draft) has all of these, with no more runs than it takes.
  bool Has(const Draft& draft, const Features& wanted) const;
  FeatureCounts Count(const Features& features) const;
  // "branch 12", "branch 12 8 or more times", "abstract state 5", "HB-07a";
  // where each kernel counts, with "on kernel 2", its place in the list.
  std::string Name(uint32_t feature) const;
  // Requires: it is an abstract state, as Count() says, of any kernel.
  unsigned StateOf(uint32_t feature) const {
    return feature % per_kernel_ - first_state_;
  }

 private:
  // Adds the branches and states of a run on the kernel of this number; returns
  // its steps.
  uint32_t Run(const Draft& draft, uint32_t kernel, Features& features) const;
  // Where the features of a kernel begin.
  uint32_t Base(uint32_t kernel) const {
    return options_.per_kernel ? kernel * per_kernel_ : 0;
  }

  std::vector<Rules> kernels_;
  ReachOptions options_;
  uint32_t first_state_;  // features of a kernel below it are branches
  uint32_t per_kernel_;   // and below this states
  uint32_t first_bug_;    // of all kernels together
};

// Takes the place of `drafts[i]` for the numbers in `kept`, while together they
// keep all that they had, which is all of `reached`. `reached` follows.
// `on_shrunk` is called for each.
void ShrinkKept(const Reach& reach, const std::vector<uint32_t>& kept,
                const Features& had, std::vector<Draft>& drafts,
                std::vector<ReachedBy>& reached,
                const std::function<void()>& on_shrunk);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_DISTILL_H_
