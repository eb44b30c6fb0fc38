// What those share that collect the facts of one row.
#ifndef VMTRUNC_REPORT_EXPLAIN_ROW_READER_H_
#define VMTRUNC_REPORT_EXPLAIN_ROW_READER_H_

#include <utility>
#include <vector>

#include "report/explain/story.h"

namespace vmtrunc::report {

class RowReader {
 protected:
  using Kind = Fact::Kind;
  using Note = TraceNote::Kind;
  using Addresses = std::vector<unsigned>;

  RowReader(const Story& story, size_t row)
      : story_(story),
        number_(row),
        row_(story.rows[row]),
        before_(story.Before(row)),
        after_(row_.world) {}

  Fact& Add(Kind kind) {
    facts_.push_back({.kind = kind, .task = row_.task});
    return facts_.back();
  }
  Fact& Add(Kind kind, unsigned mm, Addresses addrs) {
    Fact& fact = Add(kind);
    fact.owner = row_.mm_task[mm];
    fact.addrs = std::move(addrs);
    return fact;
  }

  const Story& story_;
  const size_t number_;
  const StoryRow& row_;
  const LargeWorld& before_;  // the row
  const LargeWorld& after_;
  std::vector<Fact> facts_;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_ROW_READER_H_
