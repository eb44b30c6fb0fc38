// The properties, and each way to violate one.
#ifndef VMTRUNC_CORE_PROPERTY_H_
#define VMTRUNC_CORE_PROPERTY_H_

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vmtrunc {

// X(name in the code, name with _, name, what must hold, when it is checked),
// in the order in which violations of the same step are reported.
// clang-format off
#define VMTRUNC_PROPERTIES(X)                                                  \
  X(kNoPagePastSize, no_page_past_size, "no-page-past-size",                   \
    "when a truncation's last pass ends, and whenever no truncation is in "    \
    "flight, no pte maps a page at or past i_size",                            \
    "when a truncation's last pass ends, and when a truncation ends; while "   \
    "none is in flight, whenever a pte is set")                                \
  X(kNoRemovedPageMapped, no_removed_page_mapped, "no-removed-page-mapped",    \
    "a page that is removed from the page cache is mapped by no pte, then "    \
    "or later",                                                                \
    "when a page leaves the page cache, and whenever a pte is set")            \
  X(kNoOverUnmap, no_over_unmap, "no-over-unmap",                              \
    "a pass leaves ptes outside its range alone",                              \
    "whenever a pass zaps a pte")                                              \
  X(kRestartProgress, restart_progress, "restart-progress",                    \
    "a pass scans no address twice without a reason",                          \
    "whenever a pass scans addresses")                                         \
  X(kBoundedDrops, bounded_drops, "bounded-drops",                             \
    "a pass drops its lock at most once for each block and vma of its work",   \
    "whenever a pass drops its lock")                                          \
  X(kCountIsACount, count_is_a_count, "count-is-a-count",                      \
    "a pass's count is not page-aligned, and every vma in range carries it "   \
    "when the walk ends",                                                      \
    "when a pass begins, and when its walk ends")                              \
  X(kIndexAgrees, index_agrees, "index-agrees",                                \
    "when i_mmap_lock is free, the tree holds each vma once, where its "       \
    "geometry says; of a vma that has just moved, after each step",            \
    "after each event, while i_mmap_lock is free; for a vma that has just "    \
    "moved, after each step")                                                  \
  X(kVmasWellFormed, vmas_well_formed, "vmas-well-formed",                     \
    "vmas are sorted, apart, not empty, never shifted; ptes lie inside "       \
    "them; mapcounts equal the ptes",                                          \
    "after each event; mapcounts also when a run ends")                        \
  X(kLockOrder, lock_order, "lock-order",                                      \
    "locks are taken in the kernel's order, nobody sleeps under a spinlock, "  \
    "and an operation that has ended holds none",                              \
    "when a lock is taken, when a task may sleep, and when an operation ends") \
  X(kNoDeadlock, no_deadlock, "no-deadlock",                                   \
    "some task can always move until all are done",                            \
    "when no task in flight can move")                                         \
  X(kNoFreedUse, no_freed_use, "no-freed-use",                                 \
    "nothing freed is used",                                                   \
    "whenever a vma, an mm or a page table is used")                           \
  X(kSigbusPastEof, sigbus_past_eof, "sigbus-past-eof",                        \
    "while no truncation is in flight, an access at or past i_size is not "    \
    "served",                                                                  \
    "whenever an access finds a pte")                                          \
  X(kMapsOwnPage, maps_own_page, "maps-own-page",                              \
    "a pte of a linear vma maps the page of the file that belongs there",      \
    "whenever a pte is set")                                                   \
  X(kNoCachedPagePastSize, no_cached_page_past_size,                           \
    "no-cached-page-past-size",                                                \
    "when a truncation ends, no folio begins at or past i_size (kernels "      \
    "with large folios)",                                                      \
    "when a truncation ends")                                                  \
  X(kGrownPagesAreZero, grown_pages_are_zero, "grown-pages-are-zero",          \
    "when a file grows, and when a punch ends, no page in there shows what "   \
    "was cut off (kernels with large folios)",                                 \
    "when a file grows, and when a punch ends")                                \
  X(kNothingLostOutsideRange, nothing_lost_outside_range,                      \
    "nothing-lost-outside-range",                                              \
    "a truncation or a punch removes no dirty large folio with pages "         \
    "outside its range",                                                       \
    "when a folio leaves the page cache")                                      \
  X(kFaultInOwnVma, fault_in_own_vma, "fault-in-own-vma",                      \
    "a fault sets a pte only under a vma that is of its mm, not detached, "    \
    "holds the address, is in i_mmap and is not locked by a writer",           \
    "whenever a fault sets a pte")                                             \
  X(kNoDataRace, no_data_race, "no-data-race",                                 \
    "a pass writes counts only while it holds i_mmap_lock alone",              \
    "whenever a pass writes a count")                                          \
  X(kNoStaleTlb, no_stale_tlb, "no-stale-tlb",                                 \
    "a frame that goes free is named by no translation of any processor",      \
    "when a frame goes free (scripts with tlb)")                               \
  X(kNoFreedPageReachable, no_freed_page_reachable,                            \
    "no-freed-page-reachable",                                                 \
    "no access reaches a frame that is free, or somebody else's",              \
    "whenever an access uses a pte or a translation")                          \
  X(kPassLeavesNoTlb, pass_leaves_no_tlb, "pass-leaves-no-tlb",                \
    "when a pass over a device's memory returns, no processor has a "          \
    "translation of a page in its range",                                      \
    "when such a pass ends (scripts with tlb)")                                \
  X(kDoneIsUnmapped, done_is_unmapped, "done-is-unmapped",                     \
    "what a pass takes for done has no pte of a page in its range, unless a "  \
    "fault has mapped the page since the pass began",                          \
    "when a pass drops its lock, takes it again, and ends; only where it is "    \
    "named")
// clang-format on

enum class Property : uint8_t {
#define VMTRUNC_PROPERTY(code, words, name, holds, when) code,
  VMTRUNC_PROPERTIES(VMTRUNC_PROPERTY)
#undef VMTRUNC_PROPERTY
};
#define VMTRUNC_PROPERTY(code, words, name, holds, when) +1
inline constexpr int kProperties = 0 VMTRUNC_PROPERTIES(VMTRUNC_PROPERTY);
#undef VMTRUNC_PROPERTY
constexpr uint32_t Bit(Property property) {
  return uint32_t{1} << static_cast<unsigned>(property);
}

// Properties that ask what a pass has done since it began. A world does not say
// so: a search that looks at them keeps Checker::History() beside it.
inline constexpr uint32_t kHistoryProperties =
    Bit(Property::kRestartProgress) | Bit(Property::kBoundedDrops);

// Properties that are looked at only where somebody names them: they break also
// where nothing is wrong in the end (docs/properties.md has the cases). Where a
// name of one to look at is read, NameProperty() is called: no engine has a
// rule of its own.
inline constexpr uint32_t kOnlyNamed = Bit(Property::kDoneIsUnmapped);

// The properties that count in this process, a bit each: all but those, and
// what was named. Named before the threads begin that run scripts.
inline std::atomic<uint32_t> g_counted_properties{
    ((uint32_t{1} << kProperties) - 1) & ~kOnlyNamed};
inline uint32_t CountedProperties() {
  return g_counted_properties.load(std::memory_order_relaxed);
}

struct PropertyInfo {
  const char* name;  // "no-page-past-size"
  const char* text;  // what must hold, one sentence
  const char* when;  // it is checked
};
std::span<const PropertyInfo> AllProperties();

const char* Name(Property property);

// The property of that name, or kProperties.
int PropertyNumber(std::string_view name);

// The same, and from now on that property counts.
int NameProperty(std::string_view name);

// X(name in the code, property, words). The words contain, for each value in
// turn, the kind of thing that it numbers: {mm}, {file} and {task} are printed
// as "mm 1" or by the name in the script, {pages} as "1 page" or "5 pages", {n}
// unchanged.
#define VMTRUNC_BREACHES(X)                                                   \
  X(kMappedAtEnd, kNoPagePastSize,                                            \
    "page {n} is mapped at {n} of {mm}, and the file has {pages}")            \
  X(kMappedAtRest, kNoPagePastSize,                                           \
    "page {n} is mapped at {n} of {mm} though no truncation runs, and the "   \
    "file has {pages}")                                                       \
  X(kMapsRemoved, kNoRemovedPageMapped,                                       \
    "page {n} of {file} has been removed, and {n} of {mm} maps it")           \
  X(kRemovedWhileMapped, kNoRemovedPageMapped,                                \
    "page {n} of {file} is removed while {n} of {mm} maps it")                \
  X(kUnmapsOutside, kNoOverUnmap,                                             \
    "page {n} at {n} of {mm} is unmapped by a pass from page {n} on")         \
  X(kUnmapsCopy, kNoOverUnmap, "the private copy at {n} of {mm} is unmapped") \
  X(kScansTwice, kRestartProgress,                                            \
    "address {n} of {mm} is scanned twice by one pass")                       \
  X(kDropsTooOften, kBoundedDrops,                                            \
    "the pass has dropped its lock {n} times, its work allows {n}")           \
  X(kCountIsAligned, kCountIsACount, "the pass's count {n} is page-aligned")  \
  X(kCarriesAnother, kCountIsACount,                                          \
    "the vma at {n} of {mm} carries {n} when pass {n} ends")                  \
  X(kMisplaced, kIndexAgrees,                                                 \
    "the vma at {n} of {mm} (pgoff {n}) is not where the tree of {file} "     \
    "wants it")                                                               \
  X(kNotIndexed, kIndexAgrees,                                                \
    "the vma at {n} of {mm} is not in the tree of {file}")                    \
  X(kBadList, kVmasWellFormed,                                                \
    "the vma at {n} of {mm} is empty, out of order or another's")             \
  X(kShifted, kVmasWellFormed,                                                \
    "the vma at {n} of {mm} has pgoff {n}: it was shifted")                   \
  X(kNoTable, kVmasWellFormed,                                                \
    "the ptes from {n} of {mm} on have no page table")                        \
  X(kStrayPtes, kVmasWellFormed,                                              \
    "{mm} has {n} ptes, {n} of them inside a vma")                            \
  X(kMapcount, kVmasWellFormed,                                               \
    "page {n} of {file} has mapcount {n} and {n} ptes")                       \
  X(kOutOfOrder, kLockOrder,                                                  \
    "{task} takes a lock (kind {n}, of {n}) out of order")                    \
  X(kSleeps, kLockOrder, "{task} may sleep under a spinlock")                 \
  X(kStillHolds, kLockOrder,                                                  \
    "{task} has ended its operation and still holds a lock")                  \
  X(kNoneMoves, kNoDeadlock, "{n} tasks are in flight and none can move")     \
  X(kFreedVma, kNoFreedUse, "the vma in slot {n} is used after it was freed") \
  X(kFreedTable, kNoFreedUse,                                                 \
    "the page table at {n} of {mm} is used after it was freed")               \
  X(kServedPastSize, kSigbusPastEof,                                          \
    "page {n} is used at {n} of {mm} without SIGBUS, and the file has "       \
    "{pages}")                                                                \
  X(kMapsAnother, kMapsOwnPage,                                               \
    "page {n} belongs at {n} of {mm}, which maps page {n}")                   \
  X(kMapsForeign, kMapsOwnPage,                                               \
    "page {n} belongs at {n} of {mm}, which maps a frame after its folio")    \
  X(kCachedPastSize, kNoCachedPagePastSize,                                   \
    "page {n} of {file} is cached when a truncation to {pages} ends")         \
  X(kShowsOld, kGrownPagesAreZero,                                            \
    "page {n} of {file} shows what was in it before it was cut off")          \
  X(kLosesPage, kNothingLostOutsideRange,                                     \
    "page {n} of {file} is dirty and removed, and the range begins at {n}")   \
  X(kFreedMm, kNoFreedUse, "{task} wakes a writer of {mm}, which has gone")   \
  X(kNotInIndex, kFaultInOwnVma,                                              \
    "{task} sets a pte at {n} of {mm} under a vma that is not in i_mmap")     \
  X(kLockedVma, kFaultInOwnVma,                                               \
    "{task} sets a pte at {n} of {mm} under a vma that a writer has locked")  \
  X(kNotOwnVma, kFaultInOwnVma,                                               \
    "{task} sets a pte at {n} under the vma at {n} of {mm}, which is not "    \
    "its own")                                                                \
  X(kWritesShared, kNoDataRace,                                               \
    "{task} writes a count while it holds i_mmap_lock of {file} shared")      \
  X(kStaleTranslation, kNoStaleTlb,                                           \
    "the frame of page {n} of {file} is freed, and the TLB has it at {n} of " \
    "{mm}")                                                                   \
  X(kReachesFreed, kNoFreedPageReachable,                                     \
    "{task} reaches a frame through {n} of {mm} that is not its page's any "  \
    "more")                                                                   \
  X(kReachesForeign, kNoFreedPageReachable,                                   \
    "{task} reaches a frame through {n} of {mm} that never was its page's")   \
  X(kTlbAfterPass, kPassLeavesNoTlb,                                          \
    "page {n} of {file} is in the TLB at {n} of {mm} when the pass over it "  \
    "returns")                                                                \
  X(kMappedInDone, kDoneIsUnmapped,                                           \
    "page {n} is mapped at {n} of {mm}, which pass {n} takes for done")

enum class Breach : uint8_t {
  kNone,
#define VMTRUNC_BREACH(name, property, words) name,
  VMTRUNC_BREACHES(VMTRUNC_BREACH)
#undef VMTRUNC_BREACH
};

struct BreachInfo {
  Breach breach;
  Property property;
  const char* words;
};
// Requires: not kNone.
const BreachInfo& InfoOf(Breach breach);

// "page N is mapped at N of mm N, and the file has N pages"; "" of kNone.
std::string FormOf(Breach breach);

// The first violation: its place, and values with the meaning in its words.
struct Violation {
  Property property = Property::kNoPagePastSize;
  Breach breach = Breach::kNone;
  uint16_t event = 0;  // the event that was running, from 1
  uint32_t step = 0;
  unsigned values[4] = {0, 0, 0, 0};

  std::string ToString() const;  // "page 3 of file 0 is mapped at 103 in mm 1"
};

// A value without a name: the kind of thing, and its number: "mm 1", "1 page",
// "5".
std::string Numbered(std::string_view of, unsigned value);

// The words of a breach, with each value printed by `told`: its arguments are
// the kind of thing ("mm") and its number, from 0.
template <class Told>
std::string InWords(Breach breach, const Told& told) {
  std::string words;
  std::string_view rest = InfoOf(breach).words;
  for (size_t value = 0;; ++value) {
    const size_t open = rest.find('{');
    words += rest.substr(0, open);
    if (open == std::string_view::npos) return words;
    const size_t close = rest.find('}');
    words += told(rest.substr(open + 1, close - open - 1), value);
    rest.remove_prefix(close + 1);
  }
}

}  // namespace vmtrunc

#endif  // VMTRUNC_CORE_PROPERTY_H_
