#include "explain/why.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "explain/victim.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Kind = TraceNote::Kind;

class Narrator {
 public:
  Narrator(const Story& story, const Cause& cause)
      : story_(story), cause_(cause), breaks_(*story.broken_row) {}

  std::string Tell() {
    const auto victim = VictimOf(story_.result.first);
    const auto escape = EscapeOf(story_);
    if (victim && escape) {
      Duty(*victim, *escape);
      if (escape->dropped) Drop(*escape);
      How(*victim, *escape);
    }
    Result();
    Late();
    Rule();
    return absl::StrJoin(sentences_, " ");
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
  std::string MmName(unsigned mm) const { return story_.MmName(breaks_, mm); }

  // What the pass was to do.
  void Duty(const Victim& victim, const Escape& escape) {
    const StoryRow& row = story_.rows[escape.begins];
    const Op& op = row.world.tasks[row.task].op;
    const std::string pass =
        story_.rules.stamp_vmas
            ? absl::StrFormat("pass %u",
                              row.world.files[op.file].truncate_count)
            : "its pass";
    const std::string file = story_.FileName(op.file);
    const char* const does = row.verb == Verb::kTruncate ? "truncates"
                             : row.verb == Verb::kPunch  ? "punches"
                                                         : "invalidates";
    Say(absl::StrFormat(
        "%s %s %s%s: %s has to take page %u%s from every process, so also page "
        "%u from %u of %s.",
        TaskName(row.task), does, file,
        row.verb == Verb::kTruncate ? absl::StrFormat(" to %s", Pages(op.pgoff))
                                    : "",
        pass, op.pass.first,
        op.pass.last >= LargeCaps::kFilePages - 1 ? " and all behind it"
        : op.pass.last != op.pass.first ? absl::StrFormat("..%u", op.pass.last)
                                        : "",
        victim.index, victim.addr, MmName(victim.mm)));
  }

  static std::string Pages(unsigned pages) {
    return absl::StrFormat("%u page%s", pages, pages == 1 ? "" : "s");
  }

  // Where it stood when others came in between.
  void Drop(const Escape& escape) {
    const size_t at = *escape.dropped;
    const StoryRow& row = story_.rows[at];
    const Pass& pass = row.world.tasks[row.task].op.pass;
    std::string left;
    if (!story_.rules.restart_in_vma && pass.restart_vma != kNone) {
      left = absl::StrFormat(
          " and remembers where it was: the vma in slot %u (%s), address %u",
          pass.restart_vma, Name(at, pass.restart_vma), pass.restart_addr);
    } else {
      for (const Slot slot : ChangedVmas(story_, at))
        if (row.world.vmas[slot].count != story_.Before(at).vmas[slot].count)
          left += absl::StrFormat(" and leaves \"%s\" in %s",
                                  CountInWords(story_, row.world.vmas[slot]),
                                  Name(at, slot));
    }
    Say(
        absl::StrFormat("At %s it is asked to let others go first: it drops "
                        "i_mmap_lock%s.",
                        At(at), left));
    Meanwhile(escape);
  }

  // What others did to vmas from the drop to where it goes on.
  void Meanwhile(const Escape& escape) {
    const size_t until =
        escape.skip == Escape::Skip::kUnknown ? escape.breaks : escape.skipped;
    for (size_t i = *escape.dropped + 1; i < until;) {
      const unsigned event = story_.rows[i].event;
      std::vector<std::string> deeds;
      for (; i < until && story_.rows[i].event == event; ++i) {
        if (story_.rows[i].task == story_.rows[escape.begins].task) continue;
        for (const std::string& deed : Deeds(story_, i))
          if (Matters(deed)) deeds.push_back(deed + " (" + At(i) + ")");
      }
      if (deeds.empty()) continue;
      Say(absl::StrFormat(
          "Then%s: %s.",
          event == 0 ? ", at the end"
                     : absl::StrFormat(" \"%s\"", EventInWords(story_, event)),
          absl::StrJoin(deeds, "; ")));
    }
  }

  // What changes which vmas there are, or brings pages.
  static bool Matters(const std::string& deed) {
    for (const char* const word :
         {"slot", "becomes", "moves", "maps", "to 0", "nonlinear"})
      if (deed.find(word) != std::string::npos) return true;
    return false;
  }

  void How(const Victim& victim, const Escape& escape) {
    const bool late = escape.arrives && (!escape.scans.empty() &&
                                         *escape.arrives > escape.scans.back());
    if (late) return ComesBack(victim, escape);
    if (escape.arrives && escape.from) return Moves(victim, escape);
    if (escape.arrives && escape.skip == Escape::Skip::kUnknown)
      return ComesBack(victim, escape);
    if (escape.scans.empty() || escape.skip != Escape::Skip::kUnknown)
      return Skipped(victim, escape);
  }

  void ComesBack(const Victim& victim, const Escape& escape) {
    const StoryRow& row = story_.rows[*escape.arrives];
    const std::string scanned =
        escape.scans.empty()
            ? "The pass never scans " + std::to_string(victim.addr)
            : absl::StrFormat("The pass has scanned %u at %s", victim.addr,
                              At(escape.scans.back()));
    Say(absl::StrFormat(
        "%s, and %s (%s) %s page %u there%s at %s, behind its back.", scanned,
        TaskName(row.task), VerbName(row.verb), escape.from ? "moves" : "maps",
        victim.index,
        escape.from ? absl::StrFormat(" from %u", *escape.from) : "",
        At(*escape.arrives)));
  }

  void Moves(const Victim& victim, const Escape& escape) {
    const StoryRow& row = story_.rows[*escape.arrives];
    Say(absl::StrFormat(
        "%s moves page %u from %u to %u at %s, where the pass does not look "
        "again.",
        TaskName(row.task), victim.index, *escape.from, victim.addr,
        At(*escape.arrives)));
    if (escape.skip != Escape::Skip::kUnknown) Skipped(victim, escape);
  }

  void Skipped(const Victim& victim, const Escape& escape) {
    const std::string task = TaskName(story_.rows[escape.begins].task);
    const LargeWorld& world = story_.Before(escape.skipped);
    if (escape.skip == Escape::Skip::kUnknown)
      return Say(absl::StrFormat("Its walk never comes to %u of %s.",
                                 victim.addr, MmName(victim.mm)));
    const Vma& vma = world.vmas[escape.slot];
    const std::string name = VmaName(story_, escape.breaks, vma);
    const std::string never =
        escape.scans.empty()
            ? absl::StrFormat(" It has never scanned %u.", victim.addr)
            : "";
    switch (escape.skip) {
      case Escape::Skip::kPointer:
        Say(absl::StrFormat(
            "When %s goes on (%s) it finds %s in slot %u, takes it for the vma "
            "that it left, and goes on at %u as if what lies below were "
            "done.%s",
            task, At(escape.skipped), name, escape.slot,
            world.tasks[story_.rows[escape.begins].task].op.pass.restart_addr,
            never));
        return;
      case Escape::Skip::kRestart:
        Say(absl::StrFormat(
            "At %s %s finds \"%s\" in %s, there since %s, and believes that %u "
            "is done.%s",
            At(escape.skipped), task, CountInWords(story_, vma), name,
            At(escape.marked), victim.addr, never));
        Older(escape, vma.count);
        return;
      default:
        Say(absl::StrFormat(
            "At %s %s finds %s marked as scanned by this pass, which it has "
            "been since %s, and passes it by.%s",
            At(escape.skipped), task, name, At(escape.marked), never));
        return;
    }
  }

  // Whose the mark is, where the pass itself has not left it.
  void Older(const Escape& escape, uint32_t count) {
    for (size_t i = 0; i < escape.begins; ++i) {
      const StoryRow& row = story_.rows[i];
      if (!row.Has(Kind::kDrops)) continue;
      for (const Slot slot : ChangedVmas(story_, i))
        if (row.world.vmas[slot].count == count &&
            story_.Before(i).vmas[slot].count != count)
          return Say(absl::StrFormat(
              "That address is not this pass's: pass %u left it in %s when it "
              "dropped the lock at %s, and never came back to take it away.",
              row.world.tasks[row.task].op.pass.count, Name(i, slot), At(i)));
    }
  }

  void Result() {
    const auto& property =
        AllProperties()[static_cast<size_t>(story_.result.first.property)];
    Say(absl::StrFormat("At %s %s breaks: %s.", At(breaks_), property.name,
                        ViolationInWords(story_)));
  }

  void Late() {
    if (!cause_.no_return) return;
    const NoReturn& it = *cause_.no_return;
    if (!it.settled)
      return Say(absl::StrFormat("It was past avoiding at %s, perhaps before.",
                                 At(it.row)));
    Say(absl::StrFormat(
        "The last way out was before %s (%s); from then on no order of what "
        "was in flight avoids it.",
        At(it.row), it.way_out.empty() ? "nothing more begins" : it.way_out));
  }

  void Rule() {
    if (!cause_.main_rule) {
      Say("No rule, turned round alone, makes the whole script hold.");
      return;
    }
    const RuleRole& role = cause_.rules[*cause_.main_rule];
    Say(
        absl::StrFormat("What decides: %s %s the rule %s (\"%s\"); with it "
                        "alone turned round the script holds.",
                        story_.kernel.ToString(), role.on ? "has" : "lacks",
                        role.rule->name, role.rule->decides));
  }

  const Story& story_;
  const Cause& cause_;
  const size_t breaks_;
  std::vector<std::string> sentences_;
};

// The same place in a run that holds.
class Contrast {
 public:
  Contrast(const Story& story, const Victim& victim, unsigned task)
      : story_(story), victim_(victim), task_(task) {}

