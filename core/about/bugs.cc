#include "core/about/bugs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "core/model/machine-inl.h"

namespace vmtrunc {
namespace {

constexpr BugInfo kBugs[] = {
    {"HB-01", 2003, "history fd031e89b374",
     "split_vma shrinks a vma in the tree without its lock and inserts the "
     "other half later",
     "2.6.10", "split-under-lock", Property::kNoPagePastSize,
     "HB-01-split-outside-the-lock.vmt"},
    {"HB-02", 2004, "2.6.5",
     "fork puts the child before its parent: the walk has passed it when its "
     "ptes are copied",
     "2.6.10", "fork-after-parent", Property::kNoPagePastSize,
     "HB-02-fork-child-before-parent.vmt"},
    {"HB-03", 2003, "2.6.0-test",
     "mremap moves ptes past the walk without i_mmap_lock", "2.6.10",
     "move-under-lock", Property::kNoPagePastSize,
     "HB-03-mremap-moves-without-the-lock.vmt"},
    {"HB-04", 2004, "2.6.5",
     "a mremap that fails half way moves its ptes back past the walk", "2.6.15",
     "rewind-under-lock", Property::kNoPagePastSize,
     "HB-04-mremap-moves-back-without-the-lock.vmt"},
    {"HB-05", 2004, "history dd9fd0e03de6",
     "nonlinear vmas are scanned by their linear range", "2.6.11",
     "nonlinear-scans-all", Property::kNoPagePastSize,
     "HB-05-nonlinear-scanned-by-linear-range.vmt"},
    {"HB-07a", 2004, "LKML 7 Oct 2004",
     "the restart point's struct is freed and becomes the top piece of a split",
     "2.6.11", "restart-in-vma", Property::kNoPagePastSize,
     "HB-07a-freed-vma-reused-by-split-top.vmt"},
    {"HB-07b", 2004, "LKML 7 Oct 2004", "the same, the bottom piece", "2.6.11",
     "restart-in-vma", Property::kNoPagePastSize,
     "HB-07b-freed-vma-reused-by-split-bottom.vmt"},
    {"HB-07c", 2004, "LKML 7 Oct 2004", "the same, a copy made by fork",
     "2.6.11", "restart-in-vma", Property::kNoPagePastSize,
     "HB-07c-freed-vma-reused-by-fork.vmt"},
    {"HB-07d", 2004, "LKML 7 Oct 2004", "the same, the destination of mremap",
     "2.6.11", "restart-in-vma", Property::kNoPagePastSize,
     "HB-07d-freed-vma-reused-by-mremap.vmt"},
    {"HB-07e", 2004, "LKML 7 Oct 2004",
     "the same, with another pgoff: the piece is marked done unscanned",
     "2.6.11", "restart-in-vma", Property::kNoPagePastSize,
     "HB-07e-freed-vma-reused-with-other-pgoff.vmt"},
    {"HB-08", 2004, "mutation",
     "a page-aligned count is read as a restart address by the next pass",
     "2.6.11", "leap", Property::kNoPagePastSize,
     "HB-08-count-read-as-restart-address.vmt"},
    {"HB-09", 2004, "mutation",
     "the count wraps to a value that a vma still carries", "2.6.11",
     "wrap-resets", Property::kNoPagePastSize,
     "HB-09-count-wraps-onto-an-old-stamp.vmt"},
    {"HB-10", 2005, "65500d234e74",
     "a fault reads i_size before it samples the count", "2.6.11",
     "fault-count-first", Property::kNoRemovedPageMapped,
     "HB-10-fault-reads-size-before-count.vmt"},
    {"HB-11a", 2004, "vmtrunc 5/6",
     "split links a vma with the count sampled without the lock", "2.6.11",
     "split-inherits", Property::kRestartProgress,
     "HB-11a-split-keeps-the-sampled-count.vmt"},
    {"HB-11b", 2004, "vmtrunc 5/6",
     "fork links a vma with the count sampled without the lock", "2.6.11",
     "fork-inherits", Property::kNoPagePastSize,
     "HB-11b-fork-keeps-the-sampled-count.vmt"},
    {"HB-13", 2004, "vmtrunc 5/6",
     "a finished vma takes over an unscanned neighbour and stays finished",
     "2.6.11", "importer-rescans", Property::kNoPagePastSize,
     "HB-13-importer-keeps-its-count.vmt"},
    {"HB-14", 2004, "vmtrunc 5/6",
     "ptes move into a vma that is finished already", "2.6.11", "mremap-resets",
     Property::kNoPagePastSize, "HB-14-mremap-destination-keeps-its-count.vmt"},
    {"HB-15", 2011, "a3e8cc643d22",
     "pages move into a vma whose restart address is equal by accident",
     "2.6.11+mremap-always-resets", "mremap-always-resets",
     Property::kNoPagePastSize, "HB-15-move-onto-an-equal-restart-address.vmt"},
    {"HB-18", 2004, "vmtrunc 7/6",
     "one restart point a pass: each break forgets the other vma's", "2.6.11",
     "restart-in-vma", Property::kBoundedDrops,
     "HB-18-one-restart-point-loses-progress.vmt"},
    {"HB-19", 2005, "8f4f8c164cb4",
     "page tables are freed while the walk can still find the vma", "2.6.15",
     "unlink-before-tables", Property::kNoFreedUse,
     "HB-19-page-table-freed-under-the-walk.vmt"},
    {"HB-21", 2006, "856fc2950555",
     "the range is clipped wrongly: pages before it are unmapped", "2.6.11",
     "clip-to-range", Property::kNoOverUnmap,
     "HB-21-pass-unmaps-from-the-vma-start.vmt"},
    {"HB-22", 2007, "90ed52ebe481", "a hole punch takes i_mutex under mmap_sem",
     "2.6.11", "punch-without-mmap-sem", Property::kLockOrder,
     "HB-22-punch-under-mmap-sem.vmt"},
    {"HB-23", 2007, "16a100190d39",
     "a fault fills the hole again before the page is removed", "2.6.23",
     "unmap-per-page", Property::kNoRemovedPageMapped,
     "HB-23-hole-refilled-before-removal.vmt"},
    {"HB-25", 2005, "479ef592f366",
     "a byte offset is computed in too few bits: the wrong page is unmapped, "
     "over and over",
     "2.6.15", "wide-offsets", Property::kNoDeadlock,
     "HB-25-byte-offset-in-few-bits.vmt"},
    {"HB-27", 2007, "d00806b18315",
     "a fault maps a page that invalidate has just unmapped", "2.6.23",
     "fault-page-lock", Property::kNoRemovedPageMapped,
     "HB-27-fault-after-invalidate.vmt"},
    {"HB-28", 2007, "d00806b18315",
     "a private copy is made after the pass and stays past the end", "2.6.23",
     "second-pass", Property::kNoPagePastSize,
     "HB-28-private-copy-past-the-end.vmt"},
    {"HB-29", 2009, "b827e496c893",
     "a page is truncated while page_mkwrite runs, and mapped after it",
     "2.6.23", "mkwrite-rechecks", Property::kNoPagePastSize,
     "HB-29-page-gone-during-page-mkwrite.vmt"},
    {"HB-36a", 2011, "2aa15890f3c1",
     "a pass believes the restart address of another that runs", "2.6.38",
     "unmap-mutex", Property::kNoRemovedPageMapped,
     "HB-36a-restart-address-of-another-pass.vmt"},
    {"HB-36b", 2011, "2aa15890f3c1",
     "two passes stamp over each other, and neither gets on", "2.6.38",
     "unmap-mutex", Property::kRestartProgress,
     "HB-36b-two-passes-undo-each-other.vmt"},
    {"HB-39", 2012, "38a76013ad80",
     "ptes move against the order of the walk without the lock, into a merged "
     "vma (a mutation: no release lacks the lock)",
     "6.18", "merged-move-locks", Property::kNoRemovedPageMapped,
     "HB-39-move-against-the-walk-without-the-lock.vmt"},
    {"HB-41", 2016, "9aacdd354d19",
     "the end of the range is overwritten with an address", "2.6.11",
     "range-end-kept", Property::kNoPagePastSize,
     "HB-41-end-of-range-overwritten.vmt"},
    {"HB-56", 2021, "97113eb39fa7",
     "mremap moves a page table without i_mmap_lock, under a pass that has "
     "read "
     "its entry",
     "6.1", "table-move-locks", Property::kNoStaleTlb,
     "HB-56-table-moves-under-a-walk.vmt"},
    {"HB-57", 2024, "a backport to 6.1.y",
     "fork copies ptes into a vma that the pass cannot find yet", "6.1",
     "fork-links-first", Property::kNoPagePastSize,
     "HB-57-fork-copies-before-it-links.vmt"},
    {"HB-62", 2023, "9eab0421fa94",
     "a byte offset with the top bit set is shifted as signed: other pages are "
     "unmapped",
     "6.1", "unsigned-offsets", Property::kNoPagePastSize,
     "HB-62-offset-shifted-as-signed.vmt"},
    {"HB-45", 2023, "7e7757876f25", "a vma extended downwards keeps its pgoff",
     "2.6.11", "merge-moves-pgoff", Property::kVmasWellFormed,
     "HB-45-merge-downwards.vmt"},
    {"HB-46", 2021, "730633f0b7f9",
     "a fault reads a page of a hole from disk again before the punch is over",
     "6.18", "invalidate-lock", Property::kGrownPagesAreZero,
     "HB-46-hole-filled-while-it-is-punched.vmt"},
    {"HB-47", 2025, "mutation",
     "a fault does not see that its vma has been taken off its mm", "6.18",
     "reader-checks-attached", Property::kFaultInOwnVma,
     "HB-47-fault-under-a-vma-that-has-been-taken-off.vmt"},
    {"HB-48", 2018, "eb66ae030829",
     "mremap flushes the old addresses when all has moved: a page is freed "
     "that another thread still reaches (CVE-2018-18281)",
     "5.4", "move-flushes-before-unlock", Property::kNoStaleTlb,
     "HB-48-tlb-outlives-a-move.vmt"},
    {"HB-49", 2026, "f58df566524e",
     "i_size shrinks between fault-around's two reads of it, and the number of "
     "pages wraps",
     "7.0", "around-size-first", Property::kMapsOwnPage,
     "HB-49-fault-around-wraps.vmt"},
    {"HB-50", 2025, "74207de2ba10",
     "a fault maps a folio that reaches past i_size whole", "6.18",
     "map-respects-size", Property::kNoPagePastSize,
     "HB-50-folio-mapped-past-the-size.vmt"},
    {"HB-50b", 2025, "7c9580f44f90",
     "fault-around maps all folios whole because the first one may be", "6.18",
     "each-folio-decides", Property::kNoPagePastSize,
     "HB-50b-decided-by-the-first-folio.vmt"},
    {"HB-51", 2024, "743a2753a02e",
     "fault-around maps a folio past i_size up to its window's end", "6.12",
     "around-caps-size", Property::kNoPagePastSize,
     "HB-51-fault-around-past-the-size.vmt"},
    {"HB-59", 2018, "hugetlb, Kravetz",
     "a fault adds a page that a truncation has passed, and leaves it in the "
     "cache",
     "6.18", "added-page-is-rechecked", Property::kNoCachedPagePastSize,
     "HB-59-added-page-stays-in-the-cache.vmt"},
    {"HB-66", 2014, "8e205f779d14",
     "a fault waits for a hole punch by taking i_sem under mmap_sem", "6.18",
     "hole-wait-is-lockless", Property::kLockOrder,
     "HB-66-fault-waits-for-i-sem.vmt"},
    {"HB-70", 2021, "494334e43c16",
     "a walk over a folio skips a vma that begins inside it", "6.18",
     "walk-clips-folio", Property::kNoRemovedPageMapped,
     "HB-70-walk-skips-a-vma-inside-the-folio.vmt"},
    {"HB-72", 2022, "b67fbebd4cf9",
     "munmap of a device's memory unlinks the vma before it flushes: the "
     "driver's pass finds nothing and returns (CVE-2022-39188)",
     "6.1", "pfn-flush-before-unlink", Property::kPassLeavesNoTlb,
     "HB-72-pfn-vma-unlinked-before-the-flush.vmt"},
    {"HB-73", 2022, "stable, Horn",
     "the same repair, looking at the first vma of the munmap alone", "6.1",
     "pfn-flush-looks-at-all", Property::kPassLeavesNoTlb,
     "HB-73-flush-looks-at-the-first-vma-alone.vmt"},
    {"HB-74", 2014, "ce9ec37bddb6",
     "the flush of a full gather ends before the page that filled it", "6.18",
     "full-batch-counts-last-page", Property::kNoStaleTlb,
     "HB-74-full-batch-flushes-a-page-too-few.vmt"},
    {"HB-77", 2017, "99baac21e458",
     "a pass finds a pte cleared whose flush another task owes, and returns",
     "6.18", "nested-gather-flushes", Property::kPassLeavesNoTlb,
     "HB-77-nested-gather-flushes-nothing.vmt"},
    {"HB-79", 2021, "a4a118f2eead",
     "an mm gives up a shared table of huge pages without a flush: the last "
     "that has it frees the pages (CVE-2021-4002)",
     "6.1", "unshare-flushes", Property::kNoStaleTlb,
     "HB-79-shared-table-goes-without-a-flush.vmt"},
    {"HB-81", 2024, "6fa1066fc5d0",
     "mremap moves a page table that a collapse has freed since mremap read "
     "its entry (CVE-2024-50066)",
     "6.12", "table-move-rereads", Property::kNoFreedUse,
     "HB-81-moves-a-table-that-was-retracted.vmt"},
    {"HB-82", 2022, "8d3c106e19e8",
     "a collapse frees a page table without i_mmap_lock, under a pass that has "
     "read its entry",
     "6.1", "retract-takes-map-lock", Property::kNoFreedUse,
     "HB-82-table-retracted-under-a-walk.vmt"},
    {"HB-83", 2024, "79f3d123caed",
     "mmap frees the page tables of what was in its range when another vma is "
     "in i_mmap over them",
     "6.12", "unmap-before-expand", Property::kNoFreedUse,
     "HB-83-tables-freed-under-a-merged-vma.vmt"},
    {"HB-85", 2023, "33313a747e81",
     "a fault finds a new vma before it is in i_mmap, and maps a page there",
     "6.18", "new-vma-is-locked", Property::kFaultInOwnVma,
     "HB-85-new-vma-found-before-it-is-indexed.vmt"},
    {"HB-85b", 2023, "1c7873e33645",
     "the lock of a vma is taken under i_mmap_lock", "6.18",
     "vma-lock-before-index", Property::kLockOrder,
     "HB-85b-vma-lock-inside-i-mmap-lock.vmt"},
    {"HB-89", 2025, "9bbffee67ffd",
     "a fault wakes the writer of an mm that has gone", "6.18",
     "reader-keeps-mm", Property::kNoFreedUse,
     "HB-89-wakes-a-writer-of-an-mm-that-has-gone.vmt"},
    {"HB-89b", 2025, "mutation",
     "a fault does not see that its vma has become another mm's", "6.18",
     "reader-checks-mm", Property::kFaultInOwnVma,
     "HB-89b-fault-under-a-vma-of-another-mm.vmt"},
    {"HB-89c", 2025, "mutation",
     "a fault does not see that a writer has locked its vma", "6.18",
     "reader-checks-lock", Property::kFaultInOwnVma,
     "HB-89c-fault-under-a-vma-that-a-writer-has-locked.vmt"},
    {"HB-89d", 2025, "mutation",
     "a fault does not see that its vma no longer holds the address", "6.18",
     "reader-checks-range", Property::kFaultInOwnVma,
     "HB-89d-fault-outside-the-vma.vmt"},
    {"HB-93", 2019, "fc8efd2ddfed",
     "a fault looks at its vma after it has released mmap_sem, and the vma has "
     "gone",
     "5.4", "dropped-fault-forgets-vma", Property::kNoFreedUse,
     "HB-93-fault-looks-at-a-vma-that-has-gone.vmt"},
    {"HB-95", 2023, "55ac8bbe358b",
     "a folio that comes in late is removed whole, with pages outside the hole",
     "6.18", "late-folio-is-split", Property::kNothingLostOutsideRange,
     "HB-95-late-folio-removed-whole.vmt"},
};

constexpr AbsentBug kAbsent[] = {
    {"HB-06", "mprotect forgets the anon_vma of the importer",
     "anon_vmas have no list here; the count has the same shape (HB-13)"},
    {"HB-12", "a new vma is not stamped (rule link-stamps)",
     "modelled, not detected: bounded-drops allows each vma that is linked its "
     "drops"},
    {"HB-20", "hugetlb: fork without the source lock",
     "fork copies no ptes of huge pages here"},
    {"HB-24", "madvise loops past a vma", "no madvise; a punch names the file"},
    {"HB-26", "invalidate_complete_page against a fault",
     "the same window as HB-27; shown by "
     "corpus/known/fault-maps-a-page-that-was-invalidated.vmt"},
    {"HB-30", "madvise passes a wrong prev to vma_merge", "no madvise"},
    {"HB-31", "nonlinear vmas on files with dirty accounting",
     "no dirty accounting"},
    {"HB-32", "remap_file_pages range checks", "byte addresses that wrap"},
    {"HB-33", "vmtruncate does nothing at equal size",
     "what stays is unmapped pages in the cache; no property sees them"},
    {"HB-34", "i_mmap_writable forgotten by fork", "no such counter"},
    {"HB-35", "hugetlb walk without the lock",
     "the walk of huge pages is that of other files here"},
    {"HB-37", "pgoff wraps in mremap", "a page index does not wrap here"},
    {"HB-38", "the end of the lock drop", "no bug: kernel 3.0"},
    {"HB-40", "faults starve a hole punch", "needs an endless run"},
    {"HB-42", "hugetlb fault against punch",
     "faults and punches of huge pages are those of other files here"},
    {"HB-43", "swap entries skipped", "no swap"},
    {"HB-44", "mapcount changes later than the pte",
     "mapcount and pte change in one step"},
    {"HB-52", "a failed split leaves a mapping (rule split-failure-unmaps)",
     "modelled, not detected: the passes cut the ptes themselves, and a fault "
     "caps what it maps (HB-50); a PMD, which is mapped whole, has no place "
     "here"},
    {"HB-55", "uffd fill past the end", "no userfaultfd"},
    {"HB-58", "hugetlb: mapped test outside the folio lock", "no migration"},
    {"HB-60", "hugetlb pass skips locked vmas",
     "the lock of a vma of huge pages has no place here"},
    {"HB-61", "rwsem reader without acquire",
     "steps see all that was written before them"},
    {"HB-64", "DAX fault against truncate", "no DAX"},
    {"HB-65", "ext4 hole punch against fault", "the same window as HB-46"},
    {"HB-67", "collapse refills what was punched",
     "a collapse leaves the page cache as it is here"},
    {"HB-69", "unmap for split sees a half-done zap",
     "mapcount and pte change in one step"},
    {"HB-75", "a dirty page is cleaned while a TLB can still write",
     "no write-back"},
    {"HB-76", "mremap against page cleaning", "no write-back"},
    {"HB-78", "reclaim defers a flush that others count on", "no reclaim"},
    {"HB-80", "hugetlb unshares before a split",
     "whom it harms walks page tables without locks (gup_fast); here a table "
     "that is shared again goes as a whole with the first page that is "
     "unmapped"},
    {"HB-84", "a directory entry is read twice under mmap_sem for read",
     "no huge entries, no madvise"},
    {"HB-86", "fork does not lock the parent's vmas",
     "shows in who shares a private copy"},
    {"HB-87", "a vma gets an anon_vma without its lock",
     "a fault that needs one takes mmap_sem"},
    {"HB-88", "a stack grows without mmap_sem for write", "no stacks"},
    {"HB-90", "munmap downgrades beside a vma that grows", "no stacks"},
    {"HB-91", "fork links before the vma is complete",
     "a private lock of hugetlb"},
};

// A rule that knows whether it has been asked.
struct WatchedFlag {
  bool value = false;
  mutable bool asked = false;
  operator bool() const {
    asked = true;
    return value;
  }
};

struct WatchedRules {
#define VMTRUNC_RULE(name, ...) WatchedFlag name;
  VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE
};

// Keeps a hash of the worlds after all steps.
class WatchProbe : public NoProbe<LargeCaps> {
 public:
  using RulesSeen = WatchedRules;

