#include "report/explain/words_fact.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "report/explain/row_facts.h"
#include "report/explain/words_folio.h"
#include "report/explain/words_table.h"
#include "report/explain/words_tlb.h"

namespace vmtrunc::report {
namespace {

class Phrase {
 public:
  Phrase(const Story& story, const Fact& fact) : story_(story), fact_(fact) {}

  std::string Say() const {
    switch (fact_.kind) {
      case Kind::kWaits:
        return Waits();
      case Kind::kSetsSize:
        return SetsSize();
      case Kind::kBeginsPass:
        return BeginsPass();
      case Kind::kZaps:
        return "zaps " + Addresses();
      case Kind::kScans:
        return "scans " + Addresses() + ": nothing to zap";
      case Kind::kPassesBy:
        return "passes by " + Vma() + ", now" + Quoted();
      case Kind::kGoesOn:
        return GoesOn();
      case Kind::kComesTo:
        return "comes to " + Vma() + Quoted();
      case Kind::kFrees:
        return Frees();
      case Kind::kAllocates:
        return "allocates " + Vma() + ": " + InSlot();
      case Kind::kSplits:
        return "splits " + InWords(story_, fact_.of.value_or(VmaFact{})) +
               ": the piece " + Vma() + " gets " + InSlot();
      case Kind::kResizes:
        return absl::StrFormat("changes %s to [%u, %u)", Vma(), fact_.first,
                               fact_.last);
      case Kind::kDetaches:
        return "takes " + Vma() + " off its mm";
      case Kind::kIndexes:
        return Indexes();
      case Kind::kUnindexes:
        return "takes " + Vma() + " out of the index";
      case Kind::kMakesNonlinear:
      case Kind::kMakesLinear:
      case Kind::kMakesWritable:
      case Kind::kMakesReadOnly:
        return "makes " + Vma() + Made();
      case Kind::kMoves:
        return "moves " + RangesOf(fact_.addrs) + " to " + RangesOf(fact_.to);
      case Kind::kClears:
        return "clears " + Addresses();
      case Kind::kMaps:
        return "maps " + Addresses();
      case Kind::kDrops:
        return Drops();
      case Kind::kRemoves:
        return Removes();
      case Kind::kEndsPass:
        return "ends the pass";
      case Kind::kClearsCount:
        return "sets the count of " + Vma() + " to 0: to be scanned";
      case Kind::kServed:
      case Kind::kMakesPteWritable:
      case Kind::kSigbusPastSize:
      case Kind::kSigbusGone:
      case Kind::kSigsegvReadOnly:
      case Kind::kSigsegvNoVma:
      case Kind::kRetriesCount:
      case Kind::kRetriesPage:
      case Kind::kPteChanged:
      case Kind::kFails:
      case Kind::kNoMemory:
      case Kind::kEnds:
      case Kind::kOnlyLocks:
        return Outcome();
      case Kind::kSamplesSize:
      case Kind::kChecksSize:
      case Kind::kHolds:
      case Kind::kCaches:
      case Kind::kDirties:
      case Kind::kSplitsFolio:
      case Kind::kKeepsFolio:
      case Kind::kPins:
      case Kind::kUnpins:
      case Kind::kHoldsOld:
      case Kind::kWritesPast:
      case Kind::kReadsOld:
      case Kind::kSetsOrder:
        return FolioPhrase(story_, fact_);
      case Kind::kLeaves:
      case Kind::kFlushes:
      case Kind::kReleases:
      case Kind::kHoldsFrame:
      case Kind::kFreesFrame:
      case Kind::kReusesFrame:
      case Kind::kTranslates:
      case Kind::kRevokes:
      case Kind::kTakesBack:
        return TlbPhrase(story_, fact_);
      case Kind::kReadsTable:
      case Kind::kMovesTable:
      case Kind::kMovesFreedTable:
      case Kind::kRetractsTable:
      case Kind::kFreesTable:
      case Kind::kUsesTable:
      case Kind::kFindsNoTable:
      case Kind::kSharesTable:
      case Kind::kUnsharesTable:
        return TablePhrase(story_, fact_);
    }
    return "";
  }

 private:
  using Kind = Fact::Kind;

  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }
  VmaFact Its() const { return fact_.vma.value_or(VmaFact{}); }
  std::string Vma() const { return InWords(story_, Its()); }
  // "102..103 of a".
  std::string Addresses() const {
    return RangesOf(fact_.addrs) + " of " + TaskName(fact_.owner);
  }
  // A count, in brackets.
  std::string Quoted() const {
    const std::string count = InWords(fact_.count);
    return count.empty() ? "" : " (\"" + count + "\")";
  }

