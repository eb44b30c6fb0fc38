// The process that runs the rounds of a race: it starts the tasks' processes,
// gives them scripts and sees when one dies or hangs.
#ifndef VMTRUNC_LIVE_ROUNDS_H_
#define VMTRUNC_LIVE_ROUNDS_H_

#include <sys/types.h>

#include <array>
#include <string>

#include "live/race.h"
#include "live/shared.h"

namespace vmtrunc {

// What became of a script's events, beside those that are raced.
struct Dealt {
  unsigned timing = 0;  // steps, drops, finishes: the kernel decides when
  unsigned idle = 0;    // events that have nothing to do anywhere
  std::string first_idle = {};  // one of them, and why
  std::string refused = {};     // an event that cannot be raced, and why; or ""
};

// Writes the operations of the script into the plan. Steps and drops mean
// nothing here: the kernel drops its locks where it does. A lap is what the
// script has in flight together, or `meet` operations.
Dealt Deal(const Script& script, unsigned meet, RaceShared& shared);

// Counts the operations of the round and which overlapped one of another task.
void CountRound(RaceShared& shared);

class Rounds {
 public:
  Rounds(RaceShared& shared, const RaceOptions& options)
      : s_(shared), options_(options) {}

  // Runs rounds to a limit, a failure or a stop. Requires: in a process of its
  // own, with one thread; it leaves children behind that die with it.
  void Run();

 private:
  void RunAll();
  void Bound();
  void MakeFiles();
  bool RunRound(const Script& script);
  void Reset(const Script& script);
  void Start(unsigned task);
  void WaitForEnd(const Script& script);
  void Reap(const Script& script);
  std::string UnderWay(const Script& script) const;
  bool WriteScript(const Script& script);

  RaceShared& s_;
  const RaceOptions& options_;
  std::array<pid_t, kTasks> pids_{};  // of the process of a task's mm
  uint64_t oom_kills_ = 0;            // before the first round
};

}  // namespace vmtrunc

#endif  // VMTRUNC_LIVE_ROUNDS_H_
