#include "report/export/plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "live/sequence.h"

namespace vmtrunc::report {
namespace {

constexpr unsigned kTasks = LargeCaps::kTasks;

class Planner {
 public:
  explicit Planner(const Script& script) : script_(script) {
    for (unsigned task = 0; task < script.setup.tasks; ++task) {
      live_[task] = true;
      mm_[task] = script.setup.mm_of[task];
    }
  }

  std::vector<Deed> Make() {
    for (size_t i = 0; i < script_.events.size(); ++i) {
      const Event& e = script_.events[i];
      if (!live_[e.task]) {
        Nothing(i, "there is no such task");
      } else if (e.kind == EventKind::kStart || e.kind == EventKind::kBegin) {
        Perform(i, e);
      } else {
        Control(i, e);
      }
    }
    for (unsigned task = 0; task < kTasks; ++task) EndRace(task);
    return std::move(plan_);
  }

 private:
  void Nothing(size_t event, std::string why) {
    plan_.push_back({.act = Act::kNothing,
                     .event = event,
                     .task = script_.events[event].task,
                     .why = std::move(why)});
  }

  void Control(size_t event, const Event& e) {
    if (!raced_[e.task]) return Nothing(event, "nothing is in flight");
    if (e.kind != EventKind::kFinish)
      return Nothing(event, "in flight; a user process cannot stop it there");
    EndRace(e.task);
  }

  void Perform(size_t event, const Event& e) {
    const std::string idle = live::NothingToDo(e, script_.setup);
    if (!idle.empty()) return Nothing(event, idle);
    if (e.verb == Verb::kFork && live_[e.new_addr])
      return Nothing(event, "the new task already exists");
    EndRace(e.task);
    const bool raced = e.kind == EventKind::kBegin;
    plan_.push_back({.act = Act::kPerform,
                     .event = event,
                     .task = e.task,
                     .raced = raced,
                     .last = e.verb == Verb::kExit && Alone(e.task)});
    if (e.verb == Verb::kExit) {
      live_[e.task] = false;
    } else if (raced) {
      raced_[e.task] = event;
    } else if (e.verb == Verb::kTruncate) {
      Check(event, e.task);
    }
    if (e.verb != Verb::kFork) return;
    live_[e.new_addr] = true;
    mm_[e.new_addr] = next_mm_++;
  }

  void EndRace(unsigned task) {
    if (!raced_[task]) return;
    const size_t event = *raced_[task];
    raced_[task].reset();
    if (script_.events[event].verb == Verb::kTruncate)
      return Check(event, task);
    plan_.push_back({.act = Act::kWait, .event = event, .task = task});
  }

  void Check(size_t event, unsigned task) {
    Deed deed{.act = Act::kCheck, .event = event, .task = task};
    for (unsigned other = 0; other < kTasks; ++other) {
      if (!live_[other]) continue;
      deed.tasks |= 1U << other;
      bool first = true;
      for (unsigned before = 0; before < other; ++before)
        first &= !live_[before] || mm_[before] != mm_[other];
      if (first) deed.checkers |= 1U << other;
    }
    plan_.push_back(std::move(deed));
  }

  bool Alone(unsigned task) const {
    for (unsigned other = 0; other < kTasks; ++other)
      if (other != task && live_[other] && mm_[other] == mm_[task])
        return false;
    return true;
  }

  const Script& script_;
  std::vector<Deed> plan_;
  std::array<bool, kTasks> live_{};
  std::array<unsigned, kTasks> mm_{};
  unsigned next_mm_ = kTasks;  // of a forked task
  std::array<std::optional<size_t>, kTasks> raced_{};
};

}  // namespace

std::vector<Deed> MakePlan(const Script& script) {
  return Planner(script).Make();
}

PlanTotals TotalsOf(const Script& script, const std::vector<Deed>& plan) {
  PlanTotals totals;
  totals.refused = live::NoSuchSmallFile(script);
  for (const Deed& deed : plan) {
    totals.checks += deed.act == Act::kCheck ? 1 : 0;
    if (deed.act != Act::kPerform) continue;
    ++totals.played;
    const std::string why = live::NoSystemCall(script.events[deed.event]);
    if (totals.refused.empty() && !why.empty())
      totals.refused = absl::StrCat(live::NameEvent(script, deed.event),
                                    ": cannot be played: ", why);
  }
  totals.timing = static_cast<size_t>(std::count_if(
      script.events.begin(), script.events.end(), [](const Event& e) {
        return e.kind >= EventKind::kStep && e.kind <= EventKind::kFinish;
      }));
  totals.idle = script.events.size() - totals.played - totals.timing;
  return totals;
}

}  // namespace vmtrunc::report
