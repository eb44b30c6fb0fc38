// The content of a run, as data. A row of a Story is a list of facts
// (row_facts.h). All decisions use these; only words_fact.cc makes English
// sentences of them.
//
// Names are numbers here: of a task, of a file, and for an mm the number of the
// task whose name it has in that row (StoryRow::mm_task).
#ifndef VMTRUNC_REPORT_EXPLAIN_FACT_H_
#define VMTRUNC_REPORT_EXPLAIN_FACT_H_

#include <optional>
#include <utility>
#include <vector>

#include "core/model/machine.h"
#include "report/explain/sync_point.h"

namespace vmtrunc::report {

// A lock that a task holds, or takes and releases.
struct HeldLock {
  LockKind kind = LockKind::kISem;
  unsigned id = 0;  // of the file, mm, vma, or page
  bool shared = false;
  bool operator==(const HeldLock&) const = default;
};

// A lock, and its owner.
struct LockFact {
  HeldLock lock;
  unsigned owner = 0;  // of the mm, if it is an mm's
  bool is_own = true;  // of the mm of the row's own task
  bool operator==(const LockFact&) const = default;
};

// The holder of a lock that another task waits for.
struct Holder {
  unsigned task = 0;
  LockFact lock;
  bool operator==(const Holder&) const = default;
};

// The state of a vma, by its count.
struct CountFact {
  enum class Kind : uint8_t {
    kNone,     // nothing: the kernel has no counts
    kToScan,   // 0, or of no pass
    kScanned,  // by `pass`
    kRestart,  // at `at`; of `pass`, or 0 where the mark names none
  };
  Kind kind = Kind::kNone;
  uint32_t pass = 0;
  unsigned at = 0;
  bool operator==(const CountFact&) const = default;
};

// A vma at that time.
struct VmaFact {
  Slot slot = kNone;
  unsigned owner = 0;  // of its mm
  unsigned start = 0, end = 0;
  bool operator==(const VmaFact&) const = default;
};

// Where a pass would resume by its own note.
struct RestartNote {
  Slot slot = kNone;
  unsigned addr = 0, page = 0;
  bool operator==(const RestartNote&) const = default;
};

// A page of a file, by which its frame is named.
struct PageName {
  unsigned file = 0, page = 0;
  bool operator==(const PageName&) const = default;
};

// What a translation that was made for a page leads to by now.
struct FrameUse {
  enum class Is : uint8_t {
    kItsPage,       // which is in the page cache
    kHeld,          // it has left; gathers of `holders` hold its frame
    kFree,          // its frame is free
    kPage,          // its frame is `page` now
    kCopy,          // its frame is a private copy at `addr` of `owner` now
    kBeingRevoked,  // a page of a device, which a driver takes back
    kRevoked,       // which a driver has taken back
    kUnknown,       // it is not followed: a private copy, or held by others
  };
  Is is = Is::kItsPage;
  PageName page = {};
  unsigned owner = 0, addr = 0;
  std::vector<unsigned> holders = {};
  bool operator==(const FrameUse&) const = default;
};

// A page table, and where its entry in the directory is: 16 addresses each.
struct TableFact {
  unsigned number = 0;          // in the order of their allocation, from 1
  unsigned first = 0;           // the first address, or where it was read
  std::optional<unsigned> now;  // the same where it is by now; none: it is free
  bool operator==(const TableFact&) const = default;
};

struct Fact {
  enum class Kind : uint8_t {
    // For `holders`; none: for `page` to be unmapped, or at `place`.
    kWaits,
    kSetsSize,        // of `file`, from `before` to `after`
    kBeginsPass,      // to unmap pages `first`..`last`; its count is `pass`
    kZaps,            // `addrs` of `owner`
    kScans,           // the same, and zaps nothing
    kPassesBy,        // `vma`, whose count becomes `count`
    kGoesOn,          // in `vma` at `addr`, past `first`..`last`
    kComesTo,         // `vma`, with the count `count`
    kFrees,           // `vma`; also `count`, if that is a restart address
    kAllocates,       // `vma`; its struct was `was`'s
    kSplits,          // `of`; the piece is `vma`, its struct was `was`'s
    kResizes,         // `vma` to [`first`, `last`)
    kDetaches,        // `vma` from its mm
    kIndexes,         // `vma`; its count becomes `count`, if that is "scanned"
    kUnindexes,       // `vma`
    kMakesNonlinear,  // `vma`; and so on
    kMakesLinear,
    kMakesWritable,
    kMakesReadOnly,
    kMoves,    // `addrs` to `to`, of `owner`
    kClears,   // `addrs` of `owner`
    kMaps,     // the same
    kDrops,    // i_mmap_lock; keeps `note`, or leaves `count` in `vma`
    kRemoves,  // `pages` from the page cache, though `addrs` of `owner`
               // still map `mapped`
    kEndsPass,
    kClearsCount,       // of `vma`
    kServed,            // an access, by the existing page
    kMakesPteWritable,  // at `addr` of `owner`
    kSigbusPastSize,    // at `addr`, for `page`; i_size is `after`
    kSigbusGone,        // the same: it has left the page cache
    kSigsegvReadOnly,   // at `addr`
    kSigsegvNoVma,      // the same
    kRetriesCount,      // truncate_count has changed
    kRetriesPage,       // `page` has left the page cache
    kPteChanged,        // at `addr`: the access would fault again
    kFails,             // the operation, with ENOMEM
    kNoMemory,          // it undoes its work
    kEnds,              // the operation, without other facts
    kOnlyLocks,         // nothing else; it continues at `place`
    // Of folios of `file`, which have the pages `first`..`last`.
    kSamplesSize,  // reads i_size, `after`, to map pages by it later
    kChecksSize,   // finds `page` inside the file; i_size is `after`
    kHolds,        // takes a reference, for `page`
    kCaches,       // puts one into the page cache
    kDirties,
    kSplitsFolio,  // into ones that begin at `pages`
    kKeepsFolio,   // cannot split it: it is of the smallest order
                   // (`is_smallest`), or dirty where that is the rule
                   // (`is_unreleased`), or `tasks` or pins of `pages` hold it
    kPins,         // `pages`
    kUnpins,       // the same
    kHoldsOld,     // `pages` are cut off, and still have what was in them
    kWritesPast,   // `pages`, which are past i_size
    kReadsOld,     // `pages`, which another operation is cutting off
    kSetsOrder,    // of new folios, to `after`
    // Of what processors may use without a pte. `made_for`: the page that it
    // was; `addrs` of `owner`: where a translation leads to it.
    kLeaves,       // `addrs` in the TLB, whose ptes go; they lead to `pages`
    kFlushes,      // `addrs`, as a gather is full (`is_full`); none: all of the
                   // mm, as `tasks` have gathers too
    kReleases,     // `before` frames of its gather, of `pages` in the cache
    kHoldsFrame,   // of a page that has left; gathers of `tasks` do
    kFreesFrame,   // though `addrs` lead there
    kReusesFrame,  // the same; as `use` says
    kTranslates,   // an access at `addr`: `use` says what it reaches
    kRevokes,      // `pages` of a device
    kTakesBack,    // the same, though `addrs` still map `mapped`
    // Of page tables of `owner`: `table`. `tasks` rely on its entry.
    kReadsTable,       // its entry, which others change before it is used
    kMovesTable,       // from `first` to `now`, as a whole
    kMovesFreedTable,  // the same: the one that it has read
    kRetractsTable,    // and frees it
    kFreesTable,       // though `vma` covers it and is in the index
    kUsesTable,        // a pass, by the entry that it has read at `first`
    kFindsNoTable,     // at `first`, where it was
    kSharesTable,      // at `first`, with the mms of `tasks`
    kUnsharesTable,    // at `first`: those keep it
  };
  Kind kind = Kind::kEnds;
  unsigned task = 0;   // the task
  unsigned owner = 0;  // of the mm
  unsigned file = 0;
  std::optional<VmaFact> vma = {}, of = {}, was = {};
  std::vector<unsigned> addrs = {}, to = {}, pages = {}, mapped = {};
  std::optional<unsigned> page = {};
  unsigned addr = 0;
  unsigned first = 0, last = 0;
  unsigned before = 0, after = 0;
  std::optional<uint32_t> pass = {};  // none: the kernel has no counts
  bool believes = false;              // kGoesOn: by a mark or a note
  bool access = false;                // kSigbus*: it ends a read or a write
  bool is_smallest = false;           // kKeepsFolio
  bool is_unreleased = false;         // the same
  bool is_full = false;               // kFlushes
  std::vector<unsigned> tasks = {};   // kKeepsFolio, kFlushes, kHoldsFrame,
                                      // those of page tables
  std::optional<TableFact> table = {};
  std::optional<PageName> made_for = {};
  std::optional<FrameUse> use = {};
  CountFact count = {};
  std::optional<RestartNote> note = {};
  std::vector<Holder> holders = {};
  std::optional<SyncPoint> place = {};

  bool operator==(const Fact&) const = default;
};

// The state of a pte, for drawing.
enum class PteLook : uint8_t {
  kNone,
  kPage,
  kPagePastSize,
  kCopy,
  kCopyPastSize,
  kFilePte,
  kOrphan,  // of a removed page
};

// Passes that would resume in a vma by their own notes: task and address.
using RestartPoints = std::vector<std::pair<unsigned, unsigned>>;

// The tasks that hold the lock of a vma.
struct VmaLocks {
  std::optional<unsigned> writer;  // until it releases mmap_sem
  std::vector<unsigned> readers;   // ascending
  bool operator==(const VmaLocks&) const = default;
};

// The data shown for a vma in use.
struct VmaView {
  Slot slot = kNone;
  unsigned owner = 0;
  unsigned start = 0, end = 0;
  unsigned first_page = 0, last_page = 0;
  std::vector<PteLook> ptes;
  CountFact count;
  RestartPoints points;
  bool is_private = false, nonlinear = false;
  bool unindexed = false;  // though it is linked; with tlb, or torn down
  VmaState state = VmaState::kLinked;
  VmaLocks locks;
  bool operator==(const VmaView&) const = default;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_FACT_H_
