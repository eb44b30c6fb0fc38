#include "search/reached.h"

#include "core/model/machine-inl.h"

namespace vmtrunc::search {
namespace {

template <class C>
void NoteState(const World<C>& world, PhaseSet& phases) {
  for (const Task& task : world.tasks)
    if (task.op.verb != Verb::kNone) NotePhases(task.op, phases);
}

}  // namespace

PhaseSet PhasesOf(const Problem& problem) {
  PhaseSet phases;
  for (const Event& event : problem.operations)
    phases |= vmtrunc::PhasesOf(event.verb);
  return phases;
}

template <class C>
void NotePath(const Space<C>& space, const ProveOptions& options,
              const State<C>& from, const Edge& edge, PhaseSet& phases) {
  State<C> to = from;
  std::vector<Event> events;
  space.Apply(to, edge, &events);
  if (!options.reduce) {
    NoteState(to.world, phases);
    // Those have one phase, and are never in flight between two events.
    if (IsOfFolios(events.front().verb))
      phases |= PhasesOf(events.front().verb);
    return;
  }
  World<C> world = from.world;
  NoProbe<C> probe;
  Machine<C, NoProbe<C>> machine(world, options.rules, probe);
  for (const Event& event : events) {
    machine.Apply(event);
    NoteState(world, phases);
    if (IsOfFolios(event.verb)) phases |= PhasesOf(event.verb);
  }
}

template void NotePath(const Space<SmallCaps>&, const ProveOptions&,
                       const State<SmallCaps>&, const Edge&, PhaseSet&);
template void NotePath(const Space<LargeCaps>&, const ProveOptions&,
                       const State<LargeCaps>&, const Edge&, PhaseSet&);

}  // namespace vmtrunc::search
