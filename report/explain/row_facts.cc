#include "report/explain/row_facts.h"

#include <algorithm>

#include "core/model/mark.h"
#include "report/explain/folio_facts.h"
#include "report/explain/outcome.h"
#include "report/explain/row_reader.h"
#include "report/explain/table_facts.h"
#include "report/explain/tlb_facts.h"
#include "report/explain/vma_facts.h"

namespace vmtrunc::report {
namespace {

class Collector : RowReader {
 public:
  Collector(const Story& story, size_t row) : RowReader(story, row) {}

  std::vector<Fact> Collect() {
    if (row_.flow == Flow::kBlocked) facts_.push_back(WaitOf(story_, number_));
    Sizes();
    std::vector<Fact> tlb = TlbFactsOf(story_, number_);
    const bool first = TlbComesFirst(row_);
    if (first) Put(tlb);
    std::vector<Fact> tables = TableFactsOf(story_, number_);
    Put(tables);
    for (const TraceNote& note : row_.notes)
      if (note.kind == Note::kPassBegins) PassBegins(note);
    ScansAndZaps();
    PassedBy();
    Enters();
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot)
      Struct(static_cast<Slot>(slot));
    Ptes();
    Drops();
    Removals();
    std::vector<Fact> folios = FolioFactsOf(story_, number_);
    Put(folios);
    if (!first) Put(tlb);
    for (const TraceNote& note : row_.notes) {
      if (note.kind == Note::kPassEnds) Add(Kind::kEndsPass);
      if (note.kind == Note::kCleared)
        Add(Kind::kClearsCount).vma = After(static_cast<Slot>(note.id));
    }
    for (Fact& outcome : OutcomesOf(story_, number_))
      facts_.push_back(std::move(outcome));
    if (row_.flow == Flow::kDone && facts_.empty()) Add(Kind::kEnds);
    if (facts_.empty() && row_.flow != Flow::kBlocked && row_.to)
      Add(Kind::kOnlyLocks).place = row_.to;
    return std::move(facts_);
  }

 private:
  void Put(std::vector<Fact>& facts) {
    for (Fact& fact : facts) facts_.push_back(std::move(fact));
  }
  VmaFact Before(Slot slot) const {
    return FactOf(story_, number_, slot, before_.vmas[slot]);
  }
  VmaFact After(Slot slot) const {
    return FactOf(story_, number_, slot, after_.vmas[slot]);
  }

  void Sizes() {
    for (unsigned i = 0; i < LargeCaps::kFiles; ++i) {
      if (before_.files[i].size == after_.files[i].size) continue;
      Fact& fact = Add(Kind::kSetsSize);
      fact.file = i;
      fact.before = before_.files[i].size;
      fact.after = after_.files[i].size;
    }
  }

  void PassBegins(const TraceNote& note) {
    Fact& fact = Add(Kind::kBeginsPass);
    fact.file = note.mm;
    fact.first = note.start;
    fact.last = note.end - 1;
    if (story_.rules.stamp_vmas) fact.pass = note.id;
  }

  void ScansAndZaps() {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      Addresses zapped, scanned;
      for (const TraceNote& note : row_.notes) {
        if (note.mm != mm) continue;
        if (note.kind == Note::kZaps) zapped.push_back(note.start);
        if (note.kind == Note::kScans)
          for (unsigned addr = note.start; addr < note.end; ++addr)
            scanned.push_back(addr);
      }
      std::sort(zapped.begin(), zapped.end());
      std::sort(scanned.begin(), scanned.end());
      if (!zapped.empty())
        Add(Kind::kZaps, mm, std::move(zapped));
      else if (!scanned.empty())
        Add(Kind::kScans, mm, std::move(scanned));
    }
  }

  // Vmas that the walk reaches and marks as done without a scan.
  void PassedBy() {
    for (const TraceNote& note : row_.notes) {
      if (note.kind != Note::kLooksAt || note.id == row_.ends.pass.cursor)
        continue;
      const auto slot = static_cast<Slot>(note.id);
      const Vma& a = before_.vmas[slot];
      const Vma& b = after_.vmas[slot];
      if (b.state == VmaState::kFree || a.birth != b.birth ||
          a.count == b.count || IsScanned(b))
        continue;
      Fact& fact = Add(Kind::kPassesBy);
      fact.vma = After(slot);
      fact.count = CountOf(story_, b);
    }
  }

  bool IsScanned(const Vma& vma) const {
    return std::any_of(
        row_.notes.begin(), row_.notes.end(), [&](const TraceNote& note) {
          return note.kind == Note::kScans && note.mm == vma.mm &&
                 note.start < vma.end && vma.start < note.end;
        });
  }

