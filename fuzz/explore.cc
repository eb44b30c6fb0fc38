#include "fuzz/explore.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "core/check.h"
#include "fuzz/effective.h"
#include "fuzz/generate.h"
#include "search/make.h"
#include "search/tables.h"
#include "search/translations.h"

namespace vmtrunc::fuzz {
namespace {

// More are not seen: a way is as long as its operations.
constexpr size_t kMostDepth = 96;

// A page that operations are about: file page `page`, at `addr` of `mm`.
struct Focus {
  unsigned mm = kNone, addr = 0, page = 0;
};

template <class C>
bool IsAbout(const World<C>& w, const Event& event, const Focus& focus) {
  const unsigned mm = w.tasks[event.task].mm;
  const auto has = [&](unsigned at) {
    return event.addr <= at && at < unsigned{event.addr} + event.len;
  };
  switch (event.verb) {
    case Verb::kRead:
    case Verb::kWrite: {
      if (mm == focus.mm) return event.addr == focus.addr;
      const Vma* vma = VmaAt(w, mm, event.addr);
      return vma != nullptr &&
             vma->pgoff + event.addr - unsigned{vma->start} == focus.page;
    }
    case Verb::kMunmap:
    case Verb::kMprotect:
    case Verb::kMremap:
    case Verb::kRemap:
      return mm != focus.mm || has(focus.addr);
    case Verb::kMmap:
      return event.pgoff <= focus.page &&
             focus.page < unsigned{event.pgoff} + event.len;
    case Verb::kTruncate:
      return event.addr <= focus.page;
    case Verb::kPunch:
    case Verb::kInvalidate:
      return has(focus.page);
    default:
      return true;
  }
}

// Draws the programs of tasks, each as if no other ran.
class Programmer {
 public:
  // `script` becomes what the programs come after.
  Programmer(Script& script, const Rules& rules, search::Verbs verbs,
             base::Random& random, const Before* before)
      : script_(script),
        reached_(script.setup, rules, before),
        verbs_(verbs),
        random_(random),
        few_(Few()) {}

  // The script's events, and a few more operations.
  void Prepare() {
    for (const Event& event : std::exchange(script_.events, {})) Run(event);
    for (unsigned more = random_.Below(3); more > 0; --more) {
      const Event event = EffectiveEvent(reached_.world(), random_, few_);
      if (event.kind != EventKind::kNone) Run(event);
    }
  }

  // Of two or three tasks; the first mostly truncates, or makes another pass.
  std::vector<Event> Programs() {
    std::vector<Event> programs;
    uint8_t tasks[SmallCaps::kTasks];
    unsigned count = 0;
    for (uint8_t task = 0; task < SmallCaps::kTasks; ++task)
      if (reached_.world().tasks[task].live != 0) tasks[count++] = task;
    if (count < 2) return programs;
    for (unsigned i = count; i > 1; --i)
      std::swap(tasks[i - 1], tasks[random_.Below(i)]);
    ChooseFocus(tasks[1]);
    count = std::min(count, random_.OneOf(4) ? 3U : 2U);
    for (unsigned i = 0; i < count; ++i) {
      const bool passes = i == 0 && !random_.OneOf(4);
      Add(tasks[i], random_.Between(1, passes ? random_.Between(1, 2) : 3),
          passes ? verbs_ & search::kPassVerbs : few_, programs);
    }
    return programs;
  }

 private:
  // Two verbs of those with many steps, so that what is drawn hangs together
  // (swarm testing).
  search::Verbs Few() {
    constexpr Verb kOften[] = {Verb::kMmap,     Verb::kMunmap, Verb::kMprotect,
                               Verb::kMremap,   Verb::kMremap, Verb::kRead,
                               Verb::kWrite,    Verb::kFork,   Verb::kExit,
                               Verb::kTruncate, Verb::kPunch,  Verb::kRemap};
    search::Verbs few = 0;
    for (int i = 0; i < 2; ++i)
      few |= search::Bit(kOften[random_.Below(std::size(kOften))]);
    return (few & verbs_) != 0 ? few & verbs_ : verbs_;
  }

