// Facts as JSON: names of kinds and of tasks, without sentences.
#ifndef VMTRUNC_REPORT_EXPLAIN_FACT_JSON_H_
#define VMTRUNC_REPORT_EXPLAIN_FACT_JSON_H_

#include <nlohmann/json.hpp>

#include "report/explain/cause.h"
#include "report/explain/lock_facts.h"

namespace vmtrunc::report {

// "waits", "begins-pass": values for programs.
const char* Name(Fact::Kind kind);
// "i_mmap_lock", "mmap_sem".
const char* Name(LockKind kind);

// How large folios lead to the violation: FolioStoryOf(), or null.
nlohmann::json FolioStoryJson(const Story& story);

// {"is": "restart", "at": 106}; null where the kernel has no counts.
nlohmann::json ToJson(const CountFact& count);
nlohmann::json ToJson(const Story& story, const LockFact& lock);
nlohmann::json ToJson(const Story& story, const LockMove& move);
nlohmann::json ToJson(const Story& story, const Holder& holder);
// {"locked_by": "a", "read_by": ["b"]}, each where there is somebody.
nlohmann::json ToJson(const Story& story, const VmaLocks& locks);
// How the pass missed the page, if the violation is about a page that a pass
// should have unmapped; else null.
nlohmann::json EscapeJson(const Story& story);
// The cause without its sentences.
nlohmann::json ToJson(const Story& story, const NoReturn& no_return);
// {"parting_row": 3, "parting_rules": ["restart-in-vma"]}; {} if the runs do
// not differ. Each of the rules causes the difference alone.
nlohmann::json PartingJson(const Story& left, const Story& right);
// The fields of its kind (docs/json.md).
nlohmann::json ToJson(const Story& story, const Fact& fact);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_FACT_JSON_H_
