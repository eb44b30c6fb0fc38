#include "report/explain/table_victim.h"

#include <algorithm>
#include <utility>

#include "report/explain/row_facts.h"

namespace vmtrunc::report {
namespace {

class TableFinder {
 public:
  TableFinder(const Story& story, const TableRead& read)
      : story_(story), read_(read) {
    tale_.used = *story.broken_row;
    tale_.table = {.number = read.table, .first = first(), .now = {}};
    tale_.owner = story.rows[tale_.used].mm_task[read.mm];
  }

  TableStory Tell() {
    FindRows();
    for (size_t i = 0; i <= tale_.used; ++i)
      for (Fact& fact : FactsOf(story_, i))
        if (IsAboutTable(fact) || Covers(i, fact))
          tale_.leads.push_back({std::move(fact), story_.rows[i].first_step,
                                 story_.rows[i].last_step});
    return std::move(tale_);
  }

 private:
  unsigned first() const { return read_.span * kPtesPerTable; }
  unsigned user() const { return story_.rows[tale_.used].task; }

  void FindRows() {
    tale_.read = tale_.used;
    while (tale_.read > 0 &&
           story_.TablesBefore(tale_.read).reads[user()] == read_)
      --tale_.read;
    tale_.freed = tale_.used;
    while (tale_.freed > 0 && !story_.TablesBefore(tale_.freed).IsAt(read_))
      --tale_.freed;
  }

  bool IsAboutTable(const Fact& fact) const {
    return fact.table && fact.table->number == read_.table;
  }

  // A vma that comes to have addresses of the table, or leaves them, after the
  // table was made: without it nobody would free it, or walk there.
  bool Covers(size_t row, const Fact& fact) const {
    if (story_.TablesBefore(row).at[read_.mm][read_.span] == 0 || !fact.vma ||
        fact.vma->owner != tale_.owner)
      return false;
    const auto meets = [&](unsigned start, unsigned end) {
      return start < first() + kPtesPerTable && first() < end;
    };
    switch (fact.kind) {
      case Fact::Kind::kResizes:
        return meets(fact.first, fact.last) !=
               meets(fact.vma->start, fact.vma->end);
      case Fact::Kind::kDetaches:
        return row < tale_.freed && meets(fact.vma->start, fact.vma->end);
      case Fact::Kind::kComesTo:
        return fact.task == user() && row <= tale_.read &&
               meets(fact.vma->start, fact.vma->end);
      default:
        return false;
    }
  }

  const Story& story_;
  const TableRead read_;
  TableStory tale_;
};

}  // namespace

std::optional<TableStory> TableStoryOf(const Story& story) {
  if (story.result.holds() || !story.broken_row ||
      story.result.first.breach != Breach::kFreedTable)
    return std::nullopt;
  const StoryRow& row = story.rows[*story.broken_row];
  const TableRead read = story.TablesBefore(*story.broken_row).reads[row.task];
  if (read.table == 0) return std::nullopt;
  return TableFinder(story, read).Tell();
}

}  // namespace vmtrunc::report
