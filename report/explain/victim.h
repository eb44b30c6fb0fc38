// The page that a violation is about, followed back through a story.
#ifndef VMTRUNC_REPORT_EXPLAIN_VICTIM_H_
#define VMTRUNC_REPORT_EXPLAIN_VICTIM_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// The page of `index` that is mapped at `addr` of `mm`: what a violation of
// no-page-past-size or no-removed-page-mapped is about.
struct Victim {
  unsigned mm = 0, addr = 0, index = 0;
};
std::optional<Victim> VictimOf(const Violation& violation);

// Of no-page-past-size the other addresses of the victim's vma at which a page
// past the end of the file is mapped where it is violated.
std::vector<unsigned> OthersPastSize(const Story& story, const Victim& victim);

// The vma that covers the victim's address, linked or not; or nullptr.
const Vma* CoverOf(const World<LargeCaps>& world, const Victim& victim);

// How a page got where a pass ought to have taken it away.
struct Escape {
  // Rows; the pass is that of the task of the row that violates.
  size_t begins = 0, breaks = 0;
  TraceNote pass;             // its kPassBegins: file, range and count
  std::vector<size_t> scans;  // at which the pass scanned the address
  // The row at which the page came there; empty: before the pass, or never.
  std::optional<size_t> arrives;
  std::optional<unsigned> from;  // the address that mremap moved it from

  // The last row at which its walk looked at a vma that has the address.
  std::optional<size_t> looked;
  Slot looked_at = kNone;  // that vma

  // Why the pass left the address out, as it stood before row `skipped`. Each
  // is tried: without it, the pass would scan the address from there. What it
  // does not know of (a rule's own state) is kUnknown.
  enum class Skip { kUnknown, kPointer, kRestart, kStamp };
  Skip skip = Skip::kUnknown;
  size_t skipped = 0;
  Slot slot = kNone;  // of the vma that covers the address there
  size_t marked = 0;  // the row at which its count became what it was
  std::optional<size_t> dropped;  // the last drop of the pass before `skipped`
};

// Empty when the violation is about no page, or its task ran no pass for it.
std::optional<Escape> EscapeOf(const Story& story);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_VICTIM_H_