  std::string Waits() const {
    std::string who;
    for (const Holder& holder : fact_.holders) {
      const bool itself = holder.task == fact_.task;
      absl::StrAppend(&who, who.empty() ? "" : ", ",
                      itself ? "it" : TaskName(holder.task), " holds ",
                      InWords(story_, holder.lock), itself ? " itself" : "");
    }
    if (fact_.page)
      who = absl::StrFormat(
          "page %u is mapped, and a pass over it has zapped nothing",
          *fact_.page);
    if (who.empty() && fact_.place) who = fact_.place->Name();
    return "waits: " + who;
  }

  std::string SetsSize() const {
    return absl::StrFormat("sets i_size of %s: %u -> %u",
                           story_.FileName(fact_.file), fact_.before,
                           fact_.after);
  }

  std::string BeginsPass() const {
    const std::string pages = PagesInWords(fact_.first, fact_.last);
    return fact_.pass ? absl::StrFormat("begins pass %u: to unmap %s",
                                        *fact_.pass, pages)
                      : "begins a pass: to unmap " + pages;
  }

  std::string GoesOn() const {
    return absl::StrFormat(
        "resumes in %s at %u, %s %s%s", Vma(), fact_.addr,
        fact_.believes ? "believing" : "leaving",
        fact_.first == fact_.last
            ? std::to_string(fact_.first)
            : absl::StrFormat("%u..%u", fact_.first, fact_.last),
        fact_.believes ? " done" : " out");
  }

  std::string Drops() const {
    if (fact_.note)
      return absl::StrFormat(
          "drops i_mmap_lock, remembering slot %u, address %u, page %u",
          fact_.note->slot, fact_.note->addr, fact_.note->page);
    if (!fact_.vma) return "drops i_mmap_lock";
    return "drops i_mmap_lock, writing \"" + InWords(fact_.count) +
           "\" into the count of " + Vma();
  }

  std::string Removes() const {
    const size_t mapped = fact_.addrs.size();
    std::string text = std::string("removes ") +
                       (fact_.pages.size() == 1 ? "page " : "pages ") +
                       RangesOf(fact_.pages) + " from the page cache";
    if (mapped == 0) return text;
    return text + " though " + Addresses() + " still map" +
           (mapped == 1 ? "s " : " ") +
           (mapped != fact_.pages.size() ? RangesOf(fact_.mapped)
            : mapped == 1                ? "it"
                                         : "them");
  }

  std::string Frees() const {
    std::string text = absl::StrFormat("frees %s: slot %u", Vma(), Its().slot);
    if (fact_.count.kind == CountFact::Kind::kNone) return text;
    return text + ", and \"" + InWords(fact_.count) + "\" with it";
  }

  // With the previous vma in the struct.
  std::string InSlot() const {
    std::string text = absl::StrCat("slot ", Its().slot);
    return fact_.was ? text + ", which was " + InWords(story_, *fact_.was)
                     : text;
  }

  std::string Indexes() const {
    std::string text = "puts " + Vma() + " into the index";
    if (fact_.count.kind == CountFact::Kind::kNone) return text;
    return text + ", as if \"" + InWords(fact_.count) + "\"";
  }

  const char* Made() const {
    if (fact_.kind == Kind::kMakesNonlinear) return " nonlinear";
    if (fact_.kind == Kind::kMakesLinear) return " linear";
    return fact_.kind == Kind::kMakesWritable ? " writable" : " read-only";
  }

