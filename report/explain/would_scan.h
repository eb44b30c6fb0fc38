// Whether a pass that continues from a state scans an address: tests a reason
// for skipping it.
#ifndef VMTRUNC_REPORT_EXPLAIN_WOULD_SCAN_H_
#define VMTRUNC_REPORT_EXPLAIN_WOULD_SCAN_H_

#include "core/model/rules.h"
#include "core/model/world.h"

namespace vmtrunc::report {

// Runs the task to the end of the pass that it is in, or that it starts next.
// Other tasks move while it waits for them.
bool WouldScan(World<LargeCaps> world, const Rules& rules, unsigned task,
               unsigned mm, unsigned addr);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WOULD_SCAN_H_
