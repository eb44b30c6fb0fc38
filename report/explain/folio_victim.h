// The page of a violation that large folios lead to, and what leads there.
#ifndef VMTRUNC_REPORT_EXPLAIN_FOLIO_VICTIM_H_
#define VMTRUNC_REPORT_EXPLAIN_FOLIO_VICTIM_H_

#include <optional>
#include <vector>

#include "report/explain/account.h"

namespace vmtrunc::report {

// The page of the page cache, for no-cached-page-past-size,
// grown-pages-are-zero and nothing-lost-outside-range.
struct CacheVictim {
  unsigned file = 0, page = 0;
};
std::optional<CacheVictim> CacheVictimOf(const Violation& violation);

// The i_size by which the violating task acts, where another is stored by then.
struct OldSize {
  unsigned task = 0;
  unsigned size = 0, now = 0;
  size_t read = 0, stored = 0;  // rows
};

struct FolioStory {
  unsigned file = 0, page = 0;
  // What was done to the page, its folio, its pte and i_size, in order.
  std::vector<DatedFact> leads;
  std::optional<OldSize> old_size;
  std::optional<size_t> kept;  // the row at which its folio was left whole
};

// Empty if the file is shown page by page (ShowsFolios()), or a pass missed the
// page: then EscapeOf() says how.
std::optional<FolioStory> FolioStoryOf(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_FOLIO_VICTIM_H_
