#include "report/explain/page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/shown.h"
#include "base/write.h"
#include "core/version.h"
#include "report/explain/assets.h"
#include "report/explain/brief.h"
#include "report/explain/bug_shown.h"
#include "report/explain/contrast.h"
#include "report/explain/fact_json.h"
#include "report/explain/parting.h"
#include "report/explain/story_json.h"
#include "report/explain/text.h"
#include "report/explain/why.h"
#include "report/explain/words.h"
#include "report/verdict.h"
#include "report/json_text.h"
#include "search/reason.h"

namespace vmtrunc::report {
namespace {

// In commands, for a script that came through a pipe.
constexpr const char* kSavedScript = "script.vmt";

std::string Badge(const Story& story) {
  const char* const is = story.result.holds() ? "holds" : "breaks";
  return absl::StrFormat(
      "<span class=\"badge %s\">%s %s</span>", is, Escaped(story.kernel.Name()),
      story.result.holds()
          ? "holds"
          : absl::StrFormat("violates %s", Name(story.result.first.property)));
}

// Its steps as links, which the page's script resolves.
std::string Linked(const Sentence& sentence) {
  const std::string_view text = sentence.text;
  std::string html;
  size_t at = 0;
  for (const Sentence::Link& link : sentence.links) {
    absl::StrAppend(&html, Escaped(text.substr(at, link.begin - at)),
                    "<a data-step=\"", link.step, "\">",
                    Escaped(text.substr(link.begin, link.end - link.begin)),
                    "</a>");
    at = link.end;
  }
  return html + Escaped(text.substr(at));
}

// The violation in one sentence, and the known bug that it is.
std::string Wrong(const Story& story) {
  if (story.result.holds() || story.rows.empty()) return "";
  const ShownBug* const bug = BugShownBy(story.script, story.kernel);
  return absl::StrCat(
      "<p class=\"answer\" id=\"wrong\" data-run=\"0\"><strong>What went "
      "wrong:</strong> ",
      Linked(InOneSentence(story)),
      bug == nullptr ? ""
                     : absl::StrCat(" This is <strong>", bug->name,
                                    "</strong>: ", Escaped(bug->what), "."),
      "</p>\n");
}

std::string Head(const Story& story, const Story* other) {
  const std::string name =
      base::Shown(story.path.substr(story.path.find_last_of('/') + 1));
  return absl::StrCat(
      PageHead(name + " on " + story.kernel.Name(), kPageCss), "<h1>",
      story.result.holds() ? "The run holds"
                           : Headline(story.result.first.property),
      "</h1>\n<p class=\"soft\">", Escaped(name), "</p>\n<p>", Badge(story),
      other == nullptr ? "" : " " + Badge(*other), "</p>\n", Wrong(story));
}

// The events of the script, and the words that the rest uses.
std::string Beginning(const Story& story) {
  std::string script;
  for (size_t i = 1; i <= story.script.events.size(); ++i)
    absl::StrAppend(
        &script, i, "  ", EventInWords(story, static_cast<unsigned>(i)),
        story.HadEffect(static_cast<unsigned>(i)) ? "\n" : "   (no effect)\n");
  std::string files;
  for (unsigned i = 0; i < story.script.setup.files; ++i) {
    const unsigned size = story.script.setup.sizes[i];
    const FolioSetup& kind = story.script.setup.folios[i];
    absl::StrAppend(&files, files.empty() ? "" : ", ", story.FileName(i),
                    " of ", size, kind.hugetlb ? " huge" : "",
                    size == 1 ? " page" : " pages",
                    kind.pfn ? " of a device's memory" : "");
  }
  std::string tasks;
  for (unsigned i = 0; i < story.script.setup.tasks; ++i)
    absl::StrAppend(&tasks, tasks.empty() ? "" : ", ",
                    story.script.task_names[i]);
  return absl::StrCat(
      "<div class=\"two\"><div><h2 id=\"script\">The script</h2>"
      "<p>File ",
      Escaped(files), "; tasks ", Escaped(tasks), "; a block is ",
      story.script.setup.block,
      story.script.setup.block == 1 ? " page" : " pages", ".</p><pre>",
      Escaped(script), "</pre>", kScriptHtml, "</div><div>", kWordsHtml,
      "</div></div>\n", kLegendHtml);
}

std::string ListOf(const std::vector<Sentence>& sentences) {
  std::string html = "<ol>";
  for (const Sentence& sentence : sentences)
    absl::StrAppend(&html, "<li>", Linked(sentence), "</li>\n");
  return html + "</ol>";
}

std::string Answers(const Story& story, const Cause* cause, const Story* other,
                    std::optional<size_t> row) {
  std::string html;
  if (cause != nullptr)
    absl::StrAppend(&html, "<h2 id=\"why\">What happens on ",
                    Escaped(story.kernel.Name()),
                    "</h2>\n<div class=\"answer\" data-run=\"0\">",
                    ListOf(WhySentences(story, *cause)), "</div>\n");
  if (other == nullptr) return html;
  absl::StrAppend(
      &html, "<h2 id=\"why-not\">And on ", Escaped(other->kernel.Name()),
      "</h2>\n<div class=\"", other->result.holds() ? "answer good" : "answer",
      "\" data-run=\"1\">", ListOf(WhyNot(*other, story)), "</div>\n");
  if (row && row < story.rows.size()) {
    absl::StrAppend(&html, "<h2 id=\"part\">Where they part</h2>\n<p>First at ",
                    StepsInWords(story.rows[*row]), ".");
    for (const RuleInfo* rule : PartingRules(story, *other, *row))
      absl::StrAppend(&html, " The rule that does it: <code>", rule->name,
                      "</code>, ", Escaped(rule->decides), ".");
    absl::StrAppend(&html, "</p>\n<div class=\"pairs\" id=\"pairs\"></div>\n");
  }
  return html;
}

std::string Commands(const Story& story, const Story* other) {
  const std::string against =
      other == nullptr ? "" : " --against " + other->kernel.ToString();
  const bool is_named = base::CanBeNamedLater(story.path);
  const std::string script =
      is_named ? base::PathWord(story.path) : kSavedScript;
  const std::string property =
      story.result.holds() ? "" : OptionFor(story.result.first.property);
  return absl::StrCat(
      "<h2 id=\"again\">See it again</h2>\n<pre>",
      Escaped(absl::StrCat("vmtrunc explain ", property, script, " --kernel ",
                           story.kernel.ToString(), against)),
      "</pre>\n<p>The script as a file",
      is_named ? "" : absl::StrCat(", <code>", kSavedScript, "</code>"),
      ":</p>\n<pre>", Escaped(ToText(story.script)), "</pre>\n");
}

}  // namespace

std::string Escaped(std::string_view text) {
  return absl::StrReplaceAll(base::Utf8(text), {{"&", "&amp;"},
                                                {"<", "&lt;"},
                                                {">", "&gt;"},
                                                {"\"", "&quot;"},
                                                {"'", "&#39;"}});
}

std::string Linked(std::string_view path) {
  std::string link;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains("-._~/+,=@", c))
      link += c;
    else
      absl::StrAppendFormat(&link, "%%%02X", byte);
  }
  return link;
}

