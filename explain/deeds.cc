// What a row does, read from its notes and from the worlds around it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/mark.h"
#include "explain/outcome.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Kind = TraceNote::Kind;

constexpr unsigned kNoMm = LargeCaps::kMms;

class Deed {
 public:
  Deed(const Story& story, size_t row)
      : story_(story),
        number_(row),
        row_(story.rows[row]),
        before_(story.Before(row)),
        after_(row_.world),
        op_before_(row_.begins),
        op_after_(row_.ends) {}

  std::vector<std::string> Tell() {
    if (row_.flow == Flow::kBlocked) Say(WaitsInWords(story_, number_));
    Sizes();
    for (const TraceNote& note : row_.notes)
      if (note.kind == Kind::kPassBegins) PassBegins(note);
    ScansAndZaps();
    PassedBy();
    Skips();
    Slab();
    Ptes();
    Drops();
    Removals();
    for (const TraceNote& note : row_.notes) {
      if (note.kind == Kind::kPassEnds) Say("ends the pass");
      if (note.kind == Kind::kCleared)
        Say("sets the count of " + Name(after_.vmas[note.id]) +
            " to 0: to be scanned");
    }
    for (std::string& outcome : OutcomesOf(story_, number_))
      Say(std::move(outcome));
    if (row_.flow == Flow::kDone && deeds_.empty()) Say("ends");
    if (deeds_.empty() && row_.flow != Flow::kBlocked && !row_.to.empty())
      Say("does nothing but lock; next: " + row_.to);
    return deeds_;
  }

 private:
  void Say(std::string deed) { deeds_.push_back(std::move(deed)); }
  std::string Name(const Vma& vma) const {
    return VmaName(story_, number_, vma);
  }
  std::string MmName(unsigned mm) const { return story_.MmName(number_, mm); }

  void Sizes() {
    for (unsigned i = 0; i < LargeCaps::kFiles; ++i)
      if (before_.files[i].size != after_.files[i].size)
        Say(absl::StrFormat("sets i_size of %s: %u -> %u", story_.FileName(i),
                            before_.files[i].size, after_.files[i].size));
  }

  void PassBegins(const TraceNote& note) {
    const std::string pages = PagesInWords(note.start, note.end - 1);
    Say(story_.rules.stamp_vmas
            ? absl::StrFormat("begins pass %u: to unmap %s", note.id, pages)
            : "begins a pass: to unmap " + pages);
  }

  // The vma that the pass enters, perhaps above where its range begins.
  void Skips() {
    const Pass& pass = op_after_.pass;
    if (!IsPass(row_.verb) || pass.active == 0 || pass.cursor == kNone ||
        pass.cursor == op_before_.pass.cursor)
      return;
    const Vma& vma = after_.vmas[pass.cursor];
    if (const auto skips = SkippedBy(story_, number_))
      Say(absl::StrFormat(
          "goes on in %s at %u, %s %s%s", Name(vma), pass.addr,
          IsBelieved(vma, pass) ? "believing" : "leaving",
          skips->first == skips->last
              ? std::to_string(skips->first)
              : absl::StrFormat("%u..%u", skips->first, skips->last),
          IsBelieved(vma, pass) ? " done" : " out"));
    else
      Say("comes to " + Name(vma) + Quoted(vma));
  }

  // Vmas that the walk looks at and marks as done without a scan.
  void PassedBy() {
    for (const TraceNote& note : row_.notes) {
      if (note.kind != Kind::kLooksAt || note.id == op_after_.pass.cursor)
        continue;
      const Vma& a = before_.vmas[note.id];
      const Vma& b = after_.vmas[note.id];
      if (b.state == VmaState::kFree || a.birth != b.birth ||
          a.count == b.count || Scans(b))
        continue;
      Say("passes by " + Name(b) + ", now" + Quoted(b));
    }
  }

  bool Scans(const Vma& vma) const {
    return std::any_of(
        row_.notes.begin(), row_.notes.end(), [&](const TraceNote& note) {
          return note.kind == Kind::kScans && note.mm == vma.mm &&
                 note.start < vma.end && vma.start < note.end;
        });
  }

  // Whether a mark or a note says that the walk goes on where it does.
  bool IsBelieved(const Vma& vma, const Pass& pass) const {
    if (!story_.rules.restart_in_vma)
      return pass.restart_vma == pass.cursor && pass.restart_addr == pass.addr;
    return IsRestartOf(vma.count, pass.count,
                       story_.rules.restart_names_pass) &&
           vma.count >> kPageShift == pass.addr;
  }

  // What its count says, in brackets.
  std::string Quoted(const Vma& vma) const {
    const std::string count = CountInWords(story_, vma);
    return count.empty() ? "" : " (\"" + count + "\")";
  }