  std::string Tell() const {
    std::string text = absl::StrFormat("On %s the same script holds.",
                                       story_.kernel.ToString());
    for (size_t i = story_.rows.size(); i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_) continue;
      for (const TraceNote& note : row.notes)
        if (note.kind == Kind::kZaps && note.mm == victim_.mm &&
            note.start == victim_.addr)
          return text + Dropped(i) + Zapped(i);
    }
    return text;
  }

 private:
  std::string At(size_t row) const { return StepsInWords(story_.rows[row]); }

  // What the last drop before that leaves, and what becomes of it.
  std::string Dropped(size_t zap) const {
    for (size_t i = zap; i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_ || !row.Has(Kind::kDrops)) continue;
      for (const Slot slot : ChangedVmas(story_, i)) {
        const Vma& vma = row.world.vmas[slot];
        if (vma.count == story_.Before(i).vmas[slot].count) continue;
        return absl::StrFormat(" The drop (%s) leaves \"%s\" in %s itself%s.",
                               At(i), CountInWords(story_, vma),
                               VmaName(story_, i, vma), Freed(i, zap, slot));
      }
      return "";
    }
    return "";
  }

  std::string Freed(size_t from, size_t until, Slot slot) const {
    for (size_t i = from + 1; i < until; ++i)
      if (story_.rows[i].world.vmas[slot].state == VmaState::kFree)
        return absl::StrFormat(", and goes with it when it is freed (%s)",
                               At(i));
    return "";
  }

  std::string Zapped(size_t row) const {
    const Vma* vma = nullptr;
    const LargeWorld& before = story_.Before(row);
    for (const Vma& it : before.vmas)
      if (it.state != VmaState::kFree && it.mm == victim_.mm &&
          it.start <= victim_.addr && victim_.addr < it.end)
        vma = &it;
    const std::string task = story_.script.task_names[task_];
    if (vma == nullptr || !story_.rules.stamp_vmas)
      return absl::StrFormat(" %s zaps %u at %s.", task, victim_.addr, At(row));
    return absl::StrFormat(
        " The count of %s says \"%s\" when %s comes to it, so %s scans it: it "
        "zaps %u at %s.",
        VmaName(story_, row, *vma), CountInWords(story_, *vma), task, task,
        victim_.addr, At(row));
  }

  const Story& story_;
  const Victim victim_;
  const unsigned task_;
};

}  // namespace

std::string Why(const Story& story, const Cause& cause) {
  return Narrator(story, cause).Tell();
}

std::string WhyNot(const Story& story, const Story& broken) {
  const auto victim = VictimOf(broken.result.first);
  const std::string holds =
      absl::StrFormat("On %s the same script holds.", story.kernel.ToString());
  if (!victim || !broken.broken_row) return holds;
  return Contrast(story, *victim, broken.rows[*broken.broken_row].task).Tell();
}

}  // namespace vmtrunc
