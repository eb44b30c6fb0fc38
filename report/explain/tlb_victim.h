// The translation of a violation that outlived its pte, and what leads there.
#ifndef VMTRUNC_REPORT_EXPLAIN_TLB_VICTIM_H_
#define VMTRUNC_REPORT_EXPLAIN_TLB_VICTIM_H_

#include <optional>
#include <vector>

#include "report/explain/account.h"
#include "report/explain/tlb_facts.h"

namespace vmtrunc::report {

struct TlbStory {
  TranslationView translation;  // where it is violated
  size_t left = 0;              // the row at which its pte went
  // Where a pass takes it to be that walks in its page table by the entry at
  // an old place of that.
  std::optional<unsigned> taken_for;
  // The row at which the page left the page cache, or was revoked.
  std::optional<size_t> gone;
  std::optional<size_t> freed;  // at which its frame became free
  // Rows at which its mm was flushed since, but not there.
  std::vector<size_t> missed;
  std::optional<GatherView> owes;  // who has yet to flush the address
  std::vector<unsigned> users;     // tasks that run in the mm
  // What was done to the page, its pte and its frame, in order.
  std::vector<DatedFact> leads;
};

// For no-stale-tlb, no-freed-page-reachable and pass-leaves-no-tlb; empty for
// others, and where a pte is what leads there.
std::optional<TlbStory> TlbStoryOf(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TLB_VICTIM_H_
