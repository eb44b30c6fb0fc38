// Whether a pass that runs on from a state scans an address: what a reason that
// is given for leaving it out is tried by.
#ifndef VMTRUNC_REPORT_EXPLAIN_WOULD_SCAN_H_
#define VMTRUNC_REPORT_EXPLAIN_WOULD_SCAN_H_

#include "core/model/rules.h"
#include "core/model/world.h"

namespace vmtrunc::report {

// Runs the task on to the end of the pass that it is in, or that it begins
// next. Others move where it waits for them.
bool WouldScan(World<LargeCaps> world, const Rules& rules, unsigned task,
               unsigned mm, unsigned addr);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_WOULD_SCAN_H_