std::string PageHead(std::string_view title, std::string_view more_css) {
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
      Escaped(title), "</title>\n<style>\n", kLookCss,
      absl::string_view(more_css.data(), more_css.size()),
      "</style>\n</head>\n<body>\n");
}

std::string ExplainedPage(const Story& story) {
  if (story.result.holds()) return PageOf(story, nullptr);
  const search::Reason reason =
      search::ReasonOf(story.script, story.kernel, story.result.first.property);
  if (!reason.unlike) return PageOf(story, nullptr);
  const Story other =
      Tell(story.path, story.script, *reason.unlike, story.folding);
  return PageOf(story, &other);
}

std::string PageOf(const Story& story, const Story* other) {
  const bool broken = !story.result.holds() && !story.rows.empty();
  std::optional<Cause> cause;
  if (broken) cause = FindCause(story);
  nlohmann::json data = {{"version", kJsonVersion},
                         {"runs", nlohmann::json::array()}};
  data["runs"].push_back(ToJson(story, cause ? &*cause : nullptr));
  if (other != nullptr) {
    std::optional<Cause> also;
    if (!other->result.holds() && !other->rows.empty())
      also = FindCause(*other);
    data["runs"].push_back(ToJson(*other, also ? &*also : nullptr));
  }
  const auto parting =
      other == nullptr ? std::nullopt : PartingRow(story, *other);
  if (other != nullptr) data.update(PartingJson(story, *other));
  // No text of a script may close the element that contains it.
  const std::string json = absl::StrReplaceAll(
      JsonText(std::move(data), /*indent=*/-1, /*ascii=*/true),
      {{"<", "\\u003c"}});
  return absl::StrCat(
      Head(story, other), Beginning(story),
      Answers(story, cause ? &*cause : nullptr, other, parting), kPageHtml,
      Commands(story, other), "<noscript><pre>",
      Escaped(ToText(story, cause ? &*cause : nullptr, Look{})),
      "</pre></noscript>\n<script type=\"application/json\" id=\"data\">", json,
      "</script>\n<script>\n", kRunsJs, kWorldJs, kTlbJs, kTablesJs, kLifeJs,
      kPageJs, "</script>\n</body>\n</html>\n");
}

}  // namespace vmtrunc::report
