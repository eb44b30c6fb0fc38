// Where an operation is between two steps, derived from its phases.
//
// The only place where explain/ reads phases.
#ifndef VMTRUNC_REPORT_EXPLAIN_SYNC_POINT_H_
#define VMTRUNC_REPORT_EXPLAIN_SYNC_POINT_H_

#include <string>

#include "core/model/world.h"

namespace vmtrunc::report {

// A sync point. Two are equal if the operation is at the same place.
class SyncPoint {
 public:
  explicit SyncPoint(const Op& op = Op{});

  // As in the trace: "pass: before i_mmap_lock".
  const std::string& Name() const { return name_; }
  bool in_fault() const { return in_fault_; }
  // In a pass that has dropped its lock.
  bool dropped() const { return dropped_; }
  // Before a flush of the TLB, or before gathered frames are freed.
  bool flushes() const { return flushes_; }
  bool frees_frames() const { return frees_frames_; }
  // The latter, as the gather is full.
  bool is_full() const { return is_full_; }

  bool operator==(const SyncPoint&) const = default;

 private:
  std::string name_;
  bool in_fault_, dropped_;
  bool flushes_, frees_frames_, is_full_;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_SYNC_POINT_H_