  void ChooseFocus(uint8_t task) {
    const World<SmallCaps>& w = reached_.world();
    const unsigned mm = w.tasks[task].mm;
    const Chooser<SmallCaps> chooser(w, mm, random_);
    if (chooser.empty()) return;
    const Vma& vma = chooser.Any();
    const unsigned at = random_.Below(vma.pages());
    focus_ = {mm, vma.start + at, vma.pgoff + at};
  }

  void Add(uint8_t task, unsigned count, search::Verbs few,
           std::vector<Event>& programs) {
    ReachedIn<SmallCaps> alone = reached_;
    Focus focus = focus_;
    for (; count > 0; --count) {
      Event event;
      for (int tries = 0; tries < 6; ++tries) {
        event = EffectiveEvent(alone.world(), random_, tries < 4 ? few : verbs_,
                               task);
        if (event.kind != EventKind::kNone &&
            (focus.mm == kNone || IsAbout(alone.world(), event, focus)))
          break;
      }
      if (event.kind == EventKind::kNone || !alone.Apply(event)) continue;
      if (event.verb == Verb::kMremap && event.addr <= focus.addr &&
          focus.addr < unsigned{event.addr} + event.len)
        focus.addr = focus.addr - event.addr + event.new_addr;
      programs.push_back(event);
    }
  }

  // Unless it has no place in a small world.
  void Run(const Event& event) {
    if (reached_.Apply(event)) script_.events.push_back(event);
  }

