// The result of `vmtrunc diff` as JSON.
#ifndef VMTRUNC_REPORT_DIFF_JSON_H_
#define VMTRUNC_REPORT_DIFF_JSON_H_

#include <nlohmann/json.hpp>

#include "report/diff/pair.h"

namespace vmtrunc::report {

nlohmann::json DiffJson(const Pair& pair);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_DIFF_JSON_H_
