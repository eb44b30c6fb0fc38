#include "report/explain/words_table.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/explain/sentence.h"
#include "report/explain/words.h"

namespace vmtrunc::report {
namespace {

std::string SpanFrom(unsigned first) {
  return absl::StrFormat("%u..%u", first, first + kPtesPerTable - 1);
}

class TableTeller {
 public:
  TableTeller(const Story& story, const Fact& fact)
      : story_(story), fact_(fact), table_(fact.table.value_or(TableFact{})) {}

  std::string Say() const {
    switch (fact_.kind) {
      case Fact::Kind::kReadsTable:
        return absl::StrFormat("reads the directory's entry at %s: %s", There(),
                               Name());
      case Fact::Kind::kMovesTable:
        return absl::StrFormat("moves %s from %s to %s as a whole%s", Name(),
                               SpanFrom(table_.first), Now(), Although());
      case Fact::Kind::kMovesFreedTable:
        return absl::StrFormat(
            "moves %s, whose entry it has read at %s and which is free, to %s",
            Name(), There(), Now());
      case Fact::Kind::kRetractsTable:
        return absl::StrFormat(
            "takes %s out of the directory at %s and frees "
            "it%s",
            Name(), There(), Although());
      case Fact::Kind::kFreesTable:
        return absl::StrFormat("frees %s, of %s%s", Name(), There(),
                               Although());
      case Fact::Kind::kUsesTable:
        return absl::StrFormat(
            "walks in %s, whose entry it has read at %s and which is %s",
            Name(), There(),
            table_.now ? absl::StrCat("at ", Now(), " by now") : "free");
      case Fact::Kind::kFindsNoTable:
        return absl::StrFormat(
            "finds no page table at %s: %s, which was there, %s", There(),
            Name(),
            table_.now ? absl::StrCat("is at ", Now(), " by now") : "is free");
      case Fact::Kind::kSharesTable:
        return absl::StrFormat("takes %s for %s, which it shares with %s",
                               Name(), There(), Sharers());
      case Fact::Kind::kUnsharesTable:
        return absl::StrFormat(
            "gives up %s at %s, with all that it maps: %s %s", Name(), There(),
            Sharers(), fact_.tasks.size() == 1 ? "keeps it" : "keep it");
      default:
        return "";
    }
  }

 private:
  std::string Name() const {
    return absl::StrCat("page table ", table_.number);
  }
  std::string There() const {
    return absl::StrCat(SpanFrom(table_.first), " of ",
                        story_.script.task_names[fact_.owner]);
  }
  std::string Now() const { return SpanFrom(table_.now.value_or(0)); }

  // The mms that have the table, this one aside.
  std::string Sharers() const {
    std::vector<std::string> names;
    names.reserve(fact_.tasks.size());
    for (const unsigned task : fact_.tasks)
      names.push_back(story_.script.task_names[task]);
    return absl::StrJoin(names, " and ");
  }

  // Why that is no good idea.
  std::string Although() const {
    std::vector<std::string> reasons;
    if (fact_.vma)
      reasons.push_back(InWords(story_, *fact_.vma) +
                        " covers it and is in the index");
    for (const unsigned task : fact_.tasks)
      reasons.push_back(story_.script.task_names[task] +
                        " has read its entry and relies on it");
    return reasons.empty() ? ""
                           : ", although " + absl::StrJoin(reasons, ", and ");
  }

  const Story& story_;
  const Fact& fact_;
  const TableFact table_;
};

std::string LineOf(const Story& story, const ReaderView& it) {
  const std::string now =
      !it.table.now ? ", which is free"
      : *it.table.now != it.table.first
          ? ", which is at " + SpanFrom(*it.table.now) + " by now"
          : "";
  return absl::StrFormat(
      "%s of %s relies on the entry at %s of %s: page table "
      "%u%s",
      it.is_move ? "mremap" : "the pass", story.script.task_names[it.task],
      SpanFrom(it.table.first), story.script.task_names[it.owner],
      it.table.number, now);
}

}  // namespace

std::string TablePhrase(const Story& story, const Fact& fact) {
  return TableTeller(story, fact).Say();
}

std::vector<std::string> TablesInWords(const Story& story,
                                       const TablesView& view) {
  std::vector<std::string> lines;
  std::map<unsigned, std::vector<std::string>> by_mm;
  for (const EntryView& it : view.entries)
    by_mm[it.owner].push_back(
        it.has_gone
            ? absl::StrFormat("none at %s (%u was there)", SpanFrom(it.first),
                              it.table)
            : absl::StrFormat("%u at %s", it.table, SpanFrom(it.first)));
  for (const auto& [owner, all] : by_mm)
    lines.push_back(absl::StrFormat("page tables of %s: %s",
                                    story.script.task_names[owner],
                                    absl::StrJoin(all, ", ")));
  for (const ReaderView& it : view.readers)
    if (it.is_lost) lines.push_back(LineOf(story, it));
  return lines;
}

std::vector<std::string> TableSentences(const Story& story,
                                        const TableStory& tale) {
  std::vector<std::string> sentences;
  for (const DatedFact& it : tale.leads)
    sentences.push_back(absl::StrFormat(
        "At %s %s %s.", MarkedSteps(it.first_step, it.last_step),
        story.script.task_names[it.fact.task], InWords(story, it.fact)));
  const auto by = [&](size_t row) {
    return absl::StrFormat("%s (%s)",
                           story.script.task_names[story.rows[row].task],
                           VerbName(story.rows[row].verb));
  };
  sentences.push_back(absl::StrFormat(
      "So %s uses page table %u after %s has freed it: whatever that memory is "
      "by then is read and written as ptes.",
      by(tale.used), tale.table.number, by(tale.freed)));
  return sentences;
}

std::string TableClause(const Story& story, const TableStory& tale) {
  const auto by = [&](size_t row) {
    return absl::StrFormat(
        "%s (%s, %s)", story.script.task_names[story.rows[row].task],
        VerbName(story.rows[row].verb), MarkedSteps(story.rows[row]));
  };
  return absl::StrFormat(
      "page table %u, of %s of %s, is freed by %s, although %s has read its "
      "entry and relies on it: at %s it %s",
      tale.table.number, SpanFrom(tale.table.first),
      story.script.task_names[tale.owner], by(tale.freed), by(tale.read),
      MarkedSteps(story.rows[tale.used]),
      story.rows[tale.used].verb == Verb::kMremap ? "moves what is free"
                                                  : "walks in what is free");
}

}  // namespace vmtrunc::report