  void StepEnds(const World<LargeCaps>& w, unsigned, Verb, Flow) {
    trail_ = (trail_ ^ HashOf(w)) * 0x9e3779b97f4a7c15U;
  }
  uint64_t trail() const { return trail_; }

 private:
  uint64_t trail_ = 0;
};

WatchedRules Watch(const Rules& rules) {
  WatchedRules watched;
#define VMTRUNC_RULE(name, ...) watched.name.value = rules.name;
  VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE
  return watched;
}

// The rules that were asked. The reads that follow copying are the machine's
// alone.
RuleSet Asked(const WatchedRules& watched) {
  RuleSet asked;
  size_t number = 0;
#define VMTRUNC_RULE(name, ...) asked.set(number++, watched.name.asked);
  VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE
  return asked;
}

uint64_t Trail(const Script& script, const WatchedRules& rules) {
  Rules plain;
#define VMTRUNC_RULE(name, ...) plain.name = rules.name.value;
  VMTRUNC_RULES(VMTRUNC_RULE)
#undef VMTRUNC_RULE
  World<LargeCaps> world = MakeWorld<LargeCaps>(script.setup, plain);
  WatchProbe probe;
  Machine<LargeCaps, WatchProbe> machine(world, rules, probe);
  for (const Event& event : script.events) machine.Apply(event);
  machine.Finish();
  return probe.trail();
}

}  // namespace

std::span<const BugInfo> AllBugs() { return kBugs; }
std::span<const AbsentBug> AbsentBugs() { return kAbsent; }

KernelSpec WithBug(const BugInfo& bug) {
  const auto right = ParseKernelSpec(bug.kernel);
  VMT_CHECK(right.ok());
  KernelSpec spec = *right;
  spec.flips.flip(FindRule(bug.rule).value());
  VMT_CHECK(spec.flips != right->flips);
  return spec;
}

BugCheck CheckBug(const BugInfo& bug, const Script& script) {
  const Rules right = ParseKernelSpec(bug.kernel)->rules();
  const Rules wrong = WithBug(bug).rules();
  BugCheck check;
  check.detected =
      Run(script, wrong).breaks(bug.property) && Run(script, right).holds();

  const WatchedRules watched = Watch(wrong);
  check.triggered = Trail(script, Watch(right)) != Trail(script, watched);
  check.reached = Asked(watched).test(FindRule(bug.rule).value());
  return check;
}

RuleSet RulesAsked(const Script& script, const Rules& rules) {
  const WatchedRules watched = Watch(rules);
  Trail(script, watched);
  return Asked(watched);
}

}  // namespace vmtrunc
