// A run that a person makes move by move, with undo.
//
// The world is a value, so each state is kept as it is: to undo is to look at
// an earlier one. The events are those of a text that is read again with each
// move. A name that the text meets first gets a number there, so the script
// that is written says the same as the one that was played.
#ifndef VMTRUNC_REPORT_STEP_PLAY_H_
#define VMTRUNC_REPORT_STEP_PLAY_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/run/run.h"

namespace vmtrunc::report {

// What a task can do next.
struct Move {
  unsigned task = 0;
  std::string event;     // as a script has it: "t drop"
  bool blocked = false;  // it would wait for a lock, and nothing happens
};

class Play {
 public:
  // Plays none of the script's events: they are what the tasks have to do.
  Play(const Script& script, const KernelSpec& kernel);

  // One event, as a line of a script. InvalidArgument, "expected ...", where
  // it is none, where its task does not run, or where there are too many.
  absl::Status Apply(std::string_view event);
  // The first events of the script, as many as it has; also those of tasks that
  // do not run, which have no effect.
  void ApplyFirst(size_t events);

  // False where there is nothing to undo, or to redo.
  bool Undo();
  bool Redo();

  // Each task that runs: what it begins next, as far as the script says, to its
  // end and to its first sync point; or how its operation may continue.
  std::vector<Move> Moves() const;

  // The events so far. It has no expectations: those of the script are of other
  // events.
  const Script& played() const { return now().played; }
  const KernelSpec& kernel() const { return kernel_; }
  const Rules& rules() const { return rules_; }
  const World<LargeCaps>& world() const { return now().world; }
  // Properties violated so far, a bit each.
  uint32_t broken() const { return now().checker.broken(); }
  // Those that the last event is the first to violate.
  uint32_t newly_broken() const;
  // False where the last event had no effect.
  bool had_effect() const { return now().had_effect; }

  // The rest of the run: what is in flight runs to its end. As Run() of the
  // events so far.
  RunResult Ended() const;

 private:
  struct State {
    Script played;
    World<LargeCaps> world;
    Checker<LargeCaps> checker;
    bool had_effect = true;
  };

  const State& now() const { return states_[at_]; }
  absl::Status Apply(std::string_view event, bool of_any_task);
  std::string NextOf(unsigned task) const;
  void AddBegins(unsigned task, std::vector<Move>& moves) const;
  void AddContinues(unsigned task, std::vector<Move>& moves) const;

  const Script script_;
  const KernelSpec kernel_;
  const Rules rules_;
  std::vector<State> states_;  // the first is that before the first event
  size_t at_ = 0;              // those after it have been undone
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_STEP_PLAY_H_
