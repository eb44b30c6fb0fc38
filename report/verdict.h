// The verdict of a run in words.
#ifndef VMTRUNC_REPORT_VERDICT_H_
#define VMTRUNC_REPORT_VERDICT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "core/property.h"
#include "core/run/run.h"

namespace vmtrunc::report {

const char* FlowName(Flow flow);

// "holds (7 of 7 events had an effect, 1 lock drop)". Requires: it holds.
std::string HoldsInWords(const RunResult& result);

// That, or "violates PROPERTY at event N: DETAIL".
std::string VerdictOf(const RunResult& result);

// For a command line that runs a script which violates it: "--property P " if
// it does not count otherwise, or "".
std::string OptionFor(Property property);

nlohmann::json VerdictJson(const std::string& path, const std::string& kernel,
                           const RunResult& result);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_VERDICT_H_
