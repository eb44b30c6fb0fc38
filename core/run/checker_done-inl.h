// Checker's part about what a pass takes for done: done-is-unmapped. For the
// file that instantiates it.
//
// An oracle sharper than no-page-past-size: it looks at every pass, also at a
// punch, an invalidation and the first of two passes, and while the pass goes
// on. What it may not look at is a page that a fault has mapped since the pass
// began. A fault may do so rightly: a punch leaves i_size alone, and
// from 2.6.23 on the page's lock, not the count, is what such a fault waits
// for. Which address the fault was for is not followed: mremap moves its pte,
// and fork copies it.
#ifndef VMTRUNC_CORE_RUN_CHECKER_DONE_INL_H_
#define VMTRUNC_CORE_RUN_CHECKER_DONE_INL_H_

#include <algorithm>
#include <bit>

#include "core/run/checker.h"

namespace vmtrunc {

template <class C>
void Checker<C>::NoteMapped(const World<C>& w, unsigned task, const Vma& vma,
                            unsigned addr) {
  static_assert(C::kFilePages <= 64);
  const unsigned index = vma.nonlinear != 0
                             ? w.tasks[task].op.fault.index
                             : vma.pgoff + addr - unsigned{vma.start};
  for (unsigned left = passes_; left != 0; left &= left - 1) {
    const int other = std::countr_zero(left);
    if (w.tasks[other].op.pass.file == vma.file)
      logs_[other].mapped |= uint64_t{1} << index % 64;
  }
}

template <class C>
uint64_t Checker<C>::DoneHistory(const World<C>& w,
                                 const Names<C>& names) const {
  uint64_t hash = 0;
  for (uint8_t name = 0; name < C::kTasks; ++name) {
    const uint8_t task = names.task_of[name];
    if ((passes_ >> task & 1) == 0) continue;
    const Pass& pass = w.tasks[task].op.pass;
    // Pages in the range of the pass; a file has at most 64.
    const uint64_t last =
        ~uint64_t{0} >> (63 - std::min<unsigned>(pass.last, 63));
    const uint64_t mapped =
        pass.first >= 64
            ? 0
            : logs_[task].mapped & last >> pass.first << pass.first;
    if (mapped == 0) continue;
    const uint64_t parts[] = {hash, name, mapped};
    hash = HashBytes(parts, sizeof(parts));
  }
  return hash;
}

// The address below which the pass will not look at the vma again.
template <class C>
unsigned Checker<C>::DoneBelow(const Pass& pass, const Vma& vma,
                               Slot slot) const {
  const bool names_pass = rules_.restart_names_pass;
  if (rules_.stamp_vmas && vma.count == DoneMark(pass.count, names_pass))
    return vma.end;
  unsigned restart = 0;
  if (!rules_.restart_in_vma) {
    if (pass.restart_vma == slot) restart = pass.restart_addr;
  } else if (IsRestartOf(vma.count, pass.count, names_pass)) {
    restart = vma.count >> kPageShift;
  }
  if (restart >= vma.end) return rules_.cut_is_done ? vma.end : vma.start;
  return std::max<unsigned>(restart, vma.start);
}

// `ended`: the pass has, and takes all vmas for done.
template <class C>
void Checker<C>::CheckDone(const World<C>& w, unsigned task, bool ended) {
  const Pass& pass = w.tasks[task].op.pass;
  for (unsigned slot = 0; slot < slots_; ++slot) {
    const Vma& vma = w.vmas[slot];
    if (vma.state != VmaState::kLinked || vma.in_index == InIndex::kNot ||
        vma.file != pass.file)
      continue;
    const unsigned end =
        ended ? vma.end : DoneBelow(pass, vma, static_cast<Slot>(slot));
    for (unsigned addr = vma.start; addr < end; ++addr) {
      const Pte pte = w.mms[vma.mm].ptes[addr];
      const bool is_page = pte.kind() == PteKind::kPage;
      // A pass that keeps private copies looks at pages of the cache alone.
      if (!pte.present() ||
          (!is_page && (pass.even_cows == 0 || vma.nonlinear != 0)))
        continue;
      const unsigned index = IndexOf(vma, addr, pte);
      if (index < pass.first || index > pass.last ||
          (logs_[task].mapped >> index % 64 & 1) != 0)
        continue;
      Break(Breach::kMappedInDone, index, addr, vma.mm, pass.count);
      return;
    }
  }
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_CHECKER_DONE_INL_H_