  // The vma that the pass enters, possibly above the start of its range.
  void Enters() {
    const Pass& pass = row_.ends.pass;
    if (!IsPass(row_.verb) || pass.active == 0 || pass.cursor == kNone ||
        pass.cursor == row_.begins.pass.cursor)
      return;
    const Vma& vma = after_.vmas[pass.cursor];
    const auto skips = SkippedBy(story_, number_);
    Fact& fact = Add(skips ? Kind::kGoesOn : Kind::kComesTo);
    fact.vma = After(pass.cursor);
    if (!skips) {
      fact.count = CountOf(story_, vma);
      return;
    }
    fact.addr = pass.addr;
    fact.first = skips->first;
    fact.last = skips->last;
    fact.believes = IsBelieved(vma, pass);
  }

  // Whether a mark or a note is why the walk resumes at that address.
  bool IsBelieved(const Vma& vma, const Pass& pass) const {
    if (!story_.rules.restart_in_vma)
      return pass.restart_vma == pass.cursor && pass.restart_addr == pass.addr;
    return IsRestartOf(vma.count, pass.count,
                       story_.rules.restart_names_pass) &&
           vma.count >> kPageShift == pass.addr;
  }

  // What happens to the struct in that slot.
  void Struct(Slot slot) {
    const Vma& a = before_.vmas[slot];
    const Vma& b = after_.vmas[slot];
    const bool was = a.state != VmaState::kFree;
    const bool is = b.state != VmaState::kFree;
    const bool born = is && (!was || a.birth != b.birth);
    if (was && (!is || born)) Frees(slot);
    if (born)
      Born(slot);
    else if (is && was)
      Changes(slot);
  }

  // A restart address is freed with its vma.
  void Frees(Slot slot) {
    Fact& fact = Add(Kind::kFrees);
    fact.vma = Before(slot);
    const CountFact count = CountOf(story_, before_.vmas[slot]);
    if (count.kind == CountFact::Kind::kRestart) fact.count = count;
  }

  void Born(Slot slot) {
    const auto last = LastUseOf(story_, number_, slot);
    const auto of = SplitBy(after_.vmas[slot]);
    Fact& fact = Add(of ? Kind::kSplits : Kind::kAllocates);
    fact.vma = After(slot);
    if (of) fact.of = Before(*of);
    if (last)
      fact.was =
          FactOf(story_, *last, slot, story_.rows[*last].world.vmas[slot]);
  }

