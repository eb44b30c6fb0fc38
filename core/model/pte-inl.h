// Page tables and mapcounts.
#ifndef VMTRUNC_CORE_MODEL_PTE_INL_H_
#define VMTRUNC_CORE_MODEL_PTE_INL_H_

#include "core/model/machine.h"

namespace vmtrunc {

template <class C, class P>
void Machine<C, P>::AllocTable(unsigned mm, unsigned addr) {
  w_.mms[mm].tables =
      static_cast<uint16_t>(w_.mms[mm].tables | 1U << addr / kPtesPerTable);
}

// The directory has no table of the address's span any more.
template <class C, class P>
void Machine<C, P>::DropTable(unsigned mm, unsigned addr) {
  w_.mms[mm].tables =
      static_cast<uint16_t>(w_.mms[mm].tables & ~(1U << addr / kPtesPerTable));
}

// free_pgtables(): the tables of spans in [start, end) that no vma of the mm,
// linked or being torn down elsewhere, touches any more. (6.12-rc1 looked at
// the neighbours before mmap put a new vma between them.)
template <class C, class P>
void Machine<C, P>::FreeTables(unsigned mm, unsigned start, unsigned end) {
  Mm<C>& it = w_.mms[mm];
  if (it.mmap == kNone && start == 0 && end == C::kAddrs) {
    it.tables = 0;
    return;
  }
  const unsigned last_span = (end - 1) / kPtesPerTable;
  for (unsigned span = start / kPtesPerTable; span <= last_span; ++span) {
    const unsigned from = span * kPtesPerTable;
    const unsigned to = from + kPtesPerTable;
    if (rules_.unmap_before_expand
            ? RangeIsMapped(mm, from, to)
            : (from < start && RangeIsMapped(mm, from, start)) ||
                  (end < to && RangeIsMapped(mm, end, to)))
      continue;
    if (!HasTable(mm, from)) continue;
    DropTable(mm, from);
    ForWalkersIn(mm, span, kFreedTable);
  }
}

// The table of the span goes elsewhere, to `table` as in a pass, together with
// the passes that have read its entry in the directory and wait for its lock.
template <class C, class P>
void Machine<C, P>::ForWalkersIn(unsigned mm, unsigned span, uint8_t table) {
  for (Task& task : w_.tasks) {
    Pass& pass = task.op.pass;
    if (pass.phase != PassPhase::kZapTable || w_.vmas[pass.cursor].mm != mm)
      continue;
    const unsigned in =
        pass.table != 0 ? pass.table - 1U : pass.addr / kPtesPerTable;
    if (in == span) pass.table = table;
  }
}

template <class C, class P>
void Machine<C, P>::SetPte(unsigned mm, unsigned file, unsigned addr, Pte pte) {
  w_.mms[mm].ptes[addr] = pte;
  if (pte.kind() == PteKind::kPage) ++w_.mapcount[file][pte.index()];
  probe_.PteChanged(mm);
  probe_.PteSet(w_, mm, file, addr);
  changed_ = true;
}

template <class C, class P>
void Machine<C, P>::ClearPte(unsigned mm, unsigned file, Pte& pte) {
  if (pte.kind() == PteKind::kPage) --w_.mapcount[file][pte.index()];
  pte = Pte{};
  probe_.PteChanged(mm);
  changed_ = true;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_PTE_INL_H_
