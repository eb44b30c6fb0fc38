// The fields of a world: one list, used for output and for the normal form of a
// search.
//
// ForEachField(it, f) calls f(field, name, as::kForm) for each field, and
// f(field, name, as::kKnown, birth) for a vma that an operation remembers
// together with its birth. Left out are the geometry, mm and file of a vma, the
// ptes and the translations of an mm, and the verb of an operation: the users
// treat these differently. core/about/differences_test.cc checks that each byte
// is covered.
#ifndef VMTRUNC_CORE_MODEL_FIELDS_H_
#define VMTRUNC_CORE_MODEL_FIELDS_H_

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "core/model/world.h"

namespace vmtrunc {

// The meaning of a number.
enum class Form : uint8_t {
  kNumber,
  kCount,   // of a pass, or 0
  kPhase,   // a number, told where the sync points do not tell it apart
  kBirth,   // a number, told when nothing else differs
  kYes,     // not 0
  kSlot,    // of a vma, or kNone
  kKnown,   // the same, of a vma whose birth is remembered too
  kLink,    // the same, told of vmas that are in the same kind of index
  kHolder,  // the task that holds a lock, or kNone
  kTasks,   // a bit each
  kMm,
  kPages,   // a bit each
  kTables,  // page tables, a bit each
  kFile,
  kMark,   // core/model/mark.h
  kPte,    // its bits
  kState,  // VmaState
  kPlace,  // InIndex
  kOther,  // an mm plus 1; 0: none
  kFrame,  // FrameState
};

// Forms as types, so that a callee can distinguish them at compile time.
namespace as {
template <Form kForm>
struct Tag {
  static constexpr Form form = kForm;
};
inline constexpr Tag<Form::kNumber> kNumber;
inline constexpr Tag<Form::kCount> kCount;
inline constexpr Tag<Form::kPhase> kPhase;
inline constexpr Tag<Form::kBirth> kBirth;
inline constexpr Tag<Form::kYes> kYes;
inline constexpr Tag<Form::kSlot> kSlot;
inline constexpr Tag<Form::kKnown> kKnown;
inline constexpr Tag<Form::kLink> kLink;
inline constexpr Tag<Form::kHolder> kHolder;
inline constexpr Tag<Form::kTasks> kTasks;
inline constexpr Tag<Form::kMm> kMm;
inline constexpr Tag<Form::kPages> kPages;
inline constexpr Tag<Form::kTables> kTables;
inline constexpr Tag<Form::kFile> kFile;
inline constexpr Tag<Form::kMark> kMark;
inline constexpr Tag<Form::kPte> kPte;
inline constexpr Tag<Form::kState> kState;
inline constexpr Tag<Form::kPlace> kPlace;
inline constexpr Tag<Form::kOther> kOther;
inline constexpr Tag<Form::kFrame> kFrame;
}  // namespace as

template <class T, class Field>
concept Is = std::same_as<std::remove_const_t<T>, Field>;

template <Is<Folios> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.order1, "pages of folios of order 1", as::kPages);
  f(it.order2, "pages of folios of order 2", as::kPages);
  f(it.pinned, "pages pinned", as::kPages);
  f(it.dirty, "pages of dirty large folios", as::kPages);
  f(it.stale, "pages that were cut off", as::kPages);
  f(it.shmem, "is tmpfs", as::kYes);
  f(it.order, "order of new folios", as::kNumber);
  f(it.low, "lowest order", as::kNumber);
  f(it.high, "highest order", as::kNumber);
  f(it.min_order, "order of a block", as::kNumber);
  f(it.pfn, "is a device's memory", as::kYes);
  f(it.hugetlb, "has huge pages", as::kYes);
}

template <Is<File> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.size, "size", as::kNumber);
  f(it.truncate_count, "truncate_count", as::kCount);
  f(it.cached, "pages in the page cache", as::kPages);
  f(it.exists, "exists", as::kYes);
  f(it.i_sem, "i_sem", as::kHolder);
  f(it.invalidate_lock, "invalidate_lock", as::kHolder);
  f(it.fillers, "invalidate_lock shared by", as::kTasks);
  f(it.unmap_mutex, "unmap_mutex", as::kHolder);
  f(it.i_mmap_lock, "i_mmap_lock", as::kHolder);
  f(it.walkers, "i_mmap_lock shared by", as::kTasks);
  f(it.root, "root of the tree", as::kSlot);
  f(it.index_bits, "index_bits", as::kNumber);
  f(it.list, "first of the list", as::kSlot);
  ForEachField(it.folios, f);
}

