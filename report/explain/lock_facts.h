// The lock operations of a row, as data.
#ifndef VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_

#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A lock, relative to the row's task.
LockFact FactOf(const Story& story, size_t row, const HeldLock& lock);

// A lock that the row takes, releases, or both. Page locks are combined.
struct LockMove {
  bool takes = false, lets_go = false;
  LockFact lock;                // for pages, the first one's
  std::vector<unsigned> pages;  // locked pages, ascending; else empty
};

// First locks that it only takes, then those that it also releases, then those
// that it only releases; page locks last in each group.
std::vector<LockMove> LockMovesOf(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_
