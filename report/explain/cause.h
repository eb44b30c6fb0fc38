// Why a run violates a property: which rules and task switches decide it, and
// where the point of no return is. All found by running variants, none guessed.
#ifndef VMTRUNC_REPORT_EXPLAIN_CAUSE_H_
#define VMTRUNC_REPORT_EXPLAIN_CAUSE_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A rule that the model reads in this run.
struct RuleRole {
  const RuleInfo* rule;
  size_t number;  // in AllRules()
  bool on;        // the kernel has it
  bool decides;   // with it flipped, the whole script holds
};

// An event of another task than the previous one, which has an operation in
// flight.
struct Switch {
  unsigned event;  // of the task that interrupts
  unsigned from;   // the task that is interrupted
  bool decides;    // if that had finished first, the property would hold
};

// The point of no return. From the state before this row, some order of the
// operations in flight, with some answers of break tests, and with operations
// of the script that have not started started or left out, keeps the property;
// from the state after it none does.
struct NoReturn {
  size_t row = 0;
  std::vector<Event> way_out = {};  // the last one
  // The run up to here, then the way out: all hold.
  std::vector<Event> saved = {};
  std::vector<Fact> saves = {};  // what happens on it up to where the page is
                                 // gone, if it is about a page and that is
                                 // little
  bool settled = true;  // false: it is this row or an earlier one; searching on
                        // took too long
};

struct Cause {
  std::vector<RuleRole> rules;
  std::optional<size_t> main_rule;  // in `rules`: what the summary names
  std::vector<Switch> switches;
  std::optional<NoReturn> no_return;
};

// Requires: the story violates a property and has rows.
Cause FindCause(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_CAUSE_H_
