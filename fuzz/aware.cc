#include "fuzz/aware.h"

#include <algorithm>
#include <utility>

#include "fuzz/weave.h"

namespace vmtrunc {
namespace {

using W = World<LargeCaps>;

uint8_t Byte(unsigned value) {
  return static_cast<uint8_t>(std::min(value, 255U));
}

template <class T>
void Insert(std::vector<T>& all, size_t at, const T& one) {
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), one);
}

bool IsWhole(const Event& event) {
  return event.kind == EventKind::kStart || event.kind == EventKind::kBegin;
}
// Chooses among what one mm has.
class Chooser {
 public:
  Chooser(const W& world, unsigned mm, Random& random)
      : w_(world), random_(random) {
    for (Slot slot = w_.mms[mm].mmap; slot != kNone;
         slot = w_.vmas[slot].mm_next)
      vmas_[count_++] = slot;
  }
  bool empty() const { return count_ == 0; }
  const Vma& Any() const { return w_.vmas[vmas_[random_.Below(count_)]]; }

  // Part of a vma, or some of two.
  void Range(Event& event) const {
    const unsigned at = random_.Below(count_);
    const Vma& vma = w_.vmas[vmas_[at]];
    unsigned start = vma.start, end = vma.end;
    const unsigned pages = vma.pages();
    switch (random_.Below(6)) {
      case 0:
      case 5:
        break;
      case 1:
        end = start + 1 + random_.Below(pages);
        break;
      case 2:
        start += random_.Below(pages);
        break;
      case 3:
        start += random_.Below(pages);
        end = start + 1 + random_.Below(end - start);
        break;
      default:
        if (at + 1 < count_) {
          const Vma& next = w_.vmas[vmas_[at + 1]];
          end = next.start + 1U + random_.Below(next.pages());
          start += random_.Below(pages);
        }
        break;
    }
    event.addr = Byte(start);
    event.len = Byte(end - start);
  }

  // Where a range of that length touches a vma, or lies in a page table of its
  // own.
  uint8_t Place(unsigned len) const {
    const Vma& vma = Any();
    switch (random_.Below(4)) {
      case 0:
        return Byte(vma.end);
      case 1:
        return Byte(vma.start > len ? vma.start - len : 1U);
      case 2:
        return Byte((vma.end / kPtesPerTable + 1 + random_.Below(2)) *
                    kPtesPerTable);
      default:
        return Byte(std::max(1U, vma.start + random_.Below(8) - 4U));
    }
  }

 private:
  const W& w_;
  Random& random_;
  Slot vmas_[LargeCaps::kVmas];
  unsigned count_ = 0;
};

// A mremap to where its pages continue another vma, or would if that vma were
// longer.
void Continue(const W& w, const Chooser& mine, Event& mremap) {
  const Vma* from = VmaAt(w, w.tasks[mremap.task].mm, mremap.addr);
  for (int tries = 0; from != nullptr && tries < 3; ++tries) {
    const Vma& vma = mine.Any();
    if (&vma == from || vma.file != from->file) continue;
    const unsigned to = vma.start + unsigned{mremap.addr} - from->start +
                        from->pgoff - vma.pgoff;
    if (to > 0 && to < 200) mremap.new_addr = Byte(to);
    return;
  }
}

// An mprotect after which two neighbours are one vma, or their boundary is
// elsewhere.
bool Merge(const W& w, const Chooser& mine, Random& random, Event& mprotect) {
  for (int tries = 0; tries < 3; ++tries) {
    const Vma& vma = mine.Any();
    if (vma.mm_next == kNone) continue;
    const Vma& next = w.vmas[vma.mm_next];
    if (next.start != vma.end || next.write == vma.write ||
        next.pgoff != vma.pgoff + vma.pages())
      continue;
    const bool upper = random.Below(2) == 0;
    const Vma& changed = upper ? next : vma;
    const unsigned pages = random.Below(2) == 0
                               ? changed.pages()
                               : 1 + random.Below(changed.pages());
    mprotect.addr = Byte(upper ? next.start : vma.end - pages);
    mprotect.len = Byte(pages);
    mprotect.write = changed.write == 0;
    return true;
  }
  return false;
}