template <Is<Vma> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.count, "count", as::kMark);
  f(it.state, "state", as::kState);
  f(it.in_index, "in i_mmap", as::kPlace);
  f(it.shared, "shared", as::kYes);
  f(it.write, "writable", as::kYes);
  f(it.nonlinear, "nonlinear", as::kYes);
  f(it.accounted, "accounted", as::kYes);
  f(it.anon, "anon_vma", as::kNumber);
  f(it.cloned, "anon_vma made by fork", as::kYes);
  f(it.locked, "locked by a writer of its mm", as::kYes);
  f(it.readers, "its lock shared by", as::kTasks);
  f(it.mm_next, "next in its mm", as::kSlot);
  f(it.mm_prev, "previous in its mm", as::kSlot);
  f(it.parent, "parent in the tree", as::kLink);
  f(it.left, "left in the tree", as::kLink);
  f(it.right, "right in the tree", as::kLink);
  f(it.set_prev, "previous in its set", as::kLink);
  f(it.set_next, "next in its set", as::kLink);
  f(it.birth, "allocations of the slot", as::kBirth);
}

template <Is<LargeMm> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.live, "exists", as::kYes);
  f(it.users, "tasks in it", as::kNumber);
  f(it.writer, "mmap_sem", as::kHolder);
  f(it.readers, "mmap_sem shared by", as::kTasks);
  f(it.page_table_lock, "page_table_lock", as::kHolder);
  f(it.mmap, "first vma", as::kSlot);
  f(it.tables, "page tables", as::kTables);
}

template <Is<Task> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.live, "exists", as::kYes);
  f(it.mm, "mm", as::kMm);
  f(it.order, "order", as::kNumber);
}

template <Is<Mmap> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase of the mmap", as::kPhase);
  f(it.file, "file", as::kFile);
  f(it.shared, "shared", as::kYes);
  f(it.write, "writable", as::kYes);
  f(it.populate, "populates", as::kYes);
  f(it.new_vma, "new vma", as::kSlot);
  f(it.addr, "address", as::kNumber);
  f(it.len, "length", as::kNumber);
  f(it.pgoff, "pgoff", as::kNumber);
  f(it.populated, "pages populated", as::kNumber);
}

template <Is<Adjust> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase of vma_adjust", as::kPhase);
  f(it.vma, "vma to adjust", as::kKnown, it.vma_birth);
  f(it.insert, "vma to insert", as::kSlot);
  f(it.remove_next, "vmas to absorb", as::kNumber);
  f(it.start, "start to adjust to", as::kNumber);
  f(it.end, "end to adjust to", as::kNumber);
  f(it.pgoff, "pgoff to adjust to", as::kNumber);
  f(it.merge_case, "case of vma_merge", as::kNumber);
}

template <Is<Unmap> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase of the unmap", as::kPhase);
  f(it.mm, "mm to unmap in", as::kMm);
  f(it.first, "first detached vma", as::kSlot);
  f(it.cursor, "detached vma being zapped", as::kSlot);
  f(it.start, "start to unmap", as::kNumber);
  f(it.end, "end to unmap", as::kNumber);
  f(it.next_addr, "unmap continues at", as::kNumber);
  f(it.whole_mm, "unmaps the whole mm", as::kYes);
  f(it.failed, "the unmap has failed", as::kYes);
}

template <Is<Pass> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase of the pass", as::kPhase);
  f(it.active, "the pass has its count", as::kYes);
  f(it.file, "file of the pass", as::kFile);
  f(it.even_cows, "takes private copies", as::kYes);
  f(it.first, "first page of the pass", as::kNumber);
  f(it.last, "last page of the pass", as::kNumber);
  f(it.count, "count of the pass", as::kCount);
  f(it.cursor, "vma being zapped", as::kKnown, it.cursor_birth);
  f(it.addr, "zaps next", as::kNumber);
  f(it.end, "zaps up to", as::kNumber);
  f(it.restart_vma, "vma of the restart point", as::kSlot);
  f(it.dropped, "the lock is dropped", as::kYes);
  f(it.restart_addr, "address of the restart point", as::kNumber);
  f(it.restart_pgoff, "pgoff of the restart point", as::kNumber);
  f(it.in_list, "walks the nonlinear list", as::kYes);
  f(it.final, "no whole pass follows", as::kYes);
  f(it.work, "zapped in this block", as::kNumber);
  f(it.zapped, "has zapped a page", as::kYes);
  f(it.table, "span of its table now, plus 1; 255: freed", as::kNumber);
}

