#include "explain/sync_point.h"

#include "core/machine-inl.h"
#include "core/tracer.h"

namespace vmtrunc {
namespace {

bool StandsInFault(const Op& op) {
  switch (op.verb) {
    case Verb::kRead:
    case Verb::kWrite:
      return op.phase == access_phase::kFault;
    case Verb::kMmap:
      return op.phase == mmap_phase::kPopulate;
    case Verb::kRemap:  // it has mmap's phases too, where it is emulated
      return op.phase == remap_phase::kPopulate
                 ? op.populate != 0
                 : op.phase == mmap_phase::kPopulate;
    case Verb::kNone:
    case Verb::kMunmap:
    case Verb::kMprotect:
    case Verb::kMremap:
    case Verb::kFork:
    case Verb::kExit:
    case Verb::kTruncate:
    case Verb::kPunch:
    case Verb::kInvalidate:
      return false;
  }
  return false;
}

}  // namespace

SyncPoint::SyncPoint(const Op& op)
    : name_(WhereIs(op)),
      in_fault_(StandsInFault(op)),
      dropped_(IsPass(op.verb) && op.pass.dropped != 0) {}

}  // namespace vmtrunc
