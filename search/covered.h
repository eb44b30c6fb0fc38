// Runs that say which branches of the model they took.
//
// The machine is compiled once more with a counter for each branch
// (search/machine_covered.cc), so that neither the command nor other runs pay
// for them. They are the branches that the fuzz targets show to their engines.
#ifndef VMTRUNC_SEARCH_COVERED_H_
#define VMTRUNC_SEARCH_COVERED_H_

#include <cstdint>
#include <span>

#include "core/run/run.h"

namespace vmtrunc::search {

// How many there are; 0 where this build counts none, as gcc's.
size_t BranchCount();

// Run() that sets `taken`, one a branch, to how often each was, modulo 256.
// Requires: BranchCount() of them. One thread at a time.
RunResult RunCovered(const Draft& draft, const Rules& rules,
                     const RunOptions& options, std::span<uint8_t> taken);

// libFuzzer's classes of such numbers: 0 for none, 1..8 for 1, 2, 3, 4.., 8..,
// 16.., 32.., 128...
unsigned CountClass(uint8_t count);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_COVERED_H_
