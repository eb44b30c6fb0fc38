// Distributes the events of a script to its tasks as racing operations.
#ifndef VMTRUNC_LIVE_DEAL_H_
#define VMTRUNC_LIVE_DEAL_H_

#include <string>

#include "core/script/script.h"
#include "live/shared.h"

namespace vmtrunc::live {

// The events of a script that are not raced.
struct Dealt {
  unsigned timing = 0;  // steps, drops, finishes: the kernel decides when
  unsigned idle = 0;    // events without an effect
  std::string first_idle = {};  // the first of these, and why
  // A file or an event that cannot be raced, and why; or "".
  std::string refused = {};
};

// Writes the operations of the script into the plan. Steps and drops have no
// meaning here: the kernel decides when to drop its locks. A lap is what the
// script has in flight together, or `meet` operations.
Dealt Deal(const Script& script, unsigned meet, RaceShared& shared);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_DEAL_H_
