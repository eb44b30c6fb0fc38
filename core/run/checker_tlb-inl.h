// The properties of translations that outlive their ptes: no-stale-tlb,
// no-freed-page-reachable, pass-leaves-no-tlb.
#ifndef VMTRUNC_CORE_RUN_CHECKER_TLB_INL_H_
#define VMTRUNC_CORE_RUN_CHECKER_TLB_INL_H_

#include "core/run/checker.h"

namespace vmtrunc {

template <class C>
void Checker<C>::Translates(const World<C>& w, unsigned task, unsigned mm,
                            unsigned addr) {
  if (!IsOwned(w, w.mms[mm].Translates(addr)))
    Break(Breach::kReachesFreed, task, addr, mm);
}

template <class C>
void Checker<C>::FrameFreed(const World<C>& w, unsigned frame) {
  AnyTranslation(w, [&](unsigned mm, unsigned addr, const Translation& it) {
    if (it.leads != Leads::kFrame || it.number != frame) return false;
    Break(Breach::kStaleTranslation, w.frames[frame].page, w.frames[frame].file,
          addr, mm);
    return true;
  });
}

// What a pass over memory of a device has left.
template <class C>
void Checker<C>::CheckTlb(const World<C>& w, const Pass& pass) {
  AnyTranslation(w, [&](unsigned mm, unsigned addr, const Translation& it) {
    if (it.leads != Leads::kPage || it.file != pass.file ||
        it.number < pass.first || it.number > pass.last)
      return false;
    Break(Breach::kTlbAfterPass, it.number, it.file, addr, mm);
    return true;
  });
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_CHECKER_TLB_INL_H_
