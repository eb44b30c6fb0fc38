// Smaller scripts to try when one fails: rapidcheck's shrinking, in our terms.
#ifndef VMTRUNC_PROPERTIES_SMALLER_H_
#define VMTRUNC_PROPERTIES_SMALLER_H_

#include <rapidcheck.h>

#include "core/script/script.h"

namespace vmtrunc::properties {

// What to try instead of a script that fails, the boldest first: without a run
// of events, with simpler or smaller ones, with fewer tasks, with simpler
// declarations. Each candidate is smaller in one thing and larger in none, so
// that a chain of them ends.
rc::Seq<Script> SmallerScripts(const Script& script);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_SMALLER_H_