  Script& script_;
  ReachedIn<SmallCaps> reached_;
  const search::Verbs verbs_;
  base::Random& random_;
  const search::Verbs few_;
  Focus focus_;
};

search::ProveOptions InAllOrders(const Rules& rules, uint32_t reported) {
  search::ProveOptions options;
  options.rules = rules;
  options.properties = reported;
  options.steps_only = options.reduce = true;
  options.symmetry = false;
  return options;
}

}  // namespace

template <class C>
Schedules<C>::Schedules(const Rules& rules, uint32_t reported,
                        unsigned most_states)
    : options_(InAllOrders(rules, reported)),
      most_states_(most_states),
      seen_(std::bit_ceil(size_t{4} * most_states)) {}

template <class C>
bool Schedules<C>::Search(const search::Problem& problem, uint8_t* features,
                          base::Random& random, const Before* before,
                          Script& script, RunCounts& counts) {
  VMT_CHECK(problem.in_order && problem.starts.size() == 1);
  VMT_CHECK(!options_.rules.drop_lock);
  search::Space<C> space(problem, options_);
  script = problem.starts[0];
  path_ = script.events;
  if (before != nullptr)
    space.TellBefore([&](const Event& event) {
      script.events = path_;
      script.events.push_back(event);
      (*before)(script);
    });
  std::fill(seen_.begin(), seen_.end(), uint64_t{0});
  Frame& start = At(0);
  start.state = space.Start(0);
  start.state.checker.NoteFeatures(features);
  start.events = path_.size();
  bool violates = space.Broken(start.state) != 0;
  if (!violates && !space.IsBeyond(start.state.world)) {
    Enter(space, start, kNone, random);
    violates = Descend(space, random, counts);
  }
  script.events = path_;
  return violates;
}

// From the start, until something is violated, all has been tried, or there
// are too many states.
template <class C>
bool Schedules<C>::Descend(const search::Space<C>& space, base::Random& random,
                           RunCounts& counts) {
  size_t depth = 0;
  for (unsigned states = 0; states < most_states_;) {
    Frame& frame = At(depth);
    path_.resize(frame.events);
    if (frame.at == frame.edges.size() || depth == kMostDepth) {
      counts.runs += frame.has_next ? 0U : 1U;
      // Where nobody moves, it ends; perhaps not all are idle.
      if (!frame.moves && space.BrokenAtEnd(frame.state) != 0) return true;
      if (depth-- == 0) return false;
      continue;
    }
    const search::Edge edge = frame.edges[frame.at++];
    Frame& next = At(depth + 1);
    next.state = frame.state;
    const bool effect = space.Apply(next.state, edge, &path_);
    const size_t events = path_.size() - frame.events;
    counts.events += events;
    if (!effect) continue;
    frame.moves = true;
    counts.effects += events;
    if (space.IsBeyond(next.state.world)) continue;
    if (space.Broken(next.state) != 0 || (BusyTasks(next.state.world) == 0 &&
                                          space.BrokenAtEnd(next.state) != 0)) {
      ++counts.runs;
      return true;
    }
    if (!IsNew(space.Key(next.state))) continue;
    ++states;
    frame.has_next = true;
    next.events = path_.size();
    Enter(space, next, edge.task, random);
    ++depth;
  }
  ++counts.runs;  // the one that was left
  return false;
}

template <class C>
typename Schedules<C>::Frame& Schedules<C>::At(size_t depth) {
  while (frames_.size() <= depth)
    frames_.push_back(std::make_unique<Frame>(options_.rules));
  return *frames_[depth];
}

// Mostly the task that has just moved moves again, so that scripts have few
// events: uninterrupted steps are one (JoinSteps).
template <class C>
void Schedules<C>::Enter(const search::Space<C>& space, Frame& frame,
                         uint8_t task, base::Random& random) {
  frame.at = 0;
  frame.moves = frame.has_next = false;
  frame.edges.clear();
  space.Edges(frame.state, frame.edges);
  if (frame.edges.size() < 2) return;
  if (random.OneOf(8))
    task = frame.edges[random.Below(static_cast<unsigned>(frame.edges.size()))]
               .task;
  // Those of a task are adjacent.
  const auto first =
      std::find_if(frame.edges.begin(), frame.edges.end(),
                   [&](const search::Edge& edge) { return edge.task == task; });
  std::rotate(frame.edges.begin(), first, frame.edges.end());
}

template <class C>
bool Schedules<C>::IsNew(uint64_t key) {
  key = std::max(key, uint64_t{1});
  const size_t mask = seen_.size() - 1;
  for (size_t i = key & mask;; i = (i + 1) & mask) {
    if (seen_[i] == key) return false;
    if (seen_[i] != 0) continue;
    seen_[i] = key;
    return true;
  }
}

search::Problem RandomPrograms(Script start, const Rules& rules,
                               search::Verbs verbs, base::Random& random,
                               const Before* before) {
  Programmer programmer(start, rules, verbs, random, before);
  programmer.Prepare();
  search::Problem problem;
  problem.in_order = true;
  problem.in_flight = SmallCaps::kTasks;
  problem.operations = programmer.Programs();
  problem.starts.push_back(std::move(start));
  return problem;
}

search::Problem ProgramsOnTables(const Rules& rules, search::Verbs verbs,
                                 base::Random& random) {
  Script script = search::MakeStart(random.Next());
  script.events.clear();
  if (search::HasTranslations(rules) && !random.OneOf(4))
    script.setup.tlb = true;
  if (rules.shares_tables && random.OneOf(4))
    search::AddSharedTables(script, random);
  else
    search::AddTables(script, random);
  KeepVerbs(script, verbs);
  return search::ProblemOf(script);
}

template <class C>
void JoinSteps(Script& script, const Rules& rules) {
  ReachedIn<C> reached(script.setup, rules);
  const std::vector<Event> steps = std::exchange(script.events, {});
  for (size_t from = 0, to = 0; from < steps.size(); from = to) {
    const uint8_t task = steps[from].task;
    size_t left = from;  // the first event after the last drop
    do {
      reached.Apply(steps[to]);
      if (steps[to].kind == EventKind::kDrop) left = to + 1;
      ++to;
    } while (to < steps.size() && steps[to].task == task &&
             reached.world().tasks[task].op.verb != Verb::kNone);
    const bool ends = to == steps.size() ||
                      reached.world().tasks[task].op.verb == Verb::kNone;
    if (!ends) left = to;
    for (size_t i = from; i < left; ++i) script.events.push_back(steps[i]);
    if (left == to) continue;
    Event last = steps[left];
    if (last.kind == EventKind::kBegin)
      last.kind = EventKind::kStart;
    else if (to - left > 1)
      last = {.kind = EventKind::kFinish, .task = task};
    script.events.push_back(last);
  }
}

template class Schedules<SmallCaps>;
template class Schedules<LargeCaps>;
template void JoinSteps<SmallCaps>(Script&, const Rules&);
template void JoinSteps<LargeCaps>(Script&, const Rules&);

}  // namespace vmtrunc::fuzz