// Fills in the arguments. False when the verb can do nothing here.
bool Arguments(const W& w, const Chooser& mine, const Chooser& anyone,
               Random& random, Event& e) {
  const unsigned mm = w.tasks[e.task].mm;
  switch (e.verb) {
    case Verb::kMmap: {
      if (w.files[0].exists == 0) return false;
      e.write = random.Below(4) != 0;
      e.is_private = random.Below(6) == 0;
      e.populate = random.Below(4) != 0;
      e.len = Byte(1 + random.Below(6));
      if (mine.empty()) {
        e.addr = Byte(10 + random.Below(8));
        e.pgoff = Byte(random.Below(3));
        return true;
      }
      const Vma& vma = mine.Any();
      e.addr = mine.Place(e.len);
      e.file = vma.file;
      e.write = vma.write != 0;
      e.is_private = vma.shared == 0;
      // As if it went on from there, so that they merge; else from anywhere.
      const unsigned pgoff = vma.pgoff + e.addr - unsigned{vma.start};
      e.pgoff = Byte(pgoff < LargeCaps::kFilePages && random.Below(4) != 0
                         ? pgoff
                         : random.Below(4));
      return true;
    }
    case Verb::kMunmap:
      if (mine.empty()) return false;
      mine.Range(e);
      return true;
    case Verb::kMprotect: {
      if (mine.empty()) return false;
      if (random.Below(2) == 0 && Merge(w, mine, random, e)) return true;
      mine.Range(e);
      if (const Vma* vma = VmaAt(w, mm, e.addr)) e.write = vma->write == 0;
      return true;
    }
    case Verb::kMremap:
      if (mine.empty()) return false;
      mine.Range(e);
      e.new_addr = random.Below(6) == 0 ? e.addr : mine.Place(e.len);
      if (random.Below(3) == 0) Continue(w, mine, e);
      e.new_len = e.len;
      if (e.new_addr == e.addr || random.Below(6) == 0)
        e.new_len = Byte(std::max(1U, e.len + random.Below(5) - 2U));
      if (e.new_len == 0 || e.new_len > 64) e.new_len = e.len;
      if (random.Below(8) == 0) e.fail_after = Byte(1 + random.Below(4));
      return true;
    case Verb::kRead:
    case Verb::kWrite: {
      if (mine.empty()) return false;
      for (int tries = 0; tries < 4; ++tries) {
        const Vma& vma = mine.Any();
        e.addr = Byte(vma.start + random.Below(vma.pages()));
        const Pte pte = w.mms[mm].ptes[e.addr];
        if (e.verb == Verb::kRead ? !pte.present() : !pte.writable()) break;
      }
      return true;
    }
    case Verb::kFork:
      for (uint8_t task = 0; task < LargeCaps::kTasks; ++task) {
        if (w.tasks[task].live != 0) continue;
        e.new_addr = task;
        return true;
      }
      return false;
    case Verb::kExit:
      return w.next_order > 1;
    case Verb::kTruncate:
    case Verb::kPunch:
    case Verb::kInvalidate: {
      if (w.files[0].exists == 0) return false;
      unsigned first = random.Below(w.files[0].size + 1U), pages = 1;
      if (!anyone.empty()) {
        const Vma& vma = anyone.Any();
        e.file = vma.file;
        first = vma.pgoff + random.Below(vma.pages());
        pages = vma.pages();
      }
      e.addr = Byte(std::min(first, LargeCaps::kFilePages - 1U));
      if (e.verb == Verb::kTruncate) {
        if (random.Below(8) == 0) e.addr = Byte(first + 2);
        e.addr = std::min<uint8_t>(e.addr, LargeCaps::kFilePages);
      } else {
        e.len = Byte(1 + random.Below(pages));
      }
      return true;
    }
    case Verb::kRemap:
      if (mine.empty()) return false;
      mine.Range(e);
      e.pgoff = Byte(random.Below(w.files[0].size + 1U));
      return true;
    case Verb::kNone:
      break;
  }
  return false;
}

Verb ChooseVerb(Random& random, Verbs verbs) {
  constexpr Verb kChoices[] = {
      Verb::kMmap,      Verb::kMmap,     Verb::kMunmap, Verb::kMunmap,
      Verb::kMprotect,  Verb::kMprotect, Verb::kMremap, Verb::kMremap,
      Verb::kRead,      Verb::kWrite,    Verb::kFork,   Verb::kExit,
      Verb::kTruncate,  Verb::kTruncate, Verb::kRemap,  Verb::kPunch,
      Verb::kInvalidate};
  for (int tries = 0; tries < 32; ++tries) {
    const Verb verb = kChoices[random.Below(std::size(kChoices))];
    if ((verbs & Bit(verb)) != 0) return verb;
  }
  return Verb::kNone;
}

