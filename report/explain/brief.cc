#include "report/explain/brief.h"

#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/explain/escape_names.h"
#include "report/explain/words.h"
#include "report/explain/words_folio.h"
#include "report/explain/words_table.h"
#include "report/explain/words_tlb.h"

namespace vmtrunc::report {
namespace {

// A longer text is not a summary.
constexpr size_t kMostDeeds = 4;

// How a pass misses a page.
class EscapeInBrief : EscapeNames {
 public:
  EscapeInBrief(const Story& story, const Victim& victim, const Escape& escape)
      : EscapeNames(story, victim, escape) {}

  std::vector<std::string> Tell() const {
    std::vector<std::string> sentences = {Begins()};
    if (const std::string meanwhile = Meanwhile(); !meanwhile.empty())
      sentences.push_back(meanwhile);
    sentences.push_back(absl::StrCat("Then ", How(), "."));
    return sentences;
  }

  // A clause without its full stop.
  std::string How() const {
    using How = Account::How;
    const std::string page = absl::StrFormat("%u", victim_.addr);
    switch (account_.how) {
      case How::kByPointer:
      case How::kByOtherPage:
        return ByPointer();
      case How::kByRestart:
        return absl::StrFormat(
            "%s finds \"%s\" in the count of %s, %s, and resumes there without "
            "scanning %s (%s)",
            PassTask(), CountInWords(story_, SkippedVma()), SkippedName(),
            account_.older ? absl::StrFormat("which another pass wrote (%s)",
                                             At(account_.older->row))
                           : "which it wrote itself",
            page, At(escape_.skipped));
      case How::kByStamp:
        return absl::StrFormat(
            "%s finds %s marked as scanned by this pass and skips it (%s)",
            PassTask(), SkippedName(), At(escape_.skipped));
      case How::kComesBack:
        return ComesBack();
      case How::kScanned:
        return absl::StrFormat("%s scans %s and leaves the page there (%s)",
                               PassTask(), page, At(escape_.scans.back()));
      case How::kOutOfRange:
        return absl::StrFormat(
            "%s looks in a nonlinear vma only where a linear one would have "
            "the "
            "range, and %s is elsewhere (%s)",
            PassTask(), page, At(*escape_.looked));
      case How::kNeverThere:
        return absl::StrFormat(
            "the pass of %s never comes to a vma that has %s", PassTask(),
            page);
      case How::kLeftOut:
        return absl::StrFormat(
            "%s comes to the vma that has %s and does not scan it (%s)",
            PassTask(), page, At(*escape_.looked));
    }
    return "";
  }

 private:
  // The range of the pass, and what it remembers when it drops the lock.
  std::string Begins() const {
    const StoryRow& row = story_.rows[escape_.begins];
    const char* const does = row.verb == Verb::kTruncate ? "truncates"
                             : row.verb == Verb::kPunch  ? "punches a hole in"
                             : row.verb == Verb::kRevoke ? "revokes pages of"
                                                         : "invalidates";
    std::string text =
        absl::StrFormat("%s %s %s, and its pass unmaps %s", PassTask(), does,
                        story_.FileName(escape_.pass.mm),
                        PagesInWords(escape_.pass.start, escape_.pass.end - 1));
    if (!escape_.dropped) return text + ".";
    absl::StrAppend(&text, "; it drops i_mmap_lock on the way (",
                    At(*escape_.dropped), ")");
    if (account_.note)
      absl::StrAppendFormat(
          &text,
          " and remembers %s by its struct, slot %u, with the address %u",
          InWords(story_, *account_.noted), account_.note->slot,
          account_.note->addr);
    else if (!account_.left.empty())
      absl::StrAppendFormat(&text, " and writes \"%s\" into the count of %s",
                            InWords(account_.left.front().count),
                            InWords(story_, account_.left.front().vma));
    return text + ".";
  }

