// What a row does with locks, as data.
#ifndef VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_

#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A lock, as it is said of the row's task.
LockFact FactOf(const Story& story, size_t row, const HeldLock& lock);

// A lock that the row takes, releases, or both. Those of pages are one.
struct LockMove {
  bool takes = false, lets_go = false;
  LockFact lock;                // of pages, the first one's
  std::vector<unsigned> pages;  // that are locked, going up; else empty
};

// Those that it takes alone, those that it also releases, those that it
// releases alone; of each, those of pages last.
std::vector<LockMove> LockMovesOf(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_
