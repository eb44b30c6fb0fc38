#include "report/explain/table_facts.h"

#include <algorithm>
#include <utility>

#include "report/explain/row_reader.h"

namespace vmtrunc::report {
namespace {

unsigned FirstOf(unsigned span) { return span * kPtesPerTable; }

// The table as of then, at an entry of it.
TableFact FactOf(const Tables& tables, uint16_t number, unsigned span) {
  TableFact fact{.number = number, .first = FirstOf(span), .now = {}};
  if (const auto place = tables.PlaceOf(number))
    fact.now = FirstOf(place->second);
  return fact;
}

// Whether others change the entry that the task relies on after the row, before
// it acts upon it.
bool IsLost(const Story& story, size_t row, unsigned task) {
  const TableRead& read = story.rows[row].tables.reads[task];
  for (size_t i = row; i < story.rows.size(); ++i) {
    const Tables& then = story.rows[i].tables;
    if (then.reads[task] != read) return false;
    if (!then.IsAt(read)) return true;
  }
  return false;
}

class TableWatcher : RowReader {
 public:
  TableWatcher(const Story& story, size_t row)
      : RowReader(story, row),
        old_(story.TablesBefore(row)),
        now_(row_.tables) {}

  std::vector<Fact> Collect() {
    if (row_.flow == Flow::kBlocked) return {};
    Acts();
    Changes();
    Skips();
    Reads();
    return std::move(facts_);
  }

 private:
  Fact& Of(Kind kind, unsigned mm, const TableFact& table) {
    Fact& fact = Add(kind);
    fact.owner = row_.mm_task[mm];
    fact.table = table;
    return fact;
  }

  // By the entry that the task has read before, if that is not as it was.
  void Acts() {
    const TableRead& read = old_.reads[row_.task];
    if (read.table == 0 || old_.IsAt(read) || now_.reads[row_.task] == read ||
        IsReplaced(read))
      return;
    const TableFact then = FactOf(old_, read.table, read.span);
    const auto place = now_.PlaceOf(read.table);
    if (row_.verb == Verb::kMremap && !then.now && place)
      Of(Kind::kMovesFreedTable, read.mm, FactOf(now_, read.table, read.span));
    else
      Of(IsPass(row_.verb) && !LooksAgain() ? Kind::kUsesTable
                                            : Kind::kFindsNoTable,
         read.mm, then);
  }

  // Whether another table is there by now, which the model takes for it.
  bool IsReplaced(const TableRead& read) const {
    return old_.at[read.mm][read.span] != 0 &&
           (row_.verb == Verb::kMremap || row_.begins.pass.table == 0);
  }

  // Whether the walk compares the entry once it has the table's lock, and
  // finds it changed.
  bool LooksAgain() const {
    return story_.rules.walk_rereads_table && row_.begins.pass.table == 0;
  }

  // Tables that are elsewhere now, or nowhere.
  void Changes() {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      for (unsigned span = 0; span < Tables::kSpans; ++span) {
        const uint16_t number = old_.at[mm][span];
        if (number == 0) Shares(mm, span);
        if (number == 0 || now_.at[mm][span] == number) continue;
        const TableFact table = FactOf(now_, number, span);
        std::vector<unsigned> readers = ReadersOf(number);
        if (before_.shares[mm][span] != 0)
          Of(Kind::kUnsharesTable, mm, table).tasks = SharersOf(mm, number);
        else if (table.now)
          Of(Kind::kMovesTable, mm, table).tasks = std::move(readers);
        else if (row_.verb == Verb::kCollapse)
          Of(Kind::kRetractsTable, mm, table).tasks = std::move(readers);
        else if (!readers.empty())
          Frees(mm, table, std::move(readers));
      }
  }

  // A table that others have comes to be that of the span too.
  void Shares(unsigned mm, unsigned span) {
    const uint16_t number = now_.at[mm][span];
    if (number != 0 && after_.shares[mm][span] != 0)
      Of(Kind::kSharesTable, mm, FactOf(now_, number, span)).tasks =
          SharersOf(mm, number);
  }

