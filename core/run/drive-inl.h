// The loop of every run, independent of the probe. Included by files that run.
#ifndef VMTRUNC_CORE_RUN_DRIVE_INL_H_
#define VMTRUNC_CORE_RUN_DRIVE_INL_H_

#include <span>
#include <type_traits>

#include "core/run/run.h"

namespace vmtrunc {

// The end of a run: completes what is in flight, and asks the probe for what is
// left.
template <class C, class P>
void EndChecked(const World<C>& world, Machine<C, P>& machine, P& probe) {
  if (!machine.Finish()) probe.Deadlock(world);
  probe.EventEnds(world);
  probe.RunEnds(world);
}

// Runs `events` in `world`, then completes what is in flight. The probe is
// asked for violations, unless it is NoProbe. `had_effect`: one for each event,
// or nullptr.
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
  if constexpr (requires { probe.FinishBegins(); }) probe.FinishBegins();
  if constexpr (!kChecks) {
    machine.Finish();
  } else {
    EndChecked(world, machine, probe);
    result.broken = probe.broken();
    result.first = probe.first();
    result.drops = probe.drops();
    result.steps = probe.steps();
  }
  result.ran_out = world.ran_out != 0;
  return result;
}

// Run() with that checker: Checker<C>, or one of another name.
template <class C, class P>
RunResult RunChecked(const Setup& setup, std::span<const Event> events,
                     const Rules& rules, const RunOptions& options) {
  World<C> world = MakeWorld<C>(setup, rules);
  P checker(rules);
  checker.NoteFeatures(options.features);
  checker.ReportOnly(options.report);
  RunResult result = Drive(world, checker, events, rules, options.had_effect);
  if (options.hash_state) result.state_hash = HashOf(world);
  return result;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_DRIVE_INL_H_
