// States from which a race may go wrong: what two operations in flight, or an
// operation and what it refers to, have to do with each other. Kernels without
// a bug come there too.
#ifndef VMTRUNC_FUZZ_NEAR_MISS_H_
#define VMTRUNC_FUZZ_NEAR_MISS_H_

#include <algorithm>
#include <cstdint>

#include "core/model/mark.h"
#include "core/model/world.h"

namespace vmtrunc::fuzz {

// The rarer, the greater.
enum class NearMiss : uint8_t {
  kNone,
  kMovesInPass,  // a mremap or fork has its new vma, and a pass runs
  kStrayMark,    // a restart address is in another vma than that which has it
  kEqualMarks,   // two vmas remember one restart address by accident
  kFreedVma,     // an access refers to a struct that is free
  kReusedVma,    // to one that has become another vma
  kOtherMm,      // to an mm that it does not run in
};

// Whether a pass has left a restart address in the vma. Marks that name their
// pass are none: no accident makes two of them equal.
constexpr bool HasRestart(const Vma& vma) {
  return vma.state == VmaState::kLinked && IsRestart(vma.count, false);
}

// Of one mm; a file page is not at one address in both.
constexpr bool AtOtherOffsets(const Vma& one, const Vma& other) {
  return other.state == VmaState::kLinked && other.mm == one.mm &&
         other.start - other.pgoff != one.start - one.pgoff;
}

// Whether `is_it` returns true for two vmas of an mm, at other offsets, with
// the same restart address.
template <class C, class F>
bool AnyEqualMarks(const World<C>& w, F is_it) {
  for (unsigned i = 1; i < C::kVmas; ++i) {
    const Vma& one = w.vmas[i];
    if (!HasRestart(one)) continue;
    for (unsigned j = 0; j < i; ++j)
      if (const Vma& other = w.vmas[j]; other.count == one.count &&
                                        AtOtherOffsets(one, other) &&
                                        is_it(one, other))
        return true;
  }
  return false;
}

// The restart address of a vma is in another one of the mm, at other offsets,
// where a pass may stop too.
template <class C>
bool HasStrayMark(const World<C>& w) {
  for (const Vma& one : w.vmas) {
    if (!HasRestart(one)) continue;
    const unsigned at = one.count >> kPageShift;
    if (one.start < at && at < one.end) continue;
    for (const Vma& other : w.vmas)
      if (other.start < at && at < other.end && other.file == one.file &&
          AtOtherOffsets(one, other))
        return true;
  }
  return false;
}

// The vma that an access has found, or kNone.
constexpr Slot FoundVma(const Op& op) {
  if (LooksAtVma(op)) return op.access.vma;
  const bool faults = IsAccess(op) && op.access.phase == AccessPhase::kFault;
  return faults && op.fault.dropped == 0 ? op.fault.vma : kNone;
}

// Whether it moves or copies ptes from one vma to another.
constexpr bool MovesPtes(const Op& op) {
  if (op.verb == Verb::kFork)
    return op.fork.phase == ForkPhase::kLink ||
           op.fork.phase == ForkPhase::kLockChild ||
           op.fork.phase == ForkPhase::kCopy;
  if (op.verb != Verb::kMremap) return false;
  switch (op.mremap.phase) {
    case MremapPhase::kMerge:
    case MremapPhase::kLink:
    case MremapPhase::kMoveLock:
    case MremapPhase::kMovePtl:
    case MremapPhase::kMoveTable:
    case MremapPhase::kMoveRelock:
    case MremapPhase::kMoveRelockPtl:
    case MremapPhase::kMoveFlush:
    case MremapPhase::kExtentTable:
    case MremapPhase::kExtentLock:
    case MremapPhase::kExtentPtl:
    case MremapPhase::kTableLock:
    case MremapPhase::kTablePtl:
      return true;
    default:
      return false;
  }
}

// What a task's operation comes near to by itself.
template <class C>
NearMiss MissOf(const World<C>& w, const Task& task) {
  if (IsAccess(task.op) && task.op.access.phase == AccessPhase::kWake)
    return NearMiss::kOtherMm;
  const Slot found = FoundVma(task.op);
  if (found == kNone) return NearMiss::kNone;
  const Vma& vma = w.vmas[found];
  if (vma.state == VmaState::kFree) return NearMiss::kFreedVma;
  const bool reused = task.op.access.phase == AccessPhase::kFault
                          ? vma.birth != task.op.fault.vma_birth
                          : vma.mm != task.mm;
  return reused ? NearMiss::kReusedVma : NearMiss::kNone;
}

template <class C>
NearMiss NearestMiss(const World<C>& w) {
  NearMiss nearest = NearMiss::kNone;
  bool passes = false, moves = false;
  for (const Task& task : w.tasks) {
    nearest = std::max(nearest, MissOf(w, task));
    passes |= task.op.pass.active != 0;
    moves |= MovesPtes(task.op);
  }
  if (passes && moves) nearest = std::max(nearest, NearMiss::kMovesInPass);
  if (passes && AnyEqualMarks(w, [](const Vma&, const Vma&) { return true; }))
    nearest = std::max(nearest, NearMiss::kEqualMarks);
  else if (passes && HasStrayMark(w))
    nearest = std::max(nearest, NearMiss::kStrayMark);
  return nearest;
}

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_NEAR_MISS_H_
