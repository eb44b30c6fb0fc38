// Folios: how pages come into the page cache in groups, how fault-around and
// faults map a group, and how truncation splits one that lies over the end of
// its range.
#ifndef VMTRUNC_CORE_MODEL_FOLIO_INL_H_
#define VMTRUNC_CORE_MODEL_FOLIO_INL_H_

#include <algorithm>
#include <limits>

#include "core/check.h"
#include "core/model/machine.h"

namespace vmtrunc {

// ---- the cache

// Puts the folio of page `index` into the cache: of the order that the file
// asks for, or less where that would meet another folio or pass i_size. Only
// the file's own block size does (page_cache_ra_order(), mapping_min_folio_
// order(); of tmpfs with huge=within_size).
template <class C, class P>
void Machine<C, P>::FillFolio(unsigned number, unsigned index) {
  File& file = w_.files[number];
  Folios& folios = file.folios;
  unsigned order =
      rules_.large_folios ? std::max(folios.order, folios.min_order) : 0U;
  uint64_t bits = PageBits(index, index);
  for (; order > 0; --order) {
    const unsigned first = index >> order << order;
    const unsigned last = first + (1U << order) - 1;
    if (last >= file.size && order > folios.min_order) continue;
    bits = PageBits(first, last);
    if ((file.cached & bits) == 0) break;
  }
  if (order == 0) bits = PageBits(index, index);
  SetOrder(folios, bits, order);
  // The disk still has what a punch is about to free.
  if (rules_.large_folios && !IsShmem(number))
    folios.stale |= bits & PunchedPages(number);
  file.cached |= bits;
  changed_ = true;
  if (HasTlb()) TakeFrame(FrameState::kPage, number, index);
}

// The punch that is at work on the file, or null.
template <class C, class P>
const Removal* Machine<C, P>::PunchOf(unsigned number) const {
  const File& file = w_.files[number];
  if (file.i_sem == kNone) return nullptr;
  const Op& op = w_.tasks[file.i_sem].op;
  return op.verb == Verb::kPunch ? &op.truncate.removal : nullptr;
}

// Whether a punch is at work on the page.
template <class C, class P>
bool Machine<C, P>::IsPunched(unsigned number, unsigned index) const {
  const Removal* const punch = PunchOf(number);
  return punch != nullptr && index >= punch->first && index <= punch->last;
}

// The pages of it that are inside the file: what is past its end is read as
// zeros.
template <class C, class P>
uint64_t Machine<C, P>::PunchedPages(unsigned number) const {
  const Removal* const punch = PunchOf(number);
  const unsigned size = w_.files[number].size;
  if (punch == nullptr || punch->first >= size) return 0;
  return PageBits(punch->first, std::min<unsigned>(punch->last, size - 1));
}

// The cached pages of [first, last] are cut off: nobody is to see again what is
// in them now.
template <class C, class P>
void Machine<C, P>::CutOff(unsigned number, unsigned first, unsigned last) {
  File& file = w_.files[number];
  last = std::min<unsigned>(last, C::kFilePages - 1);
  if (!rules_.large_folios || first > last) return;
  file.folios.stale |= file.cached & PageBits(first, last);
}

// Removes a folio from the cache, all its pages in one hold of i_pages.
template <class C, class P>
void Machine<C, P>::TakeFolio(unsigned number, unsigned index) {
  File& file = w_.files[number];
  const unsigned first = FolioFirst(file, index);
  const unsigned last = FolioLast(file, index);
  for (unsigned page = first; page <= last; ++page) TakePage(number, page);
  const uint64_t keep = ~PageBits(first, last);
  Folios& folios = file.folios;
  SetOrder(folios, ~keep, 0);
  folios.pinned &= keep;
  folios.dirty &= keep;
  folios.stale &= keep;
}

// Whether anybody but the cache, the ptes and this task holds a reference to
// the folio: by a pin, in a fault, or in a gather that has yet to free what it
// has zapped.
template <class C, class P>
bool Machine<C, P>::IsReferenced(unsigned number, unsigned index) const {
  const File& file = w_.files[number];
  const uint64_t bits = FolioBits(file, index);
  if ((file.folios.pinned & bits) != 0) return true;
  for (unsigned task = 0; task < C::kTasks; ++task) {
    const Fault& fault = w_.tasks[task].op.fault;
    if (task != task_ && fault.page.kind() == PteKind::kPage &&
        FileOf(w_, fault) == number && (bits >> fault.page.index() & 1) != 0)
      return true;
  }
  return HasTlb() && IsGathered(number, bits);
}

// Whether any page of its folio is mapped.
template <class C, class P>
bool Machine<C, P>::FolioIsMapped(unsigned number, unsigned index) const {
  const File& file = w_.files[number];
  for (unsigned page = FolioFirst(file, index); page <= FolioLast(file, index);
       ++page)
    if (w_.mapcount[number][page] != 0) return true;
  return false;
}

// ---- faults

// Whether a folio may be mapped whole, by an i_size that was read before.
template <class C, class P>
bool Machine<C, P>::MapsWhole(const File& file, unsigned index,
                              unsigned size) const {
  if (!rules_.faults_map_folios || OrderOf(file, index) == 0) return false;
  if (!rules_.map_respects_size || FolioLast(file, index) < size) return true;
  return file.folios.shmem != 0 && rules_.shmem_maps_past_size;
}

// finish_fault(): sets all ptes of the folio if it may be mapped whole, lies
// inside the vma, and none of its ptes is there. False if one pte is to be set.
// Requires: page_table_lock, the folio's lock.
template <class C, class P>
bool Machine<C, P>::SetsFolio(Fault& fault) {
  const Vma& vma = w_.vmas[fault.vma];
  const File& file = w_.files[vma.file];
  if (fault.page.kind() != PteKind::kPage || fault.from_file_pte != 0 ||
      (fault.write != 0 && vma.shared == 0) ||
      !MapsWhole(file, fault.index, file.size))
    return false;
  const unsigned first = FolioFirst(file, fault.index);
  const unsigned last = FolioLast(file, fault.index);
  if (first < vma.pgoff || last > vma.last_pgoff()) return false;
  const unsigned addr = vma.start + first - unsigned{vma.pgoff};
  const Mm<C>& mm = w_.mms[vma.mm];
  for (unsigned i = 0; i <= last - first; ++i)
    if (!mm.ptes[addr + i].none()) return false;
  SetPtes(fault, first, last, last);
  return true;
}

// do_fault_around(): 16 pages from the aligned address below, or from the vma's
// start where that is later, within the vma. (The kernel stops at the end of
// the page table too; its tables are larger than the window, so those here do
// not count.)
template <class C, class P>
auto Machine<C, P>::AroundWindow(const Fault& fault) const -> Window {
  constexpr unsigned kWindow = 16;
  const Vma& vma = w_.vmas[fault.vma];
  Window window;
  window.from = std::max<unsigned>(vma.start, fault.addr / kWindow * kWindow);
  window.end = std::min<unsigned>(vma.end, window.from + kWindow);
  window.first = vma.pgoff + window.from - unsigned{vma.start};
  window.last = static_cast<int>(window.first + window.end - window.from) - 1;
  return window;
}

// filemap_map_pages(): i_size, the first folio and the ptes are looked at one
// after the other, if the file has large folios, or may get some meanwhile.
template <class C, class P>
Flow Machine<C, P>::AroundBegins(Fault& fault) {
  const File& file = w_.files[w_.vmas[fault.vma].file];
  if (!rules_.large_folios || (file.folios.high | file.folios.min_order) == 0)
    return FaultAround(fault);
  if (!rules_.around_caps_size || !rules_.around_size_first)
    return AroundLocks(fault);
  fault.cap = static_cast<uint8_t>(file.size);
  fault.phase = FaultPhase::kAroundFolio;
  return Flow::kSync;
}

// The last page of a file as filemap_map_pages() computes it, without a sign:
// DIV_ROUND_UP(i_size, PAGE_SIZE) - 1. An empty file has the largest number.
constexpr int FileEnd(unsigned size) {
  return size == 0 ? std::numeric_limits<int>::max()
                   : static_cast<int>(size) - 1;
}

// next_uptodate_folio(): the first page from `index` to `last` whose folio is
// cached, not locked and, by i_size now, begins inside the file; or kFilePages.
template <class C, class P>
unsigned Machine<C, P>::NextUptodate(unsigned number, unsigned index,
                                     int last) const {
  const File& file = w_.files[number];
  for (; index < C::kFilePages && static_cast<int>(index) <= last; ++index)
    if ((file.cached >> index & 1) != 0 && !PageIsLocked(number, index) &&
        index < file.size)
      return index;
  return C::kFilePages;
}

template <class C, class P>
Flow Machine<C, P>::AroundLocks(Fault& fault) {
  using enum FaultPhase;
  const unsigned number = w_.vmas[fault.vma].file;
  const Window window = AroundWindow(fault);
  int last = window.last;
  // The lookup ends there too, so that a file that grows meanwhile is no
  // matter.
  if (rules_.around_caps_size && rules_.around_size_first)
    last = std::min(last, FileEnd(fault.cap));
  const unsigned index = NextUptodate(number, window.first, last);
  if (index == C::kFilePages) {
    fault.phase = kReadSize;
    return Flow::kSync;
  }
  fault.page = Pte::Make(PteKind::kPage, index, false);
  fault.locked = 1;
  const unsigned size = w_.files[number].size;
  if (rules_.around_size_first && rules_.around_size_again &&
      FileEnd(size) < FileEnd(fault.cap))
    fault.cap = static_cast<uint8_t>(size);
  const bool later = rules_.around_caps_size && !rules_.around_size_first &&
                     rules_.around_size_unlocked;
  fault.phase = later ? kAroundSize : kAroundMap;
  return Flow::kSync;
}

// Sets the ptes of [first, last], of which those past the folio are of frames
// after it, where nothing is mapped and the vma reaches.
template <class C, class P>
void Machine<C, P>::SetPtes(const Fault& fault, unsigned first, unsigned last,
                            unsigned folio_last) {
  const Vma& vma = w_.vmas[fault.vma];
  for (unsigned page = std::max<unsigned>(first, vma.pgoff);
       page <= std::min(last, vma.last_pgoff()); ++page) {
    const unsigned addr = vma.start + page - unsigned{vma.pgoff};
    if (!w_.mms[vma.mm].ptes[addr].none()) continue;
    const PteKind kind =
        page <= folio_last ? PteKind::kPage : PteKind::kForeign;
    FaultSets(fault, addr,
              Pte::Make(kind, page, fault.write != 0 || MayWrite(vma)));
  }
}

// The locked folio, then those after it in the window, in one hold of
// page_table_lock. The number of pages of a run is an unsigned difference: it
// wraps where i_size has come below the first folio since that was locked, and
// the frames after the folio are mapped (two of them here). Of a folio of one
// page nobody computes it (filemap_map_order0_folio()).
template <class C, class P>
Flow Machine<C, P>::AroundMaps(Fault& fault) {
  constexpr unsigned kForeignFrames = 2;
  const Vma& vma = w_.vmas[fault.vma];
  const unsigned mm = vma.mm;
  const unsigned number = vma.file;
  const File& file = w_.files[number];
  if (!TakePtl(mm)) return Flow::kBlocked;
  const Window window = AroundWindow(fault);
  const bool sampled = rules_.around_size_first || rules_.around_size_unlocked;
  int file_end = FileEnd(sampled ? fault.cap : file.size);
  unsigned index = fault.page.index();
  // file_end >= folio_next_index(): not the file's last folio, even if it ends
  // where the file does. A fault maps that one whole.
  const bool first_whole =
      MapsWhole(file, index, static_cast<unsigned>(file_end));
  const bool again = rules_.around_caps_size && rules_.around_size_again;
  for (bool first = true; index < C::kFilePages; first = false) {
    const unsigned folio_first = FolioFirst(file, index);
    const unsigned folio_last = FolioLast(file, index);
    const int limit =
        rules_.around_caps_size ? std::min(window.last, file_end) : window.last;
    const bool whole =
        rules_.each_folio_decides || again
            ? MapsWhole(file, index, static_cast<unsigned>(file_end))
            : first_whole && OrderOf(file, index) != 0;
    if (OrderOf(file, index) == 0) {
      SetPtes(fault, index, index, index);
    } else if (whole && folio_first >= vma.pgoff &&
               folio_last <= vma.last_pgoff()) {
      SetPtes(fault, folio_first, folio_last, folio_last);
    } else if (limit < static_cast<int>(index)) {
      VMT_CHECK(first);
      SetPtes(fault, index, folio_last + kForeignFrames, folio_last);
    } else {
      SetPtes(fault, index, std::min(folio_last, unsigned(limit)), folio_last);
    }
    index = NextUptodate(number, folio_last + 1, limit);
    if (again && index < C::kFilePages)
      file_end = std::min(file_end, FileEnd(file.size));
  }
  const bool served = w_.mms[mm].ptes[fault.addr].present();
  ReleasePtl(mm);
  fault.locked = 0;
  fault.page = Pte{};
  fault.cap = 0;
  fault.phase = FaultPhase::kReadSize;
  return served ? Flow::kDone : Flow::kSync;
}

// ---- the ends of a range

// The first page past the edge that the removal is at; the folio that holds it
// may reach over the edge. In the second walk, that of the folio that is
// locked.
template <class C, class P>
unsigned Machine<C, P>::EdgePage(const Removal& removal) const {
  const File& file = w_.files[removal.file];
  const bool low = removal.edge == Edge::kLow ||
                   (removal.edge == Edge::kDone &&
                    FolioFirst(file, removal.locked - 1U) < removal.first);
  return low ? removal.first : removal.last + 1U;
}

// Whether a large folio reaches over the edge. One over both ends of a range is
// the low edge's; what is left of it past the last page is split once more, if
// it begins there too (offset + length in truncate_inode_partial_folio()).
template <class C, class P>
bool Machine<C, P>::OverEdge(const Removal& removal) const {
  const File& file = w_.files[removal.file];
  const unsigned page = EdgePage(removal);
  if (page >= C::kFilePages || OrderOf(file, page) == 0) return false;
  const unsigned first = FolioFirst(file, page);
  if (first == page && removal.edge == Edge::kHigh && removal.apart != 0)
    return OrderOf(file, page) > file.folios.min_order;
  return first < page && (removal.edge == Edge::kLow || first >= removal.first);
}

// Whether a page of the range is cached.
template <class C, class P>
bool Machine<C, P>::IsLeft(const Removal& removal) const {
  const unsigned last = std::min<unsigned>(removal.last, C::kFilePages - 1);
  return removal.first <= last &&
         (w_.files[removal.file].cached & PageBits(removal.first, last)) != 0;
}

// After a walk: to the next edge that a folio reaches over, or to the second
// walk. False when there is nothing more.
template <class C, class P>
bool Machine<C, P>::NextEdge(Removal& removal) {
  const File& file = w_.files[removal.file];
  if (removal.edge == Edge::kDone) return false;
  if (removal.edge == Edge::kNotYet) {
    // Nothing was left out where all folios are small and gone.
    if (!rules_.large_folios || me().op.verb == Verb::kInvalidate ||
        (!HasLargeFolios(file) && !IsLeft(removal)))
      return false;
    removal.cursor = removal.first;
  }
  for (;;) {
    removal.edge = static_cast<Edge>(static_cast<uint8_t>(removal.edge) + 1);
    if (removal.edge == Edge::kDone) break;
    if (!OverEdge(removal)) continue;
    removal.phase = RemovalPhase::kEdge;
    return true;
  }
  removal.phase = RemovalPhase::kNextPage;
  return true;
}

// truncate_inode_partial_folio(): zeroes what goes, and begins to split. The
// folio is locked.
template <class C, class P>
void Machine<C, P>::EdgeBegins(Removal& removal, Pass& pass) {
  File& file = w_.files[removal.file];
  const unsigned index = removal.locked - 1U;
  const unsigned first = FolioFirst(file, index);
  const unsigned last = FolioLast(file, index);
  changed_ = true;
  if (first <= removal.last)
    file.folios.stale &= ~PageBits(std::max<unsigned>(first, removal.first),
                                   std::min<unsigned>(last, removal.last));
  // shmem_undo_range(), but not in its second loop: what is written through a
  // pte alone has not marked the folio yet.
  if (IsShmem(removal.file) && removal.edge != Edge::kDone &&
      first <= removal.last)
    Dirties(removal.file, index);
  // filemap_release_folio() of buffer heads and of iomap refuses a dirty folio.
  const bool kept = rules_.dirty_is_not_split && !IsShmem(removal.file) &&
                    (file.folios.dirty >> index & 1) != 0;
  if (OrderOf(file, index) <= file.folios.min_order || kept ||
      IsReferenced(removal.file, index)) {
    EdgeFails(removal, pass);
  } else if (FolioIsMapped(removal.file, index)) {
    PassBegin(removal.file, first, last, /*even_cows=*/false, /*final=*/false,
              pass);
    removal.phase = RemovalPhase::kSplitPass;
  } else {
    removal.phase = RemovalPhase::kSplit;
  }
}

// The folio cannot be split.
template <class C, class P>
void Machine<C, P>::EdgeFails(Removal& removal, Pass& pass) {
  const File& file = w_.files[removal.file];
  const unsigned index = removal.locked - 1U;
  if (!rules_.split_failure_unmaps || IsShmem(removal.file) ||
      !FolioIsMapped(removal.file, index))
    return EdgeStays(removal);
  PassBegin(removal.file, FolioFirst(file, index), FolioLast(file, index),
            /*even_cows=*/false, /*final=*/false, pass);
  removal.phase = RemovalPhase::kKeptPass;
}

// A dirty one stays whole, and the walk that follows leaves it out. A clean one
// goes, also what lies outside the range.
template <class C, class P>
void Machine<C, P>::EdgeStays(Removal& removal) {
  const File& file = w_.files[removal.file];
  const unsigned index = removal.locked - 1U;
  if (FolioFirst(file, index) > removal.last) {  // a second split, ignored
    removal.locked = 0;
    removal.phase = RemovalPhase::kNextPage;
    return;
  }
  if ((file.folios.dirty >> index & 1) == 0) {
    removal.phase = RemovalPhase::kTest;
    return;
  }
  if (EdgePage(removal) != removal.first) {
    removal.stop = static_cast<uint8_t>(FolioFirst(file, index) + 1);
  } else {
    removal.cursor = static_cast<uint16_t>(FolioLast(file, index) + 1);
  }
  removal.locked = 0;
  removal.phase = RemovalPhase::kNextPage;
}

// __folio_split(): with nobody else's reference and no pte left, the folio
// becomes smaller ones. Those past i_size leave the cache.
template <class C, class P>
void Machine<C, P>::SplitFolio(Removal& removal) {
  File& file = w_.files[removal.file];
  Folios& folios = file.folios;
  const unsigned at = EdgePage(removal);
  unsigned order = OrderOf(file, at);
  const unsigned first = FolioFirst(file, at);
  const unsigned last = FolioLast(file, at);
  const auto set_order = [&](unsigned from, unsigned to, unsigned value) {
    const uint64_t bits = PageBits(from, to);
    SetOrder(folios, bits, value);
    if (value == 0) folios.dirty &= ~bits;
  };
  if (rules_.split_keeps_large) {
    // Halves, of which the one with the edge is halved again.
    while (order > folios.min_order) {
      const unsigned whole = at >> order << order;
      --order;
      set_order(whole, whole + (2U << order) - 1, order);
    }
  } else {
    set_order(first, last, folios.min_order);
  }
  removal.locked = 0;
  removal.apart = removal.edge == Edge::kLow && removal.last < last ? 1 : 0;
  for (unsigned page = first; page <= last;) {
    const unsigned next = FolioLast(file, page) + 1;
    if (page >= file.size) TakeFolio(removal.file, page);
    page = next;
  }
  removal.phase = RemovalPhase::kNextPage;
  changed_ = true;
}

// ---- pin, unpin, order

template <class C, class P>
Flow Machine<C, P>::StepFolio(Op& op) {
  const FolioOp& my = op.folio;
  File& file = w_.files[my.file];
  Folios& folios = file.folios;
  const uint64_t bit = PageBits(my.page, my.page);
  if (op.verb == Verb::kPin) {
    folios.pinned |= file.cached & bit;
  } else if (op.verb == Verb::kUnpin) {
    folios.pinned &= ~bit;
  } else {
    folios.order = std::clamp(my.order, folios.low, folios.high);
  }
  changed_ = true;
  return Flow::kDone;
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_FOLIO_INL_H_
