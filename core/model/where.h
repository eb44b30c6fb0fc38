// The position of an operation between two steps, from the lists of phases.
#ifndef VMTRUNC_CORE_MODEL_WHERE_H_
#define VMTRUNC_CORE_MODEL_WHERE_H_

#include <span>
#include <string>

#include "core/model/phases.h"
#include "core/model/world.h"

namespace vmtrunc {

struct PhaseInfo {
  const char* phase;  // its name in the code
  const char* name;   // "pass: before i_mmap_lock"; "": the part's
  Waits waits;        // what its step may wait for
};

// The phases of an operation or of a part, in their order.
struct PhaseList {
  const char* of;
  std::span<const PhaseInfo> points;
};
std::span<const PhaseList> PhaseLists();

// With the part in flight resolved.
PhaseInfo PhaseOf(const Op& op);

// Whether a fault is in flight at that position.
bool InFault(const Op& op);

// The sync point's name: "pass: before i_mmap_lock".
std::string WhereIs(const Op& op);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_WHERE_H_
