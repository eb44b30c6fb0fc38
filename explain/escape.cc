#include "explain/escape.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/differences.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Kind = TraceNote::Kind;

class Account {
 public:
  Account(const Story& story, const Victim& victim, const Escape& escape)
      : story_(story), victim_(victim), escape_(escape) {}

  std::vector<std::string> Tell() {
    Duty();
    if (escape_.dropped) Drop();
    How();
    return sentences_;
  }

 private:
  void Say(std::string sentence) { sentences_.push_back(std::move(sentence)); }
  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }
  std::string At(size_t row) const { return StepsInWords(story_.rows[row]); }
  std::string Name(size_t row, Slot slot) const {
    return VmaName(story_, row, story_.rows[row].world.vmas[slot]);
  }
  std::string MmName(unsigned mm) const {
    return story_.MmName(escape_.breaks, mm);
  }

  // What the pass was to do.
  void Duty() {
    const StoryRow& row = story_.rows[escape_.begins];
    const TraceNote& note = escape_.pass;
    const std::string pass = story_.rules.stamp_vmas
                                 ? absl::StrFormat("pass %u", note.id)
                                 : "its pass";
    const std::string file = story_.FileName(note.mm);
    const std::vector<unsigned> others = OthersPastSize(story_, victim_);
    const char* const does = row.verb == Verb::kTruncate ? "truncates"
                             : row.verb == Verb::kPunch  ? "punches"
                                                         : "invalidates";
    Say(absl::StrFormat(
        "%s %s %s%s: %s has to take %s from every process. What it will "
        "not take is page %u at %u of %s%s.",
        TaskName(row.task), does, file,
        row.verb == Verb::kTruncate
            ? absl::StrFormat(" to %s",
                              Pages(row.begins.truncate.removal.first))
            : "",
        pass, PagesInWords(note.start, note.end - 1), victim_.index,
        victim_.addr, MmName(victim_.mm),
        others.empty() ? "" : ", and the like at " + RangesOf(others)));
  }

  static std::string Pages(unsigned pages) {
    return absl::StrFormat("%u page%s", pages, pages == 1 ? "" : "s");
  }

  // Where it stood when others came in between.
  void Drop() {
    const size_t at = *escape_.dropped;
    const StoryRow& row = story_.rows[at];
    const Pass& pass = row.world.tasks[row.task].op.pass;
    std::string left;
    if (!story_.rules.restart_in_vma && pass.restart_vma != kNone) {
      left = absl::StrFormat(
          " and keeps a note, a variable of the pass's own, of where it was: "
          "slot %u (the vma %s), address %u, file page %u",
          pass.restart_vma, Name(at, pass.restart_vma), pass.restart_addr,
          pass.restart_pgoff);
    } else {
      for (const Slot slot : ChangedVmas(story_, at))
        if (row.world.vmas[slot].count != story_.Before(at).vmas[slot].count)
          left += absl::StrFormat(" and leaves \"%s\" in the count of %s",
                                  CountInWords(story_, row.world.vmas[slot]),
                                  Name(at, slot));
    }
    Say(
        absl::StrFormat("At %s it is asked to let others go first (\"%s\"): "
                        "it drops i_mmap_lock%s.",
                        At(at), EventInWords(story_, row.event), left));
    Meanwhile();
  }

  // What others did to vmas from the drop to where it goes on.
  void Meanwhile() {
    const size_t until = escape_.skip == Escape::Skip::kUnknown
                             ? escape_.breaks
                             : escape_.skipped;
    for (size_t i = *escape_.dropped + 1; i < until;) {
      const unsigned event = story_.rows[i].event;
      std::vector<std::string> deeds;
      Moved moved;
      for (; i < until && story_.rows[i].event == event; ++i) {
        if (story_.rows[i].task == story_.rows[escape_.begins].task) continue;
        for (const std::string& deed : Deeds(story_, i)) {
          if (!Matters(deed) || moved.Takes(deed, story_.rows[i])) continue;
          moved.EndTo(deeds);
          deeds.push_back(deed + " (" + At(i) + ")");
        }
      }
      moved.EndTo(deeds);
      if (deeds.empty()) continue;
      Say(absl::StrFormat(
          "Then%s: %s.",
          event == 0 ? ", at the end"
                     : absl::StrFormat(" \"%s\"", EventInWords(story_, event)),
          absl::StrJoin(deeds, "; ")));
    }
  }

  // Pages that mremap moves one by one, each in a row of its own, as one deed.
  class Moved {
   public:
    // Whether the deed is a move that goes on where the last one ended.
    bool Takes(const std::string& deed, const StoryRow& row) {
      unsigned from, to;
      char more;
      if (std::sscanf(deed.c_str(), "moves %u to %u%c", &from, &to, &more) != 2)
        return false;
      if (pages_ != 0 && (from != from_ + pages_ || to != to_ + pages_))
        return false;
      if (pages_++ == 0) {
        from_ = from;
        to_ = to;
        steps_ = {row.first_step, 0};
      }
      steps_.second = row.last_step;
      return true;
    }

    void EndTo(std::vector<std::string>& deeds) {
      if (pages_ == 1)
        deeds.push_back(absl::StrFormat("moves %u to %u (step %u)", from_, to_,
                                        steps_.second));
      if (pages_ > 1)
        deeds.push_back(absl::StrFormat(
            "moves %u..%u to %u..%u (steps %u..%u)", from_, from_ + pages_ - 1,
            to_, to_ + pages_ - 1, steps_.first, steps_.second));
      pages_ = 0;
    }

   private:
    unsigned from_ = 0, to_ = 0, pages_ = 0;
    std::pair<unsigned, unsigned> steps_;
  };

  // What changes which vmas there are, or brings pages.
  static bool Matters(const std::string& deed) {
    return Mentions(deed,
                    {"slot", "changes", "moves", "maps", "to 0", "nonlinear"});
  }

  void How() {
    // After its scan; unless the walk came there again, and believed a note.
    const bool late = escape_.arrives && !escape_.scans.empty() &&
                      *escape_.arrives > escape_.scans.back() &&
                      ((escape_.skip != Escape::Skip::kPointer &&
                        escape_.skip != Escape::Skip::kRestart) ||
                       escape_.skipped < *escape_.arrives);
    const bool scanned_since =
        !escape_.scans.empty() &&
        escape_.arrives.value_or(0) <= escape_.scans.back();
    if (late) return ComesBack();
    if (escape_.skip != Escape::Skip::kUnknown) {
      if (escape_.arrives && escape_.from) Moves();
      return Skipped();
    }
    if (scanned_since) return Left();
    if (IsOutOfRange()) return OutOfRange();
    if (escape_.arrives) return ComesBack();
    Unknown();
  }

  // Whether the vma is nonlinear, and the pass looks in it only where a linear
  // one would have the pages of its range.
  bool IsOutOfRange() const {
    if (!escape_.looked || story_.rules.nonlinear_scans_all) return false;
    const Vma& vma = story_.Before(*escape_.looked).vmas[escape_.looked_at];
    const unsigned linear = vma.pgoff + victim_.addr - vma.start;
    return vma.nonlinear != 0 &&
           (linear < escape_.pass.start || linear >= escape_.pass.end);
  }

  void OutOfRange() {
    const Vma& vma = story_.Before(*escape_.looked).vmas[escape_.looked_at];
    Say(absl::StrFormat(
        "At %s its walk comes to %s, which is nonlinear, and looks only where "
        "a linear vma would have %s. There, %u would be page %u.",
        At(*escape_.looked), VmaName(story_, *escape_.looked, vma),
        PagesInWords(escape_.pass.start, escape_.pass.end - 1), victim_.addr,
        vma.pgoff + victim_.addr - vma.start));
  }

  // It scans the address and leaves the page.
  void Left() {
    Say(absl::StrFormat(
        "The pass scans %u at %s and leaves the page. Why is not known to "
        "explain.",
        victim_.addr, At(escape_.scans.back())));
    const size_t scan = escape_.scans.back();
    Changed("at " + At(scan), story_.Before(scan), scan);
  }

  // What no mark that is known here accounts for.
  void Unknown() {
    if (!escape_.looked)
      return Say(
          absl::StrFormat("Its walk never comes to a vma that has %u of %s.",
                          victim_.addr, MmName(victim_.mm)));
    const Vma& vma = story_.Before(*escape_.looked).vmas[escape_.looked_at];
    Say(absl::StrFormat(
        "At %s its walk comes to %s and leaves %u out. Why is not known to "
        "explain.",
        At(*escape_.looked), VmaName(story_, *escape_.looked, vma),
        victim_.addr));
    Changed(absl::StrFormat("from the begin of the pass to %s",
                            At(*escape_.looked)),
            story_.Before(escape_.begins), *escape_.looked);
  }

  // What is another at the end of the row than in a state before, field by
  // field: for people to look at where no sentence here fits.
  void Changed(const std::string& when, const LargeWorld& before, size_t row) {
    const bool names_pass = story_.rules.restart_names_pass;
    const std::vector<std::string> lines =
        Differences({before, names_pass}, {story_.rows[row].world, names_pass},
                    story_.script);
    if (lines.empty()) return;
    Say(absl::StrFormat("What changes %s, before | after: %s.", when,
                        InNames(story_, row, absl::StrJoin(lines, "; "))));
  }

  void ComesBack() {
    const StoryRow& row = story_.rows[*escape_.arrives];
    const std::string scanned =
        escape_.scans.empty()
            ? "The pass never scans " + std::to_string(victim_.addr)
            : absl::StrFormat("The pass has scanned %u at %s", victim_.addr,
                              At(escape_.scans.back()));
    Say(absl::StrFormat(
        "%s, and %s (%s) %s page %u there%s at %s.", scanned,
        TaskName(row.task), VerbName(row.verb), escape_.from ? "moves" : "maps",
        victim_.index,
        escape_.from ? absl::StrFormat(" from %u", *escape_.from) : "",
        At(*escape_.arrives)));
  }

  void Moves() {
    const StoryRow& row = story_.rows[*escape_.arrives];
    Say(absl::StrFormat("%s moves page %u from %u to %u at %s.",
                        TaskName(row.task), victim_.index, *escape_.from,
                        victim_.addr, At(*escape_.arrives)));
  }

  void Skipped() {
    const std::string task = TaskName(story_.rows[escape_.begins].task);
    const LargeWorld& world = story_.Before(escape_.skipped);
    const Vma& vma = world.vmas[escape_.slot];
    const std::string name = VmaName(story_, escape_.breaks, vma);
    const std::string never =
        escape_.scans.empty()
            ? absl::StrFormat(" It has never scanned %u.", victim_.addr)
            : "";
    switch (escape_.skip) {
      case Escape::Skip::kPointer:
        return ByPointer(world, vma, never);
      case Escape::Skip::kRestart:
        Say(absl::StrFormat(
            "At %s %s finds \"%s\" in %s, there since %s, and believes that %u "
            "is done.%s",
            At(escape_.skipped), task, CountInWords(story_, vma), name,
            At(escape_.marked), victim_.addr, never));
        Older(vma.count);
        return;
      default:
        Say(absl::StrFormat(
            "At %s %s finds %s marked as scanned by this pass, which it has "
            "been since %s, and passes it by.%s",
            At(escape_.skipped), task, name, At(escape_.marked), never));
        return;
    }
  }

  // The struct is the one that the pass remembers, though another's by now or
  // grown. It also looks at which file page its address would be.
  void ByPointer(const LargeWorld& world, const Vma& vma,
                 const std::string& never) {
    const unsigned task = story_.rows[escape_.begins].task;
    const Pass& pass = world.tasks[task].op.pass;
    const std::string begins = absl::StrFormat(
        "When %s has the lock again it begins its walk anew. At %s it comes to "
        "%s, in slot %u, which is the slot in its note",
        TaskName(task), At(escape_.skipped),
        VmaName(story_, escape_.breaks, vma), escape_.slot);
    if (vma.pgoff + pass.restart_addr - vma.start == pass.restart_pgoff)
      Say(
          absl::StrFormat("%s, and %u is file page %u there too, as the note "
                          "says; more it does "
                          "not compare. So it goes on at %u, as if what lies "
                          "below were done.%s",
                          begins, pass.restart_addr, pass.restart_pgoff,
                          pass.restart_addr, never));
    else
      Say(absl::StrFormat(
          "%s. That %u would not be file page %u there it takes for a sign "
          "that "
          "nothing of it is left to do.%s",
          begins, pass.restart_addr, pass.restart_pgoff, never));
  }

  // Whose the mark is, where another pass has left it and this one has not.
  void Older(uint32_t count) {
    std::optional<size_t> left;
    Slot in = kNone;
    for (size_t i = 0; i < escape_.skipped; ++i) {
      const StoryRow& row = story_.rows[i];
      if (!row.Has(Kind::kDrops)) continue;
      for (const Slot slot : ChangedVmas(story_, i)) {
        if (row.world.vmas[slot].count != count ||
            story_.Before(i).vmas[slot].count == count)
          continue;
        if (i >= escape_.begins && row.task == story_.rows[escape_.begins].task)
          return;  // it is its own too
        if (!left) in = slot;
        if (!left) left = i;
      }
    }
    if (!left) return;
    const StoryRow& row = story_.rows[*left];
    Say(absl::StrFormat(
        "That address is not this pass's: pass %u left it in %s when it "
        "dropped the lock at %s.",
        row.ends.pass.count, Name(*left, in), At(*left)));
  }

  const Story& story_;
  const Victim victim_;
  const Escape escape_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> HowItEscaped(const Story& story, const Victim& victim,
                                      const Escape& escape) {
  return Account(story, victim, escape).Tell();
}

}  // namespace vmtrunc
