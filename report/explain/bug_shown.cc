#include "report/explain/bug_shown.h"

#include <optional>

#include "core/check.h"
#include "report/explain/account.h"
#include "report/explain/victim.h"

namespace vmtrunc::report {
namespace {

constexpr ShownBug kShown[] = {
    // Identified by pattern: others have the same repair.
    {"HB-07",
     "the pass remembers a vma by its struct, which is freed and reused, and "
     "resumes in another vma (the bug of 2004)",
     "restart-in-vma", Pattern::kReusedStruct},
    {"F3", "mremap moves a page below the restart point of the pass",
     "restart-in-vma", Pattern::kMovedBelow},
    {"F4", "mprotect grows the remembered vma below the restart point",
     "restart-in-vma", Pattern::kGrownBelow},
    {"HB-18",
     "one restart point for each pass: each lock drop forgets the last",
     "restart-in-vma", Pattern::kScansAgain},
    {"HB-26", "a fault maps a page that an invalidation has removed",
     "fault-page-lock", Pattern::kMapsRemoved},
    {"HB-28", "a private copy is made after the pass and stays past the end",
     "second-pass", Pattern::kCopyComesBack},
    {"HB-36a", "a pass believes the restart address of another that runs",
     "unmap-mutex", Pattern::kOtherRestart},
    {"HB-36b", "two passes overwrite each other's counts and scan again",
     "unmap-mutex", Pattern::kCountOverwritten},
    // Identified by the repair.
    {"HB-01", "split_vma shrinks a vma in the tree without i_mmap_lock",
     "split-under-lock", Pattern::kAny},
    {"HB-02", "fork links the child before its parent, which the pass has left",
     "fork-after-parent", Pattern::kAny},
    {"HB-03", "mremap moves ptes past the pass without i_mmap_lock",
     "move-under-lock", Pattern::kAny},
    {"HB-04", "mremap fails and moves its ptes back past the pass",
     "rewind-under-lock", Pattern::kAny},
    {"HB-05", "nonlinear vmas are scanned by their linear range",
     "nonlinear-scans-all", Pattern::kAny},
    {"HB-08", "a page-aligned count is read as a restart address", "leap",
     Pattern::kAny},
    {"HB-09", "the count wraps to a value that a vma still carries",
     "wrap-resets", Pattern::kAny},
    {"HB-10", "a fault reads i_size before it samples the count",
     "fault-count-first", Pattern::kAny},
    {"HB-11a", "a split links a vma with a count sampled without the lock",
     "split-inherits", Pattern::kAny},
    {"HB-11b", "fork links a vma with a count sampled without the lock",
     "fork-inherits", Pattern::kAny},
    {"HB-13",
     "a scanned vma takes over an unscanned neighbour and stays scanned",
     "importer-rescans", Pattern::kAny},
    {"HB-14", "ptes move into a vma that is scanned already", "mremap-resets",
     Pattern::kAny},
    {"HB-15",
     "pages move into a vma whose restart address is equal by accident",
     "mremap-always-resets", Pattern::kAny},
    {"HB-19", "page tables are freed while the pass can still find the vma",
     "unlink-before-tables", Pattern::kAny},
    {"HB-21", "the pass unmaps pages before its range", "clip-to-range",
     Pattern::kAny},
    {"HB-22", "a hole punch takes i_mutex under mmap_sem",
     "punch-without-mmap-sem", Pattern::kAny},
    {"HB-25", "a byte offset is computed in too few bits", "wide-offsets",
     Pattern::kAny},
    {"HB-29",
     "a page is truncated while page_mkwrite runs, and mapped after it",
     "mkwrite-rechecks", Pattern::kAny},
    {"HB-39", "ptes move against the order of the pass without the lock",
     "merged-move-locks", Pattern::kAny},
    {"HB-41", "the end of the range is overwritten with an address",
     "range-end-kept", Pattern::kAny},
    {"HB-49",
     "i_size shrinks between fault-around's two looks at it, and the number of "
     "pages wraps",
     "around-size-first", Pattern::kAny},
    {"HB-50b", "fault-around maps every folio as it may map the first",
     "each-folio-decides", Pattern::kAny},
    {"HB-50", "a fault maps a folio that reaches past i_size whole",
     "map-respects-size", Pattern::kAny},
    {"HB-51", "fault-around maps a folio past i_size", "around-caps-size",
     Pattern::kAny},
    {"HB-59", "a fault leaves the page in the cache that it added past the end",
     "added-page-is-rechecked", Pattern::kAny},
    {"HB-66", "a fault waits for a hole punch by taking i_sem",
     "hole-wait-is-lockless", Pattern::kAny},
    {"HB-70", "a walk over a folio skips a vma that begins inside it",
     "walk-clips-folio", Pattern::kAny},
    {"HB-47", "a fault uses a vma that has been taken off its mm",
     "reader-checks-attached", Pattern::kAny},
    {"HB-85", "a fault finds a new vma before the pass can",
     "new-vma-is-locked", Pattern::kAny},
    {"HB-85b", "the lock of a vma is taken under i_mmap_lock",
     "vma-lock-before-index", Pattern::kAny},
    {"HB-89", "a fault wakes a writer of an mm that has gone",
     "reader-keeps-mm", Pattern::kAny},
    {"HB-89b", "a fault uses a vma that has become another mm's",
     "reader-checks-mm", Pattern::kAny},
    {"HB-89c", "a fault uses a vma that a writer has locked",
     "reader-checks-lock", Pattern::kAny},
    {"HB-89d", "a fault uses a vma that no longer holds its address",
     "reader-checks-range", Pattern::kAny},
    {"HB-93", "a fault looks at its vma after it has released mmap_sem",
     "dropped-fault-forgets-vma", Pattern::kAny},
    {"HB-95", "tmpfs removes a folio whole that reaches out of the range",
     "late-folio-is-split", Pattern::kAny},
    {"HB-48", "mremap flushes the old addresses only when all has moved",
     "move-flushes-before-unlock", Pattern::kAny},
    {"HB-56", "a page table moves under a pass that has read its entry",
     "table-move-locks", Pattern::kAny},
    {"HB-73", "the flush before the unlink looks at the first vma alone",
     "pfn-flush-looks-at-all", Pattern::kAny},
    {"HB-72", "a vma of a device's memory is unlinked before it is flushed",
     "pfn-flush-before-unlink", Pattern::kAny},
    {"HB-74", "a full gather is flushed one page too short",
     "full-batch-counts-last-page", Pattern::kAny},
    {"HB-77", "a pass does not flush what another task has cleared",
     "nested-gather-flushes", Pattern::kAny},
    {"HB-79", "an mm gives up a shared page table without a flush",
     "unshare-flushes", Pattern::kAny},
    {"HB-81", "a page table moves that a collapse has freed",
     "table-move-rereads", Pattern::kAny},
    {"HB-82", "a collapse frees a page table under a pass",
     "retract-takes-map-lock", Pattern::kAny},
    {"HB-83", "mmap frees page tables under a vma that is in i_mmap",
     "unmap-before-expand", Pattern::kAny},
    {"F5",
     "fault-around maps a folio up to an i_size that it read before it had the "
     "folio's lock",
     "around-size-again", Pattern::kAny},
    {"F6",
     "a fault of tmpfs does not look at i_size again where it found the page",
     "found-page-is-rechecked", Pattern::kAny},
    {"F8", "page_mkwrite looks at the folio, of which the page is past the end",
     "mkwrite-checks-page", Pattern::kAny},
    {"F9",
     "a folio that stays whole is zeroed past the end before it is unmapped",
     "kept-folio-is-zeroed", Pattern::kAny},
    {"F7", "tmpfs maps a folio past i_size by design", "shmem-maps-past-size",
     Pattern::kAny, /*is_rule=*/true},
    {"HB-57", "fork copies ptes into a vma before the pass can find it",
     "fork-links-first", Pattern::kAny},
    {"HB-62", "a byte offset with the top bit set is shifted as signed",
     "unsigned-offsets", Pattern::kAny},
    {"HB-45", "a vma extended downwards keeps its pgoff", "merge-moves-pgoff",
     Pattern::kAny},
    {"HB-27",
     "a fault maps a page after the pass has unmapped it, before it is removed",
     "fault-page-lock", Pattern::kAny},
    {"HB-27r", "remap_file_pages installs a page that is being removed",
     "remap-file-ptes", Pattern::kAny},
    {"HB-23", "a fault refills a hole before its page is removed",
     "unmap-per-page", Pattern::kAny},
    {"HB-46", "a hole is filled again before the punch is over",
     "invalidate-lock", Pattern::kAny},
    {"F1",
     "a split leaves a restart address below the range of the pass, and a "
     "later "
     "pass believes it",
     "pass-clears-restarts", Pattern::kOtherRestart},
    {"F2",
     "mremap moves a page below a restart address while it allocates a page "
     "table",
     "relock-resets", Pattern::kAny},
};

const RuleInfo& RuleOf(const ShownBug& bug) {
  const auto rule = FindRule(bug.rule);
  VMT_CHECK(rule.ok());
  return AllRules()[*rule];
}

Pattern PatternOf(const Story& story, const Victim& victim,
                  const Escape& escape) {
  using How = Account::How;
  const Account account = AccountOf(story, victim, escape);
  switch (account.how) {
    case How::kByPointer:
    case How::kByOtherPage:
      if (account.is_reused) return Pattern::kReusedStruct;
      return account.is_moved ? Pattern::kMovedBelow : Pattern::kGrownBelow;
    case How::kByRestart:
      return account.older ? Pattern::kOtherRestart : Pattern::kOwnRestart;
    case How::kByStamp:
      return Pattern::kStamp;
    case How::kComesBack:
      return story.rows[escape.breaks]
                         .world.mms[victim.mm]
                         .ptes[victim.addr]
                         .kind() == PteKind::kCopy
                 ? Pattern::kCopyComesBack
                 : Pattern::kComesBack;
    case How::kScanned:
    case How::kOutOfRange:
    case How::kNeverThere:
    case How::kLeftOut:
      return Pattern::kAny;
  }
  return Pattern::kAny;
}

}  // namespace

std::span<const ShownBug> ShownBugs() { return kShown; }

Pattern PatternOf(const Story& story) {
  VMT_CHECK(story.broken_row.has_value());
  if (const auto twice = TwiceOf(story)) {
    if (twice->between.empty()) return Pattern::kScansAgain;
    for (const Twice::Written& written : twice->between)
      if (IsPass(story.rows[written.row].verb))
        return Pattern::kCountOverwritten;
    return Pattern::kAny;
  }
  const auto victim = VictimOf(story.result.first);
  if (!victim) return Pattern::kAny;
  const Verb verb = story.rows[*story.broken_row].verb;
  if (verb == Verb::kRead || verb == Verb::kWrite || verb == Verb::kMmap)
    return Pattern::kMapsRemoved;
  const auto escape = EscapeOf(story);
  return escape ? PatternOf(story, *victim, *escape) : Pattern::kAny;
}

const ShownBug* BugShownBy(const Script& script, const KernelSpec& kernel) {
  const Story story = Tell("", script, kernel, Folding::kNone);
  if (story.result.holds() || !story.broken_row) return nullptr;
  const Pattern pattern = PatternOf(story);
  for (const ShownBug& bug : kShown) {
    if (bug.pattern != Pattern::kAny && bug.pattern != pattern) continue;
    const RuleInfo& rule = RuleOf(bug);
    if (story.rules.*rule.flag != bug.is_rule) continue;
    Rules repaired = story.rules;
    repaired.*rule.flag = !bug.is_rule;
    if (!Run(script, repaired).breaks(story.result.first.property)) return &bug;
  }
  return nullptr;
}

}  // namespace vmtrunc::report
