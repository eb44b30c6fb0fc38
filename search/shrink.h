// Minimises a counterexample.
//
// It tries changes that make the script cheaper (search/cost.h) until none
// succeeds. So it terminates, and shrinking twice with the same effort changes
// nothing. Every list of events is a script, so every change gives a valid one;
// the result must still violate the same property for the same reason
// (search/reason.h).
#ifndef VMTRUNC_SEARCH_SHRINK_H_
#define VMTRUNC_SEARCH_SHRINK_H_

#include <functional>

#include "core/run/run.h"
#include "search/cost.h"
#include "search/reason.h"
#include "search/reduce.h"

namespace vmtrunc::search {

// How thoroughly to search.
enum class Effort : uint8_t {
  kQuick,     // removes, joins and moves events, simplifies them
  kDefault,   // also those of the changes that follow that pay
  kThorough,  // also replaces one event, or any two; shrinks larger scripts;
              // begins again in other orders
};

struct Shrunk {
  Draft draft;
  Cost cost;
  unsigned evaluations = 0;  // scripts that were run
  bool ran_out = false;      // memory ran out: the best until then
};

// Progress: the smallest script so far, and scripts that were run.
using OnShrinking = std::function<void(const Best&)>;

// Keeps what `judge` requires. Requires: `draft` satisfies it.
Shrunk Shrink(const Draft& draft, const Judge& judge, Effort effort,
              const OnShrinking& on_progress = {});

// Not proved shortest. Requires: `draft` violates the reason's property on
// `rules` for that reason.
Shrunk Shrink(const Draft& draft, const Rules& rules, const Reason& reason,
              Effort effort = Effort::kDefault,
              const OnShrinking& on_progress = {});

// The same for a script, with its names of tasks and files.
Script Shrink(const Script& script, const Rules& rules, const Reason& reason,
              Effort effort = Effort::kDefault);

// Only deletes and joins events: declarations and arguments stay. Requires:
// `script` violates the property.
Script ShrinkEvents(Script script, const Rules& rules, Property property);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SHRINK_H_
