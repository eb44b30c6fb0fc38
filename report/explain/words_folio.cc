#include "report/explain/words_folio.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/explain/sentence.h"
#include "report/explain/words.h"

namespace vmtrunc::report {
namespace {

std::string FolioName(unsigned first, unsigned last) {
  return first == last
             ? absl::StrFormat("the folio of page %u", first)
             : absl::StrFormat("the folio of pages %u..%u", first, last);
}

std::string PageNames(const std::vector<unsigned>& pages) {
  return absl::StrCat(pages.size() == 1 ? "page " : "pages ", RangesOf(pages));
}

std::string TaskNames(const Story& story, const std::vector<unsigned>& tasks) {
  return absl::StrJoin(tasks, " and ", [&](std::string* text, unsigned task) {
    text->append(story.script.task_names[task]);
  });
}

// Why a folio cannot be split.
std::string WhyWhole(const Story& story, const Fact& fact) {
  std::vector<std::string> why;
  if (fact.is_smallest) why.emplace_back("the file has no smaller ones");
  if (fact.is_unreleased)
    why.emplace_back("it is dirty, so that its private data is not released");
  if (!fact.tasks.empty())
    why.push_back(absl::StrCat("the fault of ", TaskNames(story, fact.tasks),
                               " holds a reference to it"));
  if (!fact.pages.empty())
    why.push_back("a pin of " + PageNames(fact.pages) +
                  " is a reference to it");
  return why.empty() ? "" : " (" + absl::StrJoin(why, ", and ") + ")";
}

std::string FolioInWords(const Story& story, const FolioView& folio) {
  unsigned order = 0;
  while ((1U << order) <= folio.last - folio.first) ++order;
  std::vector<std::string> is;
  if (folio.dirty) is.emplace_back("dirty");
  if (!folio.pins.empty()) is.push_back("pinned by " + PageNames(folio.pins));
  if (!folio.holders.empty())
    is.push_back("held by " + TaskNames(story, folio.holders));
  if (folio.locker)
    is.push_back("locked by " + story.script.task_names[*folio.locker]);
  if (!folio.old.empty())
    is.push_back("what was cut off is in " + PageNames(folio.old));
  const std::string pages =
      order == 0 ? absl::StrCat("page ", folio.first)
                 : absl::StrFormat("folio %u..%u (order %u)", folio.first,
                                   folio.last, order);
  return is.empty() ? pages : pages + ": " + absl::StrJoin(is, ", ");
}

}  // namespace

std::string FolioPhrase(const Story& story, const Fact& fact) {
  using Kind = Fact::Kind;
  const std::string file = story.FileName(fact.file);
  const std::string folio = FolioName(fact.first, fact.last);
  switch (fact.kind) {
    case Kind::kSamplesSize:
      return absl::StrFormat("reads i_size of %s, %u, %s", file, fact.after,
                             fact.after == 0 ? "which caps nothing of what it "
                                               "will map"
                                             : "by which it will map pages");
    case Kind::kChecksSize:
      return absl::StrFormat("finds page %u inside %s, whose i_size is %u",
                             fact.page.value_or(0), file, fact.after);
    case Kind::kHolds:
      return "holds a reference to " + folio + " from here on";
    case Kind::kCaches:
      return "puts " + folio + " of " + file + " into the page cache";
    case Kind::kDirties:
      return "makes " + folio + " dirty";
    case Kind::kSplitsFolio:
      return absl::StrFormat("splits %s: pieces start at %s", folio,
                             absl::StrJoin(fact.pages, ", "));
    case Kind::kKeepsFolio:
      return absl::StrCat(
          "cannot split ", folio, WhyWhole(story, fact),
          " and leaves it whole in the page cache, as it is dirty");
    case Kind::kPins:
      return absl::StrCat("pins ", PageNames(fact.pages), " of ", file);
    case Kind::kUnpins:
      return absl::StrCat("unpins ", PageNames(fact.pages), " of ", file);
    case Kind::kHoldsOld:
      return absl::StrCat("cuts off ", PageNames(fact.pages), " of ", file,
                          ": what was there still is");
    case Kind::kWritesPast:
      return absl::StrCat("writes to ", PageNames(fact.pages), " of ", file,
                          ", past i_size");
    case Kind::kReadsOld:
      return absl::StrCat("reads ", PageNames(fact.pages), " of ", file,
                          " in again, with what is being cut off");
    case Kind::kSetsOrder:
      return absl::StrFormat("makes new folios of %s of order %u", file,
                             fact.after);
    default:
      return "";
  }
}

std::string FoliosInWords(const Story& story, const CacheView& view) {
  std::string words;
  for (const FolioView& folio : view.folios)
    absl::StrAppend(&words, "; ", FolioInWords(story, folio));
  for (const SizeSample& it : view.samples)
    absl::StrAppendFormat(&words,
                          "; %s will map by the i_size that it read, %u%s",
                          story.script.task_names[it.task], it.size,
                          it.size == 0 ? ", which caps nothing" : "");
  return words;
}

std::string CacheInWords(const Story& story, unsigned file,
                         const CacheView& view) {
  return absl::StrFormat("%s: i_size %u", story.FileName(file), view.size) +
         FoliosInWords(story, view);
}

std::vector<std::string> FolioSentences(const Story& story,
                                        const FolioStory& tale) {
  std::vector<std::string> sentences;
  for (const DatedFact& it : tale.leads)
    sentences.push_back(absl::StrFormat(
        "At %s %s %s.", MarkedSteps(it.first_step, it.last_step),
        story.script.task_names[it.fact.task], InWords(story, it.fact)));
  if (const std::string clause = FolioClause(story, tale); !clause.empty())
    sentences.push_back("So " + clause + ".");
  return sentences;
}

std::string FolioClause(const Story& story, const FolioStory& tale) {
  std::vector<std::string> clauses;
  if (tale.kept)
    clauses.push_back(absl::StrFormat(
        "the folio of page %u is still cached, whole, after the %s of %s (%s)",
        tale.page, VerbName(story.rows[*tale.kept].verb),
        story.script.task_names[story.rows[*tale.kept].task],
        MarkedSteps(story.rows[*tale.kept])));
  if (const auto& old = tale.old_size)
    clauses.push_back(absl::StrFormat(
        "%s acts by an i_size of %u%s that it read before (%s), while i_size "
        "is %u (since %s)",
        story.script.task_names[old->task], old->size,
        old->size == 0 ? ", which caps nothing," : "",
        MarkedSteps(story.rows[old->read]), old->now,
        MarkedSteps(story.rows[old->stored])));
  return absl::StrJoin(clauses, ", and ");
}

}  // namespace vmtrunc::report
