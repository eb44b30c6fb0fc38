// Translations that outlive their ptes, gathers (mm/mmu_gather.c), and the
// frames that these hold.
#ifndef VMTRUNC_CORE_MODEL_TLB_INL_H_
#define VMTRUNC_CORE_MODEL_TLB_INL_H_

#include <algorithm>
#include <bit>

#include "core/model/machine.h"

namespace vmtrunc {

// Whether what this operation clears stays in the TLB until it flushes it. An
// mm that exits has nobody left to use it. A folio that is to be split is
// unmapped by a walk over its ptes that flushes each (try_to_unmap()).
template <class C, class P>
bool Machine<C, P>::Outlives() const {
  if (!HasTlb() || rules_.each_pte_flushed) return false;
  const Op& op = w_.tasks[task_].op;
  if (op.verb == Verb::kExit || op.verb == Verb::kFork ||
      op.verb == Verb::kCollapse)
    return false;
  if (!IsPass(op.verb)) return true;
  const RemovalPhase phase = RemovalOf(op).phase;
  return phase != RemovalPhase::kSplitPass && phase != RemovalPhase::kKeptPass;
}

// The pte at the address has just been cleared, or moved: its translation
// stays.
template <class C, class P>
void Machine<C, P>::KeepTranslation(unsigned mm, unsigned file, unsigned addr,
                                    Pte pte) {
  if (!pte.present()) return;
  const bool page = pte.kind() == PteKind::kPage;
  w_.mms[mm].SetTranslation(
      addr, {.leads = page ? Leads::kPage : Leads::kOther,
             .file = static_cast<uint8_t>(file),
             .number = static_cast<uint8_t>(page ? pte.index() : 0),
             .writable = pte.writable()});
}

// Whether an access is served by what the TLB still has, without a fault.
template <class C, class P>
bool Machine<C, P>::UsesTranslation(unsigned addr, bool write) {
  const unsigned mm = me().mm;
  const Translation it = w_.mms[mm].Translates(addr);
  if (it.leads == Leads::kNowhere || (write && !it.writable)) return false;
  changed_ |= !IsOwned(w_, it);  // that is an effect, though nothing changes
  if constexpr (requires { probe_.Translates(w_, task_, mm, addr); })
    probe_.Translates(w_, task_, mm, addr);
  return true;
}

// ---- gathers

// tlb_gather_mmu(), if none is open.
template <class C, class P>
void Machine<C, P>::OpenGather(unsigned mm) {
  if (me().op.gather.mm != 0 || !Outlives()) return;
  me().op.gather = Gather{};
  me().op.gather.mm = static_cast<uint8_t>(mm + 1);
}

// A pte that has just been cleared, `at` where its table is now and to be
// flushed at `addr`, where the walk is. Requires: page_table_lock.
template <class C, class P>
void Machine<C, P>::AddToGather(unsigned mm, unsigned file, unsigned addr,
                                unsigned at, Pte pte) {
  Gather& gather = me().op.gather;
  if (!pte.present() || gather.mm == 0) return;
  KeepTranslation(mm, file, at, pte);
  const bool empty = gather.lo == gather.hi;
  gather.lo =
      static_cast<uint16_t>(empty ? addr : std::min<unsigned>(gather.lo, addr));
  gather.hi = static_cast<uint16_t>(
      empty ? addr + 1 : std::max<unsigned>(gather.hi, addr + 1));
  // Frames of a device are not counted, and not freed.
  if (IsPfn(file)) return;
  if (pte.kind() == PteKind::kPage) {
    gather.named = static_cast<uint8_t>(gather.named | 1U << gather.frames);
    gather.files[gather.frames] = static_cast<uint8_t>(file);
    gather.pages[gather.frames] = static_cast<uint8_t>(pte.index());
  }
  ++gather.frames;
}

// tlb_flush_mmu_tlbonly() of a full gather, under page_table_lock: before
// ce9ec37bddb6 (3.18) the range ended before the page that had filled it.
template <class C, class P>
void Machine<C, P>::FlushFull() {
  Gather& gather = me().op.gather;
  const unsigned last = rules_.full_batch_counts_last_page ? 0 : 1;
  Flush(gather.mm - 1U, gather.lo, gather.hi - last);
  gather.lo = gather.hi = 0;
}

// Whether another task has a gather of this mm open (mm_tlb_flush_nested()).
template <class C, class P>
bool Machine<C, P>::IsNested(unsigned mm) const {
  for (unsigned task = 0; task < C::kTasks; ++task)
    if (task != task_ && w_.tasks[task].op.gather.mm == mm + 1) return true;
  return false;
}

// Whether a gather holds one of the pages, a bit each, of the file.
template <class C, class P>
bool Machine<C, P>::IsGathered(unsigned file, uint64_t pages) const {
  for (const Task& task : w_.tasks) {
    const Gather& gather = task.op.gather;
    for (unsigned i = 0; i < Gather::kCapacity; ++i)
      if ((gather.named >> i & 1) != 0 && gather.files[i] == file &&
          (pages >> gather.pages[i] & 1) != 0)
        return true;
  }
  return false;
}

// Whether the gather has something to flush, or to free.
template <class C, class P>
bool Machine<C, P>::OwesFlush() const {
  const Gather& gather = w_.tasks[task_].op.gather;
  if (gather.mm == 0) return false;
  return gather.hi != gather.lo || gather.frames != 0 ||
         (rules_.nested_gather_flushes && IsNested(gather.mm - 1U));
}

// tlb_finish_mmu(), first half: all of the mm if another gather is open, for
// what that has cleared this one has not seen.
template <class C, class P>
void Machine<C, P>::FlushGather() {
  Gather& gather = me().op.gather;
  const unsigned mm = gather.mm - 1U;
  if (rules_.nested_gather_flushes && IsNested(mm)) {
    Flush(mm, 0, C::kAddrs);
  } else {
    Flush(mm, gather.lo, gather.hi);
  }
  gather.lo = gather.hi = 0;
}

// Its other half, or after a full gather was flushed.
template <class C, class P>
void Machine<C, P>::FreeGathered() {
  Gather& gather = me().op.gather;
  for (unsigned frame = 0; frame < C::kFrames; ++frame) {
    Frame& it = w_.frames[frame];
    if ((it.holders >> task_ & 1) == 0) continue;
    it.holders = static_cast<uint8_t>(it.holders & ~(1U << task_));
    if (it.holders == 0) FreeFrame(frame);
  }
  gather.frames = gather.named = 0;
  for (unsigned i = 0; i < Gather::kCapacity; ++i)
    gather.files[i] = gather.pages[i] = 0;
  ForgetFrames();
  changed_ = true;
}

// Both halves and the end, where no other task can come between.
template <class C, class P>
void Machine<C, P>::FinishGather() {
  if (OwesFlush()) {
    FlushGather();
    FreeGathered();
  }
  me().op.gather = Gather{};
}

// ---- the TLB

// No processor has a translation of [start, end) of the mm any more.
template <class C, class P>
void Machine<C, P>::Flush(unsigned mm, unsigned start, unsigned end) {
  for (unsigned addr = start; addr < end; ++addr) w_.mms[mm].tlb[addr] = 0;
  ForgetFrames();
  changed_ = true;
}

// ---- frames

// A page has left the page cache: what named its frame by the page names the
// frame from now on. It is free unless a gather holds it. `stays`: something
// else does, and its frame is not followed any more.
template <class C, class P>
void Machine<C, P>::PageLeaves(unsigned file, unsigned page, bool stays) {
  for (unsigned frame = 0; frame < C::kFrames; ++frame) {
    Frame& it = w_.frames[frame];
    if (it.state == FrameState::kPage && it.file == file && it.page == page)
      it.state = FrameState::kFree;
  }
  unsigned holders = 0;
  for (unsigned task = 0; task < C::kTasks; ++task) {
    Gather& gather = w_.tasks[task].op.gather;
    for (unsigned i = 0; i < Gather::kCapacity; ++i) {
      if ((gather.named >> i & 1) == 0 || gather.files[i] != file ||
          gather.pages[i] != page)
        continue;
      holders |= 1U << task;
      gather.named = static_cast<uint8_t>(gather.named & ~(1U << i));
      gather.files[i] = gather.pages[i] = 0;
    }
  }
  const auto names = [&](const Translation& it) {
    return it.leads == Leads::kPage && it.file == file && it.number == page;
  };
  if (holders == 0 &&
      !AnyTranslation(w_, [&](unsigned, unsigned, const Translation& it) {
        return names(it);
      }))
    return;
  unsigned frame = 0;
  while (frame < C::kFrames &&
         w_.frames[frame].state != FrameState::kUnnumbered)
    ++frame;
  if (frame == C::kFrames) {
    stays = true;
    if (!C::kExact) w_.ran_out = 1;
  }
  AnyTranslation(w_, [&](unsigned mm, unsigned addr, Translation it) {
    if (!names(it)) return false;
    it.leads = stays ? Leads::kOther : Leads::kFrame;
    it.file = 0;
    it.number = static_cast<uint8_t>(stays ? 0 : frame);
    w_.mms[mm].SetTranslation(addr, it);
    return false;
  });
  if (stays) return;
  Frame& it = w_.frames[frame];
  it.state = FrameState::kHeld;
  it.file = static_cast<uint8_t>(file);
  it.page = static_cast<uint8_t>(page);
  it.holders = static_cast<uint8_t>(holders);
  if (holders == 0) FreeFrame(frame);
}

template <class C, class P>
void Machine<C, P>::FreeFrame(unsigned frame) {
  uint8_t latest = 0;
  for (const Frame& it : w_.frames) latest = std::max(latest, it.freed);
  w_.frames[frame].state = FrameState::kFree;
  w_.frames[frame].freed = static_cast<uint8_t>(latest + 1);
  if constexpr (requires { probe_.FrameFreed(w_, frame); })
    probe_.FrameFreed(w_, frame);
}

// A new page takes the frame that was freed last. (One without a number that
// was freed later would come first: to whom the frame goes, not whether.)
template <class C, class P>
void Machine<C, P>::TakeFrame(FrameState as, unsigned file, unsigned page) {
  Frame* latest = nullptr;
  for (Frame& it : w_.frames)
    if (it.state == FrameState::kFree &&
        (latest == nullptr || it.freed > latest->freed))
      latest = &it;
  if (latest == nullptr) return;
  latest->state = as;
  latest->file = static_cast<uint8_t>(file);
  latest->page = static_cast<uint8_t>(page);
}

// Frames lose their number when nothing names them.
template <class C, class P>
void Machine<C, P>::ForgetFrames() {
  unsigned named = 0;
  unsigned used = 0;
  for (unsigned frame = 0; frame < C::kFrames; ++frame)
    used |= unsigned{w_.frames[frame].state != FrameState::kUnnumbered}
            << frame;
  if (used == 0) return;
  AnyTranslation(w_, [&](unsigned, unsigned, const Translation& it) {
    if (it.leads == Leads::kFrame) named |= 1U << it.number;
    return false;
  });
  for (unsigned left = used & ~named; left != 0; left &= left - 1) {
    Frame& it = w_.frames[std::countr_zero(left)];
    if (it.state != FrameState::kHeld) it = Frame{};
  }
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_TLB_INL_H_
