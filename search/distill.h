// The smallest corpus that reaches as much as a larger one.
//
// The coverage of an input is a set of features: branches of the model,
// abstract states of passes (core/run/checker.h), and known bugs that it
// detects. A corpus keeps a feature if one of its inputs has it.
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
  uint64_t weight = 0;  // bytes of its byte form, plus steps of its runs
};

// Features in addition to branches and known bugs.
struct ReachOptions {
  // Also how often a branch is taken, by libFuzzer's classes.
  bool classes = false;
  bool states = true;  // abstract states
  // If true, a branch or a state counts separately on each kernel; else once.
  bool per_kernel = false;
};

// Computes the coverage of scripts, on a list of kernels in turn.
class Reach {
 public:
  Reach(std::vector<Rules> kernels, const ReachOptions& options);

  ReachedBy Of(const Draft& draft) const;
  // Whether Of(draft) has all of these, with as few runs as possible.
  bool Has(const Draft& draft, const Features& wanted) const;
  FeatureCounts Count(const Features& features) const;
  // "branch 12", "branch 12 8 or more times", "abstract state 5", "HB-07a"; if
  // each kernel counts, with "on kernel 2", its index in the list.
  std::string Name(uint32_t feature) const;
  // Requires: the feature is an abstract state, as Count() says, on any kernel.
  unsigned StateOf(uint32_t feature) const {
    return feature % per_kernel_ - first_state_;
  }

 private:
  // Adds the branches and states of a run on the kernel with this index;
  // returns its steps.
  uint32_t Run(const Draft& draft, uint32_t kernel, Features& features) const;
  // The first feature of a kernel.
  uint32_t Base(uint32_t kernel) const {
    return options_.per_kernel ? kernel * per_kernel_ : 0;
  }

  std::vector<Rules> kernels_;
  ReachOptions options_;
  uint32_t first_state_;  // lower features of a kernel are branches
  uint32_t per_kernel_;   // lower ones are states
  uint32_t first_bug_;    // of all kernels together
};

// Minimises `drafts[i]` for the indices in `kept`, as long as together they
// keep all features in `reached`. Updates `reached`. Calls `on_shrunk` for
// each.
void ShrinkKept(const Reach& reach, const std::vector<uint32_t>& kept,
                const Features& had, std::vector<Draft>& drafts,
                std::vector<ReachedBy>& reached,
                const std::function<void()>& on_shrunk);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_DISTILL_H_
