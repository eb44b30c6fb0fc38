#include "report/explain/victim.h"

#include "core/model/mark.h"
#include "report/explain/vma_facts.h"
#include "report/explain/would_scan.h"

namespace vmtrunc::report {
namespace {

using Kind = TraceNote::Kind;

Slot SlotOf(const LargeWorld& world, const Vma& vma) {
  return static_cast<Slot>(&vma - world.vmas);
}

class Detective {
 public:
  Detective(const Story& story, const Victim& victim)
      : story_(story), victim_(victim) {}

  std::optional<Escape> Find() {
    escape_.breaks = *story_.broken_row;
    task_ = story_.rows[escape_.breaks].task;
    if (!FindPass()) return std::nullopt;
    FindScans();
    FindArrival();
    FindLook();
    FindSkip();
    if (!IsTheReason()) Forget();
    for (size_t i = escape_.begins; i < escape_.skipped; ++i)
      if (story_.rows[i].task == task_ && story_.rows[i].Has(Kind::kDrops))
        escape_.dropped = i;
    return escape_;
  }

 private:
  // The last pass of the violating operation whose range has the page.
  bool FindPass() {
    for (size_t i = escape_.breaks + 1; i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_) continue;
      for (size_t n = row.notes.size(); n-- > 0;) {
        const TraceNote& note = row.notes[n];
        if (note.kind != Kind::kPassBegins || victim_.index < note.start ||
            victim_.index >= note.end)
          continue;
        escape_.begins = i;
        escape_.pass = note;
        return true;
      }
      if (i != escape_.breaks && !row.to) break;  // another operation
    }
    return false;
  }

  void FindScans() {
    for (size_t i = escape_.begins; i <= escape_.breaks; ++i) {
      if (story_.rows[i].task != task_) continue;
      for (const TraceNote& note : story_.rows[i].notes)
        if (note.kind == Kind::kScans && note.mm == victim_.mm &&
            note.start <= victim_.addr && victim_.addr < note.end)
          escape_.scans.push_back(i);
    }
  }

  void FindLook() {
    for (size_t i = escape_.begins; i <= escape_.breaks; ++i) {
      if (story_.rows[i].task != task_) continue;
      for (const TraceNote& note : story_.rows[i].notes) {
        if (note.kind != Kind::kLooksAt) continue;
        const Vma& vma = story_.Before(i).vmas[note.id];
        if (vma.mm != victim_.mm || victim_.addr < vma.start ||
            victim_.addr >= vma.end)
          continue;
        escape_.looked = i;
        escape_.looked_at = static_cast<Slot>(note.id);
      }
    }
  }

  // Tests it: the pass skips the address, and without the mark or the restart
  // point it would not.
  bool IsTheReason() const {
    if (escape_.skip == Escape::Skip::kUnknown) return true;
    LargeWorld world = story_.Before(escape_.skipped);
    const auto scans = [&] {
      return WouldScan(world, story_.rules, task_, victim_.mm, victim_.addr);
    };
    if (scans()) return false;
    if (escape_.skip == Escape::Skip::kPointer)
      world.tasks[task_].op.pass.restart_vma = kNone;
    else
      world.vmas[escape_.slot].count = 0;
    return scans();
  }

  void Forget() {
    escape_.skip = Escape::Skip::kUnknown;
    escape_.skipped = escape_.breaks;
    escape_.slot = kNone;
    escape_.marked = 0;
  }

  Pte PteIn(const LargeWorld& world) const {
    return world.mms[victim_.mm].ptes[victim_.addr];
  }

  void FindArrival() {
    for (size_t i = escape_.breaks + 1; i-- > escape_.begins;) {
      if (PteIn(story_.Before(i)).present() ||
          !PteIn(story_.rows[i].world).present())
        continue;
      escape_.arrives = i;
      if (story_.rows[i].verb == Verb::kMremap)
        escape_.from = MovedFrom(story_, i, victim_.addr);
      return;
    }
  }

  // Where its mark, or the restart point, last said that the address was done,
  // and the first row of that.
  void FindSkip() {
    escape_.skipped = escape_.breaks;
    for (size_t i = escape_.breaks + 1; i-- > escape_.begins;) {
      if (story_.rows[i].task != task_) continue;
      const LargeWorld& world = story_.Before(i);
      const Vma* const vma = CoverOf(world, victim_);
      if (vma == nullptr) continue;
      const Escape::Skip skip = SkipOf(world, *vma);
      if (skip == Escape::Skip::kUnknown) {
        if (escape_.skip != Escape::Skip::kUnknown) break;
        continue;
      }
      if (escape_.skip != Escape::Skip::kUnknown &&
          (skip != escape_.skip || SlotOf(world, *vma) != escape_.slot))
        break;  // an earlier reason is not related
      // For a count, when it was first there; else, when it was last trusted.
      if (escape_.skip != Escape::Skip::kUnknown &&
          skip != Escape::Skip::kStamp)
        break;
      escape_.skip = skip;
      escape_.skipped = i;
      escape_.slot = SlotOf(world, *vma);
    }
    PreferRestart();
    if (escape_.skip == Escape::Skip::kUnknown) return;
    FindEntry();
    FindMark();
  }

