// The content of the files: read, checked and stamped again at each quiescent
// point.
//
// Every value in a page identifies its writer and so its time: an operation of
// the round, or a check, which stamps all pages of all files.
#ifndef VMTRUNC_LIVE_TRUTH_H_
#define VMTRUNC_LIVE_TRUTH_H_

#include <string>

#include "live/shared.h"

namespace vmtrunc::live {

uint64_t OpStamp(uint32_t round, unsigned op);
uint64_t CheckStamp(uint32_t round, unsigned check, unsigned file,
                    unsigned page);

// I3: whether the value of a page is allowed: values written before the page
// was last removed at `removed_at` are not. Returns the error, or null.
const char* Judge(const RaceShared& shared, uint64_t value, unsigned file,
                  unsigned page, uint64_t removed_at);

// Takes sizes and removals from the operations before `end`, and checks the
// content of the files (I3). Requires: all tasks are stopped.
void Settle(RaceShared& shared, unsigned end);

// Grows files that are smaller than at the start: the new pages are zeros (I3).
// Then writes a unique value to every page of every file. Requires: the same.
void StampPages(RaceShared& shared);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_TRUTH_H_
