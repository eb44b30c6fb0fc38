#include "cli/matrix_page.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/name_part.h"
#include "base/shown.h"
#include "cli/input.h"
#include "report/explain/page.h"
#include "report/verdict.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

// Writes the pages that explain the scripts, and links to them.
class Explained {
 public:
  explicit Explained(const std::string& path) : directory_(PagesBeside(path)) {}

  // "<a href=...>words</a>", to its own page.
  std::string Link(const std::string& words, const std::string& name,
                   const Script& script, const KernelSpec& kernel) const {
    const fs::path path = base::WriteUnused(
        (directory_ / name).string(), "html",
        report::ExplainedPage(report::Tell(name + ".vmt", script, kernel,
                                           report::Folding::kQuiet)));
    return absl::StrCat("<a href=\"",
                        report::Linked(directory_.filename().string() + "/" +
                                       path.filename().string()),
                        "\">", words, "</a>");
  }

 private:
  const fs::path directory_;
};

std::string RulesHtml(const std::vector<RuleNeed>& needs,
                      const Explained& explained) {
  std::string html;
  std::string kernel;
  for (const RuleNeed& need : needs) {
    if (need.kernel != kernel) {
      absl::StrAppend(&html, kernel.empty() ? "" : "</ul>\n", "<h2>Rules of ",
                      report::Escaped(need.name), "</h2>\n<ul>\n");
      kernel = need.kernel;
    }
    const std::string rule = absl::StrCat("<code>", need.rule, "</code>");
    const std::string breaks =
        need.answer != search::Answer::kBreaks
            ? ""
            : explained.Link(
                  absl::StrCat("<code>", Name(need.property),
                               "</code> is violated in ", need.events,
                               " events", HowFewInWords(need.fewest)),
                  base::NamePart(need.without.Name()), need.script,
                  need.without);
    absl::StrAppend(&html, "<li>", rule,
                    need.answer == search::Answer::kBreaks
                        ? ": needed: without it " + breaks
                    : need.answer == search::Answer::kHolds
                        ? ": nothing else is violated without it"
                        : ": ran out",
                    "</li>\n");
  }
  return kernel.empty() ? html : html + "</ul>\n";
}

std::string RowHtml(const MatrixRow& row, const Explained& explained) {
  std::string html = absl::StrCat("<tr><th scope=\"row\">",
                                  report::Escaped(row.spec.Name()), "</th>");
  for (int i = 0; i < kProperties; ++i) {
    const std::string name = Name(static_cast<Property>(i));
    const bool breaks = row.events[i] != 0;
    absl::StrAppend(
        &html, "<td", breaks ? " class=\"breaks\"" : "",
        !breaks && RestInWords(row, i) == std::string_view("holds")
            ? " class=\"holds\""
            : "",
        ">",
        breaks ? explained.Link(absl::StrCat("violated in ", row.events[i],
                                             HowFewInWords(IsFewest(row, i))),
                                base::NamePart(row.kernel) + "-" + name,
                                row.script[i], row.spec)
               : RestInWords(row, i),
        "</td>");
  }
  return absl::StrCat(html, "<td>", StatesInWords(row), ", depth ",
                      row.progress.depth, row.is_reduced ? " moves" : " events",
                      "</td></tr>\n");
}

}  // namespace

const char* RestInWords(const MatrixRow& row, int property) {
  if ((row.looked >> property & 1) == 0) return "not searched";
  return row.rest == search::Answer::kHolds ? "holds" : "ran out";
}

const char* HowFewInWords(bool fewest) {
  return fewest ? "" : ", not proved the fewest";
}

const char* SmallerInWords(const MatrixFound& found) {
  bool all = true;
  for (const MatrixRow& row : found.rows)
    for (int i = 0; i < kProperties; ++i)
      all &= row.events[i] == 0 || IsFewest(row, i);
  for (const RuleNeed& need : found.needs)
    all &= need.answer != search::Answer::kBreaks || need.fewest;
  return all ? ""
             : "; where it is not proved the fewest, the search for a smaller "
               "one ran out of memory or time, or was stopped";
}

std::string StatesInWords(const MatrixRow& row) {
  return absl::StrCat(
      row.rest == search::Answer::kHolds ? "" : "ran out after ",
      Size(row.progress.states), " states");
}

