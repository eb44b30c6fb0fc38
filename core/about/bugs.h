// The known bugs, as ground truth for every engine: a kernel with one rule
// flipped, and the script that shows it.
//
// Three stages are counted separately, as in Magma (Hazimeh et al., 2020):
// reached    the decision that the flip inverts was taken
// triggered  some state differs from that without the flip
// detected   the property is violated, and nothing is without the flip
#ifndef VMTRUNC_CORE_ABOUT_BUGS_H_
#define VMTRUNC_CORE_ABOUT_BUGS_H_

#include <span>

#include "core/run/run.h"

namespace vmtrunc {

struct BugInfo {
  const char* name;    // "HB-07a"
  int year;            // when it was found
  const char* commit;  // or where it was reported
  const char* what;    // one sentence
  const char* kernel;  // which violates nothing
  const char* rule;    // its flip there is the bug
  Property property;
  const char* script;  // in corpus/history
};

// Those that the model has, in the order of their numbers.
std::span<const BugInfo> AllBugs();

// Known bugs that the model leaves out.
struct AbsentBug {
  const char* name;
  const char* what;
  const char* why;
};
std::span<const AbsentBug> AbsentBugs();

// The kernel with the rule flipped.
KernelSpec WithBug(const BugInfo& bug);

struct BugCheck {
  bool reached = false;
  bool triggered = false;
  bool detected = false;
};
BugCheck CheckBug(const BugInfo& bug, const Script& script);

// The rules that the model reads in a run.
RuleSet RulesAsked(const Script& script, const Rules& rules);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_BUGS_H_
