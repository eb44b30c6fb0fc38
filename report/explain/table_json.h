// Page tables as JSON.
#ifndef VMTRUNC_REPORT_EXPLAIN_TABLE_JSON_H_
#define VMTRUNC_REPORT_EXPLAIN_TABLE_JSON_H_

#include <nlohmann/json.hpp>

#include "report/explain/table_facts.h"

namespace vmtrunc::report {

nlohmann::json ToJson(const TableFact& table);

// After the row, by kind and name: "tables" of an mm, "readers" by task. Empty
// where nothing is shown of them.
nlohmann::json TablesJson(const Story& story, size_t row);

// How a page table came to be used after it was freed; null if that is not
// what is violated.
nlohmann::json TableStoryJson(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TABLE_JSON_H_
