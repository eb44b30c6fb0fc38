#include "report/explain/account.h"

#include "report/explain/row_facts.h"
#include "report/explain/vma_facts.h"

namespace vmtrunc::report {
namespace {

// Whether a fact changes which vmas exist and which pages they have.
bool Matters(const Fact& fact) {
  using Kind = Fact::Kind;
  for (const Kind kind :
       {Kind::kFrees, Kind::kAllocates, Kind::kSplits, Kind::kResizes,
        Kind::kMoves, Kind::kMaps, Kind::kRemoves, Kind::kClearsCount,
        Kind::kMakesNonlinear})
    if (fact.kind == kind) return true;
  return fact.kind == Fact::Kind::kDrops && fact.note;
}

// Combines pages that mremap moves one by one, each in a row of its own, into
// one fact.
class Moves {
 public:
  // Whether the fact is a move that continues the previous one.
  bool Takes(const Fact& fact, const StoryRow& row) {
    if (fact.kind != Fact::Kind::kMoves || fact.addrs.size() != 1) return false;
    if (!all_) {
      all_ = {fact, row.last_step, row.last_step};
      first_step_ = row.first_step;
      return true;
    }
    if (fact.addrs.front() != all_->fact.addrs.back() + 1 ||
        fact.to.front() != all_->fact.to.back() + 1)
      return false;
    all_->fact.addrs.push_back(fact.addrs.front());
    all_->fact.to.push_back(fact.to.front());
    all_->first_step = first_step_;
    all_->last_step = row.last_step;
    return true;
  }

  void EndTo(std::vector<DatedFact>& deeds) {
    if (all_) deeds.push_back(*std::move(all_));
    all_.reset();
  }

 private:
  std::optional<DatedFact> all_;
  unsigned first_step_ = 0;
};

class Accountant {
 public:
  Accountant(const Story& story, const Victim& victim, const Escape& escape)
      : story_(story), victim_(victim), escape_(escape) {}

  Account Find() {
    if (escape_.dropped) {
      Leaves(*escape_.dropped);
      Others(*escape_.dropped);
    }
    account_.how = How();
    if (account_.how == Account::How::kComesBack) MovesTables();
    account_.is_moved = escape_.arrives && escape_.from &&
                        account_.how != Account::How::kComesBack &&
                        escape_.skip != Escape::Skip::kUnknown;
    account_.is_reused = IsReused();
    if (account_.how == Account::How::kByRestart)
      Older(story_.Before(escape_.skipped).vmas[escape_.slot].count);
    return std::move(account_);
  }

 private:
  unsigned task() const { return story_.rows[escape_.begins].task; }
  VmaFact FactAt(size_t row, Slot slot) const {
    return FactOf(story_, row, slot, story_.rows[row].world.vmas[slot]);
  }
  bool IsReused() const {
    if (account_.how != Account::How::kByPointer &&
        account_.how != Account::How::kByOtherPage)
      return false;
    const auto birth = [&](const LargeWorld& world) {
      return world.vmas[escape_.slot].birth;
    };
    return escape_.dropped && birth(story_.rows[*escape_.dropped].world) !=
                                  birth(story_.Before(escape_.skipped));
  }
  // The vmas whose counts the row changes.
  std::vector<Slot> Counted(size_t row) const {
    std::vector<Slot> slots;
    for (const Slot slot : ChangedVmas(story_, row))
      if (story_.rows[row].world.vmas[slot].count !=
          story_.Before(row).vmas[slot].count)
        slots.push_back(slot);
    return slots;
  }

  void Leaves(size_t row) {
    const StoryRow& it = story_.rows[row];
    const Pass& pass = it.world.tasks[it.task].op.pass;
    if (!story_.rules.restart_in_vma && pass.restart_vma != kNone) {
      account_.note = RestartNote{.slot = pass.restart_vma,
                                  .addr = pass.restart_addr,
                                  .page = pass.restart_pgoff};
      account_.noted = FactAt(row, pass.restart_vma);
      return;
    }
    for (const Slot slot : Counted(row))
      account_.left.push_back(
          {FactAt(row, slot), CountOf(story_, it.world.vmas[slot])});
  }

  // From the drop to where the pass resumes.
  void Others(size_t dropped) {
    const size_t until = escape_.skip == Escape::Skip::kUnknown
                             ? escape_.breaks
                             : escape_.skipped;
    for (size_t i = dropped + 1; i < until;) {
      Meanwhile in{.event = story_.rows[i].event, .deeds = {}};
      Moves moves;
      for (; i < until && story_.rows[i].event == in.event; ++i) {
        const StoryRow& row = story_.rows[i];
        if (row.task == task()) continue;
        for (const Fact& fact : FactsOf(story_, i)) {
          if (!Matters(fact) || moves.Takes(fact, row)) continue;
          moves.EndTo(in.deeds);
          in.deeds.push_back({fact, row.first_step, row.last_step});
        }
      }
      moves.EndTo(in.deeds);
      if (!in.deeds.empty()) account_.meanwhile.push_back(std::move(in));
    }
  }

  void MovesTables() {
    const uint16_t number =
        story_.rows[escape_.breaks]
            .tables.at[victim_.mm][victim_.addr / kPtesPerTable];
    for (size_t i = escape_.begins; i <= escape_.breaks; ++i) {
      const StoryRow& row = story_.rows[i];
      for (const Fact& fact : FactsOf(story_, i))
        if (fact.table && fact.table->number == number &&
            (fact.kind == Fact::Kind::kMovesTable ||
             (fact.kind == Fact::Kind::kFindsNoTable && row.task == task())))
          account_.tables.push_back({fact, row.first_step, row.last_step});
    }
  }

