#include "fuzz/aware.h"

#include <algorithm>
#include <utility>

#include "fuzz/weave.h"

namespace vmtrunc::fuzz {
namespace {

using W = World<LargeCaps>;

template <class T>
void Insert(std::vector<T>& all, size_t at, const T& one) {
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), one);
}

bool IsWhole(const Event& event) {
  return event.kind == EventKind::kStart || event.kind == EventKind::kBegin;
}

class Mutator {
 public:
  Mutator(Script& script, size_t max_events, const Rules& rules,
          base::Random& random, search::Verbs verbs, const Before* before)
      : script_(script),
        events_(script.events),
        max_(max_events),
        rules_(rules),
        random_(random),
        verbs_(verbs),
        before_(before) {}

  bool Run(Mutation mutation) {
    switch (mutation) {
      case Mutation::kInsert:
        return InsertOperation();
      case Mutation::kInsertPass:
        return InsertPass();
      case Mutation::kInsideDrop:
        return InsideDrop();
      case Mutation::kMoveDrop:
        return MoveDrop();
      case Mutation::kTouch:
        return Touch();
      case Mutation::kOtherMm:
        return OtherMm();
      case Mutation::kAnotherPass:
        return AnotherPass();
      case Mutation::kReplace:
        return Replace();
      case Mutation::kDelete:
        return Delete();
      case Mutation::kSwap:
        return Swap();
      case Mutation::kOpenUp:
        return OpenUp();
      case Mutation::kSteps:
        return Steps();
      case Mutation::kGoOn:
        WeaveOn(script_, Position(), max_, rules_, random_, verbs_, before_);
        return true;
      case Mutation::kBlind:
        search::Mutate(script_, max_, random_, verbs_);
        return true;
    }
    return false;
  }

 private:
  size_t Position() {
    return random_.Below(static_cast<unsigned>(events_.size() + 1));
  }
  // An event that `wanted` holds for, or events_.size().
  template <class F>
  size_t Find(F wanted) {
    size_t count = 0;
    for (const Event& event : events_) count += wanted(event) ? 1 : 0;
    if (count == 0) return events_.size();
    size_t left = random_.Below(static_cast<unsigned>(count));
    for (size_t i = 0; i < events_.size(); ++i)
      if (wanted(events_[i]) && left-- == 0) return i;
    return events_.size();
  }

  Reached ReachedAt(size_t at) const {
    Reached reached(script_.setup, rules_, before_);
    reached.Apply(script_, 0, at);
    return reached;
  }
  // An operation with an effect before the event at `at`, or kNone.
  Event EffectiveAt(size_t at) {
    return EffectiveEvent(ReachedAt(at).world(), random_, verbs_);
  }

  bool InsertOperation() {
    const size_t at = Position();
    Event event = EffectiveAt(at);
    if (event.kind == EventKind::kNone) return false;
    if (random_.Below(IsPass(event.verb) ? 2 : 6) == 0)
      event.kind = EventKind::kBegin;
    Insert(events_, at, event);
    return true;
  }

  // A pass that begins, drops its lock a few times, each time with an operation
  // or two of another task, and ends. Half of the time one task does them all:
  // what one drop leaves, the next one meets.
  bool InsertPass() {
    size_t at = Position();
    Reached reached = ReachedAt(at);
    Event begin =
        EffectiveEvent(reached.world(), random_, verbs_ & search::kPassVerbs);
    if (begin.kind == EventKind::kNone) return false;
    begin.kind = EventKind::kBegin;
    const auto add = [&](const Event& event) {
      Insert(events_, at++, event);
      reached.Apply(event);
    };
    add(begin);
    uint8_t same = kNone;
    const bool one_task = random_.Below(2) == 0;
    for (unsigned drops = 1 + random_.Below(3); drops > 0; --drops) {
      Event drop;
      drop.kind = EventKind::kDrop;
      drop.task = begin.task;
      drop.count = Byte(1 + random_.Below(4));
      add(drop);
      for (unsigned inside = 1 + random_.Below(2); inside > 0; --inside) {
        Event event = EffectiveEvent(reached.world(), random_, verbs_, same);
        if (event.kind == EventKind::kNone) continue;
        if (one_task) same = event.task;
        if (random_.Below(6) == 0) event.kind = EventKind::kBegin;
        add(event);
      }
    }
    Event finish;
    finish.kind = EventKind::kFinish;
    finish.task = begin.task;
    add(finish);
    return true;
  }

