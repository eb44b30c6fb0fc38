#include "fuzz/race.h"

#include <algorithm>

#include "fuzz/near_miss.h"

namespace vmtrunc::fuzz {
namespace {

using C = Watched::Caps;

// What may take a vma away, or change it.
constexpr search::Verbs kTakes =
    search::Bit(Verb::kMunmap) | search::Bit(Verb::kMprotect) |
    search::Bit(Verb::kMremap) | search::Bit(Verb::kExit);

class Racer {
 public:
  Racer(Script& script, Watched& watched, size_t goal, base::Random& random,
        search::Verbs verbs)
      : random_(random),
        script_(script),
        watched_(watched),
        goal_(goal),
        verbs_(verbs),
        few_(FewOf(verbs, random)),
        in_flight_(random.Between(1, 3)),
        whole_(random.Below(4)),
        drops_(random.Below(4)),
        ends_(random.Between(1, 4)),
        aims_(random.Below(4)),
        collides_(random.Below(4)),
        burst_(1U << random.Below(4)) {}

  void Run() {
    for (unsigned vain = 0;
         script_.events.size() < goal_ && vain < 24 && !watched_.is_over();) {
      const size_t before = script_.events.size();
      Turn();
      if (script_.events.size() == before) ++vain;
    }
  }

 private:
  // Half of the verbs (swarm testing); more often those that have many steps.
  static search::Verbs FewOf(search::Verbs verbs, base::Random& random) {
    search::Verbs few = 0;
    for (unsigned verb = 0; verb < 32; ++verb)
      if (!random.OneOf(2)) few |= search::Verbs{1} << verb;
    if (!random.OneOf(4)) few |= search::kPassVerbs;
    if (random.OneOf(2)) few |= search::Bit(Verb::kMremap);
    if (random.OneOf(3))
      few |= search::Bit(Verb::kRead) | search::Bit(Verb::kWrite);
    return (few & verbs) != 0 ? few & verbs : verbs;
  }

  const World<C>& w() const { return watched_.world(); }
  bool Busy(unsigned task) const {
    return w().tasks[task].op.verb != Verb::kNone;
  }

  // Returns whether it was added.
  bool Add(const Event& event) {
    if (event.kind == EventKind::kNone || script_.events.size() >= goal_ ||
        watched_.is_over() || !watched_.Apply(event))
      return false;
    script_.events.push_back(event);
    return true;
  }
  bool Add(EventKind kind, uint8_t task) {
    return Add(Event{.kind = kind, .task = task});
  }

  // Begins an operation, or lets one that is in flight proceed.
  void Turn() {
    if (chased_ != kNone && Chase()) return;
    if ((verbs_ & search::Bit(Verb::kMremap)) != 0 && random_.OneOf(2) &&
        Add(OntoEqualMark()))
      return;
    uint8_t busy[C::kTasks];
    unsigned count = 0;
    for (uint8_t task = 0; task < C::kTasks; ++task)
      if (Busy(task)) busy[count++] = task;
    if (count == 0 || (count < in_flight_ && random_.OneOf(3))) {
      Event event = count == 0 ? Any() : Beside(busy[random_.Below(count)]);
      if (event.kind != EventKind::kNone && random_.Below(4) >= whole_)
        event.kind = EventKind::kBegin;
      if (Add(event) || count == 0) return;
    }
    GoOn(busy[random_.Below(count)]);
  }

  void GoOn(uint8_t task) {
    if (random_.Below(12) < ends_) {
      Add(EventKind::kFinish, task);
    } else if (IsPass(w().tasks[task].op.verb) && random_.Below(4) < drops_) {
      const unsigned count = random_.OneOf(2) ? 1 : random_.Between(1, 4);
      Add({.kind = EventKind::kDrop, .task = task, .count = Byte(count)});
    } else {
      for (unsigned steps = random_.Between(1, burst_);
           steps > 0 && Busy(task) && Add(EventKind::kStep, task);)
        --steps;
    }
  }

  Event Any() {
    const Event event = EffectiveEvent(w(), random_, few_);
    return event.kind != EventKind::kNone
               ? event
               : EffectiveEvent(w(), random_, verbs_);
  }

  // An operation beside the task's, which is in flight.
  Event Beside(uint8_t task) {
    if (random_.Below(4) < collides_) {
      const Event event = Against(task);
      if (event.kind != EventKind::kNone) {
        chased_ = task;
        return event;
      }
    }
    return Near(task);
  }

  // Continues against the operation to which another was opposed, or with it, a
  // step at a time. Returns whether there was something to do.
  bool Chase() {
    const uint8_t task = chased_;
    if (!Busy(task) || random_.OneOf(6)) {
      chased_ = kNone;
      return false;
    }
    if (random_.OneOf(2)) {
      Event event = Against(task);
      if (event.kind != EventKind::kNone && random_.OneOf(3))
        event.kind = EventKind::kBegin;
      if (Add(event)) return true;
      for (uint8_t other = 0; other < C::kTasks; ++other)
        if (other != task && Busy(other) && random_.OneOf(2))
          return Add(EventKind::kFinish, other);
    }
    return Add(EventKind::kStep, task);
  }

