#include "live/deal.h"

#include "absl/strings/str_cat.h"
#include "live/sequence.h"

namespace vmtrunc::live {
namespace {

// Numbers the laps of a script. Operations in flight together are of one lap,
// and so is what their tasks do meanwhile.
class Laps {
 public:
  explicit Laps(unsigned meet) : meet_(meet) {}

  void Take(const Event& event) {
    const unsigned task = 1U << (event.task & 7);
    const bool begins = event.kind == EventKind::kBegin;
    const bool ends = event.kind == EventKind::kFinish && in_flight_ == task;
    if ((begins && in_flight_ == 0) || ends) ended_ = true;
    if (begins) in_flight_ |= task;
    if (event.kind == EventKind::kFinish) in_flight_ &= ~task;
  }

  // The lap of an operation after the given events.
  unsigned Next() {
    if (ended_ || count_ == meet_) {
      lap_ += count_ != 0 ? 1 : 0;
      count_ = 0;
      ended_ = false;
    }
    ++count_;
    return lap_;
  }

 private:
  const unsigned meet_;
  unsigned in_flight_ = 0;  // tasks, a bit each
  unsigned lap_ = 0, count_ = 0;
  bool ended_ = false;
};

}  // namespace

Dealt Deal(const Script& script, unsigned meet, RaceShared& s) {
  Dealt dealt;
  s.setup = script.setup;
  s.count = 0;
  dealt.refused = NoSuchSmallFile(script);
  if (!dealt.refused.empty()) return dealt;
  Laps laps(meet);
  for (size_t i = 0; i < script.events.size(); ++i) {
    const Event& event = script.events[i];
    laps.Take(event);
    if (event.kind != EventKind::kStart && event.kind != EventKind::kBegin) {
      ++dealt.timing;
      continue;
    }
    const std::string idle = event.task >= kTasks
                                 ? "there is no such task"
                                 : NothingToDo(event, script.setup);
    const std::string none = NoSystemCall(event);
    if (!idle.empty()) {
      if (dealt.idle++ == 0)
        dealt.first_idle = absl::StrCat(NameEvent(script, i), ": ", idle);
    } else if (!none.empty()) {
      dealt.refused =
          absl::StrCat(NameEvent(script, i), ": cannot be raced: ", none);
      return dealt;
    } else {
      s.ops[s.count++] = RaceOp{.event = event, .lap = laps.Next()};
    }
  }
  return dealt;
}

}  // namespace vmtrunc::live