  // Whether it is about the struct that the pass reaches, or about the page.
  bool IsAboutIt(const Fact& fact) const {
    const auto is = [&](const std::optional<VmaFact>& vma) {
      return vma && vma->slot == escape_.slot;
    };
    return is(fact.vma) || is(fact.was) || is(fact.of) ||
           fact.kind == Fact::Kind::kMoves;
  }

  // What others do to it before the pass resumes, or everything they do.
  std::string Meanwhile() const {
    std::vector<std::string> deeds, about;
    for (const auto& event : account_.meanwhile)
      for (const DatedFact& deed : event.deeds) {
        deeds.push_back(absl::StrFormat("%s %s", TaskName(deed.fact.task),
                                        InWords(story_, deed.fact)));
        if (IsAboutIt(deed.fact)) about.push_back(deeds.back());
      }
    if (!about.empty()) deeds = about;
    if (deeds.empty()) return "";
    if (deeds.size() > kMostDeeds)
      deeds.erase(deeds.begin(), deeds.end() - kMostDeeds);
    return absl::StrCat("Before it resumes, ", absl::StrJoin(deeds, "; "), ".");
  }

  // The struct is the one that the pass remembers; it may hold another vma.
  std::string ByPointer() const {
    return absl::StrFormat(
        "%s takes %s, %s, for the vma that it remembers, and %s without "
        "scanning %u (%s)",
        PassTask(), SkippedName(),
        account_.is_reused ? "which is in that slot now"
                           : "which has grown meanwhile",
        account_.how == Account::How::kByPointer
            ? absl::StrFormat("resumes at %u", account_.note->addr)
            : "for done, since another page is at its address there,",
        victim_.addr, At(escape_.skipped));
  }

  std::string ComesBack() const {
    const StoryRow& row = story_.rows[*escape_.arrives];
    return absl::StrFormat(
               "%s (%s) %s page %u to %u %s (%s)", TaskName(row.task),
               VerbName(row.verb), escape_.from ? "moves" : "maps",
               victim_.index, victim_.addr,
               escape_.scans.empty() ? "where the pass does not look any more"
                                     : "after the pass has scanned it",
               At(*escape_.arrives)) +
           WithItsTable();
  }

