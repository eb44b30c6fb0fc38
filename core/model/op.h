// Operations in flight: for each verb its arguments and progress, and the parts
// that several verbs share.
//
// Each verb has a struct of its own, and so has each part; no field has two
// meanings. Only the verb's own struct and the parts that it has started are in
// use; the rest is zero. Unused bytes are declared, so that there is no
// padding. core/model/fields.h lists the fields.
//
// Units: addresses, lengths, pgoffs and sizes are in pages.
#ifndef VMTRUNC_CORE_MODEL_OP_H_
#define VMTRUNC_CORE_MODEL_OP_H_

#include <cstdint>

#include "core/model/phases.h"
#include "core/model/pte.h"
#include "core/model/tlb.h"

namespace vmtrunc {

using Slot = uint8_t;  // of a vma in the slab
inline constexpr uint8_t kNone = 0xff;

enum class Verb : uint8_t {
  kNone = 0,
  kMmap = 1,
  kMunmap = 2,
  kMprotect = 3,
  kMremap = 4,
  kRead = 5,
  kWrite = 6,
  kFork = 7,
  kExit = 8,
  kTruncate = 9,
  kRemap = 10,
  kPunch = 11,
  kInvalidate = 12,
  kPin = 13,
  kUnpin = 14,
  kOrder = 15,
  kRevoke = 16,
  kCollapse = 17,
};
inline constexpr int kVerbs = 17;

// Whether passes run in it.
constexpr bool IsPass(Verb verb) {
  return verb == Verb::kTruncate || verb == Verb::kPunch ||
         verb == Verb::kInvalidate || verb == Verb::kRevoke ||
         verb == Verb::kCollapse;
}

// One in-flight do_mmap_pgoff(): of a mmap, or of a remap that is emulated.
struct Mmap {
  MmapPhase phase;
  uint8_t file, shared, write;
  uint8_t populate;
  Slot new_vma;
  uint16_t addr, len, pgoff;
  uint16_t populated;  // pages, from addr on
};

// One in-flight vma_adjust(): the new geometry of `vma`, and what it inserts.
struct Adjust {
  AdjustPhase phase;
  Slot vma, insert;
  uint8_t remove_next;  // 0, 1 or 2 vmas to absorb
  uint16_t start, end, pgoff;
  uint8_t vma_birth;
  uint8_t merge_case;  // 1..8, 0 for a split or growth in place
};

// One in-flight do_munmap() or exit_mmap().
struct Unmap {
  UnmapPhase phase;
  uint8_t mm;
  Slot first;           // of the detached list
  Slot cursor;          // where zapping is
  uint16_t start, end;  // what is unmapped
  uint16_t next_addr;   // where zapping continues in the cursor's vma
  uint8_t whole_mm;     // exit_mmap
  uint8_t failed;       // ENOMEM
};

// One in-flight pass: unmap_mapping_range().
struct Pass {
  PassPhase phase;
  uint8_t active;  // the pass has its count and has not ended
  uint8_t file;
  uint8_t even_cows;     // take private copies too
  uint16_t first, last;  // file pages, inclusive
  uint32_t count;        // N
  Slot cursor;           // the vma being zapped; valid while the lock is held
  uint8_t cursor_birth;
  uint16_t addr, end;  // in the cursor's vma: next address, end of the range
  Slot restart_vma;    // one restart point a pass, where that is the rule
  uint8_t dropped;     // the lock was dropped and is not retaken yet
  uint16_t restart_addr, restart_pgoff;
  uint8_t in_list;  // the tree is done: walking the nonlinear list
  uint8_t final;    // no pass over the whole range follows in its operation
  uint8_t work;     // pages zapped in this block
  uint8_t zapped;   // the pass has zapped a page
  uint8_t table;    // where the table that it has read is now, if that was
                    // moved: the span, plus 1; or kFreedTable
  uint8_t unused[3];
};
inline constexpr uint8_t kFreedTable = 0xff;

// One in-flight fault.
struct Fault {
  FaultPhase phase;
  uint8_t write;
  Slot vma;
  uint8_t vma_birth;
  uint16_t addr;
  Pte page;      // the page taken, kept until the pte is set
  uint32_t seq;  // the sample of truncate_count
  FaultOutcome outcome;
  uint8_t retried;  // the count was sampled again under page_table_lock
  uint16_t index;   // file page that is wanted
  uint8_t from_file_pte;
  uint8_t locked;  // the page of `page` is locked by this fault
  uint8_t told;    // page_mkwrite has been called
  uint8_t filler;  // invalidate_lock is held shared
  uint8_t added;   // it has put the page into the cache itself
  uint8_t cap;     // i_size, as fault-around has read it
  uint8_t major;   // it has read the page in, holding its vma's lock
  // It waits without mmap_sem and its vma's lock, in this file, plus 1; 0: no.
  uint8_t dropped;
};

// How far the folios that reach over the ends of a range are seen to.
enum class Edge : uint8_t {
  kNotYet,  // the first walk, over folios that lie inside
  kLow,     // the folio over the first page
  kHigh,    // that over the last
  kDone,    // the second walk
};

// Removes the folios of a range from the page cache, one after the other: the
// part of truncate and punch between passes, and all of invalidate.
struct Removal {
  RemovalPhase phase;
  uint8_t file;
  uint16_t first, last;  // the pages that go, inclusive
  uint16_t cursor;       // those before it are gone
  uint8_t locked;        // the page whose folio is locked, plus 1; 0: none
  uint8_t rest_done;     // a pass over the rest of the range was begun
  uint8_t page_passes;   // over the page that is locked, in a row
  Edge edge;
  uint8_t stop;   // a folio from this page on stays, plus 1; 0: none
  uint8_t apart;  // the folio over the first page, now split, was also over the
                  // last
};

struct MunmapOp {
  uint16_t addr, len;
  MunmapPhase phase;
  uint8_t unused[19];
};

struct MprotectOp {
  uint16_t addr, len;
  uint16_t cursor, stop;  // what changes now, of `vma`; cursor 0: not begun
  MprotectPhase phase;
  uint8_t write;
  Slot vma;
  Slot merged;  // what a merge in flight makes of it
  uint8_t unused[12];
};

struct MremapOp {
  uint16_t addr, len;  // of the part that moves now
  uint16_t new_addr, new_len;
  uint16_t fail_after;  // pages moved until the allocation fails, +1
  uint16_t cursor;      // pages seen to, from addr on
  uint16_t moved;       // pages
  MremapPhase phase;
  uint8_t rest;       // pages of the range after this part
  uint8_t backwards;  // pages move back, as a page table allocation failed
  uint8_t failed;     // so has the call: MoveFails() alone sets these two
  uint8_t locks;      // moves need i_mmap_lock
  Slot vma, new_vma;
  uint8_t vma_birth, new_vma_birth;
  uint8_t owes;  // the old addresses are flushed when all has moved
};

// Of read and write.
struct AccessOp {
  uint16_t addr;
  AccessPhase phase;
  uint8_t vma_locked;  // the fault holds its vma's lock, not mmap_sem
  Slot vma;            // found without mmap_sem, until its lock is taken
  uint8_t other_mm;    // whose writer is woken
  uint8_t tried;       // drops mmap_sem no more to wait
  uint8_t unused[17];
};

struct ForkOp {
  uint16_t cursor;  // address of the next pte to copy
  ForkPhase phase;
  uint8_t child_task, child_mm;
  Slot vma, new_vma;  // the parent's and the child's
  uint8_t unused[17];
};

struct ExitOp {
  ExitPhase phase;
  uint8_t unused[23];
};

// Of truncate, whose new size is the first page that goes, and of punch.
struct TruncateOp {
  Removal removal;
  TruncatePhase phase;
  uint8_t no_pass;  // nothing is unmapped that is not removed
  uint8_t unused[8];
};

struct InvalidateOp {
  Removal removal;
  InvalidatePhase phase;
  uint8_t unused[9];
};

// Of revoke: the pages that the driver takes back, in `removal`.
struct RevokeOp {
  Removal removal;
  RevokePhase phase;
  uint8_t unused[9];
};

// Of collapse: its pages, in `removal`, and the vma whose table may go.
struct CollapseOp {
  Removal removal;
  CollapsePhase phase;
  uint8_t held;  // the pages are locked
  Slot cursor;   // plus 1; 0: before the first
  uint8_t unused[7];
};

// Of pin, unpin and order.
struct FolioOp {
  FolioPhase phase;
  uint8_t file, page, order;
  uint8_t unused[20];
};

struct RemapOp {
  uint16_t addr, len, pgoff;
  uint16_t cursor;  // pages seen to, from addr on
  RemapPhase phase;
  Slot vma;
  uint8_t vma_birth;
  uint8_t unused[13];
};

struct Op {
  Verb verb;
  uint8_t unused;
  union {  // the verb's; mmap is all in its part
    MunmapOp munmap;
    MprotectOp mprotect;
    MremapOp mremap;
    AccessOp access;
    ForkOp fork;
    ExitOp exit;
    TruncateOp truncate;
    InvalidateOp invalidate;
    RemapOp remap;
    FolioOp folio;
    RevokeOp revoke;
    CollapseOp collapse;
  };
  Mmap mmap;
  Adjust adjust;
  Unmap unmap;
  Pass pass;
  Fault fault;
  Gather gather;
};

// Requires: the verb takes pages out of the page cache.
constexpr Removal& RemovalOf(Op& op) {
  return op.verb == Verb::kInvalidate ? op.invalidate.removal
         : op.verb == Verb::kRevoke   ? op.revoke.removal
         : op.verb == Verb::kCollapse ? op.collapse.removal
                                      : op.truncate.removal;
}
constexpr const Removal& RemovalOf(const Op& op) {
  return op.verb == Verb::kInvalidate ? op.invalidate.removal
         : op.verb == Verb::kRevoke   ? op.revoke.removal
         : op.verb == Verb::kCollapse ? op.collapse.removal
                                      : op.truncate.removal;
}

// The page that the operation has locked to remove it, plus 1; 0: none.
constexpr unsigned LockedPage(const Op& op) {
  return IsPass(op.verb) ? RemovalOf(op).locked : 0U;
}

constexpr bool IsAccess(const Op& op) {
  return op.verb == Verb::kRead || op.verb == Verb::kWrite;
}

// Whether it is an access that has found a struct and is about to lock the vma
// in it, in an RCU read section.
constexpr bool LooksAtVma(const Op& op) {
  return IsAccess(op) && (op.access.phase == AccessPhase::kVmaLock ||
                          op.access.phase == AccessPhase::kCheckVma);
}

// Whether it is an access whose fault holds the lock of its vma.
constexpr bool HoldsVma(const Op& op) {
  return IsAccess(op) && op.access.vma_locked != 0;
}

// Whether it has failed with ENOMEM.
constexpr bool HasFailed(const Op& op) {
  return op.unmap.failed != 0 ||
         (op.verb == Verb::kMremap && op.mremap.failed != 0) ||
         (op.verb == Verb::kFork && op.fork.phase == ForkPhase::kUndoUnmap);
}

// Whether it is a truncation that has set i_size.
constexpr bool Truncates(const Op& op) {
  return op.verb == Verb::kTruncate && SizeIsSet(op.truncate.phase);
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_OP_H_
