#include "report/explain/words_tlb.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/explain/sentence.h"
#include "report/explain/words.h"

namespace vmtrunc::report {
namespace {

using Is = FrameUse::Is;

std::string PageNames(const Story& story, unsigned file,
                      const std::vector<unsigned>& pages) {
  return absl::StrCat(pages.size() == 1 ? "page " : "pages ", RangesOf(pages),
                      " of ", story.FileName(file));
}

std::string InWords(const Story& story, const PageName& page) {
  return PageNames(story, page.file, {page.page});
}

// "page 0 of f", or what it is that has no name.
std::string MadeFor(const Story& story, const std::optional<PageName>& page) {
  return page ? InWords(story, *page) : "a page that is not followed";
}

std::string NamesOf(const Story& story, const std::vector<unsigned>& tasks) {
  return absl::StrJoin(tasks, " and ", [&](std::string* text, unsigned task) {
    text->append(story.script.task_names[task]);
  });
}

class TlbTeller {
 public:
  TlbTeller(const Story& story, const Fact& fact)
      : story_(story), fact_(fact) {}

  std::string Say() const {
    switch (fact_.kind) {
      case Fact::Kind::kLeaves:
        return absl::StrFormat("leaves %s in the TLB at %s", Left(), Places());
      case Fact::Kind::kFlushes:
        return Flushes();
      case Fact::Kind::kReleases:
        return absl::StrFormat(
            "releases the %s gathered%s",
            fact_.before == 1 ? "frame that it" : "frames that it",
            fact_.pages.empty() ? "" : InCache());
      case Fact::Kind::kHoldsFrame:
        return absl::StrFormat(
            "leaves the frame of %s to %s of %s", Page(),
            fact_.tasks.size() == 1 ? "the gather" : "gathers",
            NamesOf(story_, fact_.tasks));
      case Fact::Kind::kFreesFrame:
        return absl::StrCat("frees the frame of ", Page(), Though(", though"));
      case Fact::Kind::kReusesFrame:
        return absl::StrFormat("takes the frame that was %s%s for %s", Page(),
                               Though(" and"), Now());
      case Fact::Kind::kTranslates:
        return Translates();
      case Fact::Kind::kRevokes:
        return absl::StrCat("revokes ", Pages(), ": no fault maps ",
                            fact_.pages.size() == 1 ? "it" : "them",
                            " any more");
      case Fact::Kind::kTakesBack:
        return absl::StrCat(
            "takes ", Pages(), " back",
            fact_.addrs.empty()
                ? ""
                : absl::StrCat(
                      ", though ", Places(), " still ",
                      fact_.addrs.size() == 1 ? "maps it" : "map them"));
      default:
        return "";
    }
  }

 private:
  std::string Page() const { return MadeFor(story_, fact_.made_for); }
  std::string Pages() const {
    return PageNames(story_, fact_.file, fact_.pages);
  }
  std::string Places() const {
    return absl::StrCat(RangesOf(fact_.addrs), " of ",
                        story_.script.task_names[fact_.owner]);
  }
  std::string Left() const {
    if (!fact_.pages.empty()) return Pages();
    return fact_.addrs.size() == 1 ? "what was there" : "what was";
  }
  std::string InCache() const {
    return absl::StrCat(" (", Pages(), fact_.pages.size() == 1 ? " is" : " are",
                        " still in the page cache)");
  }
  std::string Though(const char* word) const {
    return fact_.addrs.empty()
               ? ""
               : absl::StrFormat("%s the TLB has it at %s", word, Places());
  }
  std::string Now() const {
    if (!fact_.use) return "";
    return fact_.use->is == Is::kPage
               ? InWords(story_, fact_.use->page)
               : absl::StrFormat("a private copy at %u of %s", fact_.use->addr,
                                 story_.script.task_names[fact_.use->owner]);
  }

  std::string Flushes() const {
    if (fact_.addrs.empty() && fact_.tasks.empty())
      return "flushes nothing: all is flushed";
    if (fact_.addrs.empty())
      return absl::StrFormat("flushes all of %s, as %s has a gather of it too",
                             story_.script.task_names[fact_.owner],
                             NamesOf(story_, fact_.tasks));
    return absl::StrCat("flushes ", Places(),
                        fact_.is_full ? ", as its gather is full" : "");
  }