  // A mremap of pages that are mapped past the restart address of their vma to
  // where they would continue another one with the same, before it. Nothing if
  // there are no two such vmas of an mm.
  Event OntoEqualMark() {
    Event event;
    AnyEqualMarks(w(), [&](const Vma& one, const Vma& other) {
      event = random_.OneOf(2) ? Onto(one, other) : Onto(other, one);
      return event.kind != EventKind::kNone;
    });
    return event;
  }
  Event Onto(const Vma& from, const Vma& to) {
    const unsigned restart = from.count >> kPageShift;
    const uint8_t task = IdleTask(from.mm, false);
    if (task == kNone) return {};
    for (unsigned at = std::max<unsigned>(from.start, restart); at < from.end;
         ++at) {
      const unsigned there =
          to.start + at - from.start + from.pgoff - unsigned{to.pgoff};
      if (!w().mms[from.mm].ptes[at].present() || there == 0 ||
          there >= restart || random_.OneOf(3))
        continue;
      const unsigned most = std::min<unsigned>(from.end - at, restart - there);
      Event event{.kind = EventKind::kStart,
                  .verb = Verb::kMremap,
                  .task = task,
                  .addr = Byte(at),
                  .len = Byte(random_.Between(1, most)),
                  .new_addr = Byte(there)};
      event.new_len = event.len;
      return event;
    }
    return {};
  }

  // The vma that the operation refers to, or kNone.
  static Slot Refers(const Op& op) {
    if (op.verb == Verb::kMprotect && op.mprotect.cursor != 0)
      return op.mprotect.vma;
    if (MovesPtes(op))
      return op.verb == Verb::kFork ? op.fork.vma : op.mremap.vma;
    if (op.pass.active != 0) return op.pass.cursor;
    return FoundVma(op);
  }

  // An idle task that runs in the mm, or, if `others`, in another; kNone if
  // there is none.
  uint8_t IdleTask(unsigned mm, bool others) {
    uint8_t idle[C::kTasks];
    unsigned count = 0;
    for (uint8_t task = 0; task < C::kTasks; ++task)
      if (w().tasks[task].live != 0 && !Busy(task) &&
          (w().tasks[task].mm != mm) == others)
        idle[count++] = task;
    return count == 0 ? kNone : idle[random_.Below(count)];
  }

  // An operation that takes the vma away to which the task's refers, or changes
  // it; or, if it has gone, one that makes another of its struct.
  Event Against(uint8_t task) {
    const Task& holder = w().tasks[task];
    const Slot slot = Refers(holder.op);
    if (slot == kNone) return {};
    const Vma& vma = w().vmas[slot];
    const bool is_free = vma.state == VmaState::kFree;
    const uint8_t other = IdleTask(is_free ? holder.mm : vma.mm, is_free);
    if (other == kNone) return {};
    if (is_free)
      return EffectiveEvent(w(), random_, verbs_ & search::Bit(Verb::kMmap),
                            other);
    const bool ends_mm = vma.mm != holder.mm && random_.OneOf(2);
    Event event = EffectiveEvent(
        w(), random_, verbs_ & (ends_mm ? search::Bit(Verb::kExit) : kTakes),
        other);
    if (event.kind == EventKind::kNone || event.verb == Verb::kExit)
      return event;
    const unsigned pages = std::max(1U, vma.pages());
    event.addr = Byte(vma.start);
    event.len = Byte(random_.OneOf(3) ? random_.Between(1, pages) : pages);
    if (event.verb == Verb::kMremap) event.new_len = event.len;
    return event;
  }

  // Pages of a file.
  struct Pages {
    unsigned file, first, last;
  };

  // What the task's operation is about: a pass's range, or what some vma of the
  // task's mm maps. False if there is nothing.
  bool About(uint8_t task, Pages& pages) {
    const Op& op = w().tasks[task].op;
    if (IsPass(op.verb)) {
      const unsigned size = w().files[op.pass.file].size;
      pages = {op.pass.file, op.pass.first,
               std::min<unsigned>(op.pass.last, size + 2)};
      return true;
    }
    const Chooser<C> chooser(w(), w().tasks[task].mm, random_);
    if (chooser.empty()) return false;
    const Vma& vma = chooser.Any();
    pages = {vma.file, vma.pgoff, vma.last_pgoff()};
    return true;
  }

  // An operation that is about the same pages, if one is found quickly.
  Event Near(uint8_t task) {
    Event event = Any();
    Pages pages;
    if (event.kind == EventKind::kNone || random_.Below(4) >= aims_ ||
        !About(task, pages))
      return event;
    for (int tries = 0; tries < 4; ++tries) {
      if (IsPass(event.verb)) {
        if (event.verb == Verb::kRevoke) return event;
        event.addr = Byte(
            random_.Between(pages.first, std::max(pages.first, pages.last)));
        const File& file = w().files[pages.file];
        search::FitToFile(file.folios.pfn != 0, file.size, event, verbs_);
        return event;
      }
      const Vma* vma = VmaAt(w(), w().tasks[event.task].mm, event.addr);
      if (vma != nullptr && vma->file == pages.file &&
          vma->last_pgoff() >= pages.first && vma->pgoff <= pages.last)
        return event;
      event = Any();
      if (event.kind == EventKind::kNone) return event;
    }
    return event;
  }

  base::Random& random_;
  Script& script_;
  Watched& watched_;
  const size_t goal_;
  const search::Verbs verbs_;
  // Drawn for each script, so that scripts differ more than their events do.
  const search::Verbs few_;
  const unsigned in_flight_;  // operations at once, at most
  const unsigned whole_;      // of 4: an operation runs at once
  const unsigned drops_;      // of 4: a pass proceeds to a drop
  const unsigned ends_;       // of 12: an operation proceeds to its end
  const unsigned aims_;       // of 4: near what is in flight
  const unsigned collides_;   // of 4: against what is in flight
  const unsigned burst_;      // steps in a turn, at most

  uint8_t chased_ = kNone;  // the task whose operation is opposed
};

}  // namespace

void Race(Script& script, Watched& watched, size_t goal, base::Random& random,
          search::Verbs verbs) {
  Racer(script, watched, goal, random, verbs).Run();
}

}  // namespace vmtrunc::fuzz
