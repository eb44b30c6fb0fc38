// Page tables, where one has moved or gone: what each entry of a directory
// leads to at one time, who relies on an entry that it has read, and what
// happens to them from row to row.
#ifndef VMTRUNC_REPORT_EXPLAIN_TABLE_FACTS_H_
#define VMTRUNC_REPORT_EXPLAIN_TABLE_FACTS_H_

#include <optional>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

// An entry of a directory: 16 addresses from `first` on.
struct EntryView {
  unsigned owner = 0;  // of the mm
  unsigned first = 0;
  unsigned table = 0;
  bool has_gone = false;  // the table was there, and nothing is now
  bool operator==(const EntryView&) const = default;
};

// A task that relies on an entry which it has read.
struct ReaderView {
  unsigned task = 0;
  unsigned owner = 0;    // of the mm
  bool is_move = false;  // a mremap, which is to move the table; else a pass
  bool is_lost = false;  // others change the entry while it does
  TableFact table;
  bool operator==(const ReaderView&) const = default;
};

struct TablesView {
  std::vector<EntryView> entries;
  std::vector<ReaderView> readers;
  bool operator==(const TablesView&) const = default;
};

// Whether a table moves in the run, is retracted, or goes while a task relies
// on its entry. If not, nothing is said of them.
bool ShowsTables(const Story& story);

// After the row. Empty if nothing is shown of them.
TablesView TablesOf(const Story& story, size_t row);

// What the row does to tables, and to a task that relies on an entry of theirs.
std::vector<Fact> TableFactsOf(const Story& story, size_t row);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TABLE_FACTS_H_
