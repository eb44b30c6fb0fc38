// The memory that the processes of a race share: the plan of the round, the
// operations done, the content of the files at a quiescent point, and the
// violation.
#ifndef VMTRUNC_LIVE_SHARED_H_
#define VMTRUNC_LIVE_SHARED_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "core/script/script.h"
#include "live/meeting.h"
#include "live/process.h"

namespace vmtrunc::live {

inline constexpr unsigned kMaxUnit = 16;
inline constexpr unsigned kFilePages = LargeCaps::kFilePages * kMaxUnit;

// A violation that a test plants without the check's knowledge; a correct
// kernel never does it. PlantNames() has the names.
enum class Plant : uint8_t {
  kNone,
  kI1,
  kI1Pte,
  kI2,
  kI3,
  kI3Copy,
  kI4,
  kI5Dead,
  kI5Hang,
  kM1,
  kM1Stale,
  kM2,
  kM2Anon
};

// One event of the script that a task runs by itself.
struct RaceOp {
  Event event;
  unsigned lap = 0;  // all tasks meet before the first operation of each
  // Set by the task that did it; nanoseconds of the monotonic clock, which all
  // processors share.
  uint64_t start = 0, end = 0;  // 0: not done
  bool done = false;            // the kernel did it, or served every page
  Touch touch = Touch::kNone;   // read, write: the result
};

// The checks' knowledge of a page of a file. Written at quiescent points by one
// task, read by others until the next one.
struct PageTruth {
  uint64_t stamp = 0;         // the value of the last check; 0: none
  uint64_t removed_at = 0;    // start of the last truncation or punch of it
  uint64_t truncated_at = 0;  // of the last truncation: private copies go too
};
struct FileTruth {
  uint64_t inode = 0;
  unsigned pages = 0;  // at the quiescent point, by fstat()
  PageTruth page[kFilePages];
};

inline constexpr unsigned kNobody = kTasks;
// In place of an invariant: the run failed for another reason than the kernel.
inline constexpr char kSetup[] = "setup";
struct Failure {
  char invariant[16];
  unsigned task;  // or kNobody
  char text[512];
};

struct RaceTotals {
  std::atomic<uint64_t> rounds, operations, refused, overlapped,
      overlapped_pass, sigbus, sigsegv, forks, quiescent, pages, pages_past,
      sigbus_checked;
  // Of a pattern.
  std::atomic<uint64_t> moves, reads_served, writes_served;
};

struct RaceShared {
  // The plan; written by the runner between rounds.
  Setup setup;
  RaceOp ops[kMaxEvents];
  unsigned count = 0;  // of ops
  unsigned check = 4;  // laps between quiescent points
  unsigned delay = 0;  // largest delay before a lap, in nanoseconds
  uint32_t round = 0;  // from 1
  Plant plant = Plant::kNone;
  Arena place;

  // The round.
  Meeting meeting;
  std::atomic<uint32_t> running{0};      // processes that have not ended it
  std::atomic<uint32_t> go[kTasks]{};    // the round that a process may start
  std::atomic<uint32_t> gone[kTasks]{};  // the process has ended by itself
  std::atomic<uint32_t> next_mm{0};      // of forked processes
  std::atomic<uint32_t> live[kTasks]{};
  std::atomic<uint32_t> mm[kTasks]{};
  std::atomic<uint32_t> at[kTasks]{};  // operation in flight, plus 1

  // The quiescent point.
  unsigned window_first = 0;  // the first operation after the last one
  unsigned checks = 0;        // done in this round
  uint64_t stamped_at[kMaxEvents + 1];  // when check N stamped the pages
  FileTruth file[2];

  std::atomic<uint32_t> failed{0};  // 1: being written, 2: `failure` is valid
  Failure failure;
  std::atomic<uint32_t> stop{0};  // requested by a signal
  // The text of the script that is raced, as its file should have it.
  static constexpr size_t kMostText = size_t{1} << 17;
  std::atomic<uint32_t> text_size{0};
  char text[kMostText];
  RaceTotals totals;
};

// Nanoseconds of the monotonic clock.
uint64_t Now();

// Whether `error` means that this machine lacks room, memory or rights.
bool IsMachineLimit(int error);

// Records that the machine refused this, with errno's text; no violation.
void Refused(RaceShared& shared, unsigned task, const char* what, int error);

// What the open file has, or what could be read of it.
std::string ContentOf(int file);

// How many processes this machine has killed for lack of memory.
uint64_t OomKills();

// Records a process that ended, by waitpid()'s status, for lack of memory or by
// the limit of `ulimit -t`. `before`: OomKills() at the start.
bool RefusedBySignal(RaceShared& shared, int status, uint64_t before);

// Records a violation; the first one is kept.
[[gnu::format(printf, 4, 5)]] void Fail(RaceShared& shared,
                                        const char* invariant, unsigned task,
                                        const char* format, ...);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_SHARED_H_
