// Random runs within a problem, by the machine alone: no edge, no normal form,
// no reduction.
#include <bit>

#include "base/random.h"
#include "search/self_check.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

template <class C>
class RandomRun {
 public:
  RandomRun(const Problem& problem, const ProveOptions& options,
            const Space<C>& space, base::Random& random)
      : problem_(problem),
        rules_(options.rules),
        random_(random),
        start_(random.Below(static_cast<unsigned>(problem.starts.size()))),
        state_(space.Start(start_)),
        script_(problem.starts[start_]) {}

  // The violated properties, a bit each; 0 if it left the bound.
  uint32_t Run() {
    for (unsigned i = 0; i < kMostEvents && state_.world.ran_out == 0; ++i) {
      const Event event = Draw();
      if (event.kind != EventKind::kNone) Do(event);
    }
    World<C>& w = state_.world;
    Checker<C>& checker = state_.checker;
    Machine<C, Checker<C>> machine(w, rules_, checker);
    if (w.ran_out == 0 && !machine.Finish()) checker.Deadlock(w);
    checker.EventEnds(w);
    checker.RunEnds(w);
    return w.ran_out != 0 ? 0 : checker.broken();
  }
  const Script& script() const { return script_; }

 private:
  static constexpr unsigned kMostEvents = 40;

  // An event that is within the bound now, or none.
  Event Draw() {
    const unsigned busy = BusyTasks(state_.world);
    Event event;
    event.task = static_cast<uint8_t>(random_.Below(C::kTasks));
    if ((busy >> event.task & 1) != 0) {
      const unsigned kind = random_.Below(6);
      event.kind = kind == 0   ? EventKind::kFinish
                   : kind == 1 ? EventKind::kDrop
                               : EventKind::kStep;
      if (event.kind == EventKind::kDrop)
        event.count = static_cast<uint8_t>(random_.Between(1, 3));
      return event;
    }
    const bool is_full =
        static_cast<unsigned>(std::popcount(busy)) >= problem_.in_flight;
    if (is_full &&
        (problem_.in_order || !IsOfFolios(problem_.operations.back().verb)))
      return {};
    return DrawOperation(event.task, is_full);
  }

  Event DrawOperation(unsigned task, bool is_full) {
    const std::vector<Event>& all = problem_.operations;
    size_t number = random_.Below(static_cast<unsigned>(all.size()));
    if (problem_.in_order) {
      // The task's next.
      unsigned skip = state_.next[task];
      for (number = 0; number < all.size(); ++number)
        if (all[number].task == task && skip-- == 0) break;
      if (number == all.size()) return {};
      ++state_.next[task];
    }
    Event event = all[number];
    if (state_.world.tasks[event.task].live == 0 ||
        state_.world.tasks[event.task].op.verb != Verb::kNone)
      return {};
    event.kind = EventKind::kStart;
    if (!problem_.in_order && IsOfFolios(event.verb)) {
      const bool pins = event.verb == Verb::kPin;
      return !pins || state_.pins++ < problem_.max_pins ? event : Event{};
    }
    if (is_full) return {};
    if (!problem_.in_order) {
      const bool passes = IsPass(event.verb);
      uint8_t& begun = passes ? state_.passes : state_.operations;
      if (begun >= (passes ? problem_.max_passes : problem_.max_operations))
        return {};
      ++begun;
    }
    if (!random_.OneOf(3)) event.kind = EventKind::kBegin;
    return event;
  }

  void Do(const Event& event) {
    Machine<C, Checker<C>> machine(state_.world, rules_, state_.checker);
    machine.Apply(event);
    state_.checker.EventEnds(state_.world);
    script_.events.push_back(event);
  }

  const Problem& problem_;
  const Rules& rules_;
  base::Random& random_;
  const size_t start_;
  State<C> state_;
  Script script_;
};

template <class C>
void Runs(const Problem& problem, const ProveOptions& options, uint64_t runs,
          SelfCheckWay& way) {
  const Space<C> space(problem, options);
  base::Random random(1);
  for (; way.runs < runs; ++way.runs) {
    if (way.runs % 64 == 0)
      if (const RanOut why = WhyToStop(options); why != RanOut::kNothing) {
        way.ran_out = why;
        return;
      }
    RandomRun<C> run(problem, options, space, random);
    const uint32_t broken = run.Run() & options.properties & ~way.broken;
    for (unsigned i = 0; i < kProperties; ++i)
      if ((broken >> i & 1) != 0) way.scripts[i] = run.script();
    way.broken |= broken;
  }
  way.is_through = true;
}

}  // namespace

void RunAtRandom(const Problem& problem, const ProveOptions& options,
                 uint64_t runs, SelfCheckWay& way) {
  if (Fits<SmallCaps>(problem))
    Runs<SmallCaps>(problem, options, runs, way);
  else
    Runs<LargeCaps>(problem, options, runs, way);
}

}  // namespace vmtrunc::search