  Account::How How() const {
    using How = Account::How;
    const bool is_skipped = escape_.skip != Escape::Skip::kUnknown;
    if (IsLate()) return How::kComesBack;
    if (is_skipped) return HowSkipped();
    if (!escape_.scans.empty() &&
        escape_.arrives.value_or(0) <= escape_.scans.back())
      return How::kScanned;
    if (IsOutOfRange()) return How::kOutOfRange;
    if (escape_.arrives) return How::kComesBack;
    return escape_.looked ? How::kLeftOut : How::kNeverThere;
  }

  // After its scan; unless the walk reached it again, and trusted a note.
  bool IsLate() const {
    return escape_.arrives && !escape_.scans.empty() &&
           *escape_.arrives > escape_.scans.back() &&
           ((escape_.skip != Escape::Skip::kPointer &&
             escape_.skip != Escape::Skip::kRestart) ||
            escape_.skipped < *escape_.arrives);
  }

  Account::How HowSkipped() const {
    if (escape_.skip == Escape::Skip::kRestart) return Account::How::kByRestart;
    if (escape_.skip == Escape::Skip::kStamp) return Account::How::kByStamp;
    const LargeWorld& world = story_.Before(escape_.skipped);
    const Vma& vma = world.vmas[escape_.slot];
    const Pass& pass = world.tasks[task()].op.pass;
    return vma.pgoff + pass.restart_addr - vma.start == pass.restart_pgoff
               ? Account::How::kByPointer
               : Account::How::kByOtherPage;
  }

  // Whether the vma is nonlinear, and the pass scans only addresses that would
  // have its range in a linear one.
  bool IsOutOfRange() const {
    if (!escape_.looked || story_.rules.nonlinear_scans_all) return false;
    const Vma& vma = story_.Before(*escape_.looked).vmas[escape_.looked_at];
    const unsigned linear = vma.pgoff + victim_.addr - vma.start;
    return vma.nonlinear != 0 &&
           (linear < escape_.pass.start || linear >= escape_.pass.end);
  }

  void Older(uint32_t count) {
    for (size_t i = 0; i < escape_.skipped; ++i) {
      const StoryRow& row = story_.rows[i];
      if (!row.Has(TraceNote::Kind::kDrops)) continue;
      for (const Slot slot : Counted(i)) {
        if (row.world.vmas[slot].count != count) continue;
        if (i >= escape_.begins && row.task == task()) {
          account_.older.reset();  // it is its own too
          return;
        }
        if (!account_.older)
          account_.older = OlderMark{
              .row = i, .pass = row.ends.pass.count, .vma = FactAt(i, slot)};
      }
    }
  }

  const Story& story_;
  const Victim victim_;
  const Escape escape_;
  Account account_;
};

// The counts that other tasks changed between two rows of a task.
std::vector<Twice::Written> WrittenBy(const Story& story, size_t first,
                                      size_t breaks) {
  std::vector<Twice::Written> written;
  for (size_t i = first + 1; i < breaks; ++i) {
    const StoryRow& row = story.rows[i];
    if (row.task == story.rows[breaks].task) continue;
    for (const Slot slot : ChangedVmas(story, i)) {
      const Vma& before = story.Before(i).vmas[slot];
      const Vma& after = row.world.vmas[slot];
      if (after.state == VmaState::kFree || before.count == after.count)
        continue;
      written.push_back({i, FactOf(story, i, slot, after),
                         CountOf(story, before), CountOf(story, after)});
    }
  }
  return written;
}

}  // namespace

Account AccountOf(const Story& story, const Victim& victim,
                  const Escape& escape) {
  return Accountant(story, victim, escape).Find();
}

std::optional<size_t> GoneAt(const Story& story) {
  const auto victim = VictimOf(story.result.first);
  if (!victim || !story.broken_row ||
      story.result.first.property != Property::kNoPagePastSize)
    return std::nullopt;
  const auto kind = [&](const World<LargeCaps>& world) {
    return world.mms[victim->mm].ptes[victim->addr].kind();
  };
  for (size_t i = *story.broken_row + 1; i < story.rows.size(); ++i)
    if (kind(story.Before(i)) == PteKind::kPage &&
        kind(story.rows[i].world) == PteKind::kOrphan)
      return i;
  return std::nullopt;
}

std::optional<Twice> TwiceOf(const Story& story) {
  if (!story.broken_row ||
      story.result.first.property != Property::kRestartProgress)
    return std::nullopt;
  const unsigned addr = story.result.first.values[0];
  const unsigned mm = story.result.first.values[1];
  const size_t breaks = *story.broken_row;
  for (size_t i = breaks; i-- > 0;) {
    const StoryRow& row = story.rows[i];
    if (row.task != story.rows[breaks].task) continue;
    for (const TraceNote& note : row.notes)
      if (note.kind == TraceNote::Kind::kScans && note.mm == mm &&
          note.start <= addr && addr < note.end)
        return Twice{.first = i,
                     .owner = story.rows[breaks].mm_task[mm],
                     .addr = addr,
                     .between = WrittenBy(story, i, breaks)};
    // Before that it was another pass.
    if (row.Has(TraceNote::Kind::kPassBegins)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace vmtrunc::report
