// How an event moves the world.
#ifndef VMTRUNC_CORE_MODEL_APPLY_INL_H_
#define VMTRUNC_CORE_MODEL_APPLY_INL_H_

#include <cstring>

#include "core/model/machine.h"

namespace vmtrunc {

// Runs the task's operation until it ends, blocks, or drops its lock.
template <class C, class P>
Flow Machine<C, P>::RunOn() {
  through_ = kMaxSteps;
  const Flow flow = Step(task_);
  through_ = 0;
  return flow;
}

template <class C, class P>
bool Machine<C, P>::Apply(const Event& event) {
  if (event.kind == EventKind::kNone || event.task >= C::kTasks ||
      event.file >= C::kFiles || w_.tasks[event.task].live == 0)
    return false;
  task_ = event.task;
  drop_at_ = 0;
  changed_ = false;
  const bool busy = me().op.verb != Verb::kNone;
  const bool starts =
      event.kind == EventKind::kStart || event.kind == EventKind::kBegin;
  if (busy == starts) return false;
  if (starts) {
    if (event.verb == Verb::kFork && event.new_addr >= C::kTasks) return false;
    if (!Start(event, me().op)) {
      me().op = Op{};
      return false;
    }
    if (event.kind == EventKind::kBegin) {
      // A truncate runs to where its pass takes its locks.
      while (event.verb == Verb::kTruncate && me().op.verb == Verb::kTruncate &&
             !Truncates(me().op) && Step(task_) == Flow::kSync) {
      }
      return true;
    }
    return RunOn() == Flow::kBlocked || changed_;
  }
  if (event.kind == EventKind::kStep) return Step(task_) != Flow::kBlocked;
  if (event.kind == EventKind::kDrop) drop_at_ = event.count;
  const Op before = me().op;
  const Flow flow = RunOn();
  drop_at_ = 0;
  return flow != Flow::kBlocked || changed_ ||
         std::memcmp(&before, &me().op, sizeof(before)) != 0;
}

template <class C, class P>
bool Machine<C, P>::Finish() {
  drop_at_ = 0;
  bool idle = true;
  for (const Task& task : w_.tasks) idle &= task.op.verb == Verb::kNone;
  if (idle) return true;
  // In each round some task passes a lock. Two that block each other
  // alternately for ever (HB-25 twice) are stopped.
  constexpr unsigned kMostRounds = 1024;
  for (unsigned round = 0; round < kMostRounds; ++round) {
    bool left = false;
    bool moved = false;
    for (unsigned order = 0; order < w_.next_order; ++order) {
      for (unsigned task = 0; task < C::kTasks; ++task) {
        if (w_.tasks[task].live == 0 || w_.tasks[task].order != order ||
            w_.tasks[task].op.verb == Verb::kNone)
          continue;
        task_ = task;
        Flow flow = Step(task);
        if (flow != Flow::kBlocked) moved = true;
        if (flow == Flow::kSync) flow = RunOn();
        left |= flow == Flow::kBlocked;
        break;
      }
    }
    if (!left) return true;
    if (!moved) return false;
  }
  return false;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_APPLY_INL_H_
