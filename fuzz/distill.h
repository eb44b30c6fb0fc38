// The smallest corpus that reaches what a larger one does.
//
// What an input reaches is a set of features: branches of the model, abstract
// states of passes (core/checker.h), and known bugs that it detects. A corpus
// keeps a feature when one of its inputs has it.
#ifndef VMTRUNC_FUZZ_DISTILL_H_
#define VMTRUNC_FUZZ_DISTILL_H_

#include <functional>
#include <string>
#include <vector>

#include "core/rules.h"
#include "fuzz/cost.h"
#include "fuzz/set_cover.h"

namespace vmtrunc {

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
};

// Finds what scripts reach, on a list of kernels one after the other.
class Reach {
 public:
  Reach(std::vector<Rules> kernels, const ReachOptions& options);

  ReachedBy Of(const Draft& draft) const;
  // Whether Of(draft) has all of these, with no more runs than it takes.
  bool Has(const Draft& draft, const Features& wanted) const;
  FeatureCounts Count(const Features& features) const;
  // "branch 12", "branch 12 8 or more times", "abstract state 5", "HB-07a".
  std::string Name(uint32_t feature) const;
  // Requires: it is an abstract state, as Count() says.
  unsigned StateOf(uint32_t feature) const { return feature - first_state_; }

 private:
  // Adds the branches and states of one run; returns its steps.
  uint32_t Run(const Draft& draft, const Rules& rules,
               Features& features) const;

  std::vector<Rules> kernels_;
  ReachOptions options_;
  uint32_t first_state_;  // features below it are branches
  uint32_t first_bug_;    // and below this states
};

// Takes the place of `drafts[i]` for the numbers in `kept`, while together they
// keep all that they had, which is all of `reached`. `reached` follows.
// `on_shrunk` is told of each.
void ShrinkKept(const Reach& reach, const std::vector<uint32_t>& kept,
                const Features& had, std::vector<Draft>& drafts,
                std::vector<ReachedBy>& reached,
                const std::function<void()>& on_shrunk);

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_DISTILL_H_
