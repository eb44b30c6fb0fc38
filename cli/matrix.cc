// vmtrunc matrix: kernels down, properties across.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

struct MatrixArguments {
  BoundArguments bound;
  std::string kernels = "all", out, html;
  bool rules = false, json = false;
};

struct Row {
  std::string kernel;
  unsigned events[kProperties] = {};  // of the script that breaks it; 0: none
  std::string script[kProperties];    // that one
  std::string path[kProperties];      // where it was put, if anywhere
  Answer rest = Answer::kHolds;       // what the others do
  ProveProgress progress;   // of the search that they were left over by
  bool is_reduced = false;  // that one
  bool stopped = false;     // by a signal
  double seconds = 0;
};

const char* Name(int property) {
  return AllProperties()[static_cast<size_t>(property)].name;
}

// Searches until what is left holds: each search stops at the property that the
// fewest events break.
Row Search(const MatrixArguments& o, const KernelSpec& kernel,
           const Problem& problem) {
  Row row;
  row.kernel = kernel.ToString();
  ProveOptions options = OptionsOf(o.bound);
  options.rules = kernel.rules();
  options.properties = (1U << kProperties) - 1;
  ShowProgress show(row.kernel + ": ");
  options.on_progress = [&](const ProveProgress& p) { show(p); };
  for (;;) {
    ProveResult result = ProveFewest(problem, options);
    row.progress = result.progress;
    row.rest = result.answer;
    row.is_reduced = result.is_reduced;
    row.stopped = result.stopped;
    if (result.answer != Answer::kBreaks) break;
    const auto property = static_cast<size_t>(result.property);
    row.events[property] = static_cast<unsigned>(result.script.events.size());
    options.properties &= ~Bit(result.property);
    result.script.kernel = kernel;
    row.script[property] = ToText(result.script);
    if (o.out.empty()) continue;
    row.path[property] = absl::StrCat(o.out, "/", row.kernel, "-",
                                      Name(static_cast<int>(property)), ".vmt");
    WriteFile(row.path[property], row.script[property]);
  }
  show.End();
  row.seconds = show.seconds();
  return row;
}

// What a kernel does without one of its rules.
struct Need {
  std::string kernel, rule;
  Answer answer = Answer::kHolds;
  Property property = Property::kNoPagePastSize;
  unsigned events = 0;
  std::string script;
};

// For each rule that the kernel has, the fewest events that break one of the
// properties that it holds itself.
std::vector<Need> Needs(const MatrixArguments& o, const KernelSpec& kernel,
                        const Row& row, const Problem& problem) {
  std::vector<Need> needs;
  for (size_t i = 0; i < AllRules().size(); ++i) {
    const RuleInfo& rule = AllRules()[i];
    if (!(kernel.rules().*rule.flag)) continue;
    KernelSpec without = kernel;
    without.flips ^= uint64_t{1} << i;
    ProveOptions options = OptionsOf(o.bound);
    options.rules = without.rules();
    options.properties = 0;
    for (int property = 0; property < kProperties; ++property)
      if (row.events[property] == 0 && row.rest == Answer::kHolds)
        options.properties |= 1U << property;
    ShowProgress show(without.ToString() + ": ");
    options.on_progress = [&](const ProveProgress& p) { show(p); };
    ProveResult result = ProveFewest(problem, options);
    show.End();
    needs.push_back({row.kernel, rule.name, result.answer, result.property,
                     static_cast<unsigned>(result.script.events.size()), ""});
    if (result.answer != Answer::kBreaks) continue;
    result.script.kernel = without;
    needs.back().script = ToText(result.script);
    if (o.out.empty()) continue;
    WriteFile(absl::StrCat(o.out, "/", without.ToString(), ".vmt"),
              needs.back().script);
  }
  return needs;
}

void PrintNeeds(const std::vector<Need>& needs) {
  std::cout << "\n| kernel | needed (without it, broken in so many events) | "
               "nothing breaks without |\n|---|---|---|\n";
  for (size_t i = 0; i < needs.size();) {
    const std::string& kernel = needs[i].kernel;
    std::string needed, idle;
    for (; i < needs.size() && needs[i].kernel == kernel; ++i) {
      const Need& need = needs[i];
      if (need.answer == Answer::kBreaks) {
        absl::StrAppend(&needed, needed.empty() ? "" : ", ", "`", need.rule,
                        "` (`", Name(static_cast<int>(need.property)), "`, ",
                        need.events, ")");
      } else {
        absl::StrAppend(&idle, idle.empty() ? "" : ", ", "`", need.rule, "`",
                        need.answer == Answer::kRanOut ? " (ran out)" : "");
      }
    }
    std::cout << "| `" << kernel << "` | " << needed << " | " << idle << " |\n";
  }
}

