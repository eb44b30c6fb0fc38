// Events: the steps of a script, as values.
#ifndef VMTRUNC_CORE_MODEL_EVENT_H_
#define VMTRUNC_CORE_MODEL_EVENT_H_

#include <compare>
#include <cstdint>

#include "core/model/world.h"

namespace vmtrunc {

enum class EventKind : uint8_t {
  kNone = 0,   // a spare selector of the byte form: no effect
  kStart = 1,  // TASK VERB ARGS, to its end
  kBegin = 2,  // TASK VERB ARGS &
  kStep = 3,
  kDrop = 4,
  kFinish = 5,
};

// One event. Arguments that the verb does not have are zero.
struct Event {
  EventKind kind = EventKind::kNone;
  Verb verb = Verb::kNone;
  uint8_t task = 0;
  uint8_t file = 0;
  uint8_t addr = 0;  // of truncate the new size, of order the order
  uint8_t len = 0;
  uint8_t new_addr = 0;    // mremap; of fork the new task
  uint8_t new_len = 0;     // mremap
  uint8_t pgoff = 0;       // mmap
  uint8_t fail_after = 0;  // mremap: 0, or pages moved until it fails, plus 1
  uint8_t count = 1;       // drop: which break test answers yes
  bool is_private = false;
  bool write = false;  // mmap, mprotect: rw
  bool populate = false;

  auto operator<=>(const Event&) const = default;
};

// The kind of a file and its folios: core/model/world.h.
struct FolioSetup {
  bool shmem = false;
  bool pfn = false;           // a device's memory
  bool hugetlb = false;       // a page is a huge page; of one of these two the
                              // rest is as it is here
  uint8_t low = 0, high = 0;  // 0..2, low <= high
  uint8_t min_order = 0;      // 0..2

  auto operator<=>(const FolioSetup&) const = default;
};

// The inputs of a run besides its events and rules.
struct Setup {
  uint8_t block = 1;        // 1..64
  uint8_t count_bits = 32;  // 8..32
  uint32_t count = 0;       // first truncate_count of every file
  uint8_t files = 1;        // 1..2
  uint8_t sizes[2] = {0, 0};
  FolioSetup folios[2];
  bool tlb = false;   // translations may outlive their ptes
  uint8_t tasks = 0;  // 0..8, declared; the rest may be forked
  uint8_t mm_of[8] = {0, 1, 2, 3, 4, 5, 6, 7};  // the first task of that mm

  auto operator<=>(const Setup&) const = default;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_EVENT_H_
