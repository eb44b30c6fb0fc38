// The process that runs the rounds of a race: it starts the tasks' processes,
// gives them scripts and detects when one dies or hangs.
#ifndef VMTRUNC_LIVE_ROUNDS_H_
#define VMTRUNC_LIVE_ROUNDS_H_

#include <sys/types.h>

#include <array>
#include <string>

#include "live/deal.h"
#include "live/race.h"
#include "live/shared.h"

namespace vmtrunc::live {

// Counts the operations of the round, and those that overlapped one of another
// task.
void CountRound(RaceShared& shared);

// Limits of a process that runs rounds, which its children inherit.
void BoundProcess();

// A file without a name in the directory; "": in memory. Records a refusal and
// returns -1 if there is none.
int OpenUnnamed(RaceShared& shared, const std::string& dir);

class Rounds {
 public:
  Rounds(RaceShared& shared, const RaceOptions& options)
      : s_(shared), options_(options) {}

  // Runs rounds to a limit, a failure or a stop. Requires: a process of its
  // own, with one thread; it keeps children that die with it.
  void Run();

 private:
  void RunAll();
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

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_ROUNDS_H_
