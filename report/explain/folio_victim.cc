#include "report/explain/folio_victim.h"

#include <algorithm>

#include "report/explain/folio_facts.h"
#include "report/explain/row_facts.h"
#include "report/explain/tlb_victim.h"

namespace vmtrunc::report {
namespace {

// More are no story.
constexpr size_t kMostLeads = 14;

bool Has(const std::vector<unsigned>& numbers, unsigned number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

class LeadFinder {
 public:
  LeadFinder(const Story& story, unsigned file, unsigned page)
      : story_(story), breaks_(*story.broken_row) {
    tale_.file = file;
    tale_.page = page;
    if (const auto victim = VictimOf(story.result.first)) {
      addr_ = victim->addr;
      owner_ = story.rows[breaks_].mm_task[victim->mm];
    }
  }

  FolioStory Tell() {
    for (size_t i = 0; i <= breaks_; ++i)
      for (Fact& fact : FactsOf(story_, i)) Look(i, fact);
    FindOldSize();
    if (tale_.leads.size() > kMostLeads)
      tale_.leads.erase(
          tale_.leads.begin(),
          tale_.leads.end() - static_cast<std::ptrdiff_t>(kMostLeads));
    return std::move(tale_);
  }

 private:
  using Kind = Fact::Kind;

  void Look(size_t row, Fact& fact) {
    if (!Leads(row, fact)) return;
    if (fact.kind == Kind::kKeepsFolio) tale_.kept = row;
    if (fact.kind == Kind::kSetsSize) stored_ = row;
    if (fact.task == story_.rows[breaks_].task &&
        (fact.kind == Kind::kSamplesSize || fact.kind == Kind::kChecksSize)) {
      read_ = row;
      size_ = fact.after;
    }
    tale_.leads.push_back({std::move(fact), story_.rows[row].first_step,
                           story_.rows[row].last_step});
  }

  // Whether it is about the page, its folio, its pte, or i_size.
  bool Leads(size_t row, const Fact& fact) const {
    const bool in_file = fact.file == tale_.file;
    switch (fact.kind) {
      case Kind::kSetsSize:
      case Kind::kSamplesSize:
        return in_file;
      case Kind::kChecksSize:
        return in_file && fact.page == tale_.page;
      case Kind::kPins:
      case Kind::kUnpins:
        return in_file && IsInFolio(row, fact.pages);
      case Kind::kHoldsOld:
      case Kind::kWritesPast:
      case Kind::kReadsOld:
      case Kind::kRemoves:
        return in_file && Has(fact.pages, tale_.page);
      case Kind::kHolds:
      case Kind::kCaches:
      case Kind::kDirties:
      case Kind::kSplitsFolio:
      case Kind::kKeepsFolio:
        return in_file && fact.first <= tale_.page && tale_.page <= fact.last;
      case Kind::kZaps:
      case Kind::kClears:
      case Kind::kMaps:
        return addr_ && fact.owner == owner_ && Has(fact.addrs, *addr_);
      case Kind::kMoves:
        return addr_ && fact.owner == owner_ && Has(fact.to, *addr_);
      default:
        return false;
    }
  }

  // Whether one of them is in the folio that has the page then.
  bool IsInFolio(size_t row, const std::vector<unsigned>& pages) const {
    const File& file = story_.rows[row].world.files[tale_.file];
    return std::any_of(pages.begin(), pages.end(), [&](unsigned page) {
      return FolioFirst(file, page) == FolioFirst(file, tale_.page);
    });
  }

  void FindOldSize() {
    const unsigned now = story_.rows[breaks_].world.files[tale_.file].size;
    // Of an empty file there is no last page (DIV_ROUND_UP(0, PAGE_SIZE) - 1).
    const bool is_larger = size_ > now || size_ == 0;
    if (!read_ || !stored_ || *stored_ < *read_ || !is_larger) return;
    tale_.old_size = OldSize{.task = story_.rows[breaks_].task,
                             .size = size_,
                             .now = now,
                             .read = *read_,
                             .stored = *stored_};
  }

  const Story& story_;
  const size_t breaks_;
  std::optional<unsigned> addr_;
  unsigned owner_ = 0;
  std::optional<size_t> read_, stored_;
  unsigned size_ = 0;
  FolioStory tale_;
};

// The file of the vma that has the victim's address.
std::optional<unsigned> FileOf(const Story& story, const Victim& victim) {
  for (size_t i = *story.broken_row + 2; i-- > 0;) {
    const Vma* const vma =
        CoverOf(i == 0 ? story.start : story.rows[i - 1].world, victim);
    if (vma != nullptr) return vma->file;
  }
  return std::nullopt;
}

}  // namespace

std::optional<CacheVictim> CacheVictimOf(const Violation& violation) {
  switch (violation.breach) {
    case Breach::kCachedPastSize:
    case Breach::kShowsOld:
    case Breach::kLosesPage:
      return CacheVictim{.file = violation.values[1],
                         .page = violation.values[0]};
    default:
      return std::nullopt;
  }
}

std::optional<FolioStory> FolioStoryOf(const Story& story) {
  if (story.result.holds() || !story.broken_row || EscapeOf(story) ||
      TlbStoryOf(story))
    return std::nullopt;
  if (const auto victim = CacheVictimOf(story.result.first))
    return LeadFinder(story, victim->file, victim->page).Tell();
  const auto victim = VictimOf(story.result.first);
  if (!victim) return std::nullopt;
  const auto file = FileOf(story, *victim);
  if (!file || !ShowsFolios(story, *file)) return std::nullopt;
  return LeadFinder(story, *file, victim->index).Tell();
}

}  // namespace vmtrunc::report
