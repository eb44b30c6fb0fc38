// The world: the whole state of the modelled kernel, as one value.
//
// World is trivially copyable and holds no pointer: copying it forks the run,
// hashing it identifies the state. Everything in it is an unsigned integer
// without padding, and free parts are zero, so that two equal worlds are equal
// bytes. Things are named by their index: a vma by its slot in the slab, a
// task, mm or file by its number.
//
// Units: addresses, lengths, pgoffs and sizes are in pages.
#ifndef VMTRUNC_CORE_MODEL_WORLD_H_
#define VMTRUNC_CORE_MODEL_WORLD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/model/caps.h"
#include "core/model/op.h"
#include "core/model/pte.h"
#include "core/model/tlb.h"

namespace vmtrunc {

enum class VmaState : uint8_t {
  kFree = 0,
  kNew = 1,       // allocated, not yet linked into its mm
  kLinked = 2,    // in its mm's list
  kDetached = 3,  // taken off its mm's list, being torn down
};

enum class InIndex : uint8_t {
  kNot = 0,
  kNode = 1,    // a node of the prio tree
  kMember = 2,  // on the vm_set list of a node with the same interval
  kListed = 3,  // on the nonlinear list, or in an index that is a sorted list
};

// One mapping of the file pages [pgoff, pgoff + pages()) at the addresses
// [start, end) of one mm. Owned by the slab; geometry and links guarded by
// mmap_sem and, for walks of the index, by the file's i_mmap_lock.
struct Vma {
  uint16_t start;  // inclusive
  uint16_t end;    // exclusive
  uint16_t pgoff;  // file page at start
  uint8_t mm;
  uint8_t file;
  // vm_truncate_count: 0 = scan it all; page-aligned = restart at this byte
  // address; else the count of the last pass that finished it. A word of the
  // kernel's, but no value that a run can reach needs more than 32 bits.
  uint32_t count;
  VmaState state;
  uint8_t shared;            // VM_SHARED
  uint8_t write;             // VM_WRITE
  uint8_t anon;              // id of its anon_vma, 0 for none
  Slot mm_next, mm_prev;     // the mm's list, by address
  InIndex in_index;          // how it hangs in i_mmap
  Slot parent, left, right;  // of a tree node
  Slot set_prev, set_next;   // the vm_set list; its head is the tree node
  uint8_t birth;             // allocations of this slot: 0, 1..255, 1..255, ...
  uint8_t nonlinear;         // VM_NONLINEAR
  uint8_t accounted;         // VM_ACCOUNT: private, and has been writable
  uint8_t cloned;     // its anon_vma was made by fork, beside its parent's
  uint8_t locked;     // for write, until its mm's mmap_sem is released
  uint8_t readers;    // tasks that hold it for read, a bit each
  uint8_t unused[2];  // 32 bytes: a slot is a shift away

