#include "report/explain/sync_point.h"

#include <string_view>

#include "core/model/where.h"

namespace vmtrunc::report {

SyncPoint::SyncPoint(const Op& op)
    : name_(WhereIs(op)),
      in_fault_(InFault(op)),
      dropped_(IsPass(op.verb) && op.pass.dropped != 0) {
  const PhaseInfo at = PhaseOf(op);
  const std::string_view phase = at.phase;
  const bool is_free = !at.waits.lock;  // kFree of unmap waits
  flushes_ = is_free && (phase == "kFlush" || phase == "kFlushPfn" ||
                         phase == "kMoveFlush");
  is_full_ = is_free && phase == "kBatch";
  frees_frames_ =
      is_full_ || (is_free && (phase == "kFree" || phase == "kFreeFrames"));
}

}  // namespace vmtrunc::report
