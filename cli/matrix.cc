// vmtrunc matrix: kernels down, properties across.
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"

namespace vmtrunc {
namespace {

namespace fs = std::filesystem;

struct MatrixArguments {
  BoundArguments bound;
  std::string kernels = "all", out;
  bool rules = false, json = false;
};

struct Row {
  std::string kernel;
  unsigned events[kProperties] = {};  // of the script that breaks it; 0: none
  std::string path[kProperties];      // of that script, if it was kept
  Answer rest = Answer::kHolds;       // what the others do
  ProveProgress progress;  // of the search that they were left over by
  bool stopped = false;    // by a signal
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
    row.stopped = result.why == "it was stopped";
    if (result.answer != Answer::kBreaks) break;
    const auto property = static_cast<size_t>(result.property);
    row.events[property] = static_cast<unsigned>(result.script.events.size());
    options.properties &= ~Bit(result.property);
    if (o.out.empty()) continue;
    result.script.kernel = kernel;
    row.path[property] = absl::StrCat(o.out, "/", row.kernel, "-",
                                      Name(static_cast<int>(property)), ".vmt");
    WriteFile(row.path[property], ToText(result.script));
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
                     static_cast<unsigned>(result.script.events.size())});
    if (result.answer != Answer::kBreaks) continue;
    if (o.out.empty()) continue;
    result.script.kernel = without;
    WriteFile(absl::StrCat(o.out, "/", without.ToString(), ".vmt"),
              ToText(result.script));
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
                      row.progress.depth, " events deep");
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
    if (!row.path[i].empty()) cell["path"] = row.path[i];
  }
  return {{"kernel", row.kernel},
          {"states", row.progress.states},
          {"depth", row.progress.depth},
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
  sub->add_flag("--rules", o->rules,
                "for each rule of each kernel, whether it is needed");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return Matrix(*o); }; });
}

}  // namespace vmtrunc
