// Where two runs differ: the first step after which their worlds differ, or
// that has another task, verb or flow, or that one of them lacks.
//
// The runs are executed one after the other and compared by a hash for each
// step; a step to be printed is executed again. So only hashes are stored.
#ifndef VMTRUNC_CORE_ABOUT_PARTING_H_
#define VMTRUNC_CORE_ABOUT_PARTING_H_

#include <optional>
#include <string>
#include <vector>

#include "core/run/run.h"

namespace vmtrunc {

// A run as a list of hashes.
struct Course {
  RunResult result;
  std::vector<uint64_t> steps;  // [0]: the world before the first event
};
Course Follow(const Script& script, const Rules& rules);

// The first step that differs, from 1; 0 if the worlds differ before the first
// event. If one run ends, the other's next step.
std::optional<size_t> PartAt(const Course& left, const Course& right);

// Whether two runs with equal steps have the same verdict: the violated
// properties, and the first one, though perhaps at different event numbers.
bool SameVerdict(const RunResult& left, const RunResult& right);

// The data of a TraceStep, and the world after the step, as values. `number` 0:
// before the first event.
struct Moment {
  size_t number = 0;
  bool ended = false;  // the run has no such step; `world` is its last
  unsigned event = 0;
  unsigned task = 0;
  Verb verb = Verb::kNone;
  std::string from;
  Flow flow = Flow::kDone;
  World<LargeCaps> world;
};
Moment MomentAt(const Script& script, const Rules& rules, size_t number);

// The rules in which the kernels differ, and whether the run on `left` differs
// from the same run with this rule flipped: no later than at step `number`, or,
// without one, anywhere or in the verdict.
struct RuleDifference {
  const RuleInfo* rule;
  bool on_left;
  bool parts;
};
std::vector<RuleDifference> RuleDifferences(const Script& script,
                                            const Rules& left,
                                            const Rules& right,
                                            std::optional<size_t> number);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_PARTING_H_
