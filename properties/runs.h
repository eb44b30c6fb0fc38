// Properties of runs themselves: a run is a value, and a script is its events
// and nothing else. Each returns what broke, or nothing.
#ifndef VMTRUNC_PROPERTIES_RUNS_H_
#define VMTRUNC_PROPERTIES_RUNS_H_

#include <string>

#include "core/about/bugs.h"

namespace vmtrunc::properties {

// Copies world and checker at a few events, continues with both (the copy by
// `other`), and compares state, effects and verdict.
std::string CopyGoesOn(const Script& script, const Rules& rules,
                       const Rules& other);

// Declares what the script declares in another order, reads that back, and
// compares its run (by `other`) with the script's.
std::string AnyOrderDeclares(const Script& script, const Rules& rules,
                             const Rules& other);

// Writes the script as text and as bytes, reads both back, and compares events,
// declarations and the run (by `other`).
std::string FormsAgree(const Script& script, const Rules& rules,
                       const Rules& other);

// Runs a third of all single deletions and one sublist of a third of the
// events: each ends, and the index, vmas, locks and freed memory are in order;
// run again (by `other`) it ends in the same state.
std::string SublistsRun(const Script& script, const Rules& rules,
                        const Rules& other);

// Flips the rule of each known bug: where that violates the bug's property,
// the kernel itself holds all properties.
std::string FlipAloneBreaks(const Script& script, const Rules& rules,
                            const Rules& other);

// The first known bug whose flip violates its property, or nullptr: then
// FlipAloneBreaks() holds for lack of a case.
const BugInfo* FlipThatBreaks(const Script& script, const Rules& rules);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_RUNS_H_
