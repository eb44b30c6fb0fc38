// sys_remap_file_pages(). Included by core/machine-inl.h alone.

namespace vmtrunc {
namespace remap_phase {
// From kUnmap of mmap_phase on an emulated one is a mmap: these lie behind.
enum : uint8_t { kStart, kWriteLock = 16, kConvert, kFilePtes, kPopulate };
}  // namespace remap_phase

// The shared vma that holds the whole range, or kNone. Where it is emulated,
// several that touch and are alike will do.
template <class C, class P>
Slot Machine<C, P>::RemapVma(const Op& op) {
  const Slot slot = FindVma(me().mm, op.addr);
  if (slot == kNone) return kNone;
  const Vma& vma = w_.vmas[slot];
  if (vma.start > op.addr || vma.shared == 0) return kNone;
  const Vma* last = &vma;
  while (op.addr + op.len > last->end) {
    if (!rules_.remap_emulated || last->mm_next == kNone) return kNone;
    const Vma& next = w_.vmas[last->mm_next];
    if (next.start != last->end || next.file != vma.file ||
        next.shared != vma.shared || next.write != vma.write)
      return kNone;
    last = &next;
  }
  return slot;
}

// Whether the range has the pages already that a linear vma shows there.
template <class C, class P>
bool Machine<C, P>::RemapIsLinear(const Op& op) const {
  const Vma& vma = w_.vmas[op.vma];
  return op.pgoff == vma.pgoff + op.addr - unsigned{vma.start};
}

template <class C, class P>
Flow Machine<C, P>::StepRemap(Op& op) {
  using namespace remap_phase;
  const unsigned mm = me().mm;
  switch (op.phase) {
    case kStart: {
      if (rules_.remap_emulated) return RemapAsMmap(op);
      if (!TakeMmapSemRead(mm)) return Flow::kBlocked;
      op.vma = RemapVma(op);
      if (op.vma == kNone) return EndMmapSem(op);
      op.vma_birth = w_.vmas[op.vma].birth;
      op.phase = kFilePtes;
      if (w_.vmas[op.vma].nonlinear != 0) return Flow::kSync;
      if (!RemapIsLinear(op)) {
        ReleaseMmapSem(mm);
        op.phase = kWriteLock;
      } else if (rules_.remap_file_ptes) {
        return EndMmapSem(op);  // 2.6.23: that is what it maps already
      }
      return Flow::kSync;
    }
    case kWriteLock:
      if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
      op.vma = RemapVma(op);
      if (op.vma == kNone) return EndMmapSem(op);
      op.vma_birth = w_.vmas[op.vma].birth;
      op.phase = kFilePtes;
      if (w_.vmas[op.vma].nonlinear != 0) return Flow::kSync;
      // The vma may be another than the one seen under mmap_sem for read.
      if (!RemapIsLinear(op)) {
        op.phase = kConvert;
      } else if (rules_.remap_file_ptes) {
        return EndMmapSem(op);
      }
      return Flow::kSync;
    case kConvert: {
      Vma& vma = w_.vmas[op.vma];
      if (!TakeMapLock(vma.file)) return Flow::kBlocked;
      IndexRemove(op.vma);
      vma.nonlinear = 1;
      IndexInsert(op.vma);
      probe_.Renewed(w_, op.vma, Renewal::kLinked);
      ReleaseMapLock(vma.file);
      changed_ = true;
      op.phase = kFilePtes;
      return Flow::kSync;
    }
    case kFilePtes:
      return RemapFilePtes(op);
    case kPopulate:
      return RemapPopulates(op);
    default:
      return StepMmap(op);
  }
}

// do_mmap() of the vma's own file with MAP_POPULATE.
template <class C, class P>
Flow Machine<C, P>::RemapAsMmap(Op& op) {
  const unsigned mm = me().mm;
  if (!TakeMmapSemWrite(mm)) return Flow::kBlocked;
  const Slot slot = RemapVma(op);
  if (slot == kNone) return EndMmapSem(op);
  op.file = w_.vmas[slot].file;
  op.write = w_.vmas[slot].write;
  op.shared = op.populate = 1;
  op.phase = UnmapBegin(mm, op.addr, op.addr + op.len, op.unmap)
                 ? mmap_phase::kUnmap
                 : mmap_phase::kPlace;
  return StepMmap(op);
}

// populate_range() of 2.6.23: a file pte a page; it then lets others fault.
template <class C, class P>
Flow Machine<C, P>::RemapFilePtes(Op& op) {
  const unsigned mm = me().mm;
  const Vma& vma = w_.vmas[op.vma];
  op.phase = remap_phase::kPopulate;
  if (!rules_.remap_file_ptes) {
    const bool fits = op.pgoff + op.len <= w_.files[vma.file].size;
    return fits ? Flow::kSync : EndMmapSem(op);
  }
  op.phase = remap_phase::kFilePtes;
  if (!TakePtl(mm)) return Flow::kBlocked;
  const unsigned addr = op.addr + unsigned{op.cursor};
  const unsigned index = op.pgoff + unsigned{op.cursor};
  if (!HasTable(mm, addr)) AllocTable(mm, addr);
  ClearPte(mm, vma.file, addr);
  SetPte(mm, vma.file, addr, Pte::Make(PteKind::kFilePte, index, false));
  ReleasePtl(mm);
  if (++op.cursor < op.len) return Flow::kSync;
  op.cursor = 0;
  op.phase = remap_phase::kPopulate;
  if (w_.mms[mm].writer == task_) {  // downgrade_write()
    w_.mms[mm].writer = kNone;
    w_.mms[mm].readers = static_cast<uint8_t>(w_.mms[mm].readers | 1U << task_);
  }
  return Flow::kSync;
}

// ->populate(), or make_pages_present(): page by page until one is refused.
template <class C, class P>
Flow Machine<C, P>::RemapPopulates(Op& op) {
  if (op.populate == 0) {
    if (op.cursor == op.len) return EndMmapSem(op);
    const unsigned addr = op.addr + unsigned{op.cursor};
    if (rules_.remap_file_ptes) {
      FaultBegin(op.vma, addr, false, op.fault);
    } else {
      InstallBegin(op.vma, addr, op.pgoff + unsigned{op.cursor}, op.fault);
    }
    op.populate = 1;
    return Flow::kSync;
  }
  const Flow flow = StepFault(op.fault);
  if (flow != Flow::kDone) return flow;
  op.populate = 0;
  ++op.cursor;
  if (op.fault.outcome != fault_phase::kServed) return EndMmapSem(op);
  return Flow::kSync;
}

}  // namespace vmtrunc
