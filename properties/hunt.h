// How many scripts it takes until each known bug is found.
#ifndef VMTRUNC_PROPERTIES_HUNT_H_
#define VMTRUNC_PROPERTIES_HUNT_H_

#include <cstdint>
#include <functional>

#include "core/about/bugs.h"
#include "core/property.h"

namespace vmtrunc::properties {

// For each rule whose flip is a known bug and the property that it breaks:
// checks, through rapidcheck and from `seeds` seeds, that no script breaks the
// property with the flip and holds without, and prints a row of a Markdown
// table on standard output: in how many of the seeds one did, and the lowest,
// median and highest number of scripts, `cases` where none did. `by`: the
// property to look for instead of the bug's own, or nullptr.
void PrintHunt(int seeds, int cases, uint64_t first_seed, const Property* by,
               const std::function<void()>& on_case);

// One such check of one bug, for benchmarks: prints a line of JSON. Gives up
// after `cases` scripts or so many seconds of processor time.
void PrintHuntOf(const BugInfo& bug, int cases, double seconds, uint64_t seed,
                 const Property* by);

}  // namespace vmtrunc::properties

#endif  // VMTRUNC_PROPERTIES_HUNT_H_
