// The bound of an exhaustive search: where it starts, which operations may
// start, and how many.
#ifndef VMTRUNC_SEARCH_BOUND_H_
#define VMTRUNC_SEARCH_BOUND_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/script/script.h"
#include "search/mutate.h"

namespace vmtrunc::search {

// A bound, as one row of a table. Set before measuring: one that is too large
// for the time is reported with how far the search got, not lowered.
struct Bound {
  const char* name;
  unsigned pages;  // of the file
  unsigned first_addr,
      end_addr;         // [first, end) of each mm; 16 separates two page tables
  unsigned mms;         // with operations: 1 or 2
  unsigned vmas;        // structs in the slab
  unsigned passes;      // truncate, punch, invalidate that may start
  unsigned operations;  // others that may start
  unsigned in_flight;   // at once
  Verbs verbs;          // of passes and operations, a bit each
  bool private_too;     // mmap may be private
  FolioSetup folios = {};  // of the file
  // That may begin besides the operations. They take no time, so they are never
  // in flight. `unpin` and `order` are not counted: a pin is given back once,
  // and orders are few.
  unsigned pins = 0;
  bool tlb = false;      // translations may outlive their ptes
  unsigned threads = 1;  // tasks of each mm
  // Any number of passes and operations; `passes` may run at once.
  bool closed = false;
  unsigned offsets = 0;  // of the file, that a mapping may reach; 0: any
};

// The offsets that mappings reach in a closed world, unless somebody says so.
constexpr unsigned ClosedOffsets(unsigned pages) { return pages + 1; }

// Whether it is `pin`, `unpin` or `order`.
constexpr bool IsOfFolios(Verb verb) { return (Bit(verb) & kFolioVerbs) != 0; }

std::span<const Bound> AllBounds();
// The bound of that name, or nullptr.
const Bound* FindBound(std::string_view name);

// The input of a search. Tasks, in this order: those that run operations, first
// one of each mm; those that run passes; the one that pins and chooses orders
// if any may; and (with fewer mms mapped at the start) the one that fork
// creates.
struct Problem {
  // Declarations, and whole events that lead to the starting state.
  std::vector<Script> starts;
  // The operations that may start, each by the task that it names. Only tasks
  // for passes start passes; unless in order, only one of their own starts
  // those of folios.
  std::vector<Event> operations;
  unsigned max_passes = 0, max_operations = 0, in_flight = 0, vmas = 0;
  unsigned max_pins = 0;
  // The numbers of passes and operations do not count: the search ends when no
  // state is new.
  bool closed = false;
  // A state with a mapping that reaches this offset is left out; 0: none is.
  unsigned offsets = 0;
  // If true, each task starts its operations in order, each once, and all may
  // start; else any may, as often as the numbers above allow.
  bool in_order = false;
  // The tasks of an mm may start the same operations.
  bool alike = true;
  // Of the operations that may start first in a starting state, only those
  // whose number is first_share modulo first_shares (search/shard.h).
  unsigned first_share = 0, first_shares = 1;
};

Problem ProblemOf(const Bound& bound);

// What a search of the problem looks at, a bit each. Not restart-progress and
// bounded-drops in a closed one: they ask what a pass has done since it began,
// which is not in the world and has no bound.
uint32_t PropertiesOf(const Problem& problem);

// Of its operations, a bit each.
Verbs VerbsOf(const Problem& problem);

// All schedules and drops of a script's operations: the whole mmaps at its
// beginning are the starting state; then each task runs its operations in
// order.
Problem ProblemOf(const Script& script);

// The same operations, each as often as its task likes, where `vmas` structs
// are in the slab and mappings reach below `offsets`. Requires: none of them
// pins or chooses an order.
Problem ClosedProblemOf(const Script& script, unsigned vmas, unsigned offsets);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_BOUND_H_