  bool InsideDrop() {
    size_t at = Find([](const Event& e) { return e.kind == EventKind::kDrop; });
    if (at == events_.size()) return false;
    Reached reached = ReachedAt(++at);
    for (unsigned left = 1 + random_.Below(2); left > 0; --left) {
      Event event = EffectiveEvent(reached.world(), random_, verbs_);
      if (event.kind == EventKind::kNone) return false;
      if (random_.Below(4) == 0) event.kind = EventKind::kBegin;
      Insert(events_, at++, event);
      reached.Apply(event);
    }
    return true;
  }

  bool MoveDrop() {
    const size_t at =
        Find([](const Event& e) { return e.kind == EventKind::kDrop; });
    if (at == events_.size()) return false;
    Event drop = events_[at];
    if (random_.Below(2) == 0) {
      const unsigned count =
          random_.Below(2) == 0 ? drop.count + 1U : drop.count - 1U;
      events_[at].count = Byte(std::clamp(count, 1U, 255U));
      return true;
    }
    events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(at));
    const size_t from = at < 3 ? 0 : at - 3;
    const size_t to = std::min(events_.size(), at + 3);
    Insert(events_, from + random_.Below(static_cast<unsigned>(to - from + 1)),
           drop);
    return true;
  }

  // Moves one edge of a range to an edge of a vma.
  bool Touch() {
    const size_t at =
        Find([](const Event& e) { return IsWhole(e) && e.len != 0; });
    if (at == events_.size()) return false;
    Reached reached = ReachedAt(at);
    Event& event = events_[at];
    const W& w = reached.world();
    const unsigned mm =
        event.task < LargeCaps::kTasks ? w.tasks[event.task].mm : 0;
    const Chooser<LargeCaps> mine(w, mm, random_);
    if (mine.empty() || IsPass(event.verb)) return false;
    const Vma& vma = mine.Any();
    const unsigned edge = random_.Below(2) == 0 ? vma.start : vma.end;
    const unsigned end = event.addr + unsigned{event.len};
    if (event.verb == Verb::kMremap && random_.Below(2) == 0) {
      event.new_addr =
          random_.Below(2) == 0
              ? Byte(edge)
              : Byte(edge > event.new_len ? edge - event.new_len : 1U);
    } else if (edge < end && random_.Below(2) == 0) {
      event.addr = Byte(edge);
      event.len = Byte(end - edge);
    } else if (edge > event.addr) {
      event.len = Byte(edge - event.addr);
    } else {
      event.addr = Byte(edge);
    }
    return true;
  }

  bool OtherMm() {
    const size_t at = Find([](const Event& e) { return IsWhole(e); });
    if (at == events_.size()) return false;
    Event copy = events_[at];
    copy.task = Byte(random_.Below(std::min(script_.setup.tasks + 1U, 8U)));
    const size_t to =
        at + random_.Below(std::min(4U, unsigned(events_.size() - at) + 1));
    Insert(events_, to, copy);
    return true;
  }

  bool AnotherPass() {
    const size_t at =
        Find([](const Event& e) { return IsWhole(e) && IsPass(e.verb); });
    if (at == events_.size()) return false;
    Event copy = events_[at];
    copy.addr = Byte(std::min(63U, random_.Below(2) == 0
                                       ? copy.addr + 1U + random_.Below(2)
                                       : copy.addr / 2U));
    if (random_.Below(3) == 0)
      copy.task =
          Byte(random_.Below(std::max<unsigned>(script_.setup.tasks, 1)));
    const size_t to = at + random_.Below(unsigned(events_.size() - at) + 1);
    Insert(events_, to, copy);
    return true;
  }

  bool Replace() {
    if (events_.empty()) return false;
    const size_t at = random_.Below(static_cast<unsigned>(events_.size()));
    const Event event = EffectiveAt(at);
    if (event.kind == EventKind::kNone) return false;
    events_[at] = event;
    return true;
  }

  bool Delete() {
    if (events_.empty()) return false;
    const size_t at = random_.Below(static_cast<unsigned>(events_.size()));
    const size_t count =
        std::min<size_t>(events_.size() - at, 1 + random_.Below(3));
    const auto from = events_.begin() + static_cast<std::ptrdiff_t>(at);
    events_.erase(from, from + static_cast<std::ptrdiff_t>(count));
    return true;
  }

  bool Swap() {
    if (events_.size() < 2) return false;
    const auto size = static_cast<unsigned>(events_.size());
    std::swap(events_[random_.Below(size)], events_[random_.Below(size)]);
    return true;
  }

  bool OpenUp() {
    size_t at = Find([](const Event& e) {
      return IsWhole(e) && !(e.verb == Verb::kMmap && e.populate);
    });
    if (at == events_.size()) return false;
    events_[at].kind = EventKind::kBegin;
    Event step;
    step.kind = EventKind::kStep;
    step.task = events_[at].task;
    for (unsigned left = random_.Below(7); left > 0; --left)
      Insert(events_, ++at, step);
    if (random_.Below(2) == 0) return true;  // what follows comes between
    Event event = EffectiveAt(++at);
    if (event.kind == EventKind::kNone) return true;
    if (random_.Below(3) == 0) event.kind = EventKind::kBegin;
    Insert(events_, at, event);
    return true;
  }

  bool Steps() {
    size_t at = Position();
    Reached reached = ReachedAt(at);
    uint8_t busy[LargeCaps::kTasks];
    unsigned count = 0;
    for (uint8_t task = 0; task < LargeCaps::kTasks; ++task)
      if (reached.world().tasks[task].op.verb != Verb::kNone)
        busy[count++] = task;
    if (count == 0) return false;
    Event event;
    event.kind = EventKind::kStep;
    event.task = busy[random_.Below(count)];
    const bool passes = IsPass(reached.world().tasks[event.task].op.verb);
    switch (random_.Below(4)) {
      case 0:
        event.kind = EventKind::kFinish;
        break;
      case 1:
        if (!passes) break;
        event.kind = EventKind::kDrop;
        event.count = Byte(1 + random_.Below(4));
        break;
      default:
        for (unsigned left = random_.Below(4); left > 0; --left)
          Insert(events_, at, event);
        break;
    }
    Insert(events_, at, event);
    return true;
  }

  Script& script_;
  std::vector<Event>& events_;
  const size_t max_;
  const Rules& rules_;
  base::Random& random_;
  const search::Verbs verbs_;
  const Before* const before_;
};

