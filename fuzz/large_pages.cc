#include "fuzz/large_pages.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace vmtrunc::fuzz {

// Not by GLIBC_TUNABLES, which says so for good and to all that is started.
void UseLargePages() {
  constexpr size_t kLarge = size_t{2} << 20;
  constexpr size_t kRoom = size_t{32} << 20;
  // From the heap, which grows by so much at once and is not trimmed.
  if (::mallopt(M_MMAP_THRESHOLD, kRoom) == 0 ||
      ::mallopt(M_TRIM_THRESHOLD, 2 * kRoom) == 0 ||
      ::mallopt(M_TOP_PAD, kRoom) == 0)
    return;
  const auto before = reinterpret_cast<uintptr_t>(::sbrk(0));
  void* volatile made = std::malloc(kLarge);  // which is not left out
  std::free(made);
  const auto after = reinterpret_cast<uintptr_t>(::sbrk(0));
  ::mallopt(M_TOP_PAD, 0);
  const uintptr_t from = (before + kLarge - 1) / kLarge * kLarge;
  const uintptr_t to = after / kLarge * kLarge;
  if (from < to)
    ::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
}

}  // namespace vmtrunc::fuzz
