// Whole page tables in random scripts: they move, are retracted and freed while
// others have read their entries in the directory.
#ifndef VMTRUNC_SEARCH_TABLES_H_
#define VMTRUNC_SEARCH_TABLES_H_

#include "base/random.h"
#include "core/model/rules.h"
#include "core/script/script.h"

namespace vmtrunc::search {

// Whether a page table can move or go while its vma stays.
inline bool HasTables(const Rules& rules) {
  return rules.moves_tables || rules.retracts_tables;
}

// A mapping of a whole page table, and two or three operations on it that are
// stopped halfway and continue in any order: before what the script has, which
// shares its first file. For kernels with HasTables(): others have no such
// races. Nothing where there is one task, or the file is a device's memory or
// of huge pages.
void AddTables(Script& script, base::Random& random);

// A file of huge pages that two mms map by a table that they share, which one
// of them or both give up while a pass or a munmap frees the pages. Nothing
// where there is one task.
void AddSharedTables(Script& script, base::Random& random);

// How often a random script for a kernel gets them: one in eight, or in 16,
// where the kernel has them. All generators of random scripts ask here.
inline void AddTablesSometimes(const Rules& rules, Script& script,
                               base::Random& random) {
  if (HasTables(rules) && random.OneOf(8)) AddTables(script, random);
  if (rules.shares_tables && random.OneOf(16)) AddSharedTables(script, random);
}

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_TABLES_H_
