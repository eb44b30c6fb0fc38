// What a row does, read from its notes and from the worlds around it.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
        op_before_(before_.tasks[row_.task].op),
        op_after_(after_.tasks[row_.task].op) {}

  std::vector<std::string> Tell() {
    if (row_.flow == Flow::kBlocked) Waits();
    Sizes();
    for (const TraceNote& note : row_.notes)
      if (note.kind == Kind::kPassBegins) PassBegins();
    ScansAndZaps();
    Skips();
    Slab();
    Ptes();
    Drops();
    Removals();
    for (const TraceNote& note : row_.notes) {
      if (note.kind == Kind::kPassEnds) Say("the pass ends");
      if (note.kind == Kind::kCleared)
        Say("sets the count of " + Name(after_.vmas[note.id]) +
            " to 0: to be scanned");
    }
    Outcome();
    if (deeds_.empty() && row_.flow != Flow::kBlocked && !row_.to.empty())
      Say("only locks; next: " + row_.to);
    return deeds_;
  }

 private:
  void Say(std::string deed) { deeds_.push_back(std::move(deed)); }
  std::string Name(const Vma& vma) const {
    return VmaName(story_, number_, vma);
  }
  std::string MmName(unsigned mm) const { return story_.MmName(number_, mm); }

  // Who holds what the task stands before.
  void Waits() {
    constexpr std::pair<const char*, LockKind> kNames[] = {
        {"i_mmap_lock", LockKind::kIMmapLock},
        {"page_table_lock", LockKind::kPageTableLock},
        {"unmap_mutex", LockKind::kUnmapMutex},
        {"mmap_sem", LockKind::kMmapSemRead},
        {"i_sem", LockKind::kISem},
        {"page's lock", LockKind::kPageLock},
        {"invalidate_lock", LockKind::kInvalidateLock}};
    std::string who;
    for (const auto& [name, kind] : kNames) {
      if (row_.to.find(name) == std::string::npos) continue;
      for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
        if (task == row_.task) continue;
        for (const HeldLock& lock : LocksOf(after_, task)) {
          const bool is =
              lock.kind == kind || (kind == LockKind::kMmapSemRead &&
                                    lock.kind == LockKind::kMmapSemWrite);
          if (!is) continue;
          absl::StrAppend(&who, who.empty() ? "" : ", ",
                          story_.script.task_names[task], " holds ",
                          LockName(story_, number_, lock));
        }
      }
    }
    Say(who.empty() ? "waits: " + row_.to : "waits: " + who);
  }

  void Sizes() {
    for (unsigned i = 0; i < LargeCaps::kFiles; ++i)
      if (before_.files[i].size != after_.files[i].size)
        Say(absl::StrFormat("sets i_size of %s: %u -> %u", story_.FileName(i),
                            before_.files[i].size, after_.files[i].size));
  }

  const Pass& Walking() const {
    return op_after_.pass.active != 0 ? op_after_.pass : op_before_.pass;
  }

  void PassBegins() {
    const Pass& pass = Walking();
    const std::string pages =
        pass.last >= LargeCaps::kFilePages - 1
            ? absl::StrFormat("page %u and all behind it", pass.first)
        : pass.last == pass.first
            ? absl::StrFormat("page %u", pass.first)
            : absl::StrFormat("pages %u..%u", pass.first, pass.last);
    const uint32_t count = after_.files[op_after_.file].truncate_count;
    Say(story_.rules.stamp_vmas
            ? absl::StrFormat("pass %u begins: unmap %s", count, pages)
            : "a pass begins: unmap " + pages);
  }

  // The vma that the pass enters, perhaps above where its range begins.
  void Skips() {
    const Pass& pass = op_after_.pass;
    if (!IsPass(row_.verb) || pass.active == 0 || pass.cursor == kNone ||
        pass.cursor == op_before_.pass.cursor)
      return;
    const Vma& vma = after_.vmas[pass.cursor];
    if (const auto skips = SkippedBy(story_, number_))
      Say(absl::StrFormat("goes on in %s at %u, believing %u..%u done",
                          Name(vma), pass.addr, skips->first, skips->last));
    else
      Say("comes to " + Name(vma) + Quoted(vma));
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
        Say(absl::StrFormat("%s%s gets slot %u", Splits(b), Name(b), slot) +
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
      Say(absl::StrFormat("%s becomes [%u, %u)", Name(a), b.start, b.end));
    else if (a.state == VmaState::kLinked && b.state == VmaState::kDetached)
      Say("takes " + Name(b) + " off its mm");
    const bool indexed = a.in_index != InIndex::kNot;
    if (!indexed && b.in_index != InIndex::kNot)
      Say("puts " + Name(b) + " into the index" + Stamped(a, b));
    if (indexed && b.in_index == InIndex::kNot)
      Say("takes " + Name(b) + " out of the index");
    if (a.nonlinear != b.nonlinear) Say(Name(b) + " is nonlinear now");
    if (a.write != b.write)
      Say(Name(b) + (b.write != 0 ? " may be written" : " is read-only"));
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
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      const bool moved =
          row_.verb == Verb::kMremap && !gone[mm].empty() && !come[mm].empty();
      if (moved) {
        Say("moves " + RangesOf(gone[mm]) + " to " + RangesOf(come[mm]));
        continue;
      }
      if (!gone[mm].empty())
        Say("clears " + RangesOf(gone[mm]) + " of " + MmName(mm));
      if (!come[mm].empty())
        Say("maps " + RangesOf(come[mm]) + " of " + MmName(mm));
    }
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

  void Outcome() {
    if (row_.flow != Flow::kDone) return;
    const Mm<LargeCaps>& mm = after_.mms[before_.tasks[row_.task].mm];
    if ((row_.verb == Verb::kRead || row_.verb == Verb::kWrite) &&
        deeds_.empty()) {
      const bool there = mm.ptes[op_before_.addr].present();
      const bool in_vma = VmaAt(after_, before_.tasks[row_.task].mm,
                                op_before_.addr) != nullptr;
      Say(there    ? "is served by the page that is there"
          : in_vma ? "ends in SIGBUS: nothing is mapped"
                   : "ends in SIGSEGV: nothing is mapped");
    } else if (op_before_.failed != 0) {
      Say("fails: ENOMEM");
    } else if (deeds_.empty()) {
      Say("ends");
    }
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

std::optional<Skips> SkippedBy(const Story& story, size_t row) {
  const StoryRow& it = story.rows[row];
  const Pass& pass = it.world.tasks[it.task].op.pass;
  if (!IsPass(it.verb) || pass.active == 0 || pass.cursor == kNone ||
      pass.cursor == story.Before(row).tasks[it.task].op.pass.cursor)
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
