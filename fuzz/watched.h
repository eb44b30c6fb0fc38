// A run in a small world that a generator drives event by event, with every
// property checked on the way: what it has made is run already.
#ifndef VMTRUNC_FUZZ_WATCHED_H_
#define VMTRUNC_FUZZ_WATCHED_H_

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/run/checker.h"
#include "core/run/drive-inl.h"
#include "fuzz/effective.h"
#include "fuzz/near_miss.h"

namespace vmtrunc::fuzz {

class Watched {
 public:
  using Caps = SmallCaps;

  // It is over when a property with a bit in `reported` is broken. `features`:
  // as of RunOptions. Requires: Fits<SmallCaps>(setup).
  Watched(const Setup& setup, const Rules& rules, uint32_t reported,
          uint8_t* features)
      : rules_(rules),
        reported_(reported),
        world_(MakeWorld<SmallCaps>(setup, rules)),
        checker_(rules) {
    checker_.NoteFeatures(features);
  }
  Watched(const Setup&, const Rules&&, uint32_t, uint8_t*) = delete;  // no copy

  // Returns whether the event has its place in a small world.
  bool Apply(const Event& event) {
    if (!Fits<SmallCaps>(event)) return false;
    if (before_) before_({&event, 1});
    ++events_;
    checker_.EventBegins(++applied_);
    Machine<SmallCaps, Checker<SmallCaps>> machine(world_, rules_, checker_);
    effects_ += machine.Apply(event) ? 1U : 0U;
    checker_.EventEnds(world_);
    const NearMiss miss = NearestMiss(world_);
    if (miss > nearest()) near_ = State{miss, applied_, world_, checker_};
    return true;
  }

  // The nearest miss so far, and after how many events it was.
  NearMiss nearest() const { return near_ ? near_->miss : NearMiss::kNone; }
  unsigned nearest_events() const { return near_->applied; }
  // Returns there, to continue in another way. Requires: there was one.
  void GoBack() {
    drops_ += checker_.drops() - near_->checker.drops();
    applied_ = near_->applied;
    world_ = near_->world;
    checker_ = near_->checker;
  }

  // Gets what runs after the applied events: the last of these is the next one.
  // None of them: what is in flight is completed.
  using Before = std::function<void(std::span<const Event>)>;
  // Of each event, also of one that runs ahead.
  void TellBefore(Before before) { before_ = std::move(before); }

  // A copy of the state, to look what comes next.
  class Copy {
   public:
    Copy(const Watched& watched)
        : before_(watched.before_), reached_(watched.world_, watched.rules_) {}
    void Apply(const Event& event) {
      if (before_) {
        events_.push_back(event);
        before_(events_);
      }
      reached_.Apply(event);
    }
    const World<SmallCaps>& world() const { return reached_.world(); }

   private:
    const Before& before_;
    std::vector<Event> events_;  // that have run in it
    ReachedIn<SmallCaps> reached_;
  };
  // To be used before this one changes.
  Copy Ahead() const { return Copy(*this); }

  // Completes what is in flight. Returns whether a property of `reported` was
  // broken; where the world was too small, perhaps none is in a larger one.
  bool Finish() {
    if (!is_over()) {
      if (before_) before_({});
      Machine<SmallCaps, Checker<SmallCaps>> machine(world_, rules_, checker_);
      EndChecked(world_, machine, checker_);
    }
    return is_over();
  }

  bool is_over() const { return (checker_.broken() & reported_) != 0; }
  const World<SmallCaps>& world() const { return world_; }
  unsigned events() const { return events_; }
  unsigned effects() const { return effects_; }  // events that had one
  unsigned drops() const { return drops_ + checker_.drops(); }

 private:
  const Rules& rules_;
  uint32_t reported_;
  unsigned events_ = 0, effects_ = 0;
  unsigned drops_ = 0;    // on ways that were left
  unsigned applied_ = 0;  // events on the way to this state
  Before before_;
  World<SmallCaps> world_;
  Checker<SmallCaps> checker_;
  struct State {
    NearMiss miss;
    unsigned applied;
    World<SmallCaps> world;
    Checker<SmallCaps> checker;
  };
  std::optional<State> near_;
};

}  // namespace vmtrunc::fuzz

#endif  // VMTRUNC_FUZZ_WATCHED_H_