  constexpr unsigned pages() const { return unsigned(end) - start; }
  constexpr unsigned last_pgoff() const { return pgoff + pages() - 1; }
};

// How the page cache of a file groups its pages. A folio of order n holds the
// 2^n pages from a multiple of 2^n on. A bit i below is of page i; all bits are
// 0 of a page that is not cached.
struct Folios {
  uint64_t order1;    // the page is of a folio of two pages
  uint64_t order2;    // of four
  uint64_t pinned;    // somebody holds a reference to the folio by this page
  uint64_t dirty;     // its folio is large and dirty
  uint64_t stale;     // it shows what was there before it was cut off
  uint8_t shmem;      // its pages are tmpfs'
  uint8_t order;      // of folios that are made from now on, where they fit
  uint8_t low, high;  // the script chooses `order` between these
  uint8_t min_order;  // of the file's blocks: no folio is smaller
  uint8_t pfn;        // it has none: its pages are memory of a device, whose
                      // frames are not counted
  uint8_t hugetlb;    // its pages are huge ones, and mms may share the tables
                      // that hold the ptes of its vmas
  uint8_t unused[1];
};

struct File {
  uint32_t truncate_count;
  uint16_t size;  // i_size
  uint8_t exists;
  uint8_t i_sem;            // the task that holds it, or kNone
  uint8_t i_mmap_lock;      // the same
  uint8_t unmap_mutex;      // the same
  Slot root;                // of the prio tree, or kNone
  uint8_t index_bits;       // of the prio tree; 1 when it is empty
  Slot list;                // first of the nonlinear list, or kNone
  uint8_t walkers;          // tasks that hold i_mmap_lock shared, a bit each
  uint8_t invalidate_lock;  // the task that holds it alone, or kNone
  uint8_t fillers;          // tasks that hold it shared, a bit each
  uint64_t cached;          // bit i: page i is in the page cache
  Folios folios;
};

// The order of the folio that holds the page; 0 of one that is not cached.
constexpr unsigned OrderOf(const File& file, unsigned index) {
  if (((file.folios.order1 | file.folios.order2) >> index & 1) == 0) return 0;
  return (file.folios.order2 >> index & 1) != 0 ? 2 : 1;
}
// The largest order from `least` to `most` of a folio that begins at the page
// and ends within `pages`; `least` if there is none.
constexpr unsigned FittingOrder(unsigned page, unsigned pages, unsigned least,
                                unsigned most) {
  unsigned order = most;
  while (order > least &&
         (page % (1U << order) != 0 || page + (1U << order) > pages))
    --order;
  return order;
}
constexpr unsigned FolioFirst(const File& file, unsigned index) {
  return index >> OrderOf(file, index) << OrderOf(file, index);
}
constexpr unsigned FolioLast(const File& file, unsigned index) {
  return FolioFirst(file, index) + (1U << OrderOf(file, index)) - 1;
}
// The pages [first, last], a bit each. Requires: first <= last < 64.
constexpr uint64_t PageBits(unsigned first, unsigned last) {
  return ~uint64_t{0} >> (63 - (last - first)) << first;
}
// All pages of the folio that holds `index`.
constexpr uint64_t FolioBits(const File& file, unsigned index) {
  return PageBits(FolioFirst(file, index), FolioLast(file, index));
}
// The pages of `bits` are in folios of that order.
constexpr void SetOrder(Folios& folios, uint64_t bits, unsigned order) {
  folios.order1 = order == 1 ? folios.order1 | bits : folios.order1 & ~bits;
  folios.order2 = order == 2 ? folios.order2 | bits : folios.order2 & ~bits;
}
// VM_SPECIAL of mm/mmap.c: vmas of such a file neither grow nor merge.
constexpr bool IsSpecial(const File& file) {
  return file.folios.pfn != 0 || file.folios.hugetlb != 0;
}
constexpr bool HasLargeFolios(const File& file) {
  return (file.folios.order1 | file.folios.order2) != 0;
}

// The file page that the pte at `addr` stands for: of a private copy the one
// that was copied, of all others the one that it says.
constexpr unsigned IndexOf(const Vma& vma, unsigned addr, Pte pte) {
  return pte.kind() == PteKind::kCopy ? vma.pgoff + addr - vma.start
                                      : pte.index();
}

template <class C>
struct Mm {
  uint8_t users;            // tasks that run in it; 0 and no vmas: free
  uint8_t live;             // 1 from allocation until exit_mmap is through
  uint8_t writer;           // the task that holds mmap_sem for write, or kNone
  uint8_t readers;          // tasks that hold it for read, a bit each
  uint8_t page_table_lock;  // the task that holds it, or kNone
  Slot mmap;                // first vma, or kNone
  uint16_t tables;          // bit i: the page table of span i is allocated
  Pte ptes[C::kAddrs];
  typename C::TlbWord tlb[C::kAddrs];  // translations that outlive their ptes

  constexpr Translation Translates(unsigned addr) const {
    return UnpackTranslation<C::kTlbBits>(tlb[addr]);
  }
  constexpr void SetTranslation(unsigned addr, const Translation& it) {
    tlb[addr] = PackTranslation<typename C::TlbWord, C::kTlbBits>(it);
  }
};

struct Task {
  uint8_t live;
  uint8_t mm;
  uint8_t order;  // declared tasks first, then in fork order
  uint8_t unused;
  Op op;  // op.verb is kNone when idle
};

// Invariants are the properties in core/run/checker.h, which recomputes each
// from this struct alone.
template <class C>
struct World {
  using Caps = C;

