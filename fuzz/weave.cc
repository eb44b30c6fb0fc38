#include "fuzz/weave.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "fuzz/effective.h"
#include "search/make.h"
#include "search/translations.h"

namespace vmtrunc::fuzz {
namespace {

// `R` is what it looks at the state through: Reached or Watched.
template <class R>
class Weaver {
 public:
  // `script` grows to `goal` events. Requires: `reached` is its state.
  Weaver(Script& script, R& reached, size_t goal, base::Random& random,
         search::Verbs verbs)
      : random_(random),
        script_(script),
        reached_(reached),
        goal_(goal),
        verbs_(verbs) {
    while (mapped_ < script_.events.size() &&
           script_.events[mapped_].verb == Verb::kMmap)
      ++mapped_;
  }

  void Run() {
    ChooseVerbs();
    for (unsigned vain = 0;
         script_.events.size() < goal_ && vain < 16 && !reached_.is_over();) {
      const size_t before = script_.events.size();
      switch (random_.Below(8)) {
        case 0:
        case 1:
          Woven();
          break;
        case 2:
        case 3:
        case 4:
          Interrupted();
          break;
        case 5:
          Dropping();
          break;
        default:
          Add(Any(few_));
          break;
      }
      if (script_.events.size() == before) {
        ++vain;
        EndOne();
      }
    }
  }

 private:
  using C = typename R::Caps;

  // A few verbs that are repeated (swarm testing).
  void ChooseVerbs() {
    few_ = verbs_ & search::kPassVerbs;
    for (unsigned verb = 0; verb < 32; ++verb)
      if (!random_.OneOf(2)) few_ |= verbs_ & search::Verbs{1} << verb;
    few_ |= verbs_ &
            search::Bit(random_.OneOf(2) ? Verb::kMprotect : Verb::kMremap);
  }

  void Add(const Event& event) {
    if (event.kind == EventKind::kNone || script_.events.size() >= goal_ ||
        reached_.is_over())
      return;
    if (reached_.Apply(event)) script_.events.push_back(event);
  }
  void Add(EventKind kind, uint8_t task) { Add({.kind = kind, .task = task}); }
  static bool Busy(const auto& reached, uint8_t task) {
    return reached.world().tasks[task].op.verb != Verb::kNone;
  }
  bool Busy(uint8_t task) const { return Busy(reached_, task); }

  // No task can start an operation: one is ended.
  void EndOne() {
    const uint8_t first = static_cast<uint8_t>(random_.Below(C::kTasks));
    for (unsigned i = 0; i < C::kTasks; ++i) {
      const auto task = static_cast<uint8_t>((first + i) % unsigned{C::kTasks});
      if (Busy(task)) return Add(EventKind::kFinish, task);
    }
  }

  Event Any(search::Verbs verbs, uint8_t task = kNone) {
    return EffectiveEvent(reached_.world(), random_, verbs, task);
  }
  Event Other(search::Verbs verbs, uint8_t than) {
    for (int tries = 0; tries < 8; ++tries) {
      const Event event = Any(verbs);
      if (event.task != than) return event;
    }
    return {};
  }

  bool Begin(Event event) {
    if (event.kind == EventKind::kNone) return false;
    event.kind = EventKind::kBegin;
    Add(event);
    return Busy(event.task);
  }

  // The number of steps until the task's operation ends, if no other task
  // moves.
  unsigned StepsLeft(uint8_t task) const {
    auto ahead = reached_.Ahead();
    unsigned steps = 0;
    for (; steps < 24 && Busy(ahead, task); ++steps)
      ahead.Apply({.kind = EventKind::kStep, .task = task});
    return steps;
  }
  void Steps(uint8_t task, unsigned steps) {
    for (; steps > 0 && Busy(task); --steps) Add(EventKind::kStep, task);
  }

  // The pages of the file that the operation is about, as a pass over them.
  void Aim(Event& pass, const Event& at) {
    const World<C>& w = reached_.world();
    const Vma* vma = VmaAt(w, w.tasks[at.task].mm, at.addr);
    if (vma == nullptr) return;
    pass.file = vma->file;
    const unsigned first = vma->pgoff + unsigned{at.addr} - vma->start;
    pass.addr = static_cast<uint8_t>(std::min(63U, first));
    Fit(pass);
  }
  void Fit(Event& pass) const {
    const File& file = reached_.world().files[pass.file];
    search::FitToFile(file.folios.pfn != 0, file.size, pass, verbs_);
  }

  // Stops an operation halfway, lets a pass continue or stops it too, then
  // completes both.
  void Woven() {
    constexpr search::Verbs kTouches =
        search::Bit(Verb::kRead) | search::Bit(Verb::kWrite);
    // A munmap is one where others may use what it has cleared.
    const search::Verbs longs =
        search::Bit(Verb::kMremap) | search::Bit(Verb::kFork) |
        (reached_.world().tlb != 0 ? search::Bit(Verb::kMunmap) : 0);
    const unsigned what = random_.Below(3);
    const Event first = Any(what == 0   ? verbs_ & kTouches
                            : what == 1 ? verbs_ & longs
                                        : few_);
    if (first.kind == EventKind::kNone) return;
    Event second = Other(verbs_ & search::kPassVerbs, first.task);
    if (second.kind == EventKind::kNone) return;
    if (!random_.OneOf(3)) Aim(second, first);
    if (!Begin(first)) return;
    Steps(first.task, random_.Below(StepsLeft(first.task)));
    if (!Begin(second)) return;
    Steps(second.task, random_.Below(StepsLeft(second.task) + 1));
    const unsigned end = random_.Below(4);
    if (end == 0) Steps(first.task, random_.Between(1, 4));
    if (end <= 1) Steps(second.task, random_.Between(1, 4));
    if (end <= 2) Add(EventKind::kFinish, first.task);
    Add(EventKind::kFinish, second.task);
  }

