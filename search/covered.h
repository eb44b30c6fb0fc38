// Runs that record which branches of the model they take.
//
// The machine is compiled a second time with a counter for each branch
// (search/machine_covered.cc), so that neither the command nor other runs pay
// for them. The fuzz targets show the same branches to their engines.
#ifndef VMTRUNC_SEARCH_COVERED_H_
#define VMTRUNC_SEARCH_COVERED_H_

#include <cstdint>
#include <span>

#include "core/run/run.h"

namespace vmtrunc::search {

// The number of branches; 0 if this build counts none, as with gcc.
size_t BranchCount();

// Run() that also sets `taken`: how often each branch was taken, modulo 256.
// Requires: BranchCount() bytes. One thread at a time.
RunResult RunCovered(const Draft& draft, const Rules& rules,
                     const RunOptions& options, std::span<uint8_t> taken);

// libFuzzer's classes of these counts: 0 for none, 1..8 for 1, 2, 3, 4.., 8..,
// 16.., 32.., 128...
unsigned CountClass(uint8_t count);

}  // namespace vmtrunc::search

#endif  // VMTRUNC_SEARCH_COVERED_H_
