// The properties of translations that outlive their ptes: no-stale-tlb,
// no-freed-page-reachable, pass-leaves-no-tlb.
#ifndef VMTRUNC_CORE_RUN_CHECKER_TLB_INL_H_
#define VMTRUNC_CORE_RUN_CHECKER_TLB_INL_H_

#include "core/run/checker.h"

namespace vmtrunc {

template <class C>
void Checker<C>::Translates(const World<C>& w, unsigned task, unsigned mm,
                            unsigned addr) {
  const Translation it = w.mms[mm].Translates(addr);
  bool owned = true;
  if (it.leads == Leads::kFrame) {
    owned = w.frames[it.number].state == FrameState::kHeld;
  } else if (it.leads == Leads::kPage) {
    const File& file = w.files[it.file];
    owned = (file.cached >> it.number & 1) != 0 || file.i_sem != kNone;
  }
  if (!owned) Break(Breach::kReachesFreed, task, addr, mm);
}

template <class C>
void Checker<C>::FrameFreed(const World<C>& w, unsigned frame) {
  for (unsigned mm = 0; mm < C::kMms; ++mm)
    for (unsigned addr = 0; addr < C::kAddrs; ++addr) {
      const Translation it = w.mms[mm].Translates(addr);
      if (it.leads != Leads::kFrame || it.number != frame) continue;
      Break(Breach::kStaleTranslation, w.frames[frame].page,
            w.frames[frame].file, addr, mm);
      return;
    }
}

// What a pass over memory of a device has left.
template <class C>
void Checker<C>::CheckTlb(const World<C>& w, const Pass& pass) {
  for (unsigned mm = 0; mm < C::kMms; ++mm)
    for (unsigned addr = 0; addr < C::kAddrs; ++addr) {
      const Translation it = w.mms[mm].Translates(addr);
      if (it.leads != Leads::kPage || it.file != pass.file ||
          it.number < pass.first || it.number > pass.last)
        continue;
      Break(Breach::kTlbAfterPass, it.number, it.file, addr, mm);
      return;
    }
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_RUN_CHECKER_TLB_INL_H_
