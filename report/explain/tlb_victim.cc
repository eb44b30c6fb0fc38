#include "report/explain/tlb_victim.h"

#include <algorithm>
#include <set>
#include <utility>

#include "report/explain/row_facts.h"

namespace vmtrunc::report {
namespace {

// More are no story.
constexpr size_t kMostSteps = 14;

bool IsIn(const std::vector<unsigned>& numbers, unsigned number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

bool IsAboutTlb(Breach breach) {
  return breach == Breach::kStaleTranslation ||
         breach == Breach::kReachesFreed || breach == Breach::kTlbAfterPass;
}

class StaleFinder {
 public:
  StaleFinder(const Story& story, const TranslationView& translation)
      : story_(story), breaks_(*story.broken_row) {
    tale_.translation = translation;
  }

  TlbStory Tell() {
    FindLeft();
    for (size_t i = 0; i <= breaks_; ++i)
      for (Fact& fact : FactsOf(story_, i)) Look(i, fact);
    if (tale_.leads.size() > kMostSteps)
      tale_.leads.erase(
          tale_.leads.begin(),
          tale_.leads.end() - static_cast<std::ptrdiff_t>(kMostSteps));
    FindOwner();
    FindUsers();
    return std::move(tale_);
  }

 private:
  using Kind = Fact::Kind;

  unsigned addr() const { return tale_.translation.addr; }
  unsigned mm() const { return tale_.translation.mm; }

  void FindLeft() {
    tale_.left = breaks_;
    while (tale_.left > 0 &&
           story_.rows[tale_.left - 1].world.mms[mm()].tlb[addr()] != 0)
      --tale_.left;
  }

  // The fact is about the translation's mm.
  bool InMm(const Fact& fact) const {
    return fact.owner == tale_.translation.owner;
  }
  bool IsAtAddr(const Fact& fact) const {
    return InMm(fact) && IsIn(fact.addrs, addr());
  }
  bool IsItsPage(const Fact& fact) const {
    const auto& page = tale_.translation.made_for;
    return page && fact.file == page->file && IsIn(fact.pages, page->page);
  }
  bool IsItsFrame(const Fact& fact) const {
    return fact.made_for && fact.made_for == tale_.translation.made_for;
  }
  // The vma that had the address when its pte went.
  bool IsItsVma(const Fact& fact) const {
    return fact.vma && InMm({.owner = fact.vma->owner}) &&
           fact.vma->start <= addr() && addr() < fact.vma->end;
  }

  void Look(size_t row, Fact& fact) {
    if (!Leads(row, fact)) return;
    if (row == tale_.left && fact.kind == Kind::kUsesTable)
      tale_.taken_for = fact.table->first + addr() - *fact.table->now;
    const bool is_since = row >= tale_.left;
    switch (fact.kind) {
      case Kind::kRemoves:
      case Kind::kRevokes:
        tale_.gone = row;
        break;
      case Kind::kFreesFrame:
        tale_.freed = row;
        break;
      case Kind::kFlushes:
        if (!is_since) break;
        tale_.missed.push_back(row);
        // What somebody flushes after that has no more to do with it.
        if (!flushers_.insert(fact.task).second) return;
        break;
      default:
        break;
    }
    tale_.leads.push_back({std::move(fact), story_.rows[row].first_step,
                           story_.rows[row].last_step});
  }

  // Whether it is about the page, its pte, its translation, or its frame.
  bool Leads(size_t row, const Fact& fact) const {
    const bool is_since = row >= tale_.left;
    switch (fact.kind) {
      case Kind::kMaps:
      case Kind::kMoves:
      case Kind::kZaps:
      case Kind::kClears:
        // What mremap moved away, or there.
        return IsAtAddr(fact) || (InMm(fact) && IsIn(fact.to, addr()));
      case Kind::kLeaves:
        return IsAtAddr(fact) && row == tale_.left;
      case Kind::kFlushes:
        return is_since && InMm(fact) && !fact.addrs.empty() &&
               !IsIn(fact.addrs, addr());
      case Kind::kRemoves:
      case Kind::kRevokes:
      case Kind::kTakesBack:
        return is_since && IsItsPage(fact);
      case Kind::kHoldsFrame:
      case Kind::kFreesFrame:
      case Kind::kReusesFrame:
        return is_since && IsItsFrame(fact);
      case Kind::kTranslates:
        return is_since && InMm(fact) && fact.addr == addr();
      case Kind::kDetaches:
      case Kind::kUnindexes:
        return is_since && IsItsVma(fact);
      case Kind::kScans:
        return is_since && IsAtAddr(fact) && IsOfPass(fact);
      case Kind::kBeginsPass:
      case Kind::kEndsPass:
        return is_since && IsOfPass(fact);
      case Kind::kReadsTable:
      case Kind::kMovesTable:
      case Kind::kUsesTable:
        return row <= tale_.left && InMm(fact) && IsItsTable(*fact.table);
      default:
        return false;
    }
  }

  // The page table that its pte was in.
  bool IsItsTable(const TableFact& table) const {
    const Tables tables = story_.TablesBefore(tale_.left);
    return tables.at[mm()][addr() / kPtesPerTable] == table.number;
  }

  // Of the pass that leaves it, where that is what is violated.
  bool IsOfPass(const Fact& fact) const {
    return fact.task == story_.rows[breaks_].task &&
           story_.result.first.property == Property::kPassLeavesNoTlb;
  }

  void FindOwner() {
    const TlbView view = TlbOf(story_, story_.rows[breaks_].world, breaks_);
    for (const GatherView& it : view.gathers)
      if (it.mm == mm() && it.first <= addr() && addr() <= it.last)
        tale_.owes = it;
  }

  void FindUsers() {
    const LargeWorld& world = story_.rows[breaks_].world;
    for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
      if (world.tasks[task].live != 0 && world.tasks[task].mm == mm())
        tale_.users.push_back(task);
  }

  const Story& story_;
  const size_t breaks_;
  TlbStory tale_;
  std::set<unsigned> flushers_;  // tasks that have flushed the mm since
};

}  // namespace

std::optional<TlbStory> TlbStoryOf(const Story& story) {
  const Violation& violation = story.result.first;
  if (story.result.holds() || !story.broken_row ||
      !IsAboutTlb(violation.breach))
    return std::nullopt;
  const auto victim = VictimOf(violation);
  if (!victim) return std::nullopt;
  const size_t row = *story.broken_row;
  const auto translation = TranslationAt(
      TlbOf(story, story.rows[row].world, row), victim->mm, victim->addr);
  if (!translation) return std::nullopt;
  return StaleFinder(story, *translation).Tell();
}

}  // namespace vmtrunc::report
