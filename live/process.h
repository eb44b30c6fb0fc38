// The actions of the processes that run tasks of a script: the system call of
// an event, and a touch of a page that may be unmapped.
//
// Page n of an mm is at kArena + n units; a unit is one page or more.
#ifndef VMTRUNC_LIVE_PROCESS_H_
#define VMTRUNC_LIVE_PROCESS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "core/model/caps.h"
#include "core/model/event.h"

namespace vmtrunc::live {

inline constexpr size_t kPage = 4096;
inline constexpr unsigned kArenaPages = 256;  // of a script
// Low, so that few lines of the maps come before it; above ASan's ranges.
inline constexpr uintptr_t kArena = uintptr_t{1} << 45;
inline constexpr unsigned kTasks = LargeCaps::kTasks;

// The place of a script's pages and files in a process.
struct Arena {
  unsigned unit = 1;  // real pages a page of a script
  int files[2] = {-1, -1};

  size_t bytes(unsigned pages) const { return pages * unit * kPage; }
  char* At(unsigned page) const {
    return reinterpret_cast<char*>(kArena + bytes(page));
  }
};

enum class Touch : uint8_t { kNone, kServed, kSigbus, kSigsegv };
struct Touched {
  Touch touch = Touch::kNone;
  uint64_t value = 0;
};
const char* TouchName(Touch touch);

// Makes SIGBUS and SIGSEGV in this process results of TouchWord().
void AnswerFaults();

// Reads the word at `at`, or writes `value` to it, and returns the result.
// Requires AnswerFaults().
Touched TouchWord(char* at, bool write, uint64_t value);

// Writes the word alone: if that is not served, nothing was written. Requires
// the same.
Touched StoreWord(char* at, uint64_t value);

// Writes all of it in one call, so that new pages of a file are one folio.
// Returns 0, or why not: where a part was written, what the rest meets, and
// ENOSPC if that meets nothing.
int WriteAtOnce(int file, const void* bytes, size_t size, off_t at);

// The error of a read that gave too few bytes: EIO where it gave some, for
// errno is then of another call.
int ErrorOfRead(ssize_t got);

// Makes the system call of the event, if it is a single call, without
// populating. Returns 0, or the kernel's error. Requires: the event has an
// effect and a system call (live/sequence.h).
int Call(const Event& event, const Arena& place);

// Whether the call failed because of this machine or a limit of this process,
// and not because of the mappings. Tries to allocate memory if the error alone
// does not show it. Requires: called by the process that made it.
bool MachineRefused(const Event& event, int error);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_PROCESS_H_
