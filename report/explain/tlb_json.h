// Translations, gathers and frames as JSON.
#ifndef VMTRUNC_REPORT_EXPLAIN_TLB_JSON_H_
#define VMTRUNC_REPORT_EXPLAIN_TLB_JSON_H_

#include <nlohmann/json.hpp>

#include "report/explain/tlb_facts.h"

namespace vmtrunc::report {

nlohmann::json ToJson(const Story& story, const PageName& page);
nlohmann::json ToJson(const Story& story, const FrameUse& use);

// After the row, by kind and name: "tlb" of an mm, "gathers" of a task,
// "frames" of a number. Empty if nothing is left without a pte.
nlohmann::json TlbJson(const Story& story, size_t row);

// How a translation outlived its pte; null if that is not what is violated.
nlohmann::json TlbStoryJson(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TLB_JSON_H_
