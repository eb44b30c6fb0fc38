#include "report/explain/vma_facts.h"

#include <cstring>

#include "core/model/mark.h"

namespace vmtrunc::report {
namespace {

PteLook LookOf(const LargeWorld& world, const Vma& vma, unsigned addr) {
  const bool past = IsPastSize(world, vma, addr);
  switch (world.mms[vma.mm].ptes[addr].kind()) {
    case PteKind::kPage:
      return past ? PteLook::kPagePastSize : PteLook::kPage;
    case PteKind::kOrphan:
    case PteKind::kForeign:
      return PteLook::kOrphan;
    case PteKind::kCopy:
      return past ? PteLook::kCopyPastSize : PteLook::kCopy;
    case PteKind::kFilePte:
      return PteLook::kFilePte;
    case PteKind::kEmpty:
      break;
  }
  return PteLook::kNone;
}

// The fields of a vma, without its ptes.
bool FieldsDiffer(const Vma& a, const Vma& b) {
  const auto differs = [&](auto field) { return a.*field != b.*field; };
  return differs(&Vma::start) || differs(&Vma::end) || differs(&Vma::pgoff) ||
         differs(&Vma::mm) || differs(&Vma::count) || differs(&Vma::state) ||
         differs(&Vma::write) || differs(&Vma::birth) ||
         differs(&Vma::nonlinear) ||
         (a.in_index == InIndex::kNot) != (b.in_index == InIndex::kNot);
}

// Whether it is said that a vma is not in the index. Of one that is torn down
// it matters where that comes before a flush.
bool TellsIndex(const Story& story, const Vma& vma) {
  return vma.state == VmaState::kLinked ||
         (vma.state == VmaState::kDetached && story.script.setup.tlb);
}

}  // namespace

VmaFact FactOf(const Story& story, size_t row, Slot slot, const Vma& vma) {
  return {.slot = slot,
          .owner = story.rows[row].mm_task[vma.mm],
          .start = vma.start,
          .end = vma.end};
}

CountFact CountOf(const Story& story, const Vma& vma) {
  using Kind = CountFact::Kind;
  if (!story.rules.stamp_vmas) return {};
  if (vma.count == 0) return {.kind = Kind::kToScan};
  const uint32_t page = vma.count >> kPageShift;
  if (story.rules.restart_names_pass) {
    const uint32_t pass = vma.count & kSubPage;
    // Linked before the first pass.
    if (pass == 0) return {.kind = Kind::kToScan};
    if (page == kDonePage) return {.kind = Kind::kScanned, .pass = pass};
    return {.kind = Kind::kRestart, .pass = pass, .at = page};
  }
  if (story.rules.restart_in_vma && IsRestart(vma.count, false))
    return {.kind = Kind::kRestart, .at = page};
  return {.kind = Kind::kScanned, .pass = vma.count};
}

RestartPoints RestartPointsIn(const Story& story, const LargeWorld& world,
                              Slot slot) {
  RestartPoints points;
  if (story.rules.restart_in_vma) return points;
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    const Op& op = world.tasks[task].op;
    if (IsPass(op.verb) && op.pass.active != 0 && op.pass.restart_vma == slot &&
        world.vmas[slot].count != DoneMark(op.pass.count, false))
      points.emplace_back(task, op.pass.restart_addr);
  }
  return points;
}

VmaLocks LocksOn(const LargeWorld& world, Slot slot) {
  const Vma& vma = world.vmas[slot];
  VmaLocks locks;
  // Who tears a whole mm down holds no mmap_sem.
  const auto tears_down = [&](const Op& op) {
    return op.verb != Verb::kNone && op.unmap.whole_mm != 0 &&
           op.unmap.mm == vma.mm;
  };
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    if (vma.locked != 0 &&
        (world.mms[vma.mm].writer == task || tears_down(world.tasks[task].op)))
      locks.writer = task;
    if ((vma.readers >> task & 1) != 0) locks.readers.push_back(task);
  }
  return locks;
}

std::optional<Slot> FoundBy(const LargeWorld& world, unsigned task) {
  const Op& op = world.tasks[task].op;
  const bool looks = (op.verb == Verb::kRead || op.verb == Verb::kWrite) &&
                     op.access.phase == AccessPhase::kVmaLock;
  return looks ? std::optional<Slot>(op.access.vma) : std::nullopt;
}

std::vector<PteLook> LooksOf(const LargeWorld& world, const Vma& vma) {
  std::vector<PteLook> looks;
  for (unsigned addr = vma.start; addr < vma.end; ++addr)
    looks.push_back(LookOf(world, vma, addr));
  return looks;
}

