// The page table of a violation that was used after it was freed, and what
// leads there.
#ifndef VMTRUNC_REPORT_EXPLAIN_TABLE_VICTIM_H_
#define VMTRUNC_REPORT_EXPLAIN_TABLE_VICTIM_H_

#include <optional>
#include <vector>

#include "report/explain/account.h"
#include "report/explain/table_facts.h"

namespace vmtrunc::report {

struct TableStory {
  TableFact table;     // where its entry was read
  unsigned owner = 0;  // of the mm
  size_t read = 0;     // the row at which its user read the entry
  size_t freed = 0;    // at which it was freed
  size_t used = 0;     // at which it is used, and that is violated
  // What was done to the table and to the vma over it, in order.
  std::vector<DatedFact> leads;
};

// For the use of a freed page table; empty for other violations.
std::optional<TableStory> TableStoryOf(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TABLE_VICTIM_H_
