// Makes a failing script smaller by deletion. Every sublist of a script is a
// script, so no deletion needs care.
#ifndef VMTRUNC_FUZZ_SHRINK_H_
#define VMTRUNC_FUZZ_SHRINK_H_

#include "core/run.h"

namespace vmtrunc {

// A script from `script` by deletion of events, steps that become one event,
// simpler starts (whole for begun, smaller drops) and declarations that breaks
// `property` on `rules` too. No single deletion of an event from it does; it is
// not proved shortest. Where `unlike` is given, it goes on holding there.
// Requires: `script` breaks it.
Script Shrink(Script script, const Rules& rules, Property property,
              const Rules* unlike = nullptr);

// The same by deletion and joining of events alone: declarations and arguments
// stay as they are.
Script ShrinkEvents(Script script, const Rules& rules, Property property);

}  // namespace vmtrunc

#endif  // VMTRUNC_FUZZ_SHRINK_H_
