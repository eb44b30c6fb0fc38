// The events of a script as the operations that its tasks race with.
#ifndef VMTRUNC_LIVE_DEAL_H_
#define VMTRUNC_LIVE_DEAL_H_

#include <string>

#include "core/script/script.h"
#include "live/shared.h"

namespace vmtrunc::live {

// What became of a script's events, beside those that are raced.
struct Dealt {
  unsigned timing = 0;  // steps, drops, finishes: the kernel decides when
  unsigned idle = 0;    // events that have nothing to do anywhere
  std::string first_idle = {};  // one of them, and why
  std::string refused = {};     // an event that cannot be raced, and why; or ""
};

// Writes the operations of the script into the plan. Steps and drops mean
// nothing here: the kernel drops its locks where it does. A lap is what the
// script has in flight together, or `meet` operations.
Dealt Deal(const Script& script, unsigned meet, RaceShared& shared);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_DEAL_H_
