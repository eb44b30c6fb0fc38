// The page of a violation, followed backwards through a story.
#ifndef VMTRUNC_REPORT_EXPLAIN_VICTIM_H_
#define VMTRUNC_REPORT_EXPLAIN_VICTIM_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// The page of `index` that is mapped at `addr` of `mm`, for a violation of
// no-page-past-size, no-removed-page-mapped or sigbus-past-eof. For
// maps-own-page the one that belongs there.
struct Victim {
  unsigned mm = 0, addr = 0, index = 0;
};
std::optional<Victim> VictimOf(const Violation& violation);

// For no-page-past-size: other addresses of the victim's vma with a page past
// the end of the file at the violation.
std::vector<unsigned> OthersPastSize(const Story& story, const Victim& victim);

// The vma that covers the victim's address, linked or not; or nullptr.
const Vma* CoverOf(const World<LargeCaps>& world, const Victim& victim);

// How the page got to where a pass should have unmapped it.
struct Escape {
  // Rows; the pass is that of the violating row's task.
  size_t begins = 0, breaks = 0;
  TraceNote pass;             // its kPassBegins: file, range and count
  std::vector<size_t> scans;  // at which the pass scanned the address
  // The row at which the page was mapped there; empty: before the pass, or
  // never.
  std::optional<size_t> arrives;
  std::optional<unsigned> from;  // the address that mremap moved it from

  // The last row at which its walk reached a vma that has the address.
  std::optional<size_t> looked;
  Slot looked_at = kNone;  // that vma

  // Why the pass skipped the address, in the state before row `skipped`. Each
  // reason is tested: without it, the pass would scan the address from there.
  // Reasons that it cannot know (a rule's own state) are kUnknown.
  enum class Skip { kUnknown, kPointer, kRestart, kStamp };
  Skip skip = Skip::kUnknown;
  size_t skipped = 0;
  Slot slot = kNone;              // of the vma that covers the address there
  size_t marked = 0;              // the row at which its count was last written
  std::optional<size_t> dropped;  // the last drop of the pass before `skipped`
};

// Empty if the violation is not about a page that stays mapped, or its task ran
// no pass.
std::optional<Escape> EscapeOf(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_VICTIM_H_
