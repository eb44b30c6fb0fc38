// The position of an operation between two steps, from the lists of phases.
#ifndef VMTRUNC_CORE_MODEL_WHERE_H_
#define VMTRUNC_CORE_MODEL_WHERE_H_

#include <bitset>
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
// Whether a pass is.
bool InPass(const Op& op);

// Phases by number: those of PhaseLists(), one list after the other.
inline constexpr size_t kMostPhases = 256;
using PhaseSet = std::bitset<kMostPhases>;

// Adds the phase of an operation in flight, and those of the parts of it that
// are in flight there.
void NotePhases(const Op& op, PhaseSet& phases);

// Those that an operation may have, whatever the kernel: its list's and its
// parts'.
PhaseSet PhasesOf(Verb verb);

// The sync point's name: "pass: before i_mmap_lock".
std::string WhereIs(const Op& op);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_WHERE_H_
