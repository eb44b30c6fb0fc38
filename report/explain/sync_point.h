// Where an operation stands between two steps, told from its phases.
//
// The one door through which explain/ looks at phases.
#ifndef VMTRUNC_REPORT_EXPLAIN_SYNC_POINT_H_
#define VMTRUNC_REPORT_EXPLAIN_SYNC_POINT_H_

#include <string>

#include "core/model/world.h"

namespace vmtrunc::report {

// A sync point. Two places are equal where the operation stands at the same.
class SyncPoint {
 public:
  explicit SyncPoint(const Op& op = Op{});

  // As the trace names it: "pass: before i_mmap_lock".
  const std::string& Name() const { return name_; }
  bool in_fault() const { return in_fault_; }
  // In a pass that has dropped its lock.
  bool dropped() const { return dropped_; }

  bool operator==(const SyncPoint&) const = default;

 private:
  std::string name_;
  bool in_fault_, dropped_;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_SYNC_POINT_H_
