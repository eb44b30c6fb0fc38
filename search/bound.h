// What an exhaustive search explores: where it starts, which operations may
// begin, and how many.
#ifndef VMTRUNC_SEARCH_BOUND_H_
#define VMTRUNC_SEARCH_BOUND_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/script/script.h"
#include "search/mutate.h"

namespace vmtrunc::search {

// A bound, as one row of a table. Set before it is measured: one that is too
// large for the time is reported with how far it came, not lowered.
struct Bound {
  const char* name;
  unsigned pages;  // of the file
  unsigned first_addr,
      end_addr;         // [first, end) of each mm; 16 parts two tables
  unsigned mms;         // that operations run in: 1 or 2
  unsigned vmas;        // structs in the slab
  unsigned passes;      // truncate, punch, invalidate that may begin
  unsigned operations;  // others that may begin
  unsigned in_flight;   // at once
  Verbs verbs;          // of passes and operations, a bit each
  bool private_too;     // mmap may be private
};

std::span<const Bound> AllBounds();
// The bound of that name, or nullptr.
const Bound* FindBound(std::string_view name);

// What the search is given. Tasks: those that operate, then those that run
// passes, then (with fewer mms mapped at the start) the one that fork makes.
struct Problem {
  // Declarations, and whole events that lead to the state to start from.
  std::vector<Script> starts;
  // What may begin, each by the task that it names. A pass by the tasks of
  // passes alone.
  std::vector<Event> operations;
  unsigned max_passes = 0, max_operations = 0, in_flight = 0, vmas = 0;
  // Each task begins its operations in their order, each once, and all may
  // begin; else any may, as often as the numbers above allow.
  bool in_order = false;
  // Of the operations that may begin first at a start, those whose number among
  // them is first_share modulo first_shares (search/shard.h).
  unsigned first_share = 0, first_shares = 1;
};

Problem ProblemOf(const Bound& bound);

// All schedules and drops of a script's operations: the whole mmaps that it
// begins with are its start; then each task's operations in their order.
Problem ProblemOf(const Script& script);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_BOUND_H_
