// A story as JSON: for --json and for the page, which draws it.
#ifndef VMTRUNC_REPORT_EXPLAIN_STORY_JSON_H_
#define VMTRUNC_REPORT_EXPLAIN_STORY_JSON_H_

#include <nlohmann/json.hpp>

#include "report/explain/cause.h"
#include "report/explain/story.h"

namespace vmtrunc::report {

// The run, row by row. `set` of a row has the changes to the previous state:
// vmas by slot (null: free), files, locks of tasks, passes by task (null:
// none). The state before the first row has no vma, no lock and no pass.
// `cause`: for a story that violates a property, or nullptr.
nlohmann::json ToJson(const Story& story, const Cause* cause);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_STORY_JSON_H_
