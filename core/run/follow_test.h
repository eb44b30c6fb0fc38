// The worlds that a script goes through, for tests.
#ifndef VMTRUNC_CORE_RUN_FOLLOW_TEST_H_
#define VMTRUNC_CORE_RUN_FOLLOW_TEST_H_

#include <functional>

#include "core/model/machine-inl.h"
#include "core/script/script.h"

namespace vmtrunc {

// Calls `see` with the world before the first event, and after each.
inline void FollowWorld(const Script& script, const Rules& rules,
                        const std::function<void(const LargeWorld&)>& see) {
  LargeWorld world = MakeWorld<LargeCaps>(script.setup, rules);
  NoProbe<LargeCaps> probe;
  Machine<LargeCaps, NoProbe<LargeCaps>> machine(world, rules, probe);
  see(world);
  for (const Event& event : script.events) {
    machine.Apply(event);
    see(world);
  }
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_FOLLOW_TEST_H_