template <Is<Fault> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase of the fault", as::kPhase);
  f(it.write, "a write fault", as::kYes);
  f(it.vma, "vma of the fault", as::kKnown, it.vma_birth);
  f(it.addr, "address of the fault", as::kNumber);
  f(it.page.bits, "page taken", as::kPte);
  f(it.seq, "truncate_count as sampled", as::kCount);
  f(it.outcome, "outcome of the fault", as::kNumber);
  f(it.retried, "the count was sampled again", as::kYes);
  f(it.index, "page wanted", as::kNumber);
  f(it.from_file_pte, "wanted by a file pte", as::kYes);
  f(it.locked, "holds the page's lock", as::kYes);
  f(it.told, "page_mkwrite was called", as::kYes);
  f(it.filler, "holds invalidate_lock", as::kYes);
  f(it.added, "has put the page into the cache", as::kYes);
  f(it.cap, "i_size as fault-around read it", as::kNumber);
  f(it.major, "has read the page in", as::kYes);
  f(it.dropped, "waits unlocked in file, plus 1", as::kNumber);
}

template <Is<Removal> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase of the removal", as::kPhase);
  f(it.file, "file", as::kFile);
  f(it.first, "first page that goes", as::kNumber);
  f(it.last, "last page that goes", as::kNumber);
  f(it.cursor, "has removed up to", as::kNumber);
  f(it.locked, "page locked, plus 1", as::kNumber);
  f(it.rest_done, "a pass over the rest was begun", as::kYes);
  f(it.page_passes, "passes over the page", as::kNumber);
  f(it.edge, "edges of the range", as::kPhase);
  f(it.stop, "folio that stays at the end, plus 1", as::kNumber);
  f(it.apart, "its first folio held the page after it", as::kYes);
}

template <Is<MunmapOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.addr, "address", as::kNumber);
  f(it.len, "length", as::kNumber);
  f(it.phase, "phase", as::kPhase);
}

template <Is<MprotectOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.addr, "address", as::kNumber);
  f(it.len, "length", as::kNumber);
  f(it.cursor, "has reached", as::kNumber);
  f(it.stop, "changes up to", as::kNumber);
  f(it.phase, "phase", as::kPhase);
  f(it.write, "writable", as::kYes);
  f(it.vma, "vma", as::kSlot);
  f(it.merged, "merged vma", as::kSlot);
}

template <Is<MremapOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.addr, "address", as::kNumber);
  f(it.len, "length", as::kNumber);
  f(it.new_addr, "new address", as::kNumber);
  f(it.new_len, "new length", as::kNumber);
  f(it.fail_after, "moves until it fails", as::kNumber);
  f(it.cursor, "has reached", as::kNumber);
  f(it.moved, "pages moved", as::kNumber);
  f(it.phase, "phase", as::kPhase);
  f(it.rest, "pages after this part", as::kNumber);
  f(it.backwards, "goes back", as::kYes);
  f(it.failed, "has failed", as::kYes);
  f(it.locks, "moves lock", as::kYes);
  f(it.vma, "vma", as::kKnown, it.vma_birth);
  f(it.new_vma, "new vma", as::kKnown, it.new_vma_birth);
  f(it.owes, "owes a flush", as::kYes);
}

template <Is<AccessOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.addr, "address", as::kNumber);
  f(it.phase, "phase", as::kPhase);
  f(it.vma_locked, "holds the vma's lock", as::kYes);
  f(it.vma, "vma found without mmap_sem", as::kSlot);
  f(it.other_mm, "mm of the struct that was another's", as::kMm);
  f(it.tried, "waits in place from now on", as::kYes);
}

template <Is<ForkOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.cursor, "has reached", as::kNumber);
  f(it.phase, "phase", as::kPhase);
  f(it.child_task, "child task", as::kHolder);
  f(it.child_mm, "child mm", as::kMm);
  f(it.vma, "vma", as::kSlot);
  f(it.new_vma, "new vma", as::kSlot);
}