  File files[C::kFiles];
  Vma vmas[C::kVmas];
  Mm<C> mms[C::kMms];
  Task tasks[C::kTasks];
  // Structs that are free, the one freed last at [free_count - 1].
  Slot free_slots[C::kVmas];
  uint16_t mapcount[C::kFiles][C::kFilePages];
  Frame frames[C::kFrames];
  uint32_t count_mask;  // truncate_count is this wide
  uint8_t free_count;
  uint8_t block;  // pages zapped between two break tests
  uint8_t next_order;
  uint8_t ran_out;  // a capacity that is not the contract's was exceeded
  uint8_t tlb;      // translations may outlive their ptes
  // The number of the table that a span of an mm shares with others, or 0.
  uint8_t shares[C::kMms][C::kAddrs / kPtesPerTable];
  uint8_t unused[7 - sizeof(shares) % 8];
};

// Of the contract: what scripts run in.
using LargeMm = Mm<LargeCaps>;
using LargeWorld = World<LargeCaps>;

// The tasks that have an operation in flight, a bit each.
template <class C>
unsigned BusyTasks(const World<C>& w) {
  unsigned busy = 0;
  for (unsigned task = 0; task < C::kTasks; ++task)
    if (w.tasks[task].op.verb != Verb::kNone) busy |= 1U << task;
  return busy;
}

// Calls f(mm, addr, translation) for each translation, until it returns true.
// Returns whether it has.
template <class C, class F>
bool AnyTranslation(const World<C>& w, const F& f) {
  for (unsigned mm = 0; mm < C::kMms; ++mm)
    for (unsigned addr = 0; addr < C::kAddrs; ++addr)
      if (w.mms[mm].tlb[addr] != 0 && f(mm, addr, w.mms[mm].Translates(addr)))
        return true;
  return false;
}

// Whether a file has huge pages.
template <class C>
bool HasHugePages(const World<C>& w) {
  return std::ranges::any_of(
      w.files, [](const File& file) { return file.folios.hugetlb != 0; });
}

// Whether the translation leads to what its pte was made for. A page of a
// device is its driver's again when the pass that revoked it has returned.
template <class C>
bool IsOwned(const World<C>& w, const Translation& it) {
  if (it.leads == Leads::kFrame)
    return w.frames[it.number].state == FrameState::kHeld;
  if (it.leads != Leads::kPage) return true;
  const File& file = w.files[it.file];
  return (file.cached >> it.number & 1) != 0 || file.i_sem != kNone;
}

// The file of the page that a fault is about.
template <class C>
unsigned FileOf(const World<C>& w, const Fault& fault) {
  return fault.dropped != 0 ? fault.dropped - 1U : w.vmas[fault.vma].file;
}

// The linked vma of the mm that maps `addr`, or nullptr.
template <class C>
const Vma* VmaAt(const World<C>& w, unsigned mm, unsigned addr) {
  for (Slot slot = w.mms[mm].mmap; slot != kNone; slot = w.vmas[slot].mm_next)
    if (w.vmas[slot].start <= addr && addr < w.vmas[slot].end)
      return &w.vmas[slot];
  return nullptr;
}

static_assert(std::has_unique_object_representations_v<World<LargeCaps>>);
static_assert(std::has_unique_object_representations_v<World<SmallCaps>>);
static_assert(std::is_trivially_copyable_v<World<LargeCaps>>);

// A 64-bit hash of the bytes of `object`, the same on every build and machine
// of one byte order.
uint64_t HashBytes(const void* bytes, size_t size);

template <class T>
uint64_t HashOf(const T& object) {
  static_assert(std::has_unique_object_representations_v<T>);
  return HashBytes(&object, sizeof(object));
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_WORLD_H_
