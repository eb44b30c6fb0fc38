// Why a run violates a property: which rules decide it, which switches between
// tasks, and from where on nothing could have helped. All found by running,
// none guessed.
#ifndef VMTRUNC_REPORT_EXPLAIN_CAUSE_H_
#define VMTRUNC_REPORT_EXPLAIN_CAUSE_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A rule that the model asks for in this run.
struct RuleRole {
  const RuleInfo* rule;
  size_t number;  // in AllRules()
  bool on;        // the kernel has it
  bool decides;   // flipped alone, the whole script holds
};

// An event of another task than the one before it, which has an operation in
// flight there.
struct Switch {
  unsigned event;  // of the task that comes
  unsigned from;   // the task that is left standing
  bool decides;    // had that one run to its end first, the property holds
};

// The first row of a story that leaves no way out: from the state before it,
// the operations in flight can still be ordered, their break tests answered,
// and those of the script that have not begun be begun or left out, so that the
// property holds; from the state after it they cannot.
struct NoReturn {
  size_t row = 0;
  std::vector<Event> way_out = {};  // the last one
  std::vector<Event> saved = {};    // the run up to here, then that: all hold
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