template <Is<ExitOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.phase, "phase", as::kPhase);
}

template <Is<TruncateOp> T, class F>
void ForEachField(T& it, const F& f) {
  ForEachField(it.removal, f);
  f(it.phase, "phase", as::kPhase);
  f(it.no_pass, "has no pass", as::kYes);
}

template <Is<InvalidateOp> T, class F>
void ForEachField(T& it, const F& f) {
  ForEachField(it.removal, f);
  f(it.phase, "phase", as::kPhase);
}

template <Is<RevokeOp> T, class F>
void ForEachField(T& it, const F& f) {
  ForEachField(it.removal, f);
  f(it.phase, "phase", as::kPhase);
}

template <Is<CollapseOp> T, class F>
void ForEachField(T& it, const F& f) {
  ForEachField(it.removal, f);
  f(it.phase, "phase", as::kPhase);
  f(it.held, "holds the pages' locks", as::kYes);
  f(it.cursor, "vma, plus 1", as::kNumber);
}

template <Is<FolioOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.file, "file", as::kFile);
  f(it.page, "page", as::kNumber);
  f(it.order, "order", as::kNumber);
  f(it.phase, "phase", as::kPhase);
}

template <Is<RemapOp> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.addr, "address", as::kNumber);
  f(it.len, "length", as::kNumber);
  f(it.pgoff, "pgoff", as::kNumber);
  f(it.cursor, "has reached", as::kNumber);
  f(it.phase, "phase", as::kPhase);
  f(it.vma, "vma", as::kKnown, it.vma_birth);
}

template <Is<Gather> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.mm, "gathers in mm", as::kOther);
  f(it.frames, "frames gathered", as::kNumber);
  f(it.lo, "owes a flush from", as::kNumber);
  f(it.hi, "owes a flush up to", as::kNumber);
  for (auto& file : it.files) f(file, "file of a page gathered", as::kNumber);
  for (auto& page : it.pages) f(page, "page gathered", as::kNumber);
  f(it.named, "pages gathered that are known", as::kNumber);
}

template <Is<Frame> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.state, "state", as::kFrame);
  f(it.file, "file or mm", as::kNumber);
  f(it.page, "page or address", as::kNumber);
  f(it.holders, "held by the gathers of", as::kTasks);
  f(it.freed, "freed as number", as::kNumber);
}

template <Is<Op> T, class F>
void ForEachField(T& it, const F& f) {
  switch (it.verb) {
    case Verb::kNone:
    case Verb::kMmap:
      break;
    case Verb::kMunmap:
      ForEachField(it.munmap, f);
      break;
    case Verb::kMprotect:
      ForEachField(it.mprotect, f);
      break;
    case Verb::kMremap:
      ForEachField(it.mremap, f);
      break;
    case Verb::kRead:
    case Verb::kWrite:
      ForEachField(it.access, f);
      break;
    case Verb::kFork:
      ForEachField(it.fork, f);
      break;
    case Verb::kExit:
      ForEachField(it.exit, f);
      break;
    case Verb::kTruncate:
    case Verb::kPunch:
      ForEachField(it.truncate, f);
      break;
    case Verb::kInvalidate:
      ForEachField(it.invalidate, f);
      break;
    case Verb::kRevoke:
      ForEachField(it.revoke, f);
      break;
    case Verb::kCollapse:
      ForEachField(it.collapse, f);
      break;
    case Verb::kRemap:
      ForEachField(it.remap, f);
      break;
    case Verb::kPin:
    case Verb::kUnpin:
    case Verb::kOrder:
      ForEachField(it.folio, f);
      break;
  }
  ForEachField(it.mmap, f);
  ForEachField(it.adjust, f);
  ForEachField(it.unmap, f);
  ForEachField(it.pass, f);
  ForEachField(it.fault, f);
  ForEachField(it.gather, f);
}

template <Is<LargeWorld> T, class F>
void ForEachField(T& it, const F& f) {
  f(it.block, "pages in a block", as::kNumber);
  f(it.count_mask, "mask of truncate_count", as::kNumber);
  f(it.next_order, "tasks so far", as::kNumber);
  f(it.ran_out, "ran out", as::kYes);
  f(it.tlb, "translations may outlive their ptes", as::kYes);
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_FIELDS_H_
