#include "search/space.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/check.h"

namespace vmtrunc::search {

template <class C>
bool Fits(const Problem& problem) {
  for (const Script& start : problem.starts) {
    if (!vmtrunc::Fits<C>(start.setup)) return false;
    for (const Event& event : start.events)
      if (!vmtrunc::Fits<C>(event)) return false;
  }
  for (const Event& event : problem.operations)
    if (!vmtrunc::Fits<C>(event)) return false;
  return true;
}

template bool Fits<SmallCaps>(const Problem&);
template bool Fits<LargeCaps>(const Problem&);

template <class C>
Space<C>::Space(const Problem& problem, const ProveOptions& options)
    : problem_(problem),
      options_(options),
      history_((options.properties & kHistoryProperties) != 0),
      keeps_(KeepsOf(problem, options)),
      symmetry_(SymmetryOf<C>(problem, options)) {
  VMT_CHECK(problem.operations.size() < 0xffff);
  for (size_t i = 0; i < problem.operations.size(); ++i)
    own_[problem.operations[i].task].push_back(static_cast<uint16_t>(i));
  for (const Event& event : problem.operations)
    orders_ |= event.verb == Verb::kOrder;
  for (unsigned task = 0; task < 8; ++task) {
    own_touch_[task].assign(own_[task].size() + 1, 0);
    for (size_t n = own_[task].size(); n-- > 0;)
      own_touch_[task][n] =
          own_touch_[task][n + 1] |
          MayTouch(problem.operations[own_[task][n]].verb,
                   problem.operations[own_[task][n]].populate);
  }
}

template <class C>
State<C> Space<C>::Start(size_t number) const {
  const Script& script = problem_.starts[number];
  State<C> state(options_.rules);
  state.checker.ReportOnly(options_.properties);
  state.world = MakeWorld<C>(script.setup, options_.rules);
  World<C>& w = state.world;
  // Slot 0 is never allocated, so that a 0 in an operation names no vma.
  unsigned vmas = C::kVmas - 1;
  if (problem_.vmas != 0) vmas = std::min(vmas, problem_.vmas);
  for (unsigned i = 0; i < C::kVmas; ++i)
    w.free_slots[i] = static_cast<Slot>(i < vmas ? vmas - i : 0);
  w.free_count = static_cast<uint8_t>(vmas);
  Machine<C, Checker<C>> machine(w, options_.rules, state.checker);
  unsigned number_of_event = 0;
  for (const Event& event : script.events) {
    state.checker.EventBegins(++number_of_event);
    machine.Apply(event);
    state.checker.EventEnds(w);
  }
  return state;
}

// A reference matters to a split alone; of those to a folio that could be split
// one does as much as several, whichever page they are by.
static bool IsWorthAPin(const File& file, unsigned page) {
  return OrderOf(file, page) > file.folios.min_order &&
         FolioFirst(file, page) == page &&
         (file.folios.pinned & FolioBits(file, page)) == 0;
}

// Leaves out events that change nothing or are equal to others: of ranges those
// remain that begin and end in a mapping.
template <class C>
bool Space<C>::Worth(const World<C>& w, const Event& e) const {
  const unsigned mm = w.tasks[e.task].mm;
  const auto at = [&](unsigned addr) { return VmaAt(w, mm, addr); };
  const unsigned last = e.addr + e.len - 1U;
  switch (e.verb) {
    case Verb::kMunmap:
      return at(e.addr) != nullptr && at(last) != nullptr;
    case Verb::kMprotect: {
      bool changes = false;
      for (unsigned addr = e.addr; addr <= last; ++addr) {
        const Vma* vma = at(addr);
        if (vma == nullptr) return false;
        changes |= (vma->write != 0) != e.write;
      }
      return changes;
    }
    case Verb::kMremap:
      return at(e.addr) != nullptr && at(last) != nullptr;
    case Verb::kRemap:
      return at(e.addr) != nullptr && at(last) != nullptr &&
             at(e.addr)->shared != 0;
    case Verb::kRead:
    case Verb::kWrite: {
      if (w.mms[mm].tlb[e.addr] != 0) return true;
      const Vma* vma = at(e.addr);
      const Pte pte = w.mms[mm].ptes[e.addr];
      if (vma == nullptr) return false;
      // What is mapped past the end is a page that nobody may see.
      if (pte.present() && pte.kind() != PteKind::kCopy &&
          pte.index() >= w.files[vma->file].size)
        return true;
      if (e.verb == Verb::kRead) return !pte.present();
      return vma->write != 0 && !(pte.present() && pte.writable());
    }
    case Verb::kNone:
    case Verb::kMmap:
    case Verb::kFork:
    case Verb::kExit:
    case Verb::kTruncate:
    case Verb::kPunch:
    case Verb::kInvalidate:
    case Verb::kRevoke:
    case Verb::kCollapse:
      return true;
    case Verb::kPin:
      return IsWorthAPin(w.files[e.file], e.addr);
    case Verb::kUnpin:
      return (w.files[e.file].folios.pinned >> e.addr & 1) != 0;
    case Verb::kOrder:
      return options_.rules.large_folios &&
             w.files[e.file].folios.order != e.addr;
  }
  return true;
}

template <class C>
bool Space<C>::MayBegin(const State<C>& state, size_t number) const {
  const Event& event = problem_.operations[number];
  if (options_.planted.begins_no_munmap && event.verb == Verb::kMunmap)
    return false;
  if (problem_.in_order) {
    const auto& own = own_[event.task];
    return state.next[event.task] < own.size() &&
           own[state.next[event.task]] == number;
  }
  if (search::IsOfFolios(event.verb)
          ? event.verb == Verb::kPin && state.pins >= problem_.max_pins
      : IsPass(event.verb) ? state.passes >= problem_.max_passes
                           : state.operations >= problem_.max_operations)
    return false;
  return Worth(state.world, event);
}

template <class C>
void Space<C>::Edges(const State<C>& state, std::vector<Edge>& edges) const {
  const World<C>& w = state.world;
  for (uint8_t task = 0; task < C::kTasks; ++task) {
    if (w.tasks[task].live == 0) continue;
    const Op& op = w.tasks[task].op;
    if (op.verb == Verb::kNone) continue;
    // A pass that nothing can interrupt stops at its drops only.
    const bool alone = options_.reduce && Alone(state, task);
    edges.push_back({EventKind::kStep, task, 0});
    if (!options_.steps_only) edges.push_back({EventKind::kFinish, task, 0});
    if (!IsPass(op.verb) || !options_.rules.drop_lock) continue;
    // More than there are break tests: the first without effect ends where
    // `finish` does, and the others are not tried.
    const unsigned most = options_.steps_only && !alone ? 1 : 255;
    for (uint16_t n = 1; n <= most; ++n)
      edges.push_back({EventKind::kDrop, task, n});
  }
  const bool is_full = IsFull(state);
  unsigned idle = 0;  // mms of which an idle task was there, a bit each
  for (uint8_t task = 0; task < C::kTasks; ++task) {
    if (w.tasks[task].live == 0 || w.tasks[task].op.verb != Verb::kNone)
      continue;
    const bool of_folios = IsOfFolios(task);
    if (is_full && !of_folios) continue;
    // The tasks of an mm are interchangeable, those of passes too: the first
    // idle one starts.
    if (options_.reduce && !problem_.in_order && problem_.alike &&
        !own_[task].empty() && !of_folios) {
      const unsigned mm = 1U << w.tasks[task].mm;
      if ((idle & mm) != 0) continue;
      idle |= mm;
    }
    for (const uint16_t number : own_[task]) {
      if (!MayBegin(state, number)) continue;
      if (!of_folios) edges.push_back({EventKind::kBegin, task, number});
      if (of_folios || !options_.steps_only)
        edges.push_back({EventKind::kStart, task, number});
    }
  }
}

// Counted by operations and not by edges, which are fewer with `reduce`: all
// searches of a shard have the same first operations.
template <class C>
void Space<C>::KeepShare(const State<C>& start,
                         std::vector<Edge>& edges) const {
  if (problem_.first_shares == 1) return;
  std::vector<bool> mine(problem_.operations.size());
  unsigned number = 0;
  for (size_t i = 0; i < mine.size(); ++i)
    if (MayBegin(start, i))
      mine[i] = number++ % problem_.first_shares == problem_.first_share;
  std::erase_if(edges, [&](const Edge& edge) { return !mine[edge.value]; });
}

template <class C>
Event Space<C>::EventOf(const Edge& edge) const {
  Event event;
  if (edge.kind == EventKind::kStart || edge.kind == EventKind::kBegin)
    event = problem_.operations[edge.value];
  event.kind = edge.kind;
  event.task = edge.task;
  if (edge.kind == EventKind::kDrop)
    event.count = static_cast<uint8_t>(edge.value);
  return event;
}

template <class C>
Edge Space<C>::EdgeOf(const State<C>& state, const Event& event) const {
  Edge edge{event.kind, event.task, 0};
  if (event.kind == EventKind::kDrop) edge.value = event.count;
  if (event.kind != EventKind::kStart && event.kind != EventKind::kBegin)
    return edge;
  if (event.task >= C::kTasks) return {};
  if (IsOfFolios(event.task) ? event.kind != EventKind::kStart : IsFull(state))
    return {};
  for (const uint16_t number : own_[event.task]) {
    Event own = problem_.operations[number];
    own.kind = event.kind;
    if (!(own == event) || !MayBegin(state, number)) continue;
    edge.value = number;
    return edge;
  }
  return {};
}

template <class C>
bool Space<C>::Do(State<C>& state, const Event& event,
                  std::vector<Event>* log) const {
  if (before_) before_(event);
  Machine<C, Checker<C>> machine(state.world, options_.rules, state.checker);
  const bool effect = machine.Apply(event);
  state.checker.EventEnds(state.world);
  if (log != nullptr) log->push_back(event);
  return effect;
}

template <class C>
bool Space<C>::Apply(State<C>& state, const Edge& edge,
                     std::vector<Event>* log) const {
  bool effect;
  if (edge.kind == EventKind::kStart || edge.kind == EventKind::kBegin) {
    effect = Begins(state, edge, log);
  } else {
    const bool alone = options_.reduce && edge.kind == EventKind::kStep &&
                       Alone(state, edge.task);
    const Event event = EventOf(edge);
    effect = Do(state, event, log);
    // Its drops on the way are edges of their own.
    while (alone && Alone(state, edge.task) && Do(state, event, nullptr))
      if (log != nullptr) log->push_back(event);
  }
  if (effect && options_.reduce) StepEarly(state, log);
  return effect;
}

template <class C>
bool Space<C>::Begins(State<C>& state, const Edge& edge,
                      std::vector<Event>* log) const {
  const Event event = EventOf(edge);
  bool effect = Do(state, event, log);
  if (problem_.in_order) {
    // Without an effect it is still over, and the next may start.
    ++state.next[edge.task];
    effect = true;
  } else {
    if (!search::IsOfFolios(event.verb) && !problem_.closed)
      ++(IsPass(event.verb) ? state.passes : state.operations);
    if (event.verb == Verb::kPin && !problem_.closed) ++state.pins;
  }
  if (!options_.reduce) return effect;
  // An operation that has started and done nothing yet does not count: it
  // starts with its first step that others can see. For a truncation that is
  // the store to i_size, which is done. One that would block need not have
  // started yet, unless no task is there to unblock it.
  const Op& op = state.world.tasks[edge.task].op;
  while (StepEarly(state, edge.task, log)) {
  }
  if (op.verb == Verb::kNone) return effect;
  bool moved;
  if (op.verb == Verb::kTruncate) {
    moved = (MayTouch(op, options_.rules) & touched::kSize) == 0;
  } else {
    moved = Do(state, {.kind = EventKind::kStep, .task = edge.task}, log);
  }
  return moved || BusyTasks(state.world) == 1U << edge.task;
}

// What others in flight may still touch, and those that may start.
template <class C>
Touched Space<C>::OthersTouch(const State<C>& state, unsigned self) const {
  Touched all = 0;
  for (unsigned task = 0; task < C::kTasks; ++task) {
    if (task == self) continue;
    const Task& other = state.world.tasks[task];
    if (other.live == 0) continue;
    if (other.op.verb != Verb::kNone) all |= MayTouch(other.op, options_.rules);
    if (own_[task].empty()) continue;
    if (problem_.in_order) {
      all |= own_touch_[task][state.next[task]];
    } else {
      const bool passes = IsPass(problem_.operations[own_[task][0]].verb);
      if (IsOfFolios(task) ? FolioMayChange(state)
          : passes         ? state.passes < problem_.max_passes
                           : state.operations < problem_.max_operations)
        all |= own_touch_[task][0];
    }
  }
  return all & ~options_.planted.unseen_touches;
}

// Whether the maximum is in flight.
template <class C>
bool Space<C>::IsFull(const State<C>& state) const {
  return static_cast<unsigned>(std::popcount(BusyTasks(state.world))) >=
         problem_.in_flight;
}

template <class C>
bool Space<C>::PassesMayBegin(const State<C>& state) const {
  if (!problem_.in_order) return state.passes < problem_.max_passes;
  for (unsigned task = 0; task < C::kTasks; ++task)
    if ((own_touch_[task][state.next[task]] & touched::kPtes) != 0) return true;
  return false;
}

// Whether it is the task that pins and chooses orders, of a bound.
template <class C>
bool Space<C>::IsOfFolios(unsigned task) const {
  return !problem_.in_order && !own_[task].empty() &&
         search::IsOfFolios(problem_.operations[own_[task].front()].verb);
}

// Whether a pin, an unpin or an order may start, now or later.
template <class C>
bool Space<C>::FolioMayChange(const State<C>& state) const {
  if (problem_.in_order) return false;
  return orders_ || state.pins < problem_.max_pins ||
         state.world.files[0].folios.pinned != 0;
}

// Whether an operation may start before one in flight has ended.
template <class C>
bool Space<C>::MayBegin(const State<C>& state) const {
  if (FolioMayChange(state)) return true;
  if (IsFull(state)) return false;
  if (!problem_.in_order)
    return state.passes < problem_.max_passes ||
           state.operations < problem_.max_operations;
  for (unsigned task = 0; task < C::kTasks; ++task)
    if (state.next[task] < own_[task].size()) return true;
  return false;
}

// Whether no other task can move before this one does, and none may start: it
// is in flight, and the others are idle or blocked.
template <class C>
bool Space<C>::Alone(const State<C>& state, unsigned task) const {
  const unsigned busy = BusyTasks(state.world);
  return (busy >> task & 1) != 0 && !MayBegin(state) &&
         !AnyMoves(state.world, busy & ~(1U << task));
}

template <class C>
typename Space<C>::Moves Space<C>::Commutes(const State<C>& state,
                                            unsigned task) const {
  const World<C>& w = state.world;
  const Op& op = w.tasks[task].op;
  if (op.verb == Verb::kNone) return Moves::kNo;
  const Touched touches =
      NextTouches(w, task, options_.rules, PassesMayBegin(state));
  // If a break test may have two answers, there are two steps.
  const bool one_way =
      !IsPass(op.verb) || touches != touched::kAll || !options_.rules.drop_lock;
  const bool own = IsPass(op.verb) || w.mms[w.tasks[task].mm].users == 1;
  const Touched common =
      own ? touches & OthersTouch(state, task) : Touched{touched::kAll};
  if (one_way && (common == 0 || Alone(state, task))) return Moves::kYes;
  return common == touched::kSlab ? Moves::kUnlessItAllocates : Moves::kNo;
}

// Makes the task's next step if it may be taken early.
template <class C>
bool Space<C>::StepEarly(State<C>& state, unsigned task,
                         std::vector<Event>* log) const {
  const Moves moves = Commutes(state, task);
  if (moves == Moves::kNo) return false;
  const Event step{.kind = EventKind::kStep,
                   .task = static_cast<uint8_t>(task)};
  if (moves == Moves::kYes) {
    if (!Do(state, step, nullptr)) return false;
    if (log != nullptr) log->push_back(step);
    return true;
  }
  const World<C>& w = state.world;
  State<C> next = state;
  if (!Do(next, step, nullptr)) return false;
  const World<C>& after = next.world;
  if (w.free_count == 0 || after.free_count != w.free_count ||
      std::memcmp(after.free_slots, w.free_slots, sizeof(w.free_slots)) != 0 ||
      after.ran_out != w.ran_out)
    return false;
  state = next;
  if (log != nullptr) log->push_back(step);
  return true;
}

template <class C>
void Space<C>::StepEarly(State<C>& state, std::vector<Event>* log) const {
  bool moved;
  do {
    moved = false;
    for (unsigned task = 0; task < C::kTasks; ++task)
      if (state.world.tasks[task].op.verb != Verb::kNone)
        while (StepEarly(state, task, log)) moved = true;
  } while (moved);
}

// Whether a step of one of the tasks, a bit each, has an effect.
template <class C>
bool Space<C>::AnyMoves(const World<C>& world, unsigned tasks) const {
  for (uint8_t task = 0; task < C::kTasks; ++task) {
    if ((tasks >> task & 1) == 0) continue;
    World<C> next = world;
    NoProbe<C> probe;
    Machine<C, NoProbe<C>> machine(next, options_.rules, probe);
    if (machine.Apply({.kind = EventKind::kStep, .task = task})) return true;
  }
  return false;
}

template <class C>
uint32_t Space<C>::BrokenAtEnd(const State<C>& state) const {
  const unsigned busy = BusyTasks(state.world);
  // With nothing in flight only mapcounts are left to check, and the state
  // after the same events with the last one begun (`&`) ends like this one.
  if (options_.properties == 0 || (busy == 0 && !options_.steps_only)) return 0;
  // The rest of the run is steps, which are edges too: all but a deadlock is
  // found there. Where runs have no end, what can move might yet be unable to
  // end.
  const bool ends = problem_.closed &&
                    (options_.properties & Bit(Property::kNoDeadlock)) != 0;
  if (options_.steps_only && !ends && AnyMoves(state.world, busy)) return 0;
  State<C> end = state;
  Machine<C, Checker<C>> machine(end.world, options_.rules, end.checker);
  if (!machine.Finish()) end.checker.Deadlock(end.world);
  end.checker.EventEnds(end.world);
  end.checker.RunEnds(end.world);
  // A capacity of the search, not the kernel's ENOMEM.
  return end.world.ran_out != 0 ? 0
                                : end.checker.broken() & options_.properties;
}

template class Space<SmallCaps>;
template class Space<LargeCaps>;

}  // namespace vmtrunc::search
