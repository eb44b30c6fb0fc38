#include "report/explain/why.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/explain/account.h"
#include "report/explain/escape.h"
#include "report/explain/victim.h"
#include "report/explain/words.h"
#include "report/explain/words_folio.h"
#include "report/explain/words_table.h"
#include "report/explain/words_tlb.h"

namespace vmtrunc::report {
namespace {

class Narrator {
 public:
  Narrator(const Story& story, const Cause& cause)
      : story_(story), cause_(cause), breaks_(*story.broken_row) {}

  std::vector<std::string> Tell() {
    const auto victim = VictimOf(story_.result.first);
    const auto escape = EscapeOf(story_);
    if (victim && escape) sentences_ = HowItEscaped(story_, *victim, *escape);
    if (const auto tale = FolioStoryOf(story_))
      sentences_ = FolioSentences(story_, *tale);
    if (const auto tale = TlbStoryOf(story_))
      sentences_ = TlbSentences(story_, *tale);
    if (const auto tale = TableStoryOf(story_))
      sentences_ = TableSentences(story_, *tale);
    if (const auto twice = TwiceOf(story_)) Again(*twice);
    Result();
    Gone();
    Forever();
    Rule();
    Late();
    return sentences_;
  }

 private:
  void Say(std::string sentence) { sentences_.push_back(std::move(sentence)); }
  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }
  std::string At(size_t row) const { return MarkedSteps(story_.rows[row]); }
  std::string MmName(unsigned mm) const { return story_.MmName(breaks_, mm); }

  // An address that is scanned again, and what removed the mark meanwhile.
  void Again(const Twice& twice) {
    Say(absl::StrFormat("The pass of %s scans %u of %s at %s, and at %s again.",
                        TaskName(story_.rows[breaks_].task), twice.addr,
                        TaskName(twice.owner), At(twice.first), At(breaks_)));
    for (const Twice::Written& it : twice.between)
      Say(absl::StrFormat(
          "In between, %s (%s) writes \"%s\" into the count of %s, which said "
          "\"%s\".",
          TaskName(story_.rows[it.row].task), At(it.row), InWords(it.after),
          InWords(story_, it.vma), InWords(it.before)));
  }

  void Forever() {
    if (!story_.loop) return;
    Say(absl::StrFormat(
        "Events %u..%u lead back to the state after event %u, with a lock "
        "drop in them: they can repeat for ever, and the pass never ends.",
        story_.loop->after_event + 1, story_.loop->last_event,
        story_.loop->after_event));
  }

  void Result() {
    std::string others;
    if (const auto victim = VictimOf(story_.result.first))
      if (const auto all = OthersPastSize(story_, *victim); !all.empty())
        others = absl::StrFormat(" (and also at %s)", RangesOf(all));
    Say(absl::StrFormat("At %s %s is violated: %s%s.", At(breaks_),
                        Name(story_.result.first.property),
                        ViolationInWords(story_), others));
  }

  // Whether the page still leaves the page cache.
  void Gone() {
    const auto row = GoneAt(story_);
    if (!row) return;
    Say(absl::StrFormat(
        "At %s the page is still removed from the page cache: %s keeps using a "
        "page that is no longer the file's.",
        At(*row), MmName(VictimOf(story_.result.first)->mm)));
  }

  void Late() {
    if (!cause_.no_return) return;
    const NoReturn& it = *cause_.no_return;
    if (!it.settled)
      return Say(absl::StrFormat(
          "The point of no return is %s, perhaps before.", At(it.row)));
    const auto deeds = Deeds(story_, it.row);
    const std::string avoids =
        it.way_out.empty()
            ? "Had nothing more begun, it could have been avoided."
            : absl::StrFormat("Before it (%s first)%s",
                              MoveInWords(story_, it.way_out.front()),
                              it.saves.empty()
                                  ? " it could be avoided."
                                  : ": " + Saves() + ", and so on.");
    Say(absl::StrFormat(
        "Point of no return: %s, at which %s %s. %s From then on no order of "
        "what is in flight avoids it.",
        At(it.row), TaskName(story_.rows[it.row].task),
        deeds.empty() ? "moves" : absl::StrJoin(deeds, "; "), avoids));
  }

  // The actions of the way out.
  std::string Saves() const {
    return absl::StrJoin(cause_.no_return->saves, "; ",
                         [&](std::string* text, const Fact& fact) {
                           absl::StrAppend(text, TaskName(fact.task), " ",
                                           InWords(story_, fact));
                         });
  }

  void Rule() {
    if (!cause_.main_rule) {
      Say("No rule, flipped alone, makes the whole script hold.");
      return;
    }
    const RuleRole& role = cause_.rules[*cause_.main_rule];
    Say(absl::StrFormat(
        "Root cause: the rule %s: %s. %s %s it; with this rule alone %s the "
        "script holds.",
        role.rule->name, role.rule->decides, story_.kernel.Name(),
        role.on ? "has" : "lacks", role.on ? "taken away" : "added"));
  }

  const Story& story_;
  const Cause& cause_;
  const size_t breaks_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<Sentence> WhySentences(const Story& story, const Cause& cause) {
  return SentencesOf(Narrator(story, cause).Tell());
}

std::string Why(const Story& story, const Cause& cause) {
  return TextOf(WhySentences(story, cause));
}

const char* Headline(Property property) {
  switch (property) {
    case Property::kNoPagePastSize:
      return "A page stays mapped past the end of the file";
    case Property::kNoRemovedPageMapped:
      return "A page leaves the page cache while it is mapped";
    case Property::kNoOverUnmap:
      return "A pass unmaps pages outside its range";
    case Property::kRestartProgress:
      return "A pass loses its place and scans an address again";
    case Property::kBoundedDrops:
      return "A pass drops its lock without end";
    case Property::kCountIsACount:
      return "A truncate_count is misread";
    case Property::kIndexAgrees:
      return "The index of the file's vmas is wrong";
    case Property::kVmasWellFormed:
      return "The vmas of a process are wrong";
    case Property::kLockOrder:
      return "Locks are taken in the wrong order";
    case Property::kNoDeadlock:
      return "No task can move any more";
    case Property::kNoFreedUse:
      return "Something is used after it was freed";
    case Property::kSigbusPastEof:
      return "A page past the end of the file is used without SIGBUS";
    case Property::kMapsOwnPage:
      return "A pte maps a page that does not belong there";
    case Property::kNoCachedPagePastSize:
      return "A page past the end stays in the page cache";
    case Property::kGrownPagesAreZero:
      return "What was cut off shows again";
    case Property::kNothingLostOutsideRange:
      return "What was written outside the range is lost";
    case Property::kFaultInOwnVma:
      return "A fault maps a page under a vma that is not its own";
    case Property::kNoDataRace:
      return "Two passes write the same counts at once";
    case Property::kNoStaleTlb:
      return "A page is freed while a processor can still use it";
    case Property::kNoFreedPageReachable:
      return "An access reaches a page that is not its own any more";
    case Property::kPassLeavesNoTlb:
      return "A pass returns while a processor can still use its pages";
    case Property::kDoneIsUnmapped:
      return "A pass takes for done what still has a page of its range";
  }
  return "";
}

}  // namespace vmtrunc::report