// The operation that each task has in flight.
uint64_t InFlight(const W& world) {
  uint64_t all = 0;
  for (const Task& task : world.tasks)
    all = all << 4 | static_cast<uint64_t>(task.op.verb);
  return all;
}

std::vector<uint64_t> InFlightBefore(const Script& script, const Rules& rules) {
  std::vector<uint64_t> all;
  Reached reached(script.setup, rules);
  for (const Event& event : script.events) {
    all.push_back(InFlight(reached.world()));
    reached.Apply(event);
  }
  all.push_back(InFlight(reached.world()));
  return all;
}

}  // namespace

bool MutateOnce(Script& script, Mutation mutation, size_t max_events,
                const Rules& rules, base::Random& random, search::Verbs verbs,
                const Before* before) {
  const bool changed =
      Mutator(script, max_events, rules, random, verbs, before).Run(mutation);
  if (script.events.size() > max_events) script.events.resize(max_events);
  return changed;
}

void MutateAware(Script& script, size_t max_events, const Rules& rules,
                 base::Random& random, search::Verbs verbs,
                 const Before* before) {
  if (random.Below(3) == 0) {
    MutateOnce(script, Mutation::kGoOn, max_events, rules, random, verbs,
               before);
    return;
  }
  for (unsigned left = 1 + random.Below(4); left > 0; --left)
    MutateOnce(script, static_cast<Mutation>(random.Below(kMutations)),
               max_events, rules, random, verbs, before);
}

Script Splice(const Script& head, const Script& tail, size_t max_events,
              const Rules& rules, base::Random& random, const Before* before) {
  if (before != nullptr) (*before)(head);
  const std::vector<uint64_t> in_head = InFlightBefore(head, rules);
  if (before != nullptr) (*before)(tail);
  const std::vector<uint64_t> in_tail = InFlightBefore(tail, rules);
  const size_t at = random.Below(static_cast<unsigned>(in_head.size()));
  std::vector<size_t> fits;
  for (size_t i = 0; i < in_tail.size(); ++i)
    if (in_tail[i] == in_head[at]) fits.push_back(i);
  Script script = head;
  if (fits.empty()) return script;
  const size_t from = fits[random.Below(static_cast<unsigned>(fits.size()))];
  script.events.resize(at);
  script.events.insert(script.events.end(),
                       tail.events.begin() + static_cast<std::ptrdiff_t>(from),
                       tail.events.end());
  for (Event& event : script.events)  // the first may have one file alone
    if (event.file >= script.setup.files) event.file = 0;
  if (script.events.size() > max_events) script.events.resize(max_events);
  return script;
}

}  // namespace vmtrunc::fuzz
