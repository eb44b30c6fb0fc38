#include "fuzz/space.h"

#include <algorithm>

#include "core/check.h"

namespace vmtrunc {
namespace {

template <class C>
const Vma* VmaAt(const World<C>& w, unsigned mm, unsigned addr) {
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next)
    if (w.vmas[slot].start <= addr && addr < w.vmas[slot].end)
      return &w.vmas[slot];
  return nullptr;
}

}  // namespace

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
    : problem_(problem), options_(options) {
  VMT_CHECK(problem.operations.size() < 0xffff);
  for (size_t i = 0; i < problem.operations.size(); ++i)
    own_[problem.operations[i].task].push_back(static_cast<uint16_t>(i));
  history_ = (options.properties & (Bit(Property::kRestartProgress) |
                                    Bit(Property::kBoundedDrops))) != 0;
}

template <class C>
State<C> Space<C>::Start(size_t number) const {
  const Script& script = problem_.starts[number];
  State<C> state(options_.rules);
  state.world = MakeWorld<C>(script.setup, options_.rules);
  World<C>& w = state.world;
  // Slot 0 is never handed out, so that a 0 in an operation names no vma.
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

// Events that only leave things as they are, or do what another does too, are
// left out: of ranges those remain that begin and end in a mapping.
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
      const Vma* vma = at(e.addr);
      const Pte pte = w.mms[mm].ptes[e.addr];
      if (vma == nullptr) return false;
      if (e.verb == Verb::kRead) return !pte.present();
      return vma->write != 0 && !(pte.present() && pte.writable());
    }
    default:
      return true;
  }
}

template <class C>
bool Space<C>::MayBegin(const State<C>& state, size_t number) const {
  const Event& event = problem_.operations[number];
  if (problem_.in_order) {
    const auto& own = own_[event.task];
    return state.next[event.task] < own.size() &&
           own[state.next[event.task]] == number;
  }
  if (IsPass(event.verb) ? state.passes >= problem_.max_passes
                         : state.operations >= problem_.max_operations)
    return false;
  return Worth(state.world, event);
}

template <class C>
void Space<C>::Edges(const State<C>& state, std::vector<Edge>& edges) const {
  const World<C>& w = state.world;
  unsigned busy = 0;
  for (uint8_t task = 0; task < C::kTasks; ++task) {
    if (w.tasks[task].live == 0) continue;
    const Op& op = w.tasks[task].op;
    if (op.verb == Verb::kNone) continue;
    ++busy;
    edges.push_back({EventKind::kStep, task, 0});
    if (!options_.steps_only) edges.push_back({EventKind::kFinish, task, 0});
    if (!IsPass(op.verb) || !options_.rules.drop_lock) continue;
    // More than there are break tests: the first that comes to nothing ends
    // where `finish` does, and the others are not tried.
    const unsigned most = options_.steps_only ? 1 : 255;
    for (uint16_t n = 1; n <= most; ++n)
      edges.push_back({EventKind::kDrop, task, n});
  }
  if (busy >= problem_.in_flight) return;
  for (uint8_t task = 0; task < C::kTasks; ++task) {
    if (w.tasks[task].live == 0 || w.tasks[task].op.verb != Verb::kNone)
      continue;
    for (const uint16_t number : own_[task]) {
      if (!MayBegin(state, number)) continue;
      edges.push_back({EventKind::kBegin, task, number});
      if (!options_.steps_only)
        edges.push_back({EventKind::kStart, task, number});
    }
  }
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
  unsigned busy = 0;
  for (const Task& task : state.world.tasks)
    busy += task.op.verb != Verb::kNone ? 1 : 0;
  if (event.task >= C::kTasks || busy >= problem_.in_flight) return {};
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
bool Space<C>::Apply(State<C>& state, const Edge& edge) const {
  const Event event = EventOf(edge);
  Machine<C, Checker<C>> machine(state.world, options_.rules, state.checker);
  const bool effect = machine.Apply(event);
  state.checker.EventEnds(state.world);
  if (edge.kind == EventKind::kStart || edge.kind == EventKind::kBegin) {
    if (problem_.in_order) {
      // Without an effect it is over all the same, and the next may begin.
      ++state.next[edge.task];
      return true;
    } else {
      ++(IsPass(event.verb) ? state.passes : state.operations);
    }
  }
  return effect;
}

template <class C>
uint32_t Space<C>::BrokenAtEnd(const State<C>& state) const {
  bool idle = true;
  for (const Task& task : state.world.tasks)
    idle = idle && task.op.verb == Verb::kNone;
  // With nothing in flight mapcounts alone are left to look at, and the state
  // behind the same events with the last one begun (`&`) ends like this one.
  if (idle) return 0;
  State<C> end = state;
  Machine<C, Checker<C>> machine(end.world, options_.rules, end.checker);
  if (!machine.Finish()) end.checker.Deadlock(end.world);
  end.checker.EventEnds(end.world);
  end.checker.RunEnds(end.world);
  // A capacity of the search's, not the kernel's ENOMEM.
  return end.world.ran_out != 0 ? 0 : Broken(end);
}

template <class C>
uint64_t Space<C>::Key(const State<C>& state) const {
  uint64_t extra = state.passes | unsigned{state.operations} << 8;
  if (problem_.in_order) extra = HashBytes(state.next, sizeof(state.next));
  if (history_) extra ^= state.checker.History();
  return Fingerprint(state.world, options_.rules, extra, options_.plain);
}

template class Space<SmallCaps>;
template class Space<LargeCaps>;

}  // namespace vmtrunc
