// The lock operations of a row, as data.
#ifndef VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_LOCK_FACTS_H_

#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// A lock, relative to the row's task.
LockFact FactOf(const Story& story, size_t row, const HeldLock& lock);

// The tasks that hold a lock after the row; of mmap_sem for read or for write,
// of a page's lock that of that file. Relative to the row's task.
std::vector<Holder> HoldersOf(const Story& story, size_t row, LockKind kind,
                              unsigned id, unsigned file);

// The holders of the lock for which the next step of the task would wait, after
// the row. None: it can move, or it waits for something else.
std::vector<Holder> AwaitedBy(const Story& story, size_t row, unsigned task);

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
