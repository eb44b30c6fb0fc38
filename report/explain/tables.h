// Which page table each entry of a directory leads to, and who relies on an
// entry that it has read.
//
// The model names a page table by the span of addresses that it has. Here a
// table gets a number when it is allocated, and keeps it where it moves, so
// that one can be told from another that has its place.
#ifndef VMTRUNC_REPORT_EXPLAIN_TABLES_H_
#define VMTRUNC_REPORT_EXPLAIN_TABLES_H_

#include <array>
#include <optional>
#include <utility>

#include "core/run/run.h"

namespace vmtrunc::report {

// An entry that a task has read and not yet acted upon: a pass that waits for
// the table's lock, or a mremap that is about to move the table.
struct TableRead {
  uint16_t table = 0;  // 0: none
  uint8_t mm = 0, span = 0;
  bool operator==(const TableRead&) const = default;
};

struct Tables {
  static constexpr unsigned kSpans = LargeCaps::kAddrs / kPtesPerTable;
  using Spans = std::array<std::array<uint16_t, kSpans>, LargeCaps::kMms>;

  Spans at{};    // the table of each span; 0: none
  Spans last{};  // the same, or the last one that was there
  std::array<TableRead, LargeCaps::kTasks> reads{};
  uint16_t made = 0;  // tables so far
  // Whether one has moved, was retracted or shared, or has gone while a task
  // relied on its entry. Stays set.
  bool matters = false;

  // The mm and the span of a table, the first of those that share it; empty if
  // it is free.
  std::optional<std::pair<unsigned, unsigned>> PlaceOf(uint16_t table) const;
  bool IsAt(const TableRead& read) const {
    return at[read.mm][read.span] == read.table;
  }
};

// Takes the step into account. `before`: the world before it.
void Follow(const TraceStep& step, const LargeWorld& before, Tables& tables);

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_TABLES_H_