  void ScansAndZaps() {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      std::vector<unsigned> zapped, scanned;
      for (const TraceNote& note : row_.notes) {
        if (note.mm != mm) continue;
        if (note.kind == Kind::kZaps) zapped.push_back(note.start);
        if (note.kind == Kind::kScans)
          for (unsigned addr = note.start; addr < note.end; ++addr)
            scanned.push_back(addr);
      }
      std::sort(zapped.begin(), zapped.end());
      std::sort(scanned.begin(), scanned.end());
      if (!zapped.empty())
        Say("zaps " + RangesOf(zapped) + " of " + MmName(mm));
      else if (!scanned.empty())
        Say("scans " + RangesOf(scanned) + " of " + MmName(mm) +
            ": nothing to zap");
    }
  }

  void Slab() {
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
      const Vma& a = before_.vmas[slot];
      const Vma& b = after_.vmas[slot];
      const bool was = a.state != VmaState::kFree;
      const bool is = b.state != VmaState::kFree;
      const bool born = is && (!was || a.birth != b.birth);
      if (was && (!is || born))
        Say(absl::StrFormat("frees %s: slot %u", Name(a), slot) + Lost(a));
      if (born) {
        const auto last = LastUseOf(story_, number_, static_cast<Slot>(slot));
        const std::string splits = Splits(b);
        Say((splits.empty()
                 ? absl::StrFormat("allocates %s: slot %u", Name(b), slot)
                 : absl::StrFormat("%s%s gets slot %u", splits, Name(b),
                                   slot)) +
            (last
                 ? ", which was " + VmaName(story_, *last,
                                            story_.rows[*last].world.vmas[slot])
                 : ""));
      } else if (is && was) {
        Change(a, b);
      }
    }
  }

  // A restart address that is freed with its vma.
  std::string Lost(const Vma& vma) const {
    const std::string count = CountInWords(story_, vma);
    return count.starts_with("restart") ? ", and \"" + count + "\" with it"
                                        : "";
  }

  // mprotect and munmap need a new struct where they split.
  std::string Splits(const Vma& piece) const {
    if (row_.verb != Verb::kMprotect && row_.verb != Verb::kMunmap) return "";
    for (const Vma& vma : before_.vmas)
      if (vma.state == VmaState::kLinked && vma.mm == piece.mm &&
          vma.start <= piece.start && piece.end <= vma.end)
        return "splits " + Name(vma) + ": the piece ";
    return "";
  }

  // One that is linked may get the count that passes leave where they are
  // through: it has no pages yet.
  std::string Stamped(const Vma& a, const Vma& b) const {
    const std::string count = CountInWords(story_, b);
    return a.count != b.count && count.starts_with("scanned")
               ? ", as if \"" + count + "\""
               : "";
  }

  void Change(const Vma& a, const Vma& b) {
    if (a.start != b.start || a.end != b.end)
      Say(absl::StrFormat("changes %s to [%u, %u)", Name(a), b.start, b.end));
    else if (a.state == VmaState::kLinked && b.state == VmaState::kDetached)
      Say("takes " + Name(b) + " off its mm");
    const bool indexed = a.in_index != InIndex::kNot;
    if (!indexed && b.in_index != InIndex::kNot)
      Say("puts " + Name(b) + " into the index" + Stamped(a, b));
    if (indexed && b.in_index == InIndex::kNot)
      Say("takes " + Name(b) + " out of the index");
    if (a.nonlinear != b.nonlinear)
      Say("makes " + Name(b) + (b.nonlinear != 0 ? " nonlinear" : " linear"));
    if (a.write != b.write)
      Say("makes " + Name(b) + (b.write != 0 ? " writable" : " read-only"));
  }

  // Those that no pass has taken.
  void Ptes() {
    std::vector<unsigned> gone[LargeCaps::kMms], come[LargeCaps::kMms];
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr) {
        const Pte a = before_.mms[mm].ptes[addr];
        const Pte b = after_.mms[mm].ptes[addr];
        if (a.present() && !b.present() && !IsPass(row_.verb))
          gone[mm].push_back(addr);
        if (b.present() &&
            (!a.present() || a.index() != b.index() ||
             (a.kind() != b.kind() && b.kind() != PteKind::kOrphan)))
          come[mm].push_back(addr);
      }
    }
    if (row_.verb == Verb::kMremap) {
      const unsigned mm = before_.tasks[row_.task].mm;
      Moves(gone[mm], come[mm]);
    }
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      if (!gone[mm].empty())
        Say("clears " + RangesOf(gone[mm]) + " of " + MmName(mm));
      if (!come[mm].empty())
        Say("maps " + RangesOf(come[mm]) + " of " + MmName(mm));
    }
  }

  // Takes out what mremap has moved, or moved back.
  void Moves(std::vector<unsigned>& gone, std::vector<unsigned>& come) {
    std::vector<unsigned> from, to;
    for (const unsigned addr : come)
      if (const auto source = MovedFrom(story_, number_, addr)) {
        from.push_back(*source);
        to.push_back(addr);
      }
    if (from.empty()) return;
    std::erase_if(gone, [&](unsigned addr) { return IsOf(from, addr); });
    std::erase_if(come, [&](unsigned addr) { return IsOf(to, addr); });
    Say("moves " + RangesOf(from) + " to " + RangesOf(to));
  }
  static bool IsOf(const std::vector<unsigned>& all, unsigned addr) {
    return std::find(all.begin(), all.end(), addr) != all.end();
  }

  void Drops() {
    if (!row_.Has(Kind::kDrops)) return;
    const Pass& pass = op_after_.pass;
    if (!story_.rules.restart_in_vma && pass.restart_vma != kNone)
      Say(absl::StrFormat(
          "drops i_mmap_lock, remembering slot %u, address %u, page %u",
          pass.restart_vma, pass.restart_addr, pass.restart_pgoff));
    else
      Say("drops i_mmap_lock" + Noted());
  }

  // Where it leaves its restart address.
  std::string Noted() const {
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
      const std::string count = CountInWords(story_, after_.vmas[slot]);
      if (after_.vmas[slot].state != VmaState::kFree &&
          after_.vmas[slot].count != before_.vmas[slot].count &&
          count.starts_with("restart"))
        return ", writing \"" + count + "\" into the count of " +
               Name(after_.vmas[slot]);
    }
    return "";
  }

  void Removals() {
    std::vector<unsigned> pages;
    for (const TraceNote& note : row_.notes)
      if (note.kind == Kind::kRemoves) pages.push_back(note.id);
    std::sort(pages.begin(), pages.end());
    if (pages.empty()) return;
    std::vector<unsigned> mapped, of;
    unsigned where = kNoMm;
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      for (unsigned addr = 0; addr < LargeCaps::kAddrs; ++addr)
        if (after_.mms[mm].ptes[addr].kind() == PteKind::kOrphan &&
            before_.mms[mm].ptes[addr].kind() == PteKind::kPage &&
            (where == kNoMm || where == mm)) {
          where = mm;
          mapped.push_back(addr);
          of.push_back(before_.mms[mm].ptes[addr].index());
        }
    std::sort(of.begin(), of.end());
    Say("removes " + std::string(pages.size() == 1 ? "page " : "pages ") +
        RangesOf(pages) + " from the page cache" +
        (mapped.empty()
             ? ""
             : " though " + RangesOf(mapped) + " of " + MmName(where) +
                   " still map" + (mapped.size() == 1 ? "s " : " ") +
                   (mapped.size() != pages.size() ? RangesOf(of)
                    : mapped.size() == 1          ? "it"
                                                  : "them")));
  }

  const Story& story_;
  const size_t number_;
  const StoryRow& row_;
  const LargeWorld& before_;
  const LargeWorld& after_;
  const Op& op_before_;
  const Op& op_after_;
  std::vector<std::string> deeds_;
};

}  // namespace

