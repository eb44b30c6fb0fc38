// What a run did, as data. A row of a Story is a list of facts (row_facts.h);
// what decides anything reads these, and words_fact.cc alone makes English of
// them.
//
// Names are numbers here: a task's, a file's, and of an mm the number of the
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
  unsigned id = 0;  // of the file, mm, or page
  bool shared = false;
  bool operator==(const HeldLock&) const = default;
};

// A lock, and whose it is.
struct LockFact {
  HeldLock lock;
  unsigned owner = 0;  // of the mm, if it is an mm's
  bool is_own = true;  // no other mm's than that of the row's own task
  bool operator==(const LockFact&) const = default;
};

// Who holds what another waits for.
struct Holder {
  unsigned task = 0;
  LockFact lock;
  bool operator==(const Holder&) const = default;
};

// What a vma's count says of it.
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

// A vma as it stood.
struct VmaFact {
  Slot slot = kNone;
  unsigned owner = 0;  // of its mm
  unsigned start = 0, end = 0;
  bool operator==(const VmaFact&) const = default;
};

// Where a pass would resume by a note of its own.
struct RestartNote {
  Slot slot = kNone;
  unsigned addr = 0, page = 0;
  bool operator==(const RestartNote&) const = default;
};

struct Fact {
  enum class Kind : uint8_t {
    kWaits,       // `holders`; none: for `page` to be unmapped, or at `place`
    kSetsSize,    // of `file`, from `before` to `after`
    kBeginsPass,  // to unmap pages `first`..`last`; its count is `pass`
    kZaps,        // `addrs` of `owner`
    kScans,       // the same, and zaps nothing
    kPassesBy,    // `vma`, whose count becomes `count`
    kGoesOn,      // in `vma` at `addr`, past `first`..`last`
    kComesTo,     // `vma`, whose count says `count`
    kFrees,       // `vma`; with it `count`, where that is a restart address
    kAllocates,   // `vma`; its struct `was` another's
    kSplits,      // `of`; the piece is `vma`, its struct `was` another's
    kResizes,     // `vma` to [`first`, `last`)
    kDetaches,    // `vma` from its mm
    kIndexes,     // `vma`; its count becomes `count`, if that says "scanned"
    kUnindexes,   // `vma`
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
    kServed,            // an access by the page that is there
    kMakesPteWritable,  // at `addr` of `owner`
    kSigbusPastSize,    // at `addr`, for `page`; i_size is `after`
    kSigbusGone,        // the same: it has left the page cache
    kSigsegvReadOnly,   // at `addr`
    kSigsegvNoVma,      // the same
    kRetriesCount,      // truncate_count has changed
    kRetriesPage,       // `page` has left the page cache
    kPteChanged,        // at `addr`: the access would fault again
    kFails,             // the operation, with ENOMEM
    kNoMemory,          // it has to undo what it did
    kEnds,              // the operation, and nothing else is to be said
    kOnlyLocks,         // and continues at `place`
  };
  Kind kind = Kind::kEnds;
  unsigned task = 0;   // who does it
  unsigned owner = 0;  // of the mm
  unsigned file = 0;
  std::optional<VmaFact> vma = {}, of = {}, was = {};
  std::vector<unsigned> addrs = {}, to = {}, pages = {}, mapped = {};
  std::optional<unsigned> page = {};
  unsigned addr = 0;
  unsigned first = 0, last = 0;
  unsigned before = 0, after = 0;
  std::optional<uint32_t> pass = {};  // none: the kernel stamps no vmas
  bool believes = false;              // kGoesOn: a mark or a note says so
  bool access = false;                // kSigbus*: it ends a read or a write
  CountFact count = {};
  std::optional<RestartNote> note = {};
  std::vector<Holder> holders = {};
  std::optional<SyncPoint> place = {};

  bool operator==(const Fact&) const = default;
};

// A pte, as it is drawn.
enum class PteLook : uint8_t {
  kNone,
  kPage,
  kPagePastSize,
  kCopy,
  kCopyPastSize,
  kFilePte,
  kOrphan,  // of a page that has been removed
};

// Passes that would resume in a vma by notes of their own: task and address.
using RestartPoints = std::vector<std::pair<unsigned, unsigned>>;

// All that is shown of a vma in use.
struct VmaView {
  Slot slot = kNone;
  unsigned owner = 0;
  unsigned start = 0, end = 0;
  unsigned first_page = 0, last_page = 0;
  std::vector<PteLook> ptes;
  CountFact count;
  RestartPoints points;
  bool is_private = false, nonlinear = false;
  bool unindexed = false;  // though it is linked
  VmaState state = VmaState::kLinked;
  bool operator==(const VmaView&) const = default;
};

}  // namespace vmtrunc::report

#endif  // VMTRUNC_REPORT_EXPLAIN_FACT_H_
