#include "report/explain/sync_point.h"

#include "core/model/where.h"

namespace vmtrunc::report {

SyncPoint::SyncPoint(const Op& op)
    : name_(WhereIs(op)),
      in_fault_(InFault(op)),
      dropped_(IsPass(op.verb) && op.pass.dropped != 0) {}

}  // namespace vmtrunc::report
