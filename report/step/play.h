// A run played by hand, move by move, with undo.
//
// The world is a value, so each state is kept whole: undo returns to an earlier
// one. The events are a text that is parsed again with each move. New names get
// numbers in order, so the script that is written is the same as the one that
// was played.
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
  bool blocked = false;  // it would wait for a lock, without effect
};

class Play {
 public:
  // Plays none of the script's events: they are what the tasks are to do.
  Play(const Script& script, const KernelSpec& kernel);

  // Plays one event, a line of a script. InvalidArgument, "expected ...", if it
  // is malformed, if its task does not exist, or if there are too many.
  absl::Status Apply(std::string_view event);
  // Plays the first events of the script, at most all; including those of tasks
  // that do not exist, which have no effect.
  void ApplyFirst(size_t events);

  // False if there is nothing to undo, or to redo.
  bool Undo();
  bool Redo();

  // For each existing task: what it starts next by the script, whole and to its
  // first sync point; or how its operation may continue.
  std::vector<Move> Moves() const;

  // The events so far, without expectations: those of the script are for other
  // events.
  const Script& played() const { return now().played; }
  const KernelSpec& kernel() const { return kernel_; }
  const Rules& rules() const { return rules_; }
  const World<LargeCaps>& world() const { return now().world; }
  // Properties violated so far, a bit each.
  uint32_t broken() const { return now().checker.broken(); }
  // Those that the last event violates first.
  uint32_t newly_broken() const;
  // False if the last event had no effect.
  bool had_effect() const { return now().had_effect; }

  // The rest of the run, in which operations in flight are completed. As Run()
  // of the events so far.
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
  size_t at_ = 0;              // later ones have been undone
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_STEP_PLAY_H_
