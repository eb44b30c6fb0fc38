// The restart address only grows within a pass: an oracle of its own, beside
// the checker's restart-progress, that looks at nothing but where passes stand.
#ifndef VMTRUNC_PROPERTIES_RESTART_H_
#define VMTRUNC_PROPERTIES_RESTART_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::properties {

// Runs the script. What a pass that drops its lock keeps (the restart
// address in a vma, or the one in the pass) is never below what it left in the
// same vma before, unless the vma's count was cleared in between. Returns what
// was below, or nothing.
std::string RestartGoesBack(const Script& script, const Rules& rules);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_RESTART_H_
