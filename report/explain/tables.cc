#include "report/explain/tables.h"

namespace vmtrunc::report {
namespace {

bool IsMover(const Op& op) {
  return op.verb == Verb::kMremap &&
         (op.mremap.phase == MremapPhase::kTableLock ||
          op.mremap.phase == MremapPhase::kTablePtl);
}

bool IsWalker(const Op& op) {
  return IsPass(op.verb) && op.pass.active != 0 &&
         op.pass.phase == PassPhase::kZapTable;
}

bool Has(const LargeWorld& world, unsigned mm, unsigned span) {
  return (world.mms[mm].tables >> span & 1) != 0;
}

class Follower {
 public:
  Follower(const TraceStep& step, const LargeWorld& before, Tables& tables)
      : before_(before), after_(*step.world), task_(step.task), t_(tables) {}

  void Follow() {
    const Tables old = t_;
    Moves();
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      for (unsigned span = 0; span < Tables::kSpans; ++span) Entry(mm, span);
      if (after_.mms[mm].live == 0) t_.last[mm] = {};
    }
    Notices(old);
    Reads();
  }

 private:
  const Op& Begins() const { return before_.tasks[task_].op; }
  const Op& Ends() const { return after_.tasks[task_].op; }

  // The directory's entry goes to another place, with its table: the one that
  // is there, or else the one that mremap has read, whatever that is by now.
  void Moves() {
    if (!IsMover(Begins())) return;
    const MremapOp& my = Begins().mremap;
    const unsigned mm = before_.tasks[task_].mm;
    const unsigned src = (my.addr + unsigned{my.cursor}) / kPtesPerTable;
    const unsigned dst = (my.new_addr + unsigned{my.cursor}) / kPtesPerTable;
    if (Has(before_, mm, dst) || !Has(after_, mm, dst)) return;
    uint16_t& from = t_.at[mm][src];
    Put(mm, dst, from != 0 ? from : t_.reads[task_].table);
    from = 0;
  }

  void Put(unsigned mm, unsigned span, uint16_t table) {
    t_.at[mm][span] = table;
    t_.last[mm][span] = table;
  }

  void Entry(unsigned mm, unsigned span) {
    if (!Has(after_, mm, span))
      t_.at[mm][span] = 0;
    else if (t_.at[mm][span] == 0)
      Put(mm, span, NumberFor(mm, span));
  }

  // Of a table that has come: that of those who share it and had it before.
  uint16_t NumberFor(unsigned mm, unsigned span) {
    const uint8_t shared = after_.shares[mm][span];
    if (shared == 0) return ++t_.made;
    t_.matters = true;
    for (unsigned i = 0; i < LargeCaps::kMms; ++i)
      for (unsigned at = 0; at < Tables::kSpans; ++at)
        if (after_.shares[i][at] == shared && Has(before_, i, at))
          return t_.at[i][at];
    return ++t_.made;
  }

  void Notices(const Tables& old) {
    t_.matters = t_.matters || (IsMover(Begins()) && t_.at != old.at) ||
                 (Begins().verb == Verb::kCollapse && t_.at != old.at);
    for (const TableRead& read : t_.reads)
      if (read.table != 0 && !t_.IsAt(read)) t_.matters = true;
  }

  void Reads() {
    TableRead& read = t_.reads[task_];
    const bool goes_on = (IsMover(Begins()) && IsMover(Ends())) ||
                         (IsWalker(Begins()) && IsWalker(Ends()));
    if (read.table != 0 && goes_on) return;
    read = {};
    unsigned mm = 0, addr = 0;
    if (IsMover(Ends())) {
      mm = after_.tasks[task_].mm;
      addr = Ends().mremap.addr + unsigned{Ends().mremap.cursor};
    } else if (IsWalker(Ends())) {
      mm = after_.vmas[Ends().pass.cursor].mm;
      addr = Ends().pass.addr;
    } else {
      return;
    }
    const unsigned span = addr / kPtesPerTable;
    read = {.table = t_.at[mm][span],
            .mm = static_cast<uint8_t>(mm),
            .span = static_cast<uint8_t>(span)};
  }

  const LargeWorld& before_;
  const LargeWorld& after_;
  const unsigned task_;
  Tables& t_;
};

}  // namespace

std::optional<std::pair<unsigned, unsigned>> Tables::PlaceOf(
    uint16_t table) const {
  for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
    for (unsigned span = 0; span < kSpans; ++span)
      if (at[mm][span] == table) return std::pair{mm, span};
  return std::nullopt;
}

void Follow(const TraceStep& step, const LargeWorld& before, Tables& tables) {
  Follower(step, before, tables).Follow();
}

}  // namespace vmtrunc::report
