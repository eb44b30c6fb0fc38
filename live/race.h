// Races the running kernel: the tasks of random scripts are threads and
// processes that do not wait for each other. Invariants that hold in any order
// are checked when all tasks are stopped.
#ifndef VMTRUNC_LIVE_RACE_H_
#define VMTRUNC_LIVE_RACE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/script/script.h"
#include "live/shared.h"

namespace vmtrunc::live {

// What is raced in place of scripts (live/moves.h). PatternNames() has the
// names.
enum class Pattern : uint8_t { kNone, kMoveTlb, kMoveTable };

struct RaceOptions {
  uint64_t runs = 1000;
  double seconds = 0;  // 0: no limit
  uint64_t seed = 1;
  unsigned events = 128;  // of a random script; it has no steps
  unsigned unit = 4;      // real pages a page of a script, 1..kMaxUnit
  unsigned meet = 16;     // operations of a lap, at most; a barrier follows
  unsigned check = 4;     // laps between two checks
  unsigned delay = 2000;  // largest delay before a lap, in nanoseconds
  std::string dir;        // for unnamed files; "": memfds
  double hang = 20;       // seconds without progress that count as a hang
  Plant plant = Plant::kNone;
  Pattern pattern = Pattern::kNone;
  std::optional<Script> script;  // raced `runs` times, instead of random ones
  std::string path;              // of the script
  int out = -1;  // open file for random scripts; it ends the race to change or
                 // move it
};

struct RaceReport {
  uint64_t rounds = 0, operations = 0, refused = 0, overlapped = 0,
           overlapped_pass = 0, sigbus = 0, sigsegv = 0, forks = 0,
           quiescent = 0, pages = 0, pages_past = 0, sigbus_checked = 0,
           moves = 0, reads_served = 0, writes_served = 0;
  double seconds = 0;
  bool stopped = false;     // by a signal
  std::string invariant;    // "" without a violation
  unsigned task = kNobody;  // in whose mm it was violated
  std::string what;         // the violation in words
  std::string ran_out;      // why it ended early, after some rounds
  std::string script;       // the random one that was raced last
};

// The values of the options, after "".
const std::vector<std::string>& PlantNames();
const std::vector<std::string>& PatternNames();

// Runs the rounds in a child process, bounded in memory, and also reports if
// that hangs or dies. SIGINT and SIGTERM end it after the round. `progress` is
// called some times a second. Throws LiveError.
RaceReport Race(const RaceOptions& options,
                const std::function<void(const RaceReport&)>& progress);

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_RACE_H_
