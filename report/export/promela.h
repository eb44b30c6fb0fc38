// A recorded run as a SPIN model.
#ifndef VMTRUNC_REPORT_EXPORT_PROMELA_H_
#define VMTRUNC_REPORT_EXPORT_PROMELA_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::report {

// A proctype for each task, a d_step for each step, in the order of the run.
// Its assertions fail if and only if the run violates no-page-past-size.
std::string PromelaModel(const Script& script, const KernelSpec& kernel);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_PROMELA_H_