bool Breaks(const std::vector<Row>& rows, int property) {
  for (const Row& row : rows)
    if (row.events[property] != 0) return true;
  return false;
}

std::string Rest(const Row& row) {
  return absl::StrCat(row.rest == Answer::kHolds ? "" : "ran out of ",
                      Size(row.progress.states), " states, ",
                      row.progress.depth,
                      row.is_reduced ? " moves deep" : " events deep");
}

// As Markdown. Properties that nothing breaks share a column.
void Print(const std::vector<Row>& rows, const std::string& what) {
  std::string head = "| kernel |";
  std::string rule = "|---|";
  for (int i = 0; i < kProperties; ++i) {
    if (!Breaks(rows, i)) continue;
    absl::StrAppend(&head, " `", Name(i), "` |");
    absl::StrAppend(&rule, "---|");
  }
  std::cout << what << "; a number is that of the events of a script with the "
            << "fewest\n\n"
            << head << (head == "| kernel |" ? " all" : " the others")
            << " | searched |\n"
            << rule << "---|---|\n";
  for (const Row& row : rows) {
    const char* rest = row.rest == Answer::kHolds ? "holds" : "ran out";
    std::cout << "| `" << row.kernel << "` |";
    for (int i = 0; i < kProperties; ++i) {
      if (!Breaks(rows, i)) continue;
      std::cout << " "
                << (row.events[i] == 0
                        ? std::string(rest)
                        : absl::StrCat("**", row.events[i], "**"))
                << " |";
    }
    std::cout << " " << rest << " | " << Rest(row)
              << absl::StrFormat(", %.0f s |\n", row.seconds);
  }
}

