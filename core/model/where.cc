// Where operations stand, from the lists of core/model/phases.h.
#include "core/model/where.h"

#include <cstddef>
#include <functional>
#include <iterator>

#include "core/check.h"

namespace vmtrunc {
namespace {

using enum LockKind;
using enum Part;

#define VMTRUNC_POINT(phase, point, waits) {#phase, point, Waits(waits)},
constexpr PhaseInfo kAdjust[] = {VMTRUNC_ADJUST_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kUnmap[] = {VMTRUNC_UNMAP_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kPass[] = {VMTRUNC_PASS_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kFault[] = {VMTRUNC_FAULT_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kMmap[] = {VMTRUNC_MMAP_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kMunmap[] = {VMTRUNC_MUNMAP_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kMprotect[] = {VMTRUNC_MPROTECT_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kMremap[] = {VMTRUNC_MREMAP_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kAccess[] = {VMTRUNC_ACCESS_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kFork[] = {VMTRUNC_FORK_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kExit[] = {VMTRUNC_EXIT_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kTruncate[] = {VMTRUNC_TRUNCATE_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kRemap[] = {VMTRUNC_REMAP_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kFolio[] = {VMTRUNC_FOLIO_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kInvalidate[] = {VMTRUNC_INVALIDATE_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kCollapse[] = {VMTRUNC_COLLAPSE_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kRevoke[] = {VMTRUNC_REVOKE_PHASES(VMTRUNC_POINT)};
constexpr PhaseInfo kRemoval[] = {VMTRUNC_REMOVAL_PHASES(VMTRUNC_POINT)};
#undef VMTRUNC_POINT

constexpr PhaseList kLists[] = {{"mmap", kMmap},
                                {"munmap", kMunmap},
                                {"mprotect", kMprotect},
                                {"mremap", kMremap},
                                {"read, write", kAccess},
                                {"fork", kFork},
                                {"exit", kExit},
                                {"truncate, punch", kTruncate},
                                {"invalidate", kInvalidate},
                                {"removal of pages", kRemoval},
                                {"revoke", kRevoke},
                                {"collapse", kCollapse},
                                {"remap", kRemap},
                                {"pin, unpin, order", kFolio},
                                {"vma_adjust", kAdjust},
                                {"unmap", kUnmap},
                                {"pass", kPass},
                                {"fault", kFault}};

template <size_t kSize, class Phase>
const PhaseInfo& At(const PhaseInfo (&points)[kSize], Phase phase) {
  return points[static_cast<size_t>(phase)];
}

const PhaseInfo& OfVerb(const Op& op) {
  static constexpr PhaseInfo kIdle = {"", "idle", Waits(kNothing)};
  switch (op.verb) {
    case Verb::kNone:
      return kIdle;
    case Verb::kMmap:
      return At(kMmap, op.mmap.phase);
    case Verb::kMunmap:
      return At(kMunmap, op.munmap.phase);
    case Verb::kMprotect:
      return At(kMprotect, op.mprotect.phase);
    case Verb::kMremap:
      return At(kMremap, op.mremap.phase);
    case Verb::kRead:
    case Verb::kWrite:
      return At(kAccess, op.access.phase);
    case Verb::kFork:
      return At(kFork, op.fork.phase);
    case Verb::kExit:
      return At(kExit, op.exit.phase);
    case Verb::kTruncate:
    case Verb::kPunch:
      return At(kTruncate, op.truncate.phase);
    case Verb::kInvalidate:
      return At(kInvalidate, op.invalidate.phase);
    case Verb::kRevoke:
      return At(kRevoke, op.revoke.phase);
    case Verb::kCollapse:
      return At(kCollapse, op.collapse.phase);
    case Verb::kRemap:
      return At(kRemap, op.remap.phase);
    case Verb::kPin:
    case Verb::kUnpin:
    case Verb::kOrder:
      return At(kFolio, op.folio.phase);
  }
  return kIdle;
}

// The part that says more, or nullptr.
const PhaseInfo* OfPart(const Op& op, Part part) {
  switch (part) {
    case kAsAdjust:
      return &At(kAdjust, op.adjust.phase);
    case kAsUnmap:
      return &At(kUnmap, op.unmap.phase);
    case kAsPass:
      return &At(kPass, op.pass.phase);
    case kAsFault:
      return &At(kFault, op.fault.phase);
    case kAsMmap:
      return &At(kMmap, op.mmap.phase);
    case kAsRemoval:
      return &At(kRemoval, RemovalOf(op).phase);
    case kNothing:
      return nullptr;
  }
  return nullptr;
}

// The list of a phase, and the number of the first in it.
struct ListAt {
  const PhaseList* list;
  size_t first;
};

bool Has(const PhaseList& list, const PhaseInfo* point) {
  const PhaseInfo* const begin = list.points.data();
  return !std::less<>()(point, begin) &&
         std::less<>()(point, begin + list.points.size());
}

ListAt ListOf(const PhaseInfo* point) {
  ListAt at{kLists, 0};
  while (!Has(*at.list, point)) {
    at.first += at.list->points.size();
    ++at.list;
    VMT_CHECK(at.list != std::end(kLists));
  }
  return at;
}

constexpr size_t Count() {
  size_t all = 0;
  for (const PhaseList& list : kLists) all += list.points.size();
  return all;
}
static_assert(Count() <= kMostPhases);

// Adds the list of `point` and those of the parts that its phases have.
void AddList(const Op& op, const PhaseInfo* point, PhaseSet& phases) {
  const auto [list, first] = ListOf(point);
  if (phases.test(first)) return;
  for (size_t i = 0; i < list->points.size(); ++i) phases.set(first + i);
  for (const PhaseInfo& each : list->points)
    if (const PhaseInfo* part = OfPart(op, each.waits.part))
      AddList(op, part, phases);
}

// Whether that part is in flight.
bool InPart(const Op& op, Part part) {
  const PhaseInfo* phase = &OfVerb(op);
  while (phase != nullptr && phase->waits.part != part)
    phase = OfPart(op, phase->waits.part);
  return phase != nullptr;
}

}  // namespace

std::span<const PhaseList> PhaseLists() { return kLists; }

PhaseInfo PhaseOf(const Op& op) {
  PhaseInfo point = OfVerb(op);
  while (const PhaseInfo* part = OfPart(op, point.waits.part)) {
    // A name of its own stands, whatever the part is at.
    const char* const name = *point.name != 0 ? point.name : part->name;
    point = {part->phase, name, part->waits};
  }
  return point;
}

bool InFault(const Op& op) { return InPart(op, kAsFault); }
bool InPass(const Op& op) { return InPart(op, kAsPass); }

void NotePhases(const Op& op, PhaseSet& phases) {
  const PhaseInfo* point = &OfVerb(op);
  while (point != nullptr) {
    const auto [list, first] = ListOf(point);
    phases.set(first + static_cast<size_t>(point - list->points.data()));
    point = OfPart(op, point->waits.part);
  }
}

PhaseSet PhasesOf(Verb verb) {
  Op op{};
  op.verb = verb;
  PhaseSet phases;
  if (verb != Verb::kNone) AddList(op, &OfVerb(op), phases);
  return phases;
}

std::string WhereIs(const Op& op) { return PhaseOf(op).name; }

}  // namespace vmtrunc