class Mutator {
 public:
  Mutator(Script& script, size_t max_events, const Rules& rules, Random& random,
          Verbs verbs)
      : script_(script),
        events_(script.events),
        max_(max_events),
        rules_(rules),
        random_(random),
        verbs_(verbs) {}

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
        WeaveOn(script_, Position(), max_, rules_, random_, verbs_);
        return true;
      case Mutation::kBlind:
        Mutate(script_, max_, random_, verbs_);
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
    Reached reached(script_.setup, rules_);
    reached.Apply(script_, 0, at);
    return reached;
  }
  // An operation that has an effect before the event at `at`, or kNone.
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

  // A pass that begins, drops its lock a few times, each time an operation of
  // another task or two, and ends. Half of the time one task does them all:
  // what one drop leaves, the next one meets.
  bool InsertPass() {
    size_t at = Position();
    Reached reached = ReachedAt(at);
    Event begin = EffectiveEvent(reached.world(), random_, verbs_ & kPassVerbs);
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

  // One edge of a range to where a vma has one.
  bool Touch() {
    const size_t at =
        Find([](const Event& e) { return IsWhole(e) && e.len != 0; });
    if (at == events_.size()) return false;
    Reached reached = ReachedAt(at);
    Event& event = events_[at];
    const W& w = reached.world();
    const unsigned mm =
        event.task < LargeCaps::kTasks ? w.tasks[event.task].mm : 0;
    const Chooser mine(w, mm, random_);
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
  Random& random_;
  const Verbs verbs_;
};

// Which operation each task has in flight.
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

void Reached::Apply(const Event& event) {
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>>(world_, rules_, probe).Apply(event);
}

Event EffectiveEvent(const World<LargeCaps>& world, Random& random, Verbs verbs,
                     uint8_t task) {
  uint8_t idle[LargeCaps::kTasks];
  unsigned count = 0;
  for (uint8_t i = 0; i < LargeCaps::kTasks; ++i) {
    const Task& it = world.tasks[i];
    if (it.live != 0 && it.op.verb == Verb::kNone &&
        (task == kNone || task == i))
      idle[count++] = i;
  }
  for (int tries = 0; count != 0 && tries < 8; ++tries) {
    Event event;
    event.task = idle[random.Below(count)];
    event.kind = EventKind::kStart;
    event.verb = ChooseVerb(random, verbs);
    const unsigned other = world.tasks[random.Below(LargeCaps::kTasks)].mm;
    if (Arguments(world, Chooser(world, world.tasks[event.task].mm, random),
                  Chooser(world, other, random), random, event))
      return event;
  }
  return {};
}

bool MutateOnce(Script& script, Mutation mutation, size_t max_events,
                const Rules& rules, Random& random, Verbs verbs) {
  const bool changed =
      Mutator(script, max_events, rules, random, verbs).Run(mutation);
  if (script.events.size() > max_events) script.events.resize(max_events);
  return changed;
}

void MutateAware(Script& script, size_t max_events, const Rules& rules,
                 Random& random, Verbs verbs) {
  if (random.Below(3) == 0) {
    MutateOnce(script, Mutation::kGoOn, max_events, rules, random, verbs);
    return;
  }
  for (unsigned left = 1 + random.Below(4); left > 0; --left)
    MutateOnce(script, static_cast<Mutation>(random.Below(kMutations)),
               max_events, rules, random, verbs);
}

Script Splice(const Script& head, const Script& tail, size_t max_events,
              const Rules& rules, Random& random) {
  const std::vector<uint64_t> before = InFlightBefore(head, rules);
  const std::vector<uint64_t> behind = InFlightBefore(tail, rules);
  const size_t at = random.Below(static_cast<unsigned>(before.size()));
  std::vector<size_t> fits;
  for (size_t i = 0; i < behind.size(); ++i)
    if (behind[i] == before[at]) fits.push_back(i);
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

}  // namespace vmtrunc
