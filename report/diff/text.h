// The result of `vmtrunc diff` for a terminal.
#ifndef VMTRUNC_REPORT_DIFF_TEXT_H_
#define VMTRUNC_REPORT_DIFF_TEXT_H_

#include <string>

#include "report/diff/pair.h"

namespace vmtrunc::report {

std::string DiffText(const Pair& pair, bool with_paths, size_t columns);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_DIFF_TEXT_H_
