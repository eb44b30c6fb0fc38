#include "search/simulate.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "search/reached.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

// A pass may drop its lock at every break test. It does so now and then, so
// that most of a walk is seen step by step.
constexpr unsigned kOneDropIn = 4;

template <class C>
class Simulation {
 public:
  Simulation(const Problem& problem, const ProveOptions& options,
             const SimulateOptions& simulate, Reached& reached)
      : problem_(problem),
        options_(Adapted(options)),
        simulate_(simulate),
        reached_(reached),
        space_(problem, options_) {}

  SimulatedRun Run(uint64_t seed) {
    base::Random random(seed);
    SimulatedRun run;
    run.seed = seed;
    size_t start;
    State<C> state = StartOf(random, start);
    run.script = problem_.starts[start];
    uint32_t broken = BrokenAt(state);
    while (broken == 0 && run.script.events.size() < simulate_.most_events &&
           !run.ended) {
      run.ended = !Move(state, random, run);
      if (!run.ended) broken = BrokenAt(state);
    }
    if (broken == 0 && !run.ended) broken = BrokenAfter(run.script);
    run.breaks = broken != 0;
    if (run.breaks) run.verdict = VerdictOf(broken, run.script, options_);
    return run;
  }

 private:
  static ProveOptions Adapted(ProveOptions options) {
    options.steps_only = true;
    options.reduce = false;
    return options;
  }

  uint32_t BrokenAt(const State<C>& state) const {
    return space_.Broken(state) | space_.BrokenAtEnd(state);
  }

  // What is in flight after the last event runs to its end.
  uint32_t BrokenAfter(const Script& script) const {
    return vmtrunc::Run(script, options_.rules).broken & options_.properties;
  }

  // One that fits the bound, if any does.
  State<C> StartOf(base::Random& random, size_t& number) const {
    const size_t starts = problem_.starts.size();
    number = random.Next() % starts;
    for (size_t tried = 1;; ++tried, number = (number + 1) % starts) {
      State<C> state = space_.Start(number);
      if (!space_.IsBeyond(state.world) || tried == starts) return state;
    }
  }

  // Takes one of the edges that have an effect. False if there is none.
  bool Move(State<C>& state, base::Random& random, SimulatedRun& run) {
    std::vector<Edge> edges;
    space_.Edges(state, edges);
    while (!edges.empty()) {
      const size_t drawn = Draw(edges, random);
      const Edge edge = edges[drawn];
      edges.erase(edges.begin() + static_cast<std::ptrdiff_t>(drawn));
      State<C> next = state;
      if (!space_.Apply(next, edge)) continue;
      if (space_.IsBeyond(next.world)) {
        run.beyond = true;
        continue;
      }
      // A drop without break test is steps, and these are seen one by one.
      if (edge.kind == EventKind::kDrop &&
          next.world.tasks[edge.task].op.pass.dropped == 0)
        continue;
      const Event event = space_.EventOf(edge);
      run.script.events.push_back(event);
      run.beyond = false;
      ++reached_.begun[static_cast<size_t>(event.verb)];
      NotePath(space_, options_, state, edge, reached_.phases);
      state = next;
      return true;
    }
    return false;
  }

  // Draws one of the values that `trait` has, and keeps the edges that have it.
  template <class F>
  static void DrawBy(const std::vector<Edge>& edges, F trait,
                     base::Random& random, std::vector<size_t>& own) {
    std::vector<unsigned> all;
    for (const size_t i : own) all.push_back(trait(edges[i]));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    const unsigned drawn = all[random.Below(static_cast<unsigned>(all.size()))];
    std::erase_if(own, [&](size_t i) { return trait(edges[i]) != drawn; });
  }

  // Draws a task, then a verb or a kind, then one of the edges that are left:
  // mremap has a hundred lists of arguments where munmap has six.
  size_t Draw(const std::vector<Edge>& edges, base::Random& random) const {
    std::vector<size_t> own(edges.size());
    std::iota(own.begin(), own.end(), size_t{0});
    DrawBy(
        edges, [](const Edge& edge) { return unsigned{edge.task}; }, random,
        own);
    const EventKind kind = edges[own.front()].kind;
    if (kind == EventKind::kStep || kind == EventKind::kDrop)
      return own.size() > 1 && random.OneOf(kOneDropIn) ? own[1] : own[0];
    DrawBy(
        edges,
        [this](const Edge& edge) {
          return static_cast<unsigned>(space_.EventOf(edge).verb);
        },
        random, own);
    return own[random.Below(static_cast<unsigned>(own.size()))];
  }

  const Problem& problem_;
  const ProveOptions options_;
  const SimulateOptions& simulate_;
  Reached& reached_;
  const Space<C> space_;
};

template <class C>
RanOut SimulateIn(const Problem& problem, const ProveOptions& options,
                  const SimulateOptions& simulate, Reached& reached,
                  const std::function<bool(const SimulatedRun&)>& on_run) {
  Simulation<C> simulation(problem, options, simulate, reached);
  for (uint64_t i = 0; i < simulate.runs; ++i) {
    const RanOut why = WhyToStop(options);
    if (why != RanOut::kNothing) return why;
    if (!on_run(simulation.Run(simulate.seed + i))) break;
  }
  return RanOut::kNothing;
}

}  // namespace

RanOut Simulate(const Problem& problem, const ProveOptions& options,
                const SimulateOptions& simulate, Reached& reached,
                const std::function<bool(const SimulatedRun&)>& on_run) {
  return Fits<SmallCaps>(problem)
             ? SimulateIn<SmallCaps>(problem, options, simulate, reached,
                                     on_run)
             : SimulateIn<LargeCaps>(problem, options, simulate, reached,
                                     on_run);
}

}  // namespace vmtrunc::search
