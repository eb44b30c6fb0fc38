// Races of mremap against truncation, outside of scripts: a mapping of a file
// moves back and forth while one thread of its mm touches it and another
// process empties the file, gives its frames to other owners and grows it
// again. A translation that stays after the frame was freed shows as data of
// another owner, or as removed data.
//
//   M1  a read through the mapping gives zeros, the file's stamp of an epoch in
//       which the read was, or the last write of the thread that reads.
//   M2  a page of another owner keeps its stamp: no write through the mapping
//       gets there.
#ifndef VMTRUNC_LIVE_MOVES_H_
#define VMTRUNC_LIVE_MOVES_H_

#include <cstdint>

#include "live/race.h"
#include "live/shared.h"

namespace vmtrunc::live {

// An epoch begins when a truncation to nothing has returned, before the file
// grows again: data of an earlier one is gone.
enum class Owner : uint8_t { kNone, kMapped, kToucher, kFile0, kFile1, kAnon };

// `count`: the epoch; of a write of the toucher, its number.
uint64_t OwnerStamp(Owner owner, unsigned page, uint64_t count);

// The last write to a page that was served.
struct LastWrite {
  uint64_t value = 0;  // 0: none
  uint64_t epoch = 0;  // after it
};

// M1: whether a read of the page that began in epoch `first` and ended in epoch
// `last` can give this value. Returns the error, or null.
const char* JudgeMoved(uint64_t value, unsigned page, uint64_t first,
                       uint64_t last, const LastWrite& write);

// Runs a pattern to a limit, a failure or a stop. Requires: a process of its
// own, with one thread; options.pattern is not kNone.
void RunMoves(RaceShared& shared, const RaceOptions& options);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_MOVES_H_
