// Page tables that mms share (mm/hugetlb.c, CONFIG_ARCH_WANT_HUGE_PMD_SHARE): a
// page of the model is a huge page of such a file, a table the one that holds
// the entries of huge pages.
//
// Here each mm that shares a table has its ptes for itself: one that another mm
// sets is there when this one has had a fault of its own (docs/model.md).
#ifndef VMTRUNC_CORE_MODEL_HUGETLB_INL_H_
#define VMTRUNC_CORE_MODEL_HUGETLB_INL_H_

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/model/machine.h"

namespace vmtrunc {

// vma_shareable(): whether the vma spans the table of the address. (A file's
// pages lie in tables as its first vma has them: page_table_shareable().)
template <class C, class P>
bool Machine<C, P>::MayShare(const Vma& vma, unsigned addr) const {
  const unsigned from = addr / kPtesPerTable * kPtesPerTable;
  return vma.shared != 0 && vma.start <= from && TableEnd(addr) <= vma.end;
}

// huge_pmd_share(), under i_mmap_lock: takes the table of another vma that maps
// the same pages by a whole table, or allocates one.
template <class C, class P>
Flow Machine<C, P>::FaultShares(Fault& fault) {
  const Vma& vma = w_.vmas[fault.vma];
  if (!TakeMapLock(vma.file)) return Flow::kBlocked;
  const unsigned from = fault.addr / kPtesPerTable * kPtesPerTable;
  // Another thread's fault may have come first.
  if (!HasTable(vma.mm, from)) {
    if (uint8_t* const theirs = ShareFor(vma, from)) {
      if (*theirs == 0) *theirs = NewShare();
      w_.shares[vma.mm][from / kPtesPerTable] = *theirs;
    }
    AllocTable(vma.mm, from);
  }
  ReleaseMapLock(vma.file);
  changed_ = true;
  fault.phase = FaultPhase::kReadPte;
  return Flow::kSync;
}

// Where the number is of a table that maps the pages which the vma maps from
// `from` on, or nullptr.
template <class C, class P>
uint8_t* Machine<C, P>::ShareFor(const Vma& vma, unsigned from) {
  const unsigned page = vma.pgoff + from - vma.start;
  for (const Vma& other : w_.vmas) {
    if (&other == &vma || other.state == VmaState::kFree ||
        other.in_index == InIndex::kNot || other.file != vma.file ||
        other.pgoff > page)
      continue;
    const unsigned at = other.start + page - other.pgoff;
    if (at % kPtesPerTable == 0 && MayShare(other, at) &&
        HasTable(other.mm, at))
      return &w_.shares[other.mm][at / kPtesPerTable];
  }
  return nullptr;
}

// The least number that no shared table has.
template <class C, class P>
uint8_t Machine<C, P>::NewShare() const {
  uint8_t number = 1;
  const auto is_taken = [&] {
    return std::ranges::any_of(w_.shares, [&](const auto& of_mm) {
      return std::ranges::find(of_mm, number) != std::end(of_mm);
    });
  };
  while (is_taken()) ++number;
  return number;
}

// huge_pmd_unshare(): the mm gives up a shared table, with all pages that it
// maps by it; the others keep theirs. Nothing is gathered. What a processor has
// of these pages is flushed here where that is the rule, which is before
// i_mmap_lock is released: from then on the last that has the table may free
// the pages. (The kernel flushes them at the end of the range, in the same
// hold.)
template <class C, class P>
void Machine<C, P>::Unshare(unsigned mm, unsigned file, unsigned addr) {
  const unsigned from = addr / kPtesPerTable * kPtesPerTable;
  // (hugetlb_change_protection() has flushed since 3.6.)
  const bool outlive = HasTlb() && Outlives() &&
                       me().op.verb != Verb::kMprotect &&
                       !rules_.unshare_flushes;
  for (unsigned at = from; at < from + kPtesPerTable; ++at) {
    const Pte pte = w_.mms[mm].ptes[at];
    if (pte.none()) continue;
    ClearPte(mm, file, at);
    if (outlive) KeepTranslation(mm, file, at, pte);
  }
  if (HasTlb() && !outlive) Flush(mm, from, from + kPtesPerTable);
  DropTable(mm, from);
  const uint8_t number =
      std::exchange(w_.shares[mm][from / kPtesPerTable], uint8_t{0});
  // The last one has a table like any other.
  uint8_t* left = nullptr;
  unsigned sharers = 0;
  for (auto& of_mm : w_.shares)
    for (uint8_t& share : of_mm)
      if (share == number) {
        left = &share;
        ++sharers;
      }
  if (sharers == 1) *left = 0;
  changed_ = true;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_HUGETLB_INL_H_
