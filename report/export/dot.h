// A run as a graph for Graphviz.
#ifndef VMTRUNC_REPORT_EXPORT_DOT_H_
#define VMTRUNC_REPORT_EXPORT_DOT_H_

#include <string>

#include "core/script/script.h"

namespace vmtrunc::report {

// Whether the run has a step: else there is nothing to draw.
bool HasSteps(const Script& script, const KernelSpec& kernel);

// A column for each task, a node for each step, time downwards; edges for
// program order and for locks that pass from one task to another.
std::string DotGraph(const Script& script, const KernelSpec& kernel);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPORT_DOT_H_
