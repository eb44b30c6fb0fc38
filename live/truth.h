// What the files hold: read, judged and stamped again at each quiescent point.
//
// Every value in a page says who wrote it and so when: an operation of the
// round, or a check, which stamps all pages of all files.
#ifndef VMTRUNC_LIVE_TRUTH_H_
#define VMTRUNC_LIVE_TRUTH_H_

#include <string>

#include "live/shared.h"

namespace vmtrunc::live {

uint64_t OpStamp(uint32_t round, unsigned op);
uint64_t CheckStamp(uint32_t round, unsigned check, unsigned file,
                    unsigned page);

// I3: the value of a page may be there: what was written to it before it was
// last removed at `removed_at` is gone. Returns what is wrong, or null.
const char* Judge(const RaceShared& shared, uint64_t value, unsigned file,
                  unsigned page, uint64_t removed_at);

// Takes sizes and removals from the operations before `end`, and checks what
// the files hold (I3). Requires: all tasks stand still.
void Settle(RaceShared& shared, unsigned end);

// Grows what is smaller than at the start: the new pages are zeros (I3). Then
// writes a value of its own to every page of every file. Requires: the same.
void StampPages(RaceShared& shared);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_TRUTH_H_
