#include "export/plan.h"

#include <utility>

namespace vmtrunc {
namespace {

constexpr unsigned kTasks = LargeCaps::kTasks;

bool InSpace(unsigned addr, unsigned len) {
  return addr >= 1 && len >= 1 && addr + len <= LargeCaps::kAddrs;
}

// Why the kernel would not even look at it, or "".
std::string Refused(const Event& e) {
  switch (e.verb) {
    case Verb::kMremap:
      if (!InSpace(e.new_addr, e.new_len)) return "outside pages 1..255";
      [[fallthrough]];
    case Verb::kMmap:
    case Verb::kMunmap:
    case Verb::kMprotect:
    case Verb::kRemap:
      return InSpace(e.addr, e.len) ? "" : "outside pages 1..255";
    case Verb::kPunch:
    case Verb::kInvalidate:
      return e.len == 0 ? "no pages" : "";
    case Verb::kNone:
      return "nothing";
    default:
      return "";
  }
}

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
      return Nothing(event, "in flight; no user can stop it there");
    EndRace(e.task);
  }

  void Perform(size_t event, const Event& e) {
    const std::string refused = Refused(e);
    if (!refused.empty()) return Nothing(event, refused);
    if (e.verb == Verb::kFork && live_[e.new_addr])
      return Nothing(event, "the new task lives");
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

}  // namespace vmtrunc