  // A vma may be marked because a restart address was past its end, or past
  // what was left of it: then that is the reason.
  void PreferRestart() {
    if (escape_.skip != Escape::Skip::kStamp) return;
    for (size_t i = escape_.skipped + 1; i-- > escape_.begins;) {
      if (story_.rows[i].task != task_) continue;
      const LargeWorld& world = story_.Before(i);
      const Vma* const vma = CoverOf(world, victim_);
      if (vma == nullptr || SlotOf(world, *vma) != escape_.slot) break;
      const Escape::Skip skip = SkipOf(world, *vma);
      if (skip == Escape::Skip::kUnknown) break;
      if (skip == Escape::Skip::kStamp) continue;
      escape_.skip = skip;
      escape_.skipped = i;
    }
  }

  // The row that enters the vma, if the walk resumes above a restart address or
  // point: only then is it seen to be trusted.
  void FindEntry() {
    if (escape_.skip == Escape::Skip::kStamp) return;
    for (size_t i = escape_.skipped + 1; i-- > escape_.begins;) {
      if (story_.rows[i].task != task_) continue;
      if (story_.rows[i].Has(Kind::kDrops)) return;
      const auto skips = SkippedBy(story_, i);
      if (!skips || skips->slot != escape_.slot) continue;
      escape_.skipped = i;
      return;
    }
  }

  Escape::Skip SkipOf(const LargeWorld& world, const Vma& vma) const {
    const bool names_pass = story_.rules.restart_names_pass;
    if (!story_.rules.stamp_vmas) return Escape::Skip::kUnknown;
    if (vma.count == DoneMark(escape_.pass.id, names_pass))
      return Escape::Skip::kStamp;
    if (story_.rules.restart_in_vma) {
      const bool believed =
          IsRestartOf(vma.count, escape_.pass.id, names_pass) &&
          victim_.addr < vma.count >> kPageShift;
      return believed ? Escape::Skip::kRestart : Escape::Skip::kUnknown;
    }
    const Pass& pass = world.tasks[task_].op.pass;
    if (pass.active == 0 || pass.restart_vma != SlotOf(world, vma))
      return Escape::Skip::kUnknown;
    const unsigned there = vma.pgoff + pass.restart_addr - vma.start;
    return victim_.addr < pass.restart_addr || there != pass.restart_pgoff
               ? Escape::Skip::kPointer
               : Escape::Skip::kUnknown;
  }

  void FindMark() {
    const auto mark = [&](const LargeWorld& world) {
      return world.vmas[escape_.slot].state == VmaState::kFree
                 ? uint64_t{~0U} << 8
                 : uint64_t{world.vmas[escape_.slot].count} << 8 |
                       world.vmas[escape_.slot].birth;
    };
    const uint64_t now = mark(story_.Before(escape_.skipped));
    escape_.marked = escape_.skipped;
    while (escape_.marked > 0 && mark(story_.Before(escape_.marked)) == now)
      --escape_.marked;
  }

  const Story& story_;
  const Victim victim_;
  unsigned task_ = 0;
  Escape escape_;
};

}  // namespace

const Vma* CoverOf(const LargeWorld& world, const Victim& victim) {
  for (const Vma& vma : world.vmas)
    if (vma.state != VmaState::kFree && vma.mm == victim.mm &&
        vma.start <= victim.addr && victim.addr < vma.end)
      return &vma;
  return nullptr;
}

std::vector<unsigned> OthersPastSize(const Story& story, const Victim& victim) {
  std::vector<unsigned> others;
  if (story.result.first.property != Property::kNoPagePastSize) return others;
  const LargeWorld& world = story.rows[*story.broken_row].world;
  if (const Vma* const vma = VmaAt(world, victim.mm, victim.addr))
    for (unsigned addr = vma->start; addr < vma->end; ++addr)
      if (addr != victim.addr && IsPastSize(world, *vma, addr))
        others.push_back(addr);
  return others;
}

std::optional<Victim> VictimOf(const Violation& violation) {
  const auto& v = violation.values;
  switch (violation.property) {
    case Property::kNoPagePastSize:
      return Victim{.mm = v[2], .addr = v[1], .index = v[0]};
    case Property::kNoRemovedPageMapped:
      return Victim{.mm = v[3], .addr = v[2], .index = v[0]};
    case Property::kSigbusPastEof:
    case Property::kMapsOwnPage:
    case Property::kDoneIsUnmapped:
      return Victim{.mm = v[2], .addr = v[1], .index = v[0]};
    case Property::kNoOverUnmap:
    case Property::kRestartProgress:
    case Property::kBoundedDrops:
    case Property::kCountIsACount:
    case Property::kIndexAgrees:
    case Property::kVmasWellFormed:
    case Property::kLockOrder:
    case Property::kNoDeadlock:
    case Property::kNoFreedUse:
    case Property::kNoCachedPagePastSize:
    case Property::kGrownPagesAreZero:
    case Property::kNothingLostOutsideRange:
    case Property::kFaultInOwnVma:
    case Property::kNoDataRace:
      return std::nullopt;
    case Property::kNoStaleTlb:
    case Property::kPassLeavesNoTlb:
      return Victim{.mm = v[3], .addr = v[2], .index = v[0]};
    case Property::kNoFreedPageReachable:
      return Victim{.mm = v[2], .addr = v[1]};
  }
  return std::nullopt;
}

std::optional<Escape> EscapeOf(const Story& story) {
  const auto victim = VictimOf(story.result.first);
  const Property property = story.result.first.property;
  const bool is_left = property == Property::kNoPagePastSize ||
                       property == Property::kNoRemovedPageMapped;
  if (!victim || !story.broken_row || !is_left) return std::nullopt;
  return Detective(story, *victim).Find();
}

}  // namespace vmtrunc::report