  std::string Translates() const {
    const FrameUse use = fact_.use.value_or(FrameUse{});
    if (IsStale(use))
      return absl::StrFormat(
          "reaches through the TLB %s%s, which %s",
          use.is == Is::kRevoked ? "" : "the frame that was ", Page(),
          UseInWords(story_, use));
    const std::string state = UseInWords(story_, use);
    return absl::StrCat("is served through the TLB without a fault: at ",
                        fact_.addr, " it has ",
                        fact_.made_for ? Page() : "what was there",
                        state.empty() ? "" : ", which " + state);
  }

  const Story& story_;
  const Fact& fact_;
};

// The lines of a view.
std::string LineOf(const Story& story, const GatherView& it) {
  const std::string& task = story.script.task_names[it.task];
  std::vector<std::string> owes;
  if (it.first <= it.last)
    owes.push_back(absl::StrFormat(
        "%s to flush", it.first == it.last
                           ? absl::StrCat(it.first)
                           : absl::StrFormat("%u..%u", it.first, it.last)));
  if (it.frames != 0)
    owes.push_back(absl::StrFormat("%u frame%s to release", it.frames,
                                   it.frames == 1 ? "" : "s"));
  std::vector<std::string> pages;
  for (const PageName& page : it.pages) pages.push_back(InWords(story, page));
  return absl::StrCat(
      it.is_move ? "move of " : "gather of ", task, " in ",
      story.script.task_names[it.owner], ": ", absl::StrJoin(owes, ", "),
      pages.empty() ? "" : absl::StrCat(" (", absl::StrJoin(pages, ", "), ")"),
      it.is_full ? ", full" : "");
}

std::string LineOf(const Story& story, const FrameView& it) {
  const std::string use = UseInWords(story, it.use);
  return absl::StrCat("frame ", it.number, ": was ", MadeFor(story, it.was),
                      use.empty() ? "" : ", " + use);
}

// The names of what is in the TLB at one address.
std::string LineOf(const Story& story, const TranslationView& it) {
  const std::string use = it.use.is == Is::kRevoked
                              ? "taken back by its driver"
                              : "its frame " + UseInWords(story, it.use);
  return absl::StrCat(
      it.made_for ? InWords(story, *it.made_for) : "what was there", " at ",
      it.addr, IsStale(it.use) ? absl::StrCat(" (stale: ", use, ")") : "");
}

class StaleTeller {
 public:
  StaleTeller(const Story& story, const TlbStory& tale)
      : story_(story), tale_(tale), it_(tale.translation) {}

  std::vector<std::string> Sentences() const {
    std::vector<std::string> sentences;
    for (size_t i = 0; i < tale_.leads.size();) {
      size_t end = i;
      std::vector<std::string> deeds;
      while (end < tale_.leads.size() &&
             tale_.leads[end].first_step == tale_.leads[i].first_step)
        deeds.push_back(InWords(story_, tale_.leads[end++].fact));
      sentences.push_back(absl::StrFormat(
          "At %s %s %s.",
          MarkedSteps(tale_.leads[i].first_step, tale_.leads[i].last_step),
          TaskName(tale_.leads[i].fact.task), absl::StrJoin(deeds, "; ")));
      i = end;
    }
    sentences.push_back("So " + Clause() + ".");
    sentences.push_back(Until() + ".");
    return sentences;
  }

  std::string Clause() const {
    const StoryRow& left = story_.rows[tale_.left];
    return absl::StrFormat(
        "%s has been in the TLB at %u of %s without a pte since %s (%s of %s), "
        "%s%s",
        it_.made_for ? InWords(story_, *it_.made_for) : "what was there",
        it_.addr, TaskName(it_.owner), MarkedSteps(left), VerbName(left.verb),
        TaskName(left.task), Flush(), Fate());
  }

 private:
  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }
  std::string By(size_t row) const {
    return absl::StrFormat("%s (%s, %s)", TaskName(story_.rows[row].task),
                           VerbName(story_.rows[row].verb),
                           MarkedSteps(story_.rows[row]));
  }

