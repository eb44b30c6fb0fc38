// What becomes of page tables in a step: as the worlds around it have it, and
// as a deed claims.
#ifndef VMTRUNC_REPORT_EXPLAIN_OUTCOME_TABLES_TEST_H_
#define VMTRUNC_REPORT_EXPLAIN_OUTCOME_TABLES_TEST_H_

#include <cstdio>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/run/tracer.h"

namespace vmtrunc::report {

// The outcome of one or several steps: "SIGBUS", "maps b 100". Sorted.
using Outcomes = std::multiset<std::string>;

inline bool HasTable(const LargeWorld& world, unsigned mm, unsigned addr) {
  return (world.mms[mm].tables >> (addr / kPtesPerTable) & 1) != 0;
}

// Entries that collapse clears, that mremap moves as a whole, that come to be
// shared and that an mm gives up while others keep the table; and a walk
// that goes by an entry which leads elsewhere, or nowhere, by now.
inline void SeeTables(const TraceStep& step, const LargeWorld& before,
                      const Rules& rules, Outcomes& outcomes) {
  const bool moves = step.from == "move: table read, before page_table_lock";
  for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
    for (unsigned addr = 0; addr < LargeCaps::kAddrs; addr += kPtesPerTable) {
      const bool was = HasTable(before, mm, addr);
      const bool is = HasTable(*step.world, mm, addr);
      if (was == is) continue;
      const unsigned span = addr / kPtesPerTable;
      if (is && step.world->shares[mm][span] != 0)
        outcomes.insert(absl::StrCat("table shared ", addr));
      if (was && before.shares[mm][span] != 0)
        outcomes.insert(absl::StrCat("table given up ", addr));
      if (step.verb == Verb::kCollapse && was)
        outcomes.insert(absl::StrCat("table retracted ", addr));
      if (moves)
        outcomes.insert(
            absl::StrCat(was ? "table goes " : "table comes ", addr));
    }
  if (step.from != "pass: before page_table_lock" ||
      step.flow == Flow::kBlocked)
    return;
  const Pass& pass = before.tasks[step.task].op.pass;
  if (pass.phase != PassPhase::kZapTable) return;
  const bool is_there =
      HasTable(before, before.vmas[pass.cursor].mm, pass.addr);
  if (pass.table != 0 || (!is_there && !rules.walk_rereads_table))
    outcomes.insert("table left");
}

inline bool IsOfTable(const std::string& deed) {
  return deed.find(" page table ") != std::string::npos;
}

inline void ReadTable(const std::string& deed, Outcomes& outcomes) {
  if (!IsOfTable(deed)) return;
  unsigned number = 0, from = 0;
  if (std::sscanf(deed.c_str(),
                  "takes page table %u out of the directory at %u", &number,
                  &from) == 2)
    outcomes.insert(absl::StrCat("table retracted ", from));
  if (std::sscanf(deed.c_str(), "takes page table %u for %u", &number, &from) ==
      2)
    outcomes.insert(absl::StrCat("table shared ", from));
  if (std::sscanf(deed.c_str(), "gives up page table %u at %u", &number,
                  &from) == 2)
    outcomes.insert(absl::StrCat("table given up ", from));
  if (deed.starts_with("walks in")) outcomes.insert("table left");
  if (!deed.starts_with("moves")) return;
  outcomes.insert(absl::StrCat("table comes ",
                               std::stoul(deed.substr(deed.find(" to ") + 4))));
  if (std::sscanf(deed.c_str(), "moves page table %u from %u", &number,
                  &from) == 2)
    outcomes.insert(absl::StrCat("table goes ", from));
}

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_OUTCOME_TABLES_TEST_H_
