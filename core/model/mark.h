// How far a pass got in a vma, in the one word that Vma::count is.
//
//   as vm_truncate_count           0                     not scanned
//                                  page-aligned, not 0   scanned up to here
//                                  anything else         count of the pass
//                                                        that finished it
//   with restart-names-pass        0                     not scanned
//                                  page << 12 | id       pass `id` has scanned
//                                                        it up to the page
//                                  kDonePage << 12 | id  pass `id` finished it
//
// `id` are the low 12 bits of the pass's count, which are never all 0. (A word
// of the kernel's has 28 bits for them beside 36 of a page number.) What
// another pass has left is then no mark of this one's, whatever it says.
#ifndef VMTRUNC_CORE_MODEL_MARK_H_
#define VMTRUNC_CORE_MODEL_MARK_H_

#include <cstdint>

#include "core/model/caps.h"

namespace vmtrunc {

inline constexpr uint32_t kSubPage = (1U << kPageShift) - 1;
inline constexpr uint32_t kDonePage = 0xfffff;

constexpr bool IsPageAligned(uint32_t count) { return (count & kSubPage) == 0; }

// What the pass with this count leaves in a vma that it has finished.
constexpr uint32_t DoneMark(uint32_t count, bool names_pass) {
  return names_pass ? kDonePage << kPageShift | (count & kSubPage) : count;
}

// What it leaves in one that it has scanned up to `page`.
constexpr uint32_t RestartMark(unsigned page, uint32_t count, bool names_pass) {
  return page << kPageShift | (names_pass ? count & kSubPage : 0);
}

// Whether the mark is a restart address, of any pass.
constexpr bool IsRestart(uint32_t mark, bool names_pass) {
  if (mark == 0) return false;
  return names_pass ? mark >> kPageShift != kDonePage : IsPageAligned(mark);
}

// Whether the pass with this count believes it.
constexpr bool IsRestartOf(uint32_t mark, uint32_t count, bool names_pass) {
  return IsRestart(mark, names_pass) &&
         (!names_pass || (mark & kSubPage) == (count & kSubPage));
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_MARK_H_
