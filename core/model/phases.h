// The phases of operations and of their parts: the position between two steps.
// Each list is the only definition of a phase: its name in the code, its sync
// point in words, and the lock that its step may wait for. The enums,
// WhereIs(), what a blocked task waits for, and the table of docs/model.md come
// from these lists.
#ifndef VMTRUNC_CORE_MODEL_PHASES_H_
#define VMTRUNC_CORE_MODEL_PHASES_H_

#include <cstdint>
#include <optional>

namespace vmtrunc {

enum class LockKind : uint8_t {
  kISem,
  kMmapSemRead,
  kMmapSemWrite,
  kVmaLock,
  kInvalidateLock,
  kPageLock,
  kUnmapMutex,
  kIMmapLock,
  kPageTableLock,
};

// A part of an operation that has phases of its own.
enum class Part : uint8_t {
  kNothing,
  kAsAdjust,
  kAsUnmap,
  kAsPass,
  kAsFault,
  kAsMmap,
  kAsRemoval,
};

// What a step may wait for: a lock, what the part says that it is in, or
// nothing.
struct Waits {
  constexpr Waits(LockKind kind) : lock(kind) {}
  constexpr Waits(Part in) : part(in) {}

  std::optional<LockKind> lock;
  Part part = Part::kNothing;
};

// X(name in the code, sync point, what its step may wait for)
#define VMTRUNC_ADJUST_PHASES(X)                         \
  X(kLock, "vma_adjust: before i_mmap_lock", kIMmapLock) \
  X(kVmaLock, "vma_adjust: i_mmap_lock taken, before the vma's lock", kVmaLock)

#define VMTRUNC_UNMAP_PHASES(X)                                           \
  X(kSplitLow, "unmap: start", kNothing)                                  \
  X(kAdjustLow, "unmap: vma_adjust: before i_mmap_lock", kIMmapLock)      \
  X(kSplitHigh, "unmap: start", kNothing)                                 \
  X(kAdjustHigh, "unmap: vma_adjust: before i_mmap_lock", kIMmapLock)     \
  X(kDetach, "unmap: start", kNothing)                                    \
  X(kZap, "unmap: before page_table_lock", kPageTableLock)                \
  X(kFree, "unmap: unlink: before i_mmap_lock", kIMmapLock)               \
  X(kUnlink, "unmap: unlink: before i_mmap_lock", kIMmapLock)             \
  X(kVmaLocks, "unmap: before the vmas' locks", kVmaLock)                 \
  X(kBatch, "unmap: full and flushed, before frames are freed", kNothing) \
  X(kFlushPfn, "unmap: before the flush of a device's pages", kNothing)   \
  X(kFlush, "unmap: before the flush", kNothing)                          \
  X(kFreeFrames, "unmap: flushed, before frames are freed", kNothing)     \
  X(kTables, "unmap: before page tables are freed", kNothing) /* where    \
                                        another vma may be over them */   \
  X(kHugetlbLock, "unmap: huge pages: before i_mmap_lock", kIMmapLock)

#define VMTRUNC_PASS_PHASES(X)                                           \
  X(kMutex, "pass: before unmap_mutex", kUnmapMutex)                     \
  X(kLock, "pass: before i_mmap_lock", kIMmapLock)                       \
  X(kZap, "pass: before the next block", kPageTableLock)                 \
  X(kRelock, "pass: dropped, before i_mmap_lock", kIMmapLock)            \
  X(kZapTable, "pass: before page_table_lock", kPageTableLock)           \
  X(kBatch, "pass: full and flushed, before frames are freed", kNothing) \
  X(kFlush, "pass: before the flush", kNothing)                          \
  X(kFree, "pass: flushed, before frames are freed", kNothing)

#define VMTRUNC_FAULT_PHASES(X)                                               \
  X(kReadPte, "fault: before page_table_lock", kPageTableLock)                \
  X(kSampleCount, "fault: before truncate_count is read", kNothing)           \
  X(kReadSize, "fault: before i_size is read", kNothing)                      \
  X(kTakePage, "fault: before the page is taken", kNothing)                   \
  X(kSetPte, "fault: before the pte is set", kPageTableLock)                  \
  X(kCopy, "fault: before the copy is set", kPageTableLock)                   \
  X(kInstall, "fault: before the page is installed", kPageTableLock)          \
  X(kAround, "fault: before the pages around", kPageTableLock)                \
  X(kFillLock, "fault: before invalidate_lock", kInvalidateLock)              \
  X(kLockPage, "fault: before the page's lock", kPageLock)                    \
  X(kTell, "fault: before page_mkwrite", kNothing)                            \
  X(kMakeWritable, "fault: before the pte is made writable", kPageTableLock)  \
  X(kAroundFolio, "fault-around: before the first folio is locked", kNothing) \
  X(kAroundSize, "fault-around: before i_size is read", kNothing)             \
  X(kAroundMap, "fault-around: before page_table_lock", kPageTableLock)       \
  X(kHoleSem, "fault: i_sem taken to wait for a punch", kNothing)             \
  X(kMkwriteLock, "fault: before page_mkwrite has the folio's lock",          \
    kPageLock)                                                                \
  X(kHole, "fault: before the punch of the page is over", kISem) /* of shmem  \
                                                                  */          \
  X(kWait, "fault: waiting for the page without mmap_sem", kPageLock)         \
  X(kShareTable, "fault: before i_mmap_lock, to share a table", kIMmapLock)

#define VMTRUNC_MMAP_PHASES(X)                                \
  X(kStart, "before mmap_sem", kMmapSemWrite)                 \
  X(kUnmap, "", kAsUnmap)                                     \
  X(kPlace, "before mmap_sem", kNothing)                      \
  X(kMerge, "", kAsAdjust)                                    \
  X(kLink, "vma_link: before i_mmap_lock", kIMmapLock)        \
  X(kPopulate, "", kAsFault)                                  \
  X(kPopulateLock, "populate: before mmap_sem", kMmapSemRead) \
  X(kComplete, "", kAsUnmap) /* what was there before, where it comes last */

#define VMTRUNC_MUNMAP_PHASES(X)              \
  X(kStart, "before mmap_sem", kMmapSemWrite) \
  X(kUnmap, "", kAsUnmap)

#define VMTRUNC_MPROTECT_PHASES(X)                          \
  X(kStart, "before mmap_sem", kMmapSemWrite)               \
  X(kMerge, "", kAsAdjust)                                  \
  X(kSplitLow, "vma_adjust: before i_mmap_lock", kNothing)  \
  X(kAdjustLow, "", kAsAdjust)                              \
  X(kSplitHigh, "vma_adjust: before i_mmap_lock", kNothing) \
  X(kAdjustHigh, "", kAsAdjust)                             \
  X(kProtect, "before page_table_lock", kPageTableLock)     \
  X(kVmaLock, "before the vma's lock", kVmaLock)

#define VMTRUNC_MREMAP_PHASES(X)                                          \
  X(kStart, "before mmap_sem", kMmapSemWrite)                             \
  X(kUnmapTarget, "", kAsUnmap)                                           \
  X(kTrim, "before mmap_sem", kNothing)                                   \
  X(kUnmapTail, "", kAsUnmap)                                             \
  X(kPlace, "before mmap_sem", kNothing)                                  \
  X(kGrow, "", kAsAdjust)                                                 \
  X(kMerge, "", kAsAdjust)                                                \
  X(kLink, "vma_link: before i_mmap_lock", kIMmapLock)                    \
  X(kMoveLock, "move: before i_mmap_lock", kIMmapLock)                    \
  X(kMovePtl, "move: before page_table_lock", kPageTableLock)             \
  X(kMoveTable, "move: page table allocated", kPageTableLock)             \
  X(kMoveRelock, "move: before i_mmap_lock again", kIMmapLock)            \
  X(kMoveRelockPtl, "move: before page_table_lock again", kPageTableLock) \
  X(kUnmapSource, "", kAsUnmap)                                           \
  X(kExtentTable, "move: before the page table is allocated", kNothing)   \
  X(kExtentLock, "move: before i_mmap_lock", kIMmapLock)                  \
  X(kExtentPtl, "move: before page_table_lock", kPageTableLock)           \
  X(kBegin, "before mmap_sem", kNothing)                                  \
  X(kSourceLock, "before the source's vma lock", kVmaLock)                \
  X(kMoveFlush, "move: all moved, before the flush", kNothing)            \
  X(kTableLock, "move: table read, before i_mmap_lock", kIMmapLock)       \
  X(kTablePtl, "move: table read, before page_table_lock", kPageTableLock)

#define VMTRUNC_ACCESS_PHASES(X)                                      \
  X(kStart, "before mmap_sem", kMmapSemRead)                          \
  X(kFault, "", kAsFault)                                             \
  X(kLookUp, "before a vma is looked for without mmap_sem", kNothing) \
  X(kVmaLock, "vma found, before its lock", kNothing)                 \
  X(kCheckVma, "vma locked, before it is looked at again", kNothing)  \
  X(kWake, "before the writer that waits for the vma is woken", kNothing)

#define VMTRUNC_FORK_PHASES(X)                                              \
  X(kStart, "before mmap_sem", kMmapSemWrite)                               \
  X(kLink, "dup_mmap: before i_mmap_lock", kIMmapLock)                      \
  X(kLockChild, "copy: before the child's page_table_lock", kPageTableLock) \
  X(kCopy, "copy: before the parent's page_table_lock", kPageTableLock)     \
  X(kUndo, "out of memory: undoing", kNothing)                              \
  X(kUndoUnmap, "out of memory: undoing", kAsUnmap)                         \
  X(kVmaLock, "dup_mmap: before the vma's lock", kVmaLock)

#define VMTRUNC_EXIT_PHASES(X)       \
  X(kStart, "before exit", kNothing) \
  X(kUnmap, "", kAsUnmap)

// Of truncate and punch.
#define VMTRUNC_TRUNCATE_PHASES(X)                                            \
  X(kStart, "before i_sem", kISem)                                            \
  X(kMmapSem, "before mmap_sem", kMmapSemWrite) /* of punch, where that is    \
                                                   the rule, before kStart */ \
  X(kInvalidateLock, "before invalidate_lock", kInvalidateLock)               \
  X(kPass, "", kAsPass) /* over the whole range */                            \
  X(kPages, "", kAsRemoval)                                                   \
  X(kLastPass, "", kAsPass) /* over the whole range again */

#define VMTRUNC_REMOVAL_PHASES(X)                                            \
  X(kNextPage, "before the next page's lock", kPageLock)                     \
  X(kTest, "page locked, before it is seen whether it is mapped", kNothing)  \
  X(kPass, "", kAsPass) /* over what is mapped */                            \
  X(kTake, "page locked, before it is removed", kNothing)                    \
  X(kRestPass, "", kAsPass) /* over the rest of the range, no page locked */ \
  X(kEdge, "before the lock of a folio over the range's end", kPageLock)     \
  X(kSplitPass, "", kAsPass) /* over a folio that is to be split */          \
  X(kSplit, "folio locked, before it is split", kNothing)                    \
  X(kKeptPass, "", kAsPass) /* over a folio that could not be split */

#define VMTRUNC_INVALIDATE_PHASES(X) X(kPages, "", kAsRemoval)

#define VMTRUNC_COLLAPSE_PHASES(X)                        \
  X(kStart, "before the pages' locks", kNothing)          \
  X(kPass, "", kAsPass) /* over what is collapsed */      \
  X(kMapLock, "collapse: before i_mmap_lock", kIMmapLock) \
  X(kNextVma, "collapse: before the next vma", kNothing)  \
  X(kTablePtl, "collapse: before page_table_lock", kPageTableLock)

#define VMTRUNC_REVOKE_PHASES(X)               \
  X(kStart, "before the driver's lock", kISem) \
  X(kPass, "", kAsPass) /* over what is revoked */

// Of pin, unpin and order.
#define VMTRUNC_FOLIO_PHASES(X) \
  X(kStart, "before the file is looked at", kNothing)

#define VMTRUNC_REMAP_PHASES(X)                                              \
  X(kStart, "before mmap_sem", kMmapSemRead)                                 \
  X(kWriteLock, "before mmap_sem, for write", kMmapSemWrite)                 \
  X(kConvert, "remap: before i_mmap_lock", kIMmapLock)                       \
  X(kFilePtes, "remap: before page_table_lock", kPageTableLock)              \
  X(kNextPage, "remap: before a page", kNothing)                             \
  X(kPopulate, "", kAsFault)                                                 \
  X(kEmulate, "before mmap_sem", kMmapSemWrite) /* where it is emulated, for \
                                                   kStart */                 \
  X(kMmap, "", kAsMmap)

#define VMTRUNC_NAME(name, point, waits) name,
enum class AdjustPhase : uint8_t { VMTRUNC_ADJUST_PHASES(VMTRUNC_NAME) };
enum class UnmapPhase : uint8_t { VMTRUNC_UNMAP_PHASES(VMTRUNC_NAME) };
enum class PassPhase : uint8_t { VMTRUNC_PASS_PHASES(VMTRUNC_NAME) };
enum class FaultPhase : uint8_t { VMTRUNC_FAULT_PHASES(VMTRUNC_NAME) };
enum class MmapPhase : uint8_t { VMTRUNC_MMAP_PHASES(VMTRUNC_NAME) };
enum class MunmapPhase : uint8_t { VMTRUNC_MUNMAP_PHASES(VMTRUNC_NAME) };
enum class MprotectPhase : uint8_t { VMTRUNC_MPROTECT_PHASES(VMTRUNC_NAME) };
enum class MremapPhase : uint8_t { VMTRUNC_MREMAP_PHASES(VMTRUNC_NAME) };
enum class AccessPhase : uint8_t { VMTRUNC_ACCESS_PHASES(VMTRUNC_NAME) };
enum class ForkPhase : uint8_t { VMTRUNC_FORK_PHASES(VMTRUNC_NAME) };
enum class ExitPhase : uint8_t { VMTRUNC_EXIT_PHASES(VMTRUNC_NAME) };
enum class TruncatePhase : uint8_t { VMTRUNC_TRUNCATE_PHASES(VMTRUNC_NAME) };
enum class RemovalPhase : uint8_t { VMTRUNC_REMOVAL_PHASES(VMTRUNC_NAME) };
enum class InvalidatePhase : uint8_t {
  VMTRUNC_INVALIDATE_PHASES(VMTRUNC_NAME)
};
enum class CollapsePhase : uint8_t { VMTRUNC_COLLAPSE_PHASES(VMTRUNC_NAME) };
enum class RevokePhase : uint8_t { VMTRUNC_REVOKE_PHASES(VMTRUNC_NAME) };
enum class RemapPhase : uint8_t { VMTRUNC_REMAP_PHASES(VMTRUNC_NAME) };
enum class FolioPhase : uint8_t { VMTRUNC_FOLIO_PHASES(VMTRUNC_NAME) };
#undef VMTRUNC_NAME

// Whether a truncation has set i_size, as one in this phase has.
constexpr bool SizeIsSet(TruncatePhase phase) {
  return phase != TruncatePhase::kStart && phase != TruncatePhase::kMmapSem &&
         phase != TruncatePhase::kInvalidateLock;
}

// The result of a fault.
enum class FaultOutcome : uint8_t {
  kServed,
  kSigsegv,
  kSigbus,
  kRetry,  // under mmap_sem
};

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_MODEL_PHASES_H_