nlohmann::json ToJson(const Row& row) {
  nlohmann::json cells;
  for (int i = 0; i < kProperties; ++i) {
    nlohmann::json& cell = cells[Name(i)];
    if (row.events[i] == 0) {
      cell["answer"] = row.rest == Answer::kHolds ? "holds" : "ran out";
      continue;
    }
    cell = {{"answer", "breaks"}, {"events", row.events[i]}};
    cell["script"] = row.script[i];
    if (!row.path[i].empty()) cell["path"] = row.path[i];
  }
  return {{"kernel", row.kernel},
          {"states", row.progress.states},
          {"depth", row.progress.depth},
          {"seconds", row.seconds},
          {"properties", cells}};
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

// A cell or an item that opens on its script.
std::string WithScript(const std::string& head, const std::string& script) {
  return absl::StrCat("<details><summary>", head, "</summary><pre>",
                      Escaped(script), "</pre></details>");
}

std::string RulesHtml(const std::vector<Need>& needs) {
  std::string html;
  std::string kernel;
  for (const Need& need : needs) {
    if (need.kernel != kernel) {
      absl::StrAppend(&html, kernel.empty() ? "" : "</ul>\n", "<h2>Rules of ",
                      Escaped(need.kernel), "</h2>\n<ul>\n");
      kernel = need.kernel;
    }
    const std::string rule = absl::StrCat("<code>", need.rule, "</code>");
    absl::StrAppend(
        &html, "<li>",
        need.answer == Answer::kBreaks
            ? WithScript(
                  absl::StrCat(rule, ": needed: without it <code>",
                               Name(static_cast<int>(need.property)),
                               "</code> breaks in ", need.events, " events"),
                  need.script)
        : need.answer == Answer::kHolds ? rule + ": nothing breaks without it"
                                        : rule + ": ran out",
        "</li>\n");
  }
  return kernel.empty() ? html : html + "</ul>\n";
}

// One page without scripts or anything from elsewhere.
std::string Html(const std::vector<Row>& rows, const std::vector<Need>& needs,
                 const std::string& what) {
  constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>vmtrunc: kernels and properties</title>
<style>
:root { color-scheme: light dark; --no: #fbdedb; --yes: #dff3e1; --edge: #8888; }
@media (prefers-color-scheme: dark) { :root { --no: #5c2320; --yes: #1d4023; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid var(--edge); padding: .3rem .5rem; text-align: left;
         vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; }
td.breaks { background: var(--no); }
td.holds { background: var(--yes); }
pre { margin: .4rem 0 0; font-size: 13px; }
summary { cursor: pointer; }
</style>
</head>
<body>
<h1>Kernels and properties</h1>
)";
  std::string html = kHead;
  absl::StrAppend(&html, "<p>Searched: ", Escaped(what),
                  ". A cell that breaks opens on a script with the fewest "
                  "events; <code>vmtrunc run FILE</code> runs it.</p>\n"
                  "<table>\n<tr><th scope=\"col\">kernel</th>");
  for (int i = 0; i < kProperties; ++i)
    absl::StrAppend(&html, "<th scope=\"col\">", Name(i), "</th>");
  absl::StrAppend(&html, "<th scope=\"col\">searched</th></tr>\n");
  for (const Row& row : rows) {
    absl::StrAppend(&html, "<tr><th scope=\"row\">", Escaped(row.kernel),
                    "</th>");
    const bool holds = row.rest == Answer::kHolds;
    for (int i = 0; i < kProperties; ++i) {
      const bool breaks = row.events[i] != 0;
      absl::StrAppend(
          &html, "<td class=\"",
          breaks  ? "breaks\">"
          : holds ? "holds\">"
                  : "\">",
          breaks  ? WithScript(absl::StrCat("breaks in ", row.events[i]),
                               row.script[i])
          : holds ? "holds"
                  : "ran out",
          "</td>");
    }
    absl::StrAppend(&html, "<td>", Rest(row), "</td></tr>\n");
  }
  absl::StrAppend(&html, "</table>\n", RulesHtml(needs), "</body>\n</html>\n");
  return html;
}

int Matrix(const MatrixArguments& o) {
  std::string what;
  const Bound bound = BoundOf(o.bound, what);
  const Problem problem = ProblemOf(bound);
  if (!o.out.empty()) {
    std::error_code error;
    fs::create_directories(o.out, error);
    if (error) throw UsageError{"cannot make the directory " + o.out};
  }
  std::vector<Row> rows;
  std::vector<Need> needs;
  bool broken = false;
  bool ran_out = false;
  for (const KernelSpec& kernel : Kernels(o.kernels, EmptyScript(), "", "")) {
    Row row = Search(o, kernel, problem);
    if (row.stopped) {
      std::cerr << "vmtrunc matrix: stopped before " << row.kernel
                << " was through\n";
      ran_out = true;
      break;
    }
    rows.push_back(std::move(row));
    for (const unsigned events : rows.back().events) broken |= events != 0;
    ran_out |= rows.back().rest == Answer::kRanOut;
    if (!o.rules) continue;
    const auto more = Needs(o, kernel, rows.back(), problem);
    for (const Need& need : more) ran_out |= need.answer == Answer::kRanOut;
    needs.insert(needs.end(), more.begin(), more.end());
  }
  if (!o.html.empty()) WriteFile(o.html, Html(rows, needs, what));
  if (o.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const Row& row : rows) all.push_back(ToJson(row));
    nlohmann::json json = {{"version", 1}, {"bound", what}, {"kernels", all}};
    for (const Need& need : needs) {
      nlohmann::json& at = json["rules"][need.kernel][need.rule];
      at["needed"] = need.answer == Answer::kBreaks;
      if (need.answer == Answer::kRanOut) at["ran_out"] = true;
      if (need.answer != Answer::kBreaks) continue;
      at["property"] = Name(static_cast<int>(need.property));
      at["events"] = need.events;
    }
    std::cout << json.dump(2) << "\n";
  } else {
    Print(rows, what);
    if (o.rules) PrintNeeds(needs);
  }
  return ran_out ? kExitRanOut : broken ? kExitBroken : kExitHeld;
}

}  // namespace

void AddMatrix(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "matrix",
      "what each kernel does with each property, within a bound, as Markdown\n"
      "Exit status: 0 all hold, 1 some break, 2 bad usage or input, 3 ran out");
  auto o = std::make_shared<MatrixArguments>();
  sub->add_option("--kernel", o->kernels, "K,... or all")
      ->capture_default_str();
  AddBoundOptions(*sub, o->bound);
  sub->add_option("-o,--out", o->out, "a directory for the scripts that break");
  sub->add_option("--html", o->html, "and as a page, with the scripts")
      ->check(kNotEmpty);
  sub->add_flag("--rules", o->rules,
                "for each rule of each kernel, whether it is needed");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return Matrix(*o); }; });
}

}  // namespace vmtrunc
