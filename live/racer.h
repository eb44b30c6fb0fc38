// A process of a race: the tasks of one mm as its threads.
#ifndef VMTRUNC_LIVE_RACER_H_
#define VMTRUNC_LIVE_RACER_H_

#include <sys/types.h>

#include <atomic>

#include "live/mm_check.h"
#include "live/shared.h"

namespace vmtrunc::live {

class Racer {
 public:
  explicit Racer(RaceShared& shared) : s_(shared), check_(shared) {}

  // Runs the tasks whose mm is that of task `first` in each round that is
  // started after round `last`; ends with its last task or with the process
  // `parent`. Requires: a process of its own.
  [[noreturn]] void Serve(unsigned first, pid_t parent, uint32_t last);

 private:
  void RunRound();
  // Returns false if the task has exited.
  bool RunTask(unsigned task, unsigned from);
  bool Do(unsigned task, unsigned i);
  bool Perform(unsigned task, const Event& event);
  void TouchUnit(RaceOp& op, unsigned i);
  void Populate(const Event& event);
  void Fork(RaceOp& op, unsigned i);
  [[noreturn]] void RunForked(unsigned task, unsigned from);
  void Exit(unsigned task, unsigned end);
  void Ended();

  // Waits for all tasks after the operations before `end`, and runs the checks
  // if they are due. Returns false after a violation.
  bool Meet(unsigned task, unsigned end);
  bool StartsLap(unsigned i) const;
  void StartLate(unsigned task, unsigned i) const;
  bool IsCheck(unsigned end) const;
  bool Leads(unsigned task) const;

  RaceShared& s_;
  MmCheck check_;
  pid_t parent_ = 0;
  unsigned first_ = 0;
  std::atomic<unsigned> threads_{0};  // existing tasks of this mm
  bool forked_ = false;
};

}  // namespace vmtrunc::live

#endif  // VMTRUNC_LIVE_RACER_H_