  // The other mms that have the table after the row, by their owners.
  std::vector<unsigned> SharersOf(unsigned mm, uint16_t number) const {
    std::vector<unsigned> sharers;
    for (unsigned i = 0; i < LargeCaps::kMms; ++i)
      if (i != mm && std::ranges::find(now_.at[i], number) != now_.at[i].end())
        sharers.push_back(row_.mm_task[i]);
    return sharers;
  }

  // Others that rely on its entry.
  std::vector<unsigned> ReadersOf(uint16_t number) const {
    std::vector<unsigned> readers;
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
      if (task != row_.task && now_.reads[task].table == number)
        readers.push_back(task);
    return readers;
  }

  void Frees(unsigned mm, const TableFact& table,
             std::vector<unsigned> readers) {
    Fact& fact = Of(Kind::kFreesTable, mm, table);
    fact.tasks = std::move(readers);
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
      const Vma& vma = after_.vmas[slot];
      if (vma.state != VmaState::kFree && vma.in_index != InIndex::kNot &&
          vma.mm == mm && vma.start < table.first + kPtesPerTable &&
          table.first < vma.end)
        fact.vma = VmaFact{static_cast<Slot>(slot), row_.mm_task[mm], vma.start,
                           vma.end};
    }
  }

  // Where a pass finds no table, though one was there since it began.
  void Skips() {
    if (!IsPass(row_.verb) || !story_.rules.ptl_in_zap ||
        old_.reads[row_.task].table != 0)
      return;
    for (const TraceNote& note : row_.notes) {
      if (note.kind != Note::kScans) continue;
      for (unsigned span = note.start / kPtesPerTable;
           span <= (note.end - 1) / kPtesPerTable; ++span)
        if (const uint16_t number = LostSince(note.mm, span))
          Of(Kind::kFindsNoTable, note.mm, FactOf(old_, number, span));
    }
  }

  // The table that has left the span since the task's pass began.
  uint16_t LostSince(unsigned mm, unsigned span) const {
    if (old_.at[mm][span] != 0 || row_.Has(Note::kPassBegins)) return 0;
    for (size_t i = number_; i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.tables.at[mm][span] != 0) return row.tables.at[mm][span];
      if (row.task == row_.task && row.Has(Note::kPassBegins)) break;
    }
    return 0;
  }

  // An entry that others change before the task acts upon it.
  void Reads() {
    const TableRead& read = now_.reads[row_.task];
    if (read.table == 0 || read == old_.reads[row_.task]) return;
    if (IsLost(story_, number_, row_.task))
      Of(Kind::kReadsTable, read.mm, FactOf(now_, read.table, read.span));
  }

  const Tables old_;
  const Tables& now_;
};

}  // namespace

bool ShowsTables(const Story& story) {
  return !story.rows.empty() && story.rows.back().tables.matters;
}

TablesView TablesOf(const Story& story, size_t row) {
  TablesView view;
  if (!ShowsTables(story)) return view;
  const StoryRow& it = story.rows[row];
  for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
    for (unsigned span = 0; span < Tables::kSpans; ++span)
      if (it.tables.last[mm][span] != 0)
        view.entries.push_back({.owner = it.mm_task[mm],
                                .first = FirstOf(span),
                                .table = it.tables.last[mm][span],
                                .has_gone = it.tables.at[mm][span] == 0});
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    const TableRead& read = it.tables.reads[task];
    if (read.table == 0) continue;
    view.readers.push_back(
        {.task = task,
         .owner = it.mm_task[read.mm],
         .is_move = it.world.tasks[task].op.verb == Verb::kMremap,
         .is_lost = IsLost(story, row, task),
         .table = FactOf(it.tables, read.table, read.span)});
  }
  return view;
}

std::vector<Fact> TableFactsOf(const Story& story, size_t row) {
  return TableWatcher(story, row).Collect();
}

}  // namespace vmtrunc::report
