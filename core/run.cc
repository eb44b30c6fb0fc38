#include "core/run.h"

#include "core/drive-inl.h"
#include "core/tracer.h"

namespace vmtrunc {
<<<<<<< HEAD
=======
namespace {

template <class C, class P>
RunResult Drive(World<C>& world, P& probe, std::span<const Event> events,
                const Rules& rules, bool* had_effect = nullptr) {
  Machine<C, P> machine(world, rules, probe);
  RunResult result;
  result.events = static_cast<uint32_t>(events.size());
  constexpr bool kChecks = !std::is_same_v<P, NoProbe<C>>;
  unsigned number = 0;
  for (const Event& event : events) {
    if constexpr (kChecks) probe.EventBegins(++number);
    const bool effect = machine.Apply(event);
    result.effects += effect ? 1U : 0U;
    if (had_effect != nullptr) *had_effect++ = effect;
    if constexpr (kChecks) probe.EventEnds(world);
  }
  if constexpr (std::is_same_v<P, Tracer>) probe.FinishBegins();
  const bool finished = machine.Finish();
  if constexpr (kChecks) {
    if (!finished) probe.Deadlock(world);
    probe.EventEnds(world);
    probe.RunEnds(world);
    result.broken = probe.broken();
    result.first = probe.first();
    result.drops = probe.drops();
  }
  result.ran_out = world.ran_out != 0;
  return result;
}

}  // namespace
>>>>>>> d3f6bd4 (Add vmtrunc diff: where two runs part)

template <class C>
RunResult Run(const Setup& setup, std::span<const Event> events,
              const Rules& rules, const RunOptions& options) {
  World<C> world = MakeWorld<C>(setup, rules);
  Checker<C> checker(rules);
  checker.NoteFeatures(options.features);
  checker.ReportOnly(options.report);
  RunResult result = Drive(world, checker, events, rules, options.had_effect);
  if (options.hash_state) result.state_hash = HashOf(world);
  return result;
}

template <class C>
RunResult RunUnchecked(const Setup& setup, std::span<const Event> events,
                       const Rules& rules, bool hash_state) {
  World<C> world = MakeWorld<C>(setup, rules);
  NoProbe<C> probe;
  RunResult result = Drive(world, probe, events, rules);
  if (hash_state) result.state_hash = HashOf(world);
  return result;
}

RunResult RunTraced(const Script& script, const Rules& rules,
                    const std::function<void(const TraceStep&)>& on_step) {
  World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, rules);
  Tracer tracer(rules, on_step);
  RunResult result = Drive(world, tracer, script.events, rules);
  result.state_hash = HashOf(world);
  return result;
}

template RunResult Run<LargeCaps>(const Setup&, std::span<const Event>,
                                  const Rules&, const RunOptions&);
template RunResult Run<SmallCaps>(const Setup&, std::span<const Event>,
                                  const Rules&, const RunOptions&);
template RunResult RunUnchecked<LargeCaps>(const Setup&, std::span<const Event>,
                                           const Rules&, bool);

}  // namespace vmtrunc
