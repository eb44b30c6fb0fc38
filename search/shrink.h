// Makes a failing script as small as it gets.
//
// It tries changes, each of which may only make the script cheaper
// (search/cost.h), until none does any more: so it ends, and to shrink twice
// changes nothing. Every list of events is a script, so that no change needs
// care; what counts is that it still violates the same property for the same
// reason (search/reason.h).
#ifndef VMTRUNC_SEARCH_SHRINK_H_
#define VMTRUNC_SEARCH_SHRINK_H_

#include <functional>

#include "core/run/run.h"
#include "search/cost.h"
#include "search/reason.h"
#include "search/reduce.h"

namespace vmtrunc::search {

// How far to look for a cheaper script.
enum class Effort : uint8_t {
  kQuick,     // events and declarations away, joined, moved, with less in them
  kThorough,  // also another event for any one, or for any two of them
};

struct Shrunk {
  Draft draft;
  Cost cost;
  unsigned evaluations = 0;  // scripts that were run
  bool ran_out = false;      // of memory: the best until then
};

// How far it is: the smallest so far, and scripts that were run.
using OnShrinking = std::function<void(const Best&)>;

// Of what `judge` says must stay. Requires: `draft` shows it.
Shrunk Shrink(const Draft& draft, const Judge& judge, Effort effort,
              const OnShrinking& on_progress = {});

// Not proved shortest. All its events have an effect. Requires: `draft` breaks
// the reason's property on `rules` for that reason.
Shrunk Shrink(const Draft& draft, const Rules& rules, const Reason& reason,
              Effort effort = Effort::kThorough,
              const OnShrinking& on_progress = {});

// The same of a script: names, in the order of the tasks and files.
Script Shrink(const Script& script, const Rules& rules, const Reason& reason,
              Effort effort = Effort::kThorough);

// By deletion and joining of events alone: declarations and arguments stay as
// they are. Requires: `script` violates the property.
Script ShrinkEvents(Script script, const Rules& rules, Property property);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_SHRINK_H_