  std::string Outcome() const {
    const unsigned addr = fact_.addr;
    const unsigned page = fact_.page.value_or(0);
    const char* const stops =
        fact_.access ? "ends in SIGBUS" : "stops populating, for SIGBUS";
    const std::pair<Kind, std::string> all[] = {
        {Kind::kServed, "is served by the page that is there"},
        {Kind::kMakesPteWritable, absl::StrFormat("makes %u of %s writable",
                                                  addr, TaskName(fact_.owner))},
        {Kind::kSigbusPastSize,
         absl::StrFormat("%s at %u: page %u is past i_size, %u", stops, addr,
                         page, fact_.after)},
        {Kind::kSigbusGone,
         absl::StrFormat("%s at %u: page %u %s", stops, addr, page,
                         story_.script.setup.folios[fact_.file].pfn
                             ? "is revoked"
                             : "has left the page cache")},
        {Kind::kSigsegvReadOnly,
         absl::StrFormat("ends in SIGSEGV: the vma at %u is read-only", addr)},
        {Kind::kSigsegvNoVma,
         absl::StrFormat("ends in SIGSEGV: no vma is at %u", addr)},
        {Kind::kRetriesCount, "retries: truncate_count has changed"},
        {Kind::kRetriesPage,
         absl::StrFormat("retries: page %u has left the page cache", page)},
        {Kind::kPteChanged,
         absl::StrFormat("ends, and would fault again: the pte at %u is not "
                         "what it was",
                         addr)},
        {Kind::kFails, "fails: ENOMEM"},
        {Kind::kNoMemory, "gets no memory: it has to undo what it did"},
        {Kind::kEnds, "ends"},
        {Kind::kOnlyLocks, "does nothing but lock; next: " +
                               (fact_.place ? fact_.place->Name() : "")}};
    for (const auto& [kind, words] : all)
      if (kind == fact_.kind) return words;
    return "";
  }

  const Story& story_;
  const Fact& fact_;
};

}  // namespace

std::string RangesOf(const std::vector<unsigned>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t j = i;
    while (j + 1 < numbers.size() && numbers[j + 1] == numbers[j] + 1) ++j;
    absl::StrAppend(&text, text.empty() ? "" : ", ", numbers[i]);
    if (j != i) absl::StrAppend(&text, "..", numbers[j]);
    i = j + 1;
  }
  return text;
}

std::string InWords(const Story& story, const VmaFact& vma) {
  return absl::StrFormat("[%u, %u) of %s", vma.start, vma.end,
                         story.script.task_names[vma.owner]);
}

std::string InWords(const CountFact& count) {
  switch (count.kind) {
    case CountFact::Kind::kNone:
      return "";
    case CountFact::Kind::kToScan:
      return "to be scanned";
    case CountFact::Kind::kScanned:
      return absl::StrFormat("scanned by pass %u", count.pass);
    case CountFact::Kind::kRestart:
      return count.pass == 0 ? absl::StrFormat("restart at %u", count.at)
                             : absl::StrFormat("restart of pass %u at %u",
                                               count.pass, count.at);
  }
  return "";
}

std::string InWords(const Story& story, const LockFact& fact) {
  const HeldLock& lock = fact.lock;
  const std::string of_mm =
      fact.is_own ? "" : " of " + story.script.task_names[fact.owner];
  const auto of_file = [&] {
    return story.script.setup.files > 1 ? " of " + story.FileName(lock.id) : "";
  };
  const char* const shared = lock.shared ? " shared" : "";
  switch (lock.kind) {
    case LockKind::kISem:
      return "i_sem" + of_file();
    case LockKind::kMmapSemRead:
      return "mmap_sem read" + of_mm;
    case LockKind::kMmapSemWrite:
      return "mmap_sem write" + of_mm;
    case LockKind::kInvalidateLock:
      return absl::StrCat("invalidate_lock", shared, of_file());
    case LockKind::kPageLock:
      return absl::StrFormat("lock of page %u", lock.id);
    case LockKind::kVmaLock:
      return absl::StrFormat("%s lock of the vma in slot %u",
                             lock.shared ? "read" : "write", lock.id);
    case LockKind::kUnmapMutex:
      return "unmap_mutex" + of_file();
    case LockKind::kIMmapLock:
      return absl::StrCat("i_mmap_lock", shared, of_file());
    case LockKind::kPageTableLock:
      return "page_table_lock" + of_mm;
  }
  return "";
}

std::string PagesInWords(unsigned first, unsigned last) {
  if (last >= LargeCaps::kFilePages - 1)
    return absl::StrFormat("page %u and all after it", first);
  return last == first ? absl::StrFormat("page %u", first)
                       : absl::StrFormat("pages %u..%u", first, last);
}

std::string InWords(const Story& story, const Fact& fact) {
  return Phrase(story, fact).Say();
}

std::vector<std::string> Deeds(const Story& story, size_t row) {
  const std::vector<Fact> facts = FactsOf(story, row);
  std::vector<std::string> deeds;
  deeds.reserve(facts.size());
  for (const Fact& fact : facts) deeds.push_back(InWords(story, fact));
  return deeds;
}

}  // namespace vmtrunc::report
