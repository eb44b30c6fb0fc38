// The known bugs, as ground truth for every engine: a kernel with one rule
// flipped, and the script that shows it.
//
// How far a bug gets is counted apart, as Magma (Hazimeh et al., 2020) does:
//   reached    the decision that the flip inverts was taken
//   triggered  some state differs from the one without the flip
//   detected   the property breaks, and without the flip nothing does
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
  const char* kernel;  // where nothing breaks
  const char* rule;    // whose flip there is the bug
  Property property;
  const char* script;  // in corpus/history
};

// Those that the model has, in the order of their numbers.
std::span<const BugInfo> AllBugs();

// Those that it leaves out.
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

// The rules that the model asks for in a run.
RuleSet RulesAsked(const Script& script, const Rules& rules);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_BUGS_H_
