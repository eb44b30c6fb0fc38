#include "report/explain/escape.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/about/differences.h"
#include "report/explain/escape_names.h"

namespace vmtrunc::report {
namespace {

class EscapeTeller : EscapeNames {
 public:
  EscapeTeller(const Story& story, const Victim& victim, const Escape& escape)
      : EscapeNames(story, victim, escape) {}

  std::vector<std::string> Tell() {
    Duty();
    if (escape_.dropped) Drop();
    How();
    return sentences_;
  }

 private:
  void Say(std::string sentence) { sentences_.push_back(std::move(sentence)); }
  std::string MmName(unsigned mm) const {
    return story_.MmName(escape_.breaks, mm);
  }

  // The range of the pass.
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
                             : row.verb == Verb::kRevoke ? "revokes pages of"
                                                         : "invalidates";
    Say(absl::StrFormat(
        "%s %s %s%s: %s must unmap %s from every process. It misses page "
        "%u at %u of %s%s.",
        TaskName(row.task), does, file,
        row.verb == Verb::kTruncate
            ? absl::StrFormat(" to %s",
                              Pages(row.begins.truncate.removal.first))
            : "",
        pass, PagesInWords(note.start, note.end - 1), victim_.index,
        victim_.addr, MmName(victim_.mm),
        others.empty() ? "" : ", and those at " + RangesOf(others)));
  }

  static std::string Pages(unsigned pages) {
    return absl::StrFormat("%u page%s", pages, pages == 1 ? "" : "s");
  }

  // Its position when others interrupted it.
  void Drop() {
    const size_t at = *escape_.dropped;
    std::string left;
    if (account_.note)
      left = absl::StrFormat(
          " and notes, in a variable of the pass, where it was: slot %u (the "
          "vma %s), address %u, file page %u",
          account_.note->slot, InWords(story_, *account_.noted),
          account_.note->addr, account_.note->page);
    for (const LeftCount& it : account_.left)
      left += absl::StrFormat(" and leaves \"%s\" in the count of %s",
                              InWords(it.count), InWords(story_, it.vma));
    Say(absl::StrFormat(
        "At %s the break test says yes (\"%s\"): it drops "
        "i_mmap_lock%s.",
        At(at), EventInWords(story_, story_.rows[at].event), left));
    for (const Meanwhile& it : account_.meanwhile) Others(it);
  }

  // The changes that others made to vmas in an event.
  void Others(const Meanwhile& it) {
    const std::string deeds = absl::StrJoin(
        it.deeds, "; ", [&](std::string* text, const DatedFact& deed) {
          absl::StrAppend(text, InWords(story_, deed.fact), " (",
                          MarkedSteps(deed.first_step, deed.last_step), ")");
        });
    Say(absl::StrFormat(
        "Then%s: %s.",
        it.event == 0
            ? ", at the end"
            : absl::StrFormat(" \"%s\"", EventInWords(story_, it.event)),
        deeds));
  }