std::optional<unsigned> MovedFrom(const Story& story, size_t row,
                                  unsigned addr) {
  const StoryRow& it = story.rows[row];
  const unsigned mm = story.Before(row).tasks[it.task].mm;
  const Pte* const before = story.Before(row).mms[mm].ptes;
  const Pte* const after = it.world.mms[mm].ptes;
  if (it.begins.verb != Verb::kMremap) return std::nullopt;
  // Parts of a range that move one after another move equally far.
  const int far = int{it.begins.mremap.new_addr} - int{it.begins.mremap.addr};
  for (const int from : {int(addr) - far, int(addr) + far}) {
    if (from < 0 || from >= int{LargeCaps::kAddrs} || far == 0) continue;
    if (before[from].present() && !after[from].present() &&
        after[addr].present() && before[from].index() == after[addr].index())
      return static_cast<unsigned>(from);
  }
  return std::nullopt;
}

std::optional<Skips> SkippedBy(const Story& story, size_t row) {
  const StoryRow& it = story.rows[row];
  const Pass& pass = it.ends.pass;
  if (!IsPass(it.verb) || pass.active == 0 || pass.cursor == kNone ||
      pass.cursor == it.begins.pass.cursor)
    return std::nullopt;
  const Vma& vma = it.world.vmas[pass.cursor];
  unsigned first = vma.start;
  if (vma.nonlinear == 0 && pass.first > vma.pgoff)
    first += pass.first - vma.pgoff;
  if (pass.addr <= first) return std::nullopt;
  return Skips{.slot = pass.cursor, .first = first, .last = pass.addr - 1U};
}

bool Mentions(const std::string& deed,
              std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) {
    return deed.find(word) != std::string::npos;
  });
}

std::vector<std::string> Deeds(const Story& story, size_t row) {
  return Deed(story, row).Tell();
}

}  // namespace vmtrunc
