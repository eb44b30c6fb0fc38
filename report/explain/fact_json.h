// Facts as JSON: names of kinds and of tasks, and no sentence.
#ifndef VMTRUNC_REPORT_EXPLAIN_FACT_JSON_H_
#define VMTRUNC_REPORT_EXPLAIN_FACT_JSON_H_

#include <nlohmann/json.hpp>

#include "report/explain/cause.h"
#include "report/explain/lock_facts.h"

namespace vmtrunc::report {

// "waits", "begins-pass": what programs choose by.
const char* Name(Fact::Kind kind);
// "i_mmap_lock", "mmap_sem".
const char* Name(LockKind kind);

// {"is": "restart", "at": 106}; null where the kernel has no counts.
nlohmann::json ToJson(const CountFact& count);
nlohmann::json ToJson(const Story& story, const LockFact& lock);
nlohmann::json ToJson(const Story& story, const LockMove& move);
// How the page got away, if the story breaks for a page that a pass ought to
// have taken; else null.
nlohmann::json EscapeJson(const Story& story);
// What there is of the cause but for sentences.
nlohmann::json ToJson(const Story& story, const NoReturn& no_return);
// {"parting_row": 3, "parting_rules": ["restart-in-vma"]}; {} where they do not
// part. Rules that alone make them part there.
nlohmann::json PartingJson(const Story& left, const Story& right);
// The fields that its kind has (docs/json.md).
nlohmann::json ToJson(const Story& story, const Fact& fact);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_FACT_JSON_H_