  std::string WithItsTable() const {
    return absl::StrJoin(
        account_.tables, "", [&](std::string* text, const DatedFact& it) {
          absl::StrAppend(text, "; ", TaskName(it.fact.task), " ",
                          InWords(story_, it.fact), " (",
                          MarkedSteps(it.first_step, it.last_step), ")");
        });
  }
};

// A page that no pass was for: it is mapped and then removed, or removed and
// then mapped.
std::vector<std::string> MappedAndRemoved(const Story& story) {
  const auto victim = VictimOf(story.result.first);
  if (!victim) return {};
  const size_t breaks = *story.broken_row;
  const auto present = [&](const World<LargeCaps>& world) {
    return world.mms[victim->mm].ptes[victim->addr].present();
  };
  for (size_t i = breaks + 1; i-- > 0;) {
    if (present(story.Before(i)) || !present(story.rows[i].world)) continue;
    const StoryRow& maps = story.rows[i];
    const StoryRow& last = story.rows[breaks];
    std::string text = absl::StrFormat(
        "%s (%s) maps page %u at %u (%s)", story.script.task_names[maps.task],
        VerbName(maps.verb), victim->index, victim->addr, MarkedSteps(maps));
    if (i != breaks)
      absl::StrAppendFormat(&text, ", and %s (%s) still removes it (%s)",
                            story.script.task_names[last.task],
                            VerbName(last.verb), MarkedSteps(last));
    return {text + "."};
  }
  return {};
}

// An address that a pass scans again.
std::vector<std::string> ScannedAgain(const Story& story) {
  const auto twice = TwiceOf(story);
  if (!twice) return {};
  const StoryRow& last = story.rows[*story.broken_row];
  std::vector<std::string> sentences = {absl::StrFormat(
      "The pass of %s scans %u of %s (%s) and, after it dropped i_mmap_lock, "
      "scans it again (%s).",
      story.script.task_names[last.task], twice->addr,
      story.script.task_names[twice->owner],
      MarkedSteps(story.rows[twice->first]), MarkedSteps(last))};
  if (twice->between.empty()) return sentences;
  const Twice::Written& written = twice->between.back();
  sentences.push_back(absl::StrFormat(
      "In between, %s (%s) overwrites the count of %s: \"%s\" becomes \"%s\" "
      "(%s).",
      story.script.task_names[story.rows[written.row].task],
      VerbName(story.rows[written.row].verb), InWords(story, written.vma),
      InWords(written.before), InWords(written.after),
      MarkedSteps(story.rows[written.row])));
  return sentences;
}

std::optional<EscapeInBrief> EscapeIn(const Story& story) {
  const auto victim = VictimOf(story.result.first);
  const auto escape = EscapeOf(story);
  if (!victim || !escape) return std::nullopt;
  return EscapeInBrief(story, *victim, *escape);
}

// As the start of a sentence. Names of tasks stay as they are.
std::string Capital(const Story& story, std::string text) {
  const std::string word = text.substr(0, text.find(' '));
  const bool is_task = absl::c_linear_search(story.script.task_names, word);
  if (!text.empty() && !is_task)
    text[0] = absl::ascii_toupper(static_cast<unsigned char>(text[0]));
  return text;
}

std::vector<std::string> FolioInBrief(const Story& story,
                                      const FolioStory& tale) {
  const std::string clause = FolioClause(story, tale);
  if (clause.empty()) return {};
  return {Capital(story, clause) + "."};
}

// The violation as a clause.
std::string Result(const Story& story) {
  const std::string at = MarkedSteps(story.rows[*story.broken_row]);
  return absl::StrFormat("at %s %s is violated: %s", at,
                         Name(story.result.first.property),
                         ViolationInWords(story));
}

}  // namespace

std::vector<Sentence> BriefSentences(const Story& story, const Cause& cause,
                                     const ShownBug* bug) {
  std::vector<std::string> sentences;
  if (const auto escape = EscapeIn(story))
    sentences = escape->Tell();
  else if (const auto stale = TlbStoryOf(story))
    sentences = {Capital(story, TlbClause(story, *stale)) + "."};
  else if (const auto used = TableStoryOf(story))
    sentences = {Capital(story, TableClause(story, *used)) + "."};
  else if (const auto tale = FolioStoryOf(story))
    sentences = FolioInBrief(story, *tale);
  if (sentences.empty()) sentences = MappedAndRemoved(story);
  if (sentences.empty()) sentences = ScannedAgain(story);
  std::string last = Capital(story, Result(story));
  // The bug's own repair, if known: others repair it by accident.
  if (bug != nullptr) {
    absl::StrAppendFormat(&last, "; with the rule %s the property holds",
                          bug->rule);
  } else if (cause.main_rule) {
    const RuleRole& role = cause.rules[*cause.main_rule];
    absl::StrAppendFormat(&last, "; %s the rule %s the property holds",
                          role.on ? "without" : "with", role.rule->name);
  }
  sentences.push_back(last + ".");
  return SentencesOf(sentences);
}

Sentence InOneSentence(const Story& story) {
  std::string text = Capital(story, ViolationInWords(story));
  if (const auto escape = EscapeIn(story))
    absl::StrAppend(&text, ": ", escape->How());
  else if (const auto stale = TlbStoryOf(story))
    absl::StrAppend(&text, ": ", TlbClause(story, *stale));
  else if (const auto used = TableStoryOf(story))
    absl::StrAppend(&text, ": ", TableClause(story, *used));
  else if (const auto tale = FolioStoryOf(story))
    if (const std::string why = FolioClause(story, *tale); !why.empty())
      absl::StrAppend(&text, ": ", why);
  return SentenceOf(text + ".");
}

}  // namespace vmtrunc::report