static std::string OnePassInWords(const MatrixFound& found) {
  if (found.within.passes != 1 || found.within.closed) return "";
  std::string names;
  for (const Property property :
       {Property::kRestartProgress, Property::kBoundedDrops,
        Property::kCountIsACount, Property::kNoDeadlock})
    absl::StrAppend(&names, names.empty() ? "" : ", ", "`", Name(property),
                    "`");
  return names +
         absl::StrCat(
             ": searched with one ",
             found.within.truncations_alone ? "truncation" : "pass",
             " only. Two may undo each other's work; --passes 2 searches "
             "them");
}

// What the rules of a kernel were not searched for, as it violates that itself.
static std::string ItselfInWords(const MatrixRow& row) {
  std::string names;
  bool all = true;
  for (int i = 0; i < kProperties; ++i) {
    if ((row.looked >> i & 1) == 0) continue;
    all &= row.events[i] != 0;
    if (row.events[i] == 0) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", "`",
                    Name(static_cast<Property>(i)), "`");
  }
  if (names.empty()) return "";
  return absl::StrCat("`", row.spec.Name(), "` itself violates ", names,
                      all ? ", which is all that was searched: nothing was "
                            "searched without its rules"
                          : ": these were not searched without its rules");
}

std::vector<std::string> NotesInWords(const MatrixFound& found) {
  std::vector<std::string> notes;
  if (found.within.closed)
    notes.emplace_back(
        "It is closed: what holds, holds for any number of operations in it");
  std::string names;
  for (int i = 0; i < kProperties && !found.rows.empty(); ++i)
    if ((found.rows.front().looked >> i & 1) == 0)
      absl::StrAppend(&names, names.empty() ? "" : ", ", "`",
                      Name(static_cast<Property>(i)), "`");
  if (!names.empty()) notes.push_back("Not searched: " + names);
  std::string idle;
  for (const MatrixRow& row : found.rows)
    if (row.rest == search::Answer::kHolds && row.progress.transitions == 0)
      absl::StrAppend(&idle, idle.empty() ? "" : ", ", "`", row.spec.Name(),
                      "`");
  if (!idle.empty()) notes.push_back("Nothing has an effect on " + idle);
  for (const MatrixRow& row : found.rows) {
    const std::string itself = found.needs.empty() ? "" : ItselfInWords(row);
    if (!itself.empty()) notes.push_back(itself);
  }
  const std::string one_pass = OnePassInWords(found);
  if (!one_pass.empty()) notes.push_back(one_pass);
  return notes;
}

std::string PagesBeside(const std::string& page) {
  const fs::path directory = fs::path(page).replace_extension();
  const fs::path name = directory.filename();  // "..html" would leave "."
  if (directory == fs::path(page) || name == "." || name == "..")
    throw base::UsageError{
        absl::StrCat("--html ", base::Shown(page),
                     ": expected the name of a page, NAME.html, "
                     "beside which a directory NAME can be made")};
  return directory.string();
}

std::string MatrixPage(const std::string& page, const MatrixFound& found) {
  const Explained explained(page);
  std::string html = report::PageHead("vmtrunc: kernels and properties");
  std::string notes;
  for (const std::string& note : NotesInWords(found))
    absl::StrAppend(&notes, "<p>", report::Escaped(note), ".</p>\n");
  absl::StrAppend(
      &html, "<h1>Kernels and properties</h1>\n<p>Searched: ",
      report::Escaped(found.what),
      ". A violated cell links to its smallest counterexample, step by step",
      SmallerInWords(found),
      ".</p>\n<p>The bound: ", report::Escaped(found.within.words),
      ".</p>\n<p>Not covered, and the option that covers it: ",
      report::Escaped(absl::StrJoin(found.within.left_out, "; ")), ".</p>\n",
      notes,
      "<div class=\"wide\"><table>\n<thead><tr><th "
      "scope=\"col\">kernel</th>");
  for (const PropertyInfo& property : AllProperties())
    absl::StrAppend(&html, "<th scope=\"col\" title=\"",
                    report::Escaped(property.text), "\">", property.name,
                    "</th>");
  absl::StrAppend(&html,
                  "<th scope=\"col\">searched</th></tr></thead>\n<tbody>\n");
  for (const MatrixRow& row : found.rows)
    absl::StrAppend(&html, RowHtml(row, explained));
  absl::StrAppend(&html, "</tbody></table></div>\n",
                  RulesHtml(found.needs, explained), "</body>\n</html>\n");
  return html;
}

}  // namespace vmtrunc::cli
