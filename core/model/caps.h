// Capacities of a world, fixed when it is compiled.
#ifndef VMTRUNC_CORE_MODEL_CAPS_H_
#define VMTRUNC_CORE_MODEL_CAPS_H_

#include <cstdint>

namespace vmtrunc {

inline constexpr int kPageShift = 12;
inline constexpr int kPtesPerTable = 16;  // pages that a page table spans
inline constexpr int kMaxEvents = 256;

// What scripts run in. These numbers are part of the script's contract: past
// them an operation ends as the kernel's ENOMEM does.
struct LargeCaps {
  static constexpr int kTasks = 8;
  static constexpr int kMms = 8;
  static constexpr int kFiles = 2;
  static constexpr int kFilePages = 64;
  static constexpr int kAddrs = 256;  // pages 1..255; page 0 is never mapped
  static constexpr int kVmas = 64;
  static constexpr int kFrames = 16;  // with a number, at once
  using TlbWord = uint16_t;
  static constexpr unsigned kTlbBits = 6;  // of a page's or a frame's number
  static constexpr bool kExact = true;
};

// The world of exhaustive search. Exceeding its capacity is not the kernel's
// ENOMEM but a limit of the search, and is reported as such (World::ran_out).
struct SmallCaps {
  static constexpr int kTasks = 6;
  static constexpr int kMms = 5;  // of them two or three with mappings
  static constexpr int kFiles = 1;
  static constexpr int kFilePages = 16;
  static constexpr int kAddrs = 32;
  static constexpr int kVmas = 8;  // of them seven in search: slot 0 is none
  static constexpr int kFrames = 4;
  using TlbWord = uint8_t;
  static constexpr unsigned kTlbBits = 4;
  static constexpr bool kExact = false;
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_CAPS_H_
