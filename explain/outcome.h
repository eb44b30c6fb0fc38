// How an operation came out in a row, in words: what it waits for, how its
// faults ended, and whether it failed.
#ifndef VMTRUNC_EXPLAIN_OUTCOME_H_
#define VMTRUNC_EXPLAIN_OUTCOME_H_

#include <string>
#include <vector>

#include "explain/story.h"

namespace vmtrunc {

// "waits: b holds i_sem of g". Requires: the row is blocked.
std::string WaitsInWords(const Story& story, size_t row);

// "ends in SIGBUS at 26: page 6 is past i_size, 4", "fails: ENOMEM".
std::vector<std::string> OutcomesOf(const Story& story, size_t row);

}  // namespace vmtrunc

#endif  // VMTRUNC_EXPLAIN_OUTCOME_H_