  // Restores the file's initial size, and maps the first mappings again.
  void Refill() {
    const uint8_t size = script_.setup.sizes[0];
    uint8_t task = 0;  // an idle task
    while (task < C::kTasks &&
           (reached_.world().tasks[task].live == 0 || Busy(task)))
      ++task;
    if (size == 0 || task == C::kTasks) return;
    if (reached_.world().files[0].size < size)
      Add({.kind = EventKind::kStart,
           .verb = Verb::kTruncate,
           .task = task,
           .addr = size});
    for (size_t i = 0; i < mapped_; ++i)
      if (i == 0 || !random_.OneOf(3)) Add(Event(script_.events[i]));
  }

  static constexpr unsigned kPages = C::kFiles * C::kFilePages;

  // The number of mapped pages, and an index over all files.
  unsigned MappedPages(uint8_t (&pages)[kPages]) const {
    unsigned count = 0;
    for (unsigned page = 0; page < kPages; ++page)
      if (reached_.world()
              .mapcount[page / C::kFilePages][page % C::kFilePages] != 0)
        pages[count++] = static_cast<uint8_t>(page);
    return count;
  }

  // A pass over mapped pages.
  Event Pass() {
    uint8_t pages[kPages];
    unsigned count = MappedPages(pages);
    if (count == 0) {
      Refill();
      count = MappedPages(pages);
    }
    if (count == 0) return {};
    Event event = Any(verbs_ & search::kPassVerbs);
    if (event.kind == EventKind::kNone) return event;
    const unsigned at = pages[random_.Below(count)];
    const unsigned page = at % C::kFilePages;
    event.file = static_cast<uint8_t>(at / C::kFilePages);
    event.addr =
        static_cast<uint8_t>(event.verb != Verb::kTruncate || random_.OneOf(2)
                                 ? page
                                 : random_.Below(page + 1));
    Fit(event);
    return event;
  }

  // A drop after which the pass has work left, if there is one.
  void Drop(uint8_t task) {
    Event drop{.kind = EventKind::kDrop, .task = task};
    for (unsigned count = random_.OneOf(2) ? 1 : random_.Between(1, 4);
         count > 0; --count) {
      drop.count = static_cast<uint8_t>(count);
      auto ahead = reached_.Ahead();
      ahead.Apply(drop);
      if (Busy(ahead, task)) break;
    }
    Add(drop);
  }

  void Inside(uint8_t than, uint8_t task) {
    Event event = task == kNone ? Other(few_, than) : Any(few_, task);
    if (event.kind == EventKind::kNone) return;
    if (!random_.OneOf(6)) return Add(event);
    if (Begin(event) && random_.OneOf(2))
      Steps(event.task, random_.Below(StepsLeft(event.task)));
  }

  void Interrupted() {
    const Event pass = Pass();
    if (!Begin(pass)) return;
    uint8_t other = kNone;
    for (unsigned stops = random_.OneOf(2) ? 1 : random_.Between(1, 3);
         stops > 0 && Busy(pass.task); --stops) {
      if (random_.OneOf(6)) {
        Steps(pass.task, random_.Between(1, 5));
      } else {
        Drop(pass.task);
      }
      const size_t at = script_.events.size();
      Inside(pass.task, random_.OneOf(4) ? kNone : other);
      if (script_.events.size() > at) other = script_.events[at].task;
      if (random_.OneOf(3)) Inside(pass.task, random_.OneOf(4) ? kNone : other);
    }
    if (!random_.OneOf(6)) Add(EventKind::kFinish, pass.task);
  }

  void Dropping() {
    const Event pass = Pass();
    if (!Begin(pass)) return;
    for (unsigned drops = random_.Between(3, 20); drops > 0 && Busy(pass.task);
         --drops) {
      Add(EventKind::kDrop, pass.task);
      if (random_.OneOf(5)) Inside(pass.task, kNone);
    }
  }

  base::Random& random_;
  Script& script_;
  R& reached_;
  const size_t goal_;
  size_t mapped_ = 0;
  const search::Verbs verbs_;
  search::Verbs few_ = 0;
};

}  // namespace

Script WeaveScript(uint64_t seed, unsigned events, const Rules& rules,
                   search::Verbs verbs, const Before* before) {
  base::Random random(seed);
  Script script = search::MakeStart(random.Next());
  if (search::HasTranslations(rules) && random.OneOf(3))
    search::DeclareTranslations(script, random);
  Reached reached(script.setup, rules, before);
  reached.Apply(script, 0, script.events.size());
  Weaver(script, reached, script.events.size() + events, random, verbs).Run();
  return script;
}

void WeaveOn(Script& script, size_t from, size_t max_events, const Rules& rules,
             base::Random& random, search::Verbs verbs, const Before* before) {
  script.events.resize(std::min(from, script.events.size()));
  if (script.events.size() >= max_events) return;
  const size_t left = max_events - script.events.size();
  const size_t goal =
      script.events.size() + 1 + random.Below(static_cast<unsigned>(left));
  Reached reached(script.setup, rules, before);
  reached.Apply(script, 0, script.events.size());
  Weaver(script, reached, goal, random, verbs).Run();
}

void Weave(Script& script, Watched& watched, size_t goal, base::Random& random,
           search::Verbs verbs) {
  Weaver(script, watched, goal, random, verbs).Run();
}

}  // namespace vmtrunc::fuzz