  // mprotect and munmap need a new struct where they split.
  std::optional<Slot> SplitBy(const Vma& piece) const {
    if (row_.verb != Verb::kMprotect && row_.verb != Verb::kMunmap)
      return std::nullopt;
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
      const Vma& vma = before_.vmas[slot];
      if (vma.state == VmaState::kLinked && vma.mm == piece.mm &&
          vma.start <= piece.start && piece.end <= vma.end)
        return static_cast<Slot>(slot);
    }
    return std::nullopt;
  }

  void Changes(Slot slot) {
    const Vma& a = before_.vmas[slot];
    const Vma& b = after_.vmas[slot];
    if (a.start != b.start || a.end != b.end) {
      Fact& fact = Add(Kind::kResizes);
      fact.vma = Before(slot);
      fact.first = b.start;
      fact.last = b.end;
    } else if (a.state == VmaState::kLinked && b.state == VmaState::kDetached) {
      Add(Kind::kDetaches).vma = After(slot);
    }
    const bool indexed = a.in_index != InIndex::kNot;
    if (!indexed && b.in_index != InIndex::kNot) {
      Fact& fact = Add(Kind::kIndexes);
      fact.vma = After(slot);
      // A linked vma may get the count of finished passes: it has no pages yet.
      const CountFact count = CountOf(story_, b);
      if (a.count != b.count && count.kind == CountFact::Kind::kScanned)
        fact.count = count;
    }
    if (indexed && b.in_index == InIndex::kNot)
      Add(Kind::kUnindexes).vma = After(slot);
    if (a.nonlinear != b.nonlinear)
      Add(b.nonlinear != 0 ? Kind::kMakesNonlinear : Kind::kMakesLinear).vma =
          After(slot);
    if (a.write != b.write)
      Add(b.write != 0 ? Kind::kMakesWritable : Kind::kMakesReadOnly).vma =
          After(slot);
  }

  // Ptes that were not cleared by a pass.
  void Ptes() {
    Addresses gone[LargeCaps::kMms], come[LargeCaps::kMms];
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
        const Pte a = before_.mms[mm].ptes[addr];
        const Pte b = after_.mms[mm].ptes[addr];
        // What a pass zaps has notes.
        if (a.present() && !b.present() &&
            (!IsPass(row_.verb) || GivesUp(mm, addr)))
          gone[mm].push_back(addr);
        if (b.present() &&
            (!a.present() || a.index() != b.index() ||
             (a.kind() != b.kind() && b.kind() != PteKind::kOrphan)))
          come[mm].push_back(addr);
      }
    }
    if (row_.verb == Verb::kMremap) {
      const unsigned mm = before_.tasks[row_.task].mm;
      Moves(mm, gone[mm], come[mm]);
    }
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      if (!gone[mm].empty()) Add(Kind::kClears, mm, std::move(gone[mm]));
      if (!come[mm].empty()) Add(Kind::kMaps, mm, std::move(come[mm]));
    }
  }

  // Whether the row gives up the page table there, which others share.
  bool GivesUp(unsigned mm, unsigned addr) const {
    const unsigned span = addr / kPtesPerTable;
    return before_.shares[mm][span] != 0 && after_.shares[mm][span] == 0 &&
           (after_.mms[mm].tables >> span & 1) == 0;
  }

  // Removes pages that mremap has moved, or moved back.
  void Moves(unsigned mm, Addresses& gone, Addresses& come) {
    Addresses from, to;
    for (const unsigned addr : come)
      if (const auto source = MovedFrom(story_, number_, addr)) {
        from.push_back(*source);
        to.push_back(addr);
      }
    if (from.empty()) return;
    const auto is_in = [](const Addresses& all, unsigned addr) {
      return std::find(all.begin(), all.end(), addr) != all.end();
    };
    std::erase_if(gone, [&](unsigned addr) { return is_in(from, addr); });
    std::erase_if(come, [&](unsigned addr) { return is_in(to, addr); });
    Add(Kind::kMoves, mm, std::move(from)).to = std::move(to);
  }

  void Drops() {
    if (!row_.Has(Note::kDrops)) return;
    Fact& fact = Add(Kind::kDrops);
    const Pass& pass = row_.ends.pass;
    if (!story_.rules.restart_in_vma && pass.restart_vma != kNone) {
      fact.note = RestartNote{.slot = pass.restart_vma,
                              .addr = pass.restart_addr,
                              .page = pass.restart_pgoff};
      return;
    }
    // Where it leaves its restart address.
    for (unsigned i = 0; i < LargeCaps::kVmas; ++i) {
      const auto slot = static_cast<Slot>(i);
      const Vma& vma = after_.vmas[slot];
      const CountFact count = CountOf(story_, vma);
      if (vma.state == VmaState::kFree ||
          vma.count == before_.vmas[slot].count ||
          count.kind != CountFact::Kind::kRestart)
        continue;
      fact.vma = After(slot);
      fact.count = count;
      return;
    }
  }

  void Removals() {
    Addresses pages;
    unsigned file = 0;
    for (const TraceNote& note : row_.notes)
      if (note.kind == Note::kRemoves) {
        pages.push_back(note.id);
        file = note.mm;
      }
    std::sort(pages.begin(), pages.end());
    if (pages.empty()) return;
    // Pages of a device have gone from the cache before.
    Fact& fact =
        Add(row_.verb == Verb::kRevoke ? Kind::kTakesBack : Kind::kRemoves);
    fact.pages = std::move(pages);
    fact.file = file;
    std::optional<unsigned> where;
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr)
        if (after_.mms[mm].ptes[addr].kind() == PteKind::kOrphan &&
            before_.mms[mm].ptes[addr].kind() == PteKind::kPage &&
            where.value_or(mm) == mm) {
          where = mm;
          fact.owner = row_.mm_task[mm];
          fact.addrs.push_back(addr);
          fact.mapped.push_back(before_.mms[mm].ptes[addr].index());
        }
    std::sort(fact.mapped.begin(), fact.mapped.end());
  }
};

// Whether it is between pages that are moved one by one.
bool GoesOnMoving(const Story& story,
                  const std::vector<std::vector<Fact>>& facts, size_t row) {
  const auto moves = [&](size_t i) {
    return i < story.rows.size() &&
           story.rows[i].event == story.rows[row].event &&
           facts[i].size() == 1 && facts[i][0].kind == Fact::Kind::kMoves;
  };
  // Rows with locks only are in between.
  return moves(row) && (moves(row - 1) || moves(row - 2)) &&
         (moves(row + 1) || moves(row + 2));
}

}  // namespace

std::vector<Fact> FactsOf(const Story& story, size_t row) {
  return Collector(story, row).Collect();
}

bool IsKeyRow(const Story& story, const std::vector<std::vector<Fact>>& facts,
              size_t row) {
  using Kind = Fact::Kind;
  const StoryRow& it = story.rows[row];
  // The first step with the lock again shows what it finds.
  if (it.from.dropped() || it.broke != 0 || row == story.broken_row ||
      it.Has(TraceNote::Kind::kDrops) || row + 1 == story.rows.size())
    return true;
  const auto tells = [&](const Fact& fact) {
    return fact.was || fact.kind == Kind::kGoesOn || fact.kind == Kind::kZaps ||
           fact.kind == Kind::kFrees || fact.kind == Kind::kMoves ||
           fact.kind == Kind::kSamplesSize || fact.kind == Kind::kSplitsFolio ||
           fact.kind == Kind::kKeepsFolio || fact.kind == Kind::kLeaves ||
           fact.kind == Kind::kFlushes || fact.kind == Kind::kFreesFrame ||
           fact.kind == Kind::kReusesFrame || fact.kind == Kind::kTranslates ||
           fact.kind == Kind::kRevokes || fact.table;
  };
  if (std::any_of(facts[row].begin(), facts[row].end(), tells))
    return !GoesOnMoving(story, facts, row);
  return story.rows[row + 1].event != it.event;
}

}  // namespace vmtrunc::report