bool IsPastSize(const LargeWorld& world, const Vma& vma, unsigned addr) {
  const Pte pte = world.mms[vma.mm].ptes[addr];
  if (!pte.present()) return false;
  const unsigned linear = vma.pgoff + addr - vma.start;
  const unsigned index = pte.kind() == PteKind::kCopy ? linear : pte.index();
  return index >= world.files[vma.file].size;
}

std::optional<VmaView> ViewOf(const Story& story, const LargeWorld& world,
                              size_t row, Slot slot) {
  const Vma& vma = world.vmas[slot];
  if (vma.state == VmaState::kFree) return std::nullopt;
  return VmaView{
      .slot = slot,
      .owner = story.rows[row].mm_task[vma.mm],
      .start = vma.start,
      .end = vma.end,
      .first_page = vma.pgoff,
      .last_page = vma.last_pgoff(),
      .ptes = LooksOf(world, vma),
      .count = CountOf(story, vma),
      .points = RestartPointsIn(story, world, slot),
      .is_private = vma.shared == 0,
      .nonlinear = vma.nonlinear != 0,
      .unindexed = TellsIndex(story, vma) && vma.in_index == InIndex::kNot,
      .state = vma.state,
      .locks = LocksOn(world, slot)};
}

std::vector<Slot> ChangedVmas(const Story& story, size_t row) {
  const LargeWorld& before = story.Before(row);
  const LargeWorld& after = story.rows[row].world;
  std::vector<Slot> changed;
  for (unsigned i = 0; i < LargeCaps::kVmas; ++i) {
    const auto slot = static_cast<Slot>(i);
    const Vma& a = before.vmas[slot];
    const Vma& b = after.vmas[slot];
    if (a.state == VmaState::kFree && b.state == VmaState::kFree) continue;
    const Vma& vma = b.state != VmaState::kFree ? b : a;
    if (FieldsDiffer(a, b) ||
        RestartPointsIn(story, before, slot) !=
            RestartPointsIn(story, after, slot) ||
        std::memcmp(&before.mms[vma.mm].ptes[vma.start],
                    &after.mms[vma.mm].ptes[vma.start],
                    sizeof(Pte) * vma.pages()) != 0)
      changed.push_back(slot);
  }
  return changed;
}

std::optional<size_t> LastUseOf(const Story& story, size_t row, Slot slot) {
  const Vma& before = story.Before(row).vmas[slot];
  const Vma& now = story.rows[row].world.vmas[slot];
  if (now.state == VmaState::kFree ||
      (before.state != VmaState::kFree && before.birth == now.birth))
    return std::nullopt;
  for (size_t i = row; i-- > 0;)
    if (story.rows[i].world.vmas[slot].state != VmaState::kFree) return i;
  return std::nullopt;
}

std::optional<unsigned> MovedFrom(const Story& story, size_t row,
                                  unsigned addr) {
  const StoryRow& it = story.rows[row];
  const unsigned mm = story.Before(row).tasks[it.task].mm;
  const Pte* const before = story.Before(row).mms[mm].ptes;
  const Pte* const after = it.world.mms[mm].ptes;
  if (it.begins.verb != Verb::kMremap) return std::nullopt;
  // Consecutive parts of a range move equally far.
  const int far = int{it.begins.mremap.new_addr} - int{it.begins.mremap.addr};
  for (const int from : {int(addr) - far, int(addr) + far}) {
    if (from < 0 || from >= int{LargeCaps::kAddrs} || far == 0) continue;
    if (before[from].present() && !after[from].present() &&
        after[addr].present() && before[from].index() == after[addr].index())
      return static_cast<unsigned>(from);
  }
  return std::nullopt;
}

std::optional<Skips> SkippedBy(const Story& story, size_t row) {
  const StoryRow& it = story.rows[row];
  const Pass& pass = it.ends.pass;
  if (!IsPass(it.verb) || pass.active == 0 || pass.cursor == kNone ||
      pass.cursor == it.begins.pass.cursor)
    return std::nullopt;
  const Vma& vma = it.world.vmas[pass.cursor];
  unsigned first = vma.start;
  if (vma.nonlinear == 0 && pass.first > vma.pgoff)
    first += pass.first - vma.pgoff;
  if (pass.addr <= first) return std::nullopt;
  return Skips{.slot = pass.cursor, .first = first, .last = pass.addr - 1U};
}

}  // namespace vmtrunc::report
