#include "core/run/run.h"

#include "core/run/drive-inl.h"
#include "core/run/tracer.h"

namespace vmtrunc {

template <class C>
RunResult Run(const Setup& setup, std::span<const Event> events,
              const Rules& rules, const RunOptions& options) {
  return RunChecked<C, Checker<C>>(setup, events, rules, options);
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
