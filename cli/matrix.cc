// vmtrunc matrix: kernels down, properties across.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/matrix_page.h"
#include "cli/verdict.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

struct MatrixArguments {
  BoundArguments bound;
  std::string kernels = "all", out, html;
  bool rules = false, json = false;
};

// Searches until what is left holds: each search stops at the property that the
// fewest events break.
MatrixRow Search(const MatrixArguments& o, const KernelSpec& kernel,
                 const Problem& problem) {
  MatrixRow row;
  row.spec = kernel;
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
    row.script[property] = result.script;
    if (o.out.empty()) continue;
    row.path[property] = absl::StrCat(o.out, "/", row.kernel, "-",
                                      Name(result.property), ".vmt");
    WriteFile(row.path[property], ToText(result.script));
  }
  show.End();
  row.seconds = show.seconds();
  return row;
}

// For each rule that the kernel has, the fewest events that break one of the
// properties that it holds itself.
std::vector<RuleNeed> Needs(const MatrixArguments& o, const KernelSpec& kernel,
                            const MatrixRow& row, const Problem& problem) {
  std::vector<RuleNeed> needs;
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
    needs.push_back(
        {.kernel = row.kernel,
         .rule = rule.name,
         .without = without,
         .answer = result.answer,
         .property = result.property,
         .events = static_cast<unsigned>(result.script.events.size()),
         .script = EmptyScript()});
    if (result.answer != Answer::kBreaks) continue;
    result.script.kernel = without;
    needs.back().script = result.script;
    if (o.out.empty()) continue;
    WriteFile(absl::StrCat(o.out, "/", without.ToString(), ".vmt"),
              ToText(result.script));
  }
  return needs;
}

void PrintNeeds(const std::vector<RuleNeed>& needs) {
  std::cout << "\n| kernel | needed (without it, broken in so many events) | "
               "nothing breaks without |\n|---|---|---|\n";
  for (size_t i = 0; i < needs.size();) {
    const std::string& kernel = needs[i].kernel;
    std::string needed, idle;
    for (; i < needs.size() && needs[i].kernel == kernel; ++i) {
      const RuleNeed& need = needs[i];
      if (need.answer == Answer::kBreaks) {
        absl::StrAppend(&needed, needed.empty() ? "" : ", ", "`", need.rule,
                        "` (`", Name(need.property), "`, ", need.events, ")");
      } else {
        absl::StrAppend(&idle, idle.empty() ? "" : ", ", "`", need.rule, "`",
                        need.answer == Answer::kRanOut ? " (ran out)" : "");
      }
    }
    std::cout << "| `" << kernel << "` | " << needed << " | " << idle << " |\n";
  }
}

bool Breaks(const std::vector<MatrixRow>& rows, int property) {
  for (const MatrixRow& row : rows)
    if (row.events[property] != 0) return true;
  return false;
}

// As Markdown. Properties that nothing breaks share a column.
void Print(const std::vector<MatrixRow>& rows, const std::string& what) {
  std::string head = "| kernel |";
  std::string rule = "|---|";
  for (int i = 0; i < kProperties; ++i) {
    if (!Breaks(rows, i)) continue;
    absl::StrAppend(&head, " `", Name(static_cast<Property>(i)), "` |");
    absl::StrAppend(&rule, "---|");
  }
  std::cout << what << "; a number is that of the events of a script with the "
            << "fewest\n\n"
            << head << (head == "| kernel |" ? " all" : " the others")
            << " | searched |\n"
            << rule << "---|---|\n";
  for (const MatrixRow& row : rows) {
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
    std::cout << " " << rest << " | " << SearchedInWords(row)
              << absl::StrFormat(", %.0f s |\n", row.seconds);
  }
}

nlohmann::json ToJson(const MatrixRow& row) {
  nlohmann::json cells;
  for (int i = 0; i < kProperties; ++i) {
    nlohmann::json& cell = cells[Name(static_cast<Property>(i))];
    if (row.events[i] == 0) {
      cell["answer"] = row.rest == Answer::kHolds ? "holds" : "ran out";
      continue;
    }
    cell = {{"answer", "breaks"}, {"events", row.events[i]}};
    cell["script"] = ToText(row.script[i]);
    if (!row.path[i].empty()) cell["path"] = row.path[i];
  }
  return {{"kernel", row.kernel},
          {"states", row.progress.states},
          {"depth", row.progress.depth},
          {"depth_is_in", row.is_reduced ? "moves" : "events"},
          {"seconds", row.seconds},
          {"properties", cells}};
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
  std::vector<MatrixRow> rows;
  std::vector<RuleNeed> needs;
  bool broken = false;
  bool ran_out = false;
  for (const KernelSpec& kernel : Kernels(o.kernels, EmptyScript(), "", "")) {
    MatrixRow row = Search(o, kernel, problem);
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
    for (const RuleNeed& need : more) ran_out |= need.answer == Answer::kRanOut;
    needs.insert(needs.end(), more.begin(), more.end());
  }
  if (!o.html.empty()) WriteMatrixPage(o.html, rows, needs, what);
  if (o.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const MatrixRow& row : rows) all.push_back(ToJson(row));
    nlohmann::json json = {
        {"version", kJsonVersion}, {"bound", what}, {"kernels", all}};
    for (const RuleNeed& need : needs) {
      nlohmann::json& at = json["rules"][need.kernel][need.rule];
      at["needed"] = need.answer == Answer::kBreaks;
      if (need.answer == Answer::kRanOut) at["ran_out"] = true;
      if (need.answer != Answer::kBreaks) continue;
      at["property"] = Name(need.property);
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
  sub->add_option("--html", o->html,
                  "and as a page; beside it, in a directory of its name, each "
                  "script that "
                  "breaks, explained")
      ->check(kNotEmpty);
  sub->add_flag("--rules", o->rules,
                "for each rule of each kernel, whether it is needed");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return Matrix(*o); }; });
}

}  // namespace vmtrunc
