// Where an operation stands between two steps, from the lists of phases.
#ifndef VMTRUNC_CORE_WHERE_H_
#define VMTRUNC_CORE_WHERE_H_

#include <span>
#include <string>

#include "core/phases.h"
#include "core/world.h"

namespace vmtrunc {

struct SyncPoint {
  const char* phase;  // its name in the code
  const char* name;   // "pass: before i_mmap_lock"; "": the part's
  Waits waits;        // what its step may wait for
};

// The phases of an operation or of a part, in their order.
struct PhaseList {
  const char* of;
  std::span<const SyncPoint> points;
};
std::span<const PhaseList> PhaseLists();

// With the part looked up that is in flight.
SyncPoint SyncPointOf(const Op& op);

// Its name: "pass: before i_mmap_lock".
std::string WhereIs(const Op& op);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_WHERE_H_
