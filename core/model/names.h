// Other names for tasks and mms.
#ifndef VMTRUNC_CORE_MODEL_NAMES_H_
#define VMTRUNC_CORE_MODEL_NAMES_H_

#include <cstdint>

#include "core/model/op.h"

namespace vmtrunc {

// The new name of each task and mm, and whose each name is: a permutation and
// its inverse.
template <class C>
struct Names {
  uint8_t task[C::kTasks], task_of[C::kTasks];
  uint8_t mm[C::kMms], mm_of[C::kMms];

  // Everything keeps its name.
  constexpr Names() {
    for (uint8_t i = 0; i < C::kTasks; ++i) task[i] = task_of[i] = i;
    for (uint8_t i = 0; i < C::kMms; ++i) mm[i] = mm_of[i] = i;
  }

  void NameTask(uint8_t old, uint8_t name) {
    task[old] = name;
    task_of[name] = old;
  }
  void NameMm(uint8_t old, uint8_t name) {
    mm[old] = name;
    mm_of[name] = old;
  }

  // kNone remains kNone.
  uint8_t Task(uint8_t old) const { return old < C::kTasks ? task[old] : old; }
  uint8_t Mm(uint8_t old) const { return old < C::kMms ? mm[old] : old; }
  // A bit each.
  uint8_t Tasks(unsigned old) const {
    unsigned names = 0;
    for (unsigned i = 0; old >> i != 0; ++i)
      names |= (old >> i & 1) << (i < C::kTasks ? task[i] : i);
    return static_cast<uint8_t>(names);
  }
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_NAMES_H_