  void How() {
    using How = Account::How;
    if (account_.is_moved) Moves();
    switch (account_.how) {
      case How::kComesBack:
        return ComesBack();
      case How::kByPointer:
      case How::kByOtherPage:
        return ByPointer();
      case How::kByRestart:
        return ByRestart();
      case How::kByStamp:
        return ByStamp();
      case How::kScanned:
        return Left();
      case How::kOutOfRange:
        return OutOfRange();
      case How::kNeverThere:
        return Say(
            absl::StrFormat("Its walk never reaches a vma that has %u of %s.",
                            victim_.addr, MmName(victim_.mm)));
      case How::kLeftOut:
        return LeftOut();
    }
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
        "The pass scans %u at %s and leaves the page. explain does not know "
        "why.",
        victim_.addr, At(escape_.scans.back())));
    const size_t scan = escape_.scans.back();
    Changed("at " + At(scan), story_.Before(scan), scan);
  }

  // Cases that no known mark explains.
  void LeftOut() {
    const Vma& vma = story_.Before(*escape_.looked).vmas[escape_.looked_at];
    Say(absl::StrFormat(
        "At %s its walk comes to %s and skips %u. explain does not know "
        "why.",
        At(*escape_.looked), VmaName(story_, *escape_.looked, vma),
        victim_.addr));
    Changed(absl::StrFormat("from the start of the pass to %s",
                            At(*escape_.looked)),
            story_.Before(escape_.begins), *escape_.looked);
  }

  // The differences between the end of the row and an earlier state, field by
  // field: for cases without a sentence.
  void Changed(const std::string& when, const LargeWorld& before, size_t row) {
    const bool names_pass = story_.rules.restart_names_pass;
    std::vector<std::string> mms;
    mms.reserve(LargeCaps::kMms);
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm)
      mms.push_back(story_.MmName(row, mm));
    const std::vector<std::string> lines =
        Differences({before, names_pass}, {story_.rows[row].world, names_pass},
                    story_.script, mms);
    if (lines.empty()) return;
    Say(absl::StrFormat("What changes %s, before | after: %s.", when,
                        absl::StrJoin(lines, "; ")));
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
    for (const DatedFact& it : account_.tables)
      Say(absl::StrFormat("At %s %s %s.",
                          MarkedSteps(it.first_step, it.last_step),
                          TaskName(it.fact.task), InWords(story_, it.fact)));
  }

  void Moves() {
    const StoryRow& row = story_.rows[*escape_.arrives];
    Say(absl::StrFormat("%s moves page %u from %u to %u at %s.",
                        TaskName(row.task), victim_.index, *escape_.from,
                        victim_.addr, At(*escape_.arrives)));
  }

  std::string Never() const {
    return escape_.scans.empty()
               ? absl::StrFormat(" It has never scanned %u.", victim_.addr)
               : "";
  }

  void ByRestart() {
    Say(absl::StrFormat(
        "At %s %s finds \"%s\" in %s, written at %s, and takes %u for "
        "scanned.%s",
        At(escape_.skipped), PassTask(), CountInWords(story_, SkippedVma()),
        SkippedName(), At(escape_.marked), victim_.addr, Never()));
    if (!account_.older) return;
    Say(absl::StrFormat(
        "Another pass wrote that address: pass %u, into %s, when it dropped "
        "the "
        "lock at %s.",
        account_.older->pass, InWords(story_, account_.older->vma),
        At(account_.older->row)));
  }

  void ByStamp() {
    Say(absl::StrFormat(
        "At %s %s finds %s marked as scanned by this pass, since %s, and skips "
        "it.%s",
        At(escape_.skipped), PassTask(), SkippedName(), At(escape_.marked),
        Never()));
  }

  // The struct is the remembered one, though another's by now or grown. The
  // kernel also compares which file page its address would be.
  void ByPointer() {
    const unsigned task = story_.rows[escape_.begins].task;
    const Pass& pass = story_.Before(escape_.skipped).tasks[task].op.pass;
    const std::string begins = absl::StrFormat(
        "When %s reacquires the lock it restarts its walk. At %s it comes to "
        "%s, in slot %u, which is the slot in its note",
        PassTask(), At(escape_.skipped), SkippedName(), escape_.slot);
    if (account_.how == Account::How::kByPointer)
      Say(absl::StrFormat(
          "%s, and %u is file page %u there too, as the note "
          "says. It compares nothing else, so it resumes at %u, "
          "as if all below were done.%s",
          begins, pass.restart_addr, pass.restart_pgoff, pass.restart_addr,
          Never()));
    else
      Say(absl::StrFormat(
          "%s. There %u is not file page %u, and it takes that to mean that "
          "nothing of the vma is left to do.%s",
          begins, pass.restart_addr, pass.restart_pgoff, Never()));
  }

  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> HowItEscaped(const Story& story, const Victim& victim,
                                      const Escape& escape) {
  return EscapeTeller(story, victim, escape).Tell();
}

}  // namespace vmtrunc::report
