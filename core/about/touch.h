// What a step may touch. Searches use it to try two steps in one order only if
// neither touches what the other does.
#ifndef VMTRUNC_CORE_ABOUT_TOUCH_H_
#define VMTRUNC_CORE_ABOUT_TOUCH_H_

#include <cstdint>

#include "core/model/event.h"
#include "core/model/rules.h"
#include "core/model/world.h"

namespace vmtrunc {

// Shared state, a bit each. An mm's list and mmap_sem, and the geometry of its
// vmas while it is read, have no bit: only tasks of that mm change them.
using Touched = uint32_t;
namespace touched {
enum : Touched {
  kSlab = 1,    // which structs are free
  kIndex = 2,   // i_mmap_lock, the tree, the list, the counts of vmas
  kPtes = 4,    // page tables: of the own mm; a pass's are those of all
  kSize = 8,    // i_size
  kCount = 16,  // truncate_count of the file
  kCache = 32,  // the page cache and the locks of its pages
  kMutex = 64,  // unmap_mutex
  kAnon = 128,  // the ids of anon_vmas
  kAll = 0xff,
};
}  // namespace touched

// What the task's next step may touch outside its own mm, and in its mm what a
// pass may. Requires: it has an operation in flight. `passes_may_begin`: more
// passes may start before the step. kAll if unknown.
template <class C>
Touched NextTouches(const World<C>& world, unsigned task, const Rules& rules,
                    bool passes_may_begin);

// What all remaining steps of an operation in flight may touch outside its own
// mm.
Touched MayTouch(const Op& op, const Rules& rules);

// The same for an operation that has not started. `populate`: for a mmap.
Touched MayTouch(Verb verb, bool populate);

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_ABOUT_TOUCH_H_