  // Who has yet to flush it.
  std::string Flush() const {
    if (tale_.owes)
      return absl::StrFormat("and %s still owes the flush",
                             TaskName(tale_.owes->task));
    if (tale_.taken_for)
      return absl::StrFormat(
          "as it was taken for %u, where its page table was, and nobody owes a "
          "flush of it",
          *tale_.taken_for);
    const bool at_once =
        !tale_.missed.empty() && tale_.missed.front() == tale_.left;
    return at_once ? "as the flush there left it out, and nobody owes another"
                   : "and nobody owes a flush of it";
  }

  // What has become of its page since.
  std::string Fate() const {
    std::string text;
    if (tale_.freed)
      absl::StrAppend(&text, " when ", By(*tale_.freed), " frees its frame");
    else if (it_.use.is == Is::kRevoked)
      absl::StrAppend(&text, " when the pass of ", By(*story_.broken_row),
                      " over it returns");
    return text;
  }

  // Who may use it until then.
  std::string Until() const {
    const std::string users =
        tale_.users.empty()
            ? "a processor"
            : "a processor that runs " +
                  absl::StrJoin(tale_.users, " or ",
                                [&](std::string* to, unsigned t) {
                                  to->append(TaskName(t));
                                });
    return absl::StrFormat(
        "%s %u is flushed, %s may %s there, without a fault, %s",
        tale_.owes ? "Until" : "Unless", it_.addr, users,
        it_.writable ? "read and write" : "read", What());
  }

  std::string What() const {
    switch (it_.use.is) {
      case Is::kFree:
        return "a frame that is free, and soon somebody else's";
      case Is::kPage:
        return "what is " + InWords(story_, it_.use.page) + " now";
      case Is::kCopy:
        return absl::StrFormat("a private copy of %s", TaskName(it_.use.owner));
      case Is::kRevoked:
      case Is::kBeingRevoked:
        return "memory that its driver has taken back";
      case Is::kItsPage:
      case Is::kHeld:
      case Is::kUnknown:
        break;
    }
    return "the page";
  }

  const Story& story_;
  const TlbStory& tale_;
  const TranslationView& it_;
};

}  // namespace

std::string UseInWords(const Story& story, const FrameUse& use) {
  switch (use.is) {
    case Is::kItsPage:
    case Is::kUnknown:
      return "";
    case Is::kHeld:
      return absl::StrCat("has left the page cache, its frame held by ",
                          use.holders.size() == 1 ? "the gather" : "gathers",
                          " of ", NamesOf(story, use.holders));
    case Is::kFree:
      return "is free";
    case Is::kPage:
      return "is " + InWords(story, use.page) + " now";
    case Is::kCopy:
      return absl::StrFormat("is a private copy at %u of %s now", use.addr,
                             story.script.task_names[use.owner]);
    case Is::kBeingRevoked:
      return "is being taken back by its driver";
    case Is::kRevoked:
      return "its driver has taken back";
  }
  return "";
}

std::string TlbPhrase(const Story& story, const Fact& fact) {
  return TlbTeller(story, fact).Say();
}

std::vector<std::string> TlbInWords(const Story& story, const TlbView& view) {
  std::vector<std::string> lines;
  std::map<unsigned, std::vector<std::string>> by_mm;
  for (const TranslationView& it : view.translations)
    by_mm[it.owner].push_back(LineOf(story, it));
  for (const auto& [owner, all] : by_mm)
    lines.push_back(absl::StrFormat("TLB of %s: %s",
                                    story.script.task_names[owner],
                                    absl::StrJoin(all, ", ")));
  // One that owes nothing is not worth a line.
  for (const GatherView& it : view.gathers)
    if (it.frames != 0 || it.first <= it.last)
      lines.push_back(LineOf(story, it));
  for (const FrameView& it : view.frames) lines.push_back(LineOf(story, it));
  return lines;
}

std::vector<std::string> TlbSentences(const Story& story,
                                      const TlbStory& tale) {
  return StaleTeller(story, tale).Sentences();
}

std::string TlbClause(const Story& story, const TlbStory& tale) {
  return StaleTeller(story, tale).Clause();
}

}  // namespace vmtrunc::report
