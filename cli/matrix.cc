// vmtrunc matrix: kernels down, properties across.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/name_part.h"
#include "base/place.h"
#include "base/shown.h"
#include "base/stop.h"
#include "base/work_directory.h"
#include "base/write.h"
#include "cli/bound.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/matrix_page.h"
#include "core/version.h"
#include "report/json_text.h"
#include "report/verdict.h"

namespace vmtrunc::cli {
namespace {

namespace fs = std::filesystem;

struct MatrixArguments {
  BoundArguments bound;
  std::string kernels = "all", out, html;
  bool rules = false, json = false;
};

// The places for scripts and pages, tried before the search. A file that cannot
// be written then costs the exit status and not the result.
class MatrixOutputs {
 public:
  explicit MatrixOutputs(const MatrixArguments& o) : o_(o) {
    base::ExpectApart("--html", o.html, {o.out});
    if (!o.out.empty()) directories_.emplace_back("-o", o.out, "matrix");
    if (o.html.empty()) return;
    base::ExpectFile("--html", o.html);
    page_.emplace(o.html);
    const std::string beside = PagesBeside(o.html);
    base::ExpectOutside("--html", o.html, "the directory of its pages,",
                        beside);
    std::error_code error;
    if (!o.out.empty() &&
        absl::AsciiStrToLower(base::NameIn(o.out, o.html)).ends_with(".vmt"))
      throw base::UsageError{
          absl::StrCat("--html ", base::Shown(o.html),
                       ": expected another name than that of a script in ",
                       base::Shown(o.out))};
    if (o.out.empty() || !fs::equivalent(beside, o.out, error))
      directories_.emplace_back("--html", beside, "matrix");
  }

  // Returns the path, empty if none is wanted.
  std::string Put(const std::string& name, const Script& script) {
    if (o_.out.empty()) return "";
    const std::string stem = absl::StrCat(o_.out, "/", name);
    std::string path;
    const bool is_there = Try([&] {
      ExpectThere();
      path = base::WriteUnused(stem, "vmt", ToText(script));
    });
    if (!is_there) Lose(stem + ".vmt", script);
    scripts_.push_back(path);
    return path;
  }
  void PutPage(const MatrixFound& found) {
    if (!page_ || WritePage(found) || !o_.out.empty()) return;
    // No other file has the scripts.
    for (const MatrixRow& row : found.rows)
      for (int i = 0; i < kProperties; ++i)
        if (row.events[i] != 0) Lose(o_.html, row.script[i]);
    for (const RuleNeed& need : found.needs)
      if (need.answer == search::Answer::kBreaks) Lose(o_.html, need.script);
  }

  // Called after printing. Prints the scripts that could not be written, and
  // throws UsageError if writing failed.
  void Finish() const {
    (o_.json ? std::cerr : std::cout) << lost_ << std::flush;
    if (!failed_.empty()) throw base::UsageError{failed_};
  }

 private:
  // Returns whether there is a new page.
  bool WritePage(const MatrixFound& found) {
    // A page of an earlier run may say more than a part of this one.
    std::error_code error;
    if (base::IsToldToStop() && fs::exists(o_.html, error)) {
      std::cerr << "vmtrunc matrix: stopped; " << base::Shown(o_.html)
                << ": kept as it was\n";
      return false;
    }
    return Try([&] {
      ExpectThere();
      base::ExpectApart("--html", o_.html, scripts_);
      page_->Write(MatrixPage(o_.html, found));
    });
  }
  void ExpectThere() const {
    for (const base::WorkDirectory& it : directories_) it.ExpectThere();
  }
  template <class F>
  bool Try(F write) {
    try {
      write();
      return true;
    } catch (const base::UsageError& error) {
      if (failed_.empty()) failed_ = error.what;
      return false;
    }
  }
  void Lose(const std::string& path, const Script& script) {
    absl::StrAppend(&lost_, "\nNot written to ", base::Shown(path), ":\n",
                    ToText(script));
  }

  const MatrixArguments& o_;
  std::vector<base::WorkDirectory> directories_;
  std::optional<base::OutputFile> page_;
  std::vector<std::string> scripts_;  // that are written by now
  std::string failed_;                // the first error
  std::string lost_;                  // what is in no file
};

// Settings that all searches of a matrix share.
struct Searching {
  const search::Problem& problem;
  search::ProveOptions options;
  ShowProgress& show;
  MatrixOutputs& outputs;
};

// Searches until the remaining properties hold: each search stops at the
// property that the fewest events violate.
MatrixRow Search(const KernelSpec& kernel, const Searching& searching) {
  MatrixRow row;
  row.spec = kernel;
  row.kernel = kernel.ToString();
  search::ProveOptions options = searching.options;
  options.rules = kernel.rules();
  options.properties =
      CountedProperties() & search::PropertiesOf(searching.problem);
  row.looked = options.properties;
  searching.show.Of(kernel.Name());
  const double begin = searching.show.seconds();
  for (;;) {
    search::ProveResult result =
        search::ProveFewest(searching.problem, options);
    row.progress = result.progress;
    row.rest = result.answer;
    row.is_reduced = result.is_reduced;
    row.ran_out = result.ran_out;
    if (result.answer != search::Answer::kBreaks) break;
    const auto property = static_cast<size_t>(result.property);
    row.events[property] = static_cast<unsigned>(result.script.events.size());
    if (result.fewest) row.fewest |= Bit(result.property);
    options.properties &= ~Bit(result.property);
    SetKernel(kernel, result.script);
    row.script[property] = result.script;
    row.path[property] = searching.outputs.Put(
        absl::StrCat(base::NamePart(row.kernel), "-", Name(result.property)),
        result.script);
  }
  row.seconds = searching.show.seconds() - begin;
  return row;
}

// For each rule that the kernel has: the fewest events that, without it,
// violate a property that the kernel satisfies. If its own search ran out, that
// is not known of any.
std::vector<RuleNeed> Needs(const KernelSpec& kernel, const MatrixRow& row,
                            const Searching& searching) {
  std::vector<RuleNeed> needs;
  for (size_t i = 0; i < AllRules().size(); ++i) {
    const RuleInfo& rule = AllRules()[i];
    if (!(kernel.rules().*rule.flag)) continue;
    KernelSpec without = kernel;
    without.flips.flip(i);
    search::ProveOptions options = searching.options;
    options.rules = without.rules();
    options.properties = 0;
    for (int property = 0; property < kProperties; ++property)
      if (row.events[property] == 0 && row.rest == search::Answer::kHolds)
        options.properties |= row.looked & 1U << property;
    search::ProveResult result;
    result.answer = row.rest;
    if (options.properties != 0) {
      searching.show.Of(without.Name());
      result = search::ProveFewest(searching.problem, options);
    }
    needs.push_back(
        {.kernel = row.kernel,
         .name = kernel.Name(),
         .rule = rule.name,
         .without = without,
         .answer = result.answer,
         .property = result.property,
         .events = static_cast<unsigned>(result.script.events.size()),
         .fewest = result.fewest,
         .script = EmptyScript()});
    if (result.answer != search::Answer::kBreaks) continue;
    SetKernel(without, result.script);
    needs.back().script = result.script;
    searching.outputs.Put(base::NamePart(without.ToString()), result.script);
  }
  return needs;
}

void PrintNeeds(const std::vector<RuleNeed>& needs) {
  std::cout
      << "\n| kernel | needed (what is violated without it, and the events "
         "it takes) | nothing else is violated without |\n|---|---|---|\n";
  for (size_t i = 0; i < needs.size();) {
    const std::string& kernel = needs[i].kernel;
    std::string needed, idle;
    for (; i < needs.size() && needs[i].kernel == kernel; ++i) {
      const RuleNeed& need = needs[i];
      if (need.answer == search::Answer::kBreaks) {
        absl::StrAppend(&needed, needed.empty() ? "" : ", ", "`", need.rule,
                        "` (`", Name(need.property), "`, ", need.events,
                        HowFewInWords(need.fewest), ")");
      } else {
        absl::StrAppend(
            &idle, idle.empty() ? "" : ", ", "`", need.rule, "`",
            need.answer == search::Answer::kRanOut ? " (ran out)" : "");
      }
    }
    std::cout << "| `" << needs[i - 1].name << "` | " << needed << " | " << idle
              << " |\n";
  }
}

bool Breaks(const std::vector<MatrixRow>& rows, int property) {
  for (const MatrixRow& row : rows)
    if (row.events[property] != 0) return true;
  return false;
}

// As Markdown. Properties that nothing violates share a column.
void PrintTable(const MatrixFound& found) {
  const std::vector<MatrixRow>& rows = found.rows;
  std::string head = "| kernel |";
  std::string rule = "|---|";
  for (int i = 0; i < kProperties; ++i) {
    if (!Breaks(rows, i)) continue;
    absl::StrAppend(&head, " `", Name(static_cast<Property>(i)), "` |");
    absl::StrAppend(&rule, "---|");
  }
  std::cout << "Searched: " << found.what
            << ". A number is the length, in events, of the smallest "
            << "counterexample" << SmallerInWords(found) << ".\n\n"
            << head << (head == "| kernel |" ? " all" : " every other property")
            << " | searched |\n"
            << rule << "---|---|\n";
  for (const MatrixRow& row : rows) {
    const char* rest = row.rest == search::Answer::kHolds ? "holds" : "ran out";
    std::cout << "| `" << row.spec.Name() << "` |";
    for (int i = 0; i < kProperties; ++i) {
      if (!Breaks(rows, i)) continue;
      std::cout << " "
                << (row.events[i] == 0
                        ? std::string(rest)
                        : absl::StrCat("**", row.events[i], "**",
                                       HowFewInWords(IsFewest(row, i))))
                << " |";
    }
    std::cout << " " << rest << " | " << StatesInWords(row)
              << absl::StrFormat(", %.0f s |\n", row.seconds);
  }
}

std::vector<std::string> NotBegun(const MatrixFound& found,
                                  std::string (KernelSpec::*name)() const) {
  std::vector<std::string> names;
  for (const KernelSpec& kernel : found.not_begun)
    names.push_back((kernel.*name)());
  return names;
}

nlohmann::json ToJson(const MatrixRow& row) {
  nlohmann::json cells;
  for (int i = 0; i < kProperties; ++i) {
    nlohmann::json& cell = cells[Name(static_cast<Property>(i))];
    if (row.events[i] == 0) {
      cell["answer"] = RestInWords(row, i);
      continue;
    }
    cell = {{"answer", "breaks"},
            {"events", row.events[i]},
            {"fewest", IsFewest(row, i)}};
    cell["script"] = ToText(row.script[i]);
    if (!row.path[i].empty()) cell["path"] = row.path[i];
  }
  nlohmann::json json = {{"kernel", row.kernel},
                         {"states", row.progress.states},
                         {"transitions", row.progress.transitions},
                         {"depth", row.progress.depth},
                         {"depth_is_in", row.is_reduced ? "moves" : "events"},
                         {"seconds", row.seconds},
                         {"properties", cells}};
  if (row.rest == search::Answer::kRanOut)
    json["why"] = search::Words(row.ran_out);
  return json;
}

nlohmann::json ToJson(const MatrixFound& found) {
  nlohmann::json all = nlohmann::json::array();
  for (const MatrixRow& row : found.rows) all.push_back(ToJson(row));
  nlohmann::json json = {{"version", kJsonVersion},
                         {"bound", found.what},
                         {"within", found.within.words},
                         {"left_out", found.within.left_out},
                         {"passes", found.within.passes},
                         {"not_begun", NotBegun(found, &KernelSpec::ToString)},
                         {"kernels", all}};
  for (const RuleNeed& need : found.needs) {
    nlohmann::json& at = json["rules"][need.kernel][need.rule];
    at["needed"] = need.answer == search::Answer::kBreaks;
    if (need.answer == search::Answer::kRanOut) at["ran_out"] = true;
    if (need.answer != search::Answer::kBreaks) continue;
    at["property"] = Name(need.property);
    at["events"] = need.events;
    at["fewest"] = need.fewest;
  }
  return json;
}

// Notes after the table.
void PrintWithin(const MatrixArguments& o, const search::ProveOptions& options,
                 const MatrixFound& found) {
  std::cout << "\nThe bound: " << found.within.words
            << ".\nNot covered, and the option that covers it: "
            << absl::StrJoin(found.within.left_out, "; ") << ".\n";
  for (const std::string& note : NotesInWords(found))
    std::cout << note << ".\n";
  for (const MatrixRow& row : found.rows)
    if (row.rest == search::Answer::kRanOut)
      std::cout << absl::StreamFormat(
          "`%s`: %s%s.\n", row.spec.Name(), RanOutInWords(row.ran_out),
          row.ran_out == search::RanOut::kMemory
              ? ": " + MemoryInWords(o.bound, options)
              : "");
  if (!found.not_begun.empty())
    std::cout << "Not begun: "
              << absl::StrJoin(NotBegun(found, &KernelSpec::Name), ", ")
              << ".\n";
}

MatrixFound SearchAll(const MatrixArguments& o,
                      const search::ProveOptions& options,
                      MatrixOutputs& outputs) {
  MatrixFound found;
  const search::Bound bound = BoundOf(o.bound, found.what);
  found.within = WithinOf(bound);
  const search::Problem problem = search::ProblemOf(bound);
  ExpectOperations(problem, found.what);
  const auto kernels = Kernels(o.kernels, EmptyScript(), "", "");
  auto first = search::FirstEvent::kNoStart;
  for (const KernelSpec& kernel : kernels) {
    ExpectFolios(bound, kernel);
    first = std::max(first, search::FirstEventOf(problem, kernel.rules()));
  }
  ExpectFirstEvent(first, found.what, true);
  ShowProgress show;
  Searching searching{problem, options, show, outputs};
  searching.options.on_progress = [&](const search::ProveProgress& p) {
    show(p);
  };
  for (const KernelSpec& kernel : kernels) {
    if (search::WhyToStop(options) != search::RanOut::kNothing) {
      found.not_begun.push_back(kernel);
      continue;
    }
    found.rows.push_back(Search(kernel, searching));
    if (!o.rules) continue;
    const auto more = Needs(kernel, found.rows.back(), searching);
    found.needs.insert(found.needs.end(), more.begin(), more.end());
  }
  show.End();
  return found;
}

int StatusOf(const MatrixFound& found) {
  bool broken = false;
  bool ran_out = !found.not_begun.empty();
  for (const MatrixRow& row : found.rows) {
    for (const unsigned events : row.events) broken |= events != 0;
    ran_out |= row.rest == search::Answer::kRanOut;
  }
  for (const RuleNeed& need : found.needs)
    ran_out |= need.answer == search::Answer::kRanOut;
  return ran_out  ? base::kExitRanOut
         : broken ? base::kExitBroken
                  : base::kExitHeld;
}

int Matrix(const MatrixArguments& o) {
  Kernels(o.kernels, EmptyScript(), "", "");  // their files are no output
  MatrixOutputs outputs(o);
  const search::ProveOptions options = OptionsOf(o.bound);
  const MatrixFound found = SearchAll(o, options, outputs);
  if (o.json) {
    std::cout << report::JsonText(ToJson(found)) << "\n";
  } else {
    PrintTable(found);
    if (o.rules) PrintNeeds(found.needs);
    PrintWithin(o, options, found);
  }
  std::cout << std::flush;
  outputs.PutPage(found);
  outputs.Finish();
  return StatusOf(found);
}

}  // namespace

void AddMatrix(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "matrix",
      "which kernels violate which properties within a bound, as Markdown\n"
      "Exit status: 0 all hold, 1 some are violated, 2 bad usage or input, 3 "
      "ran out");
  auto o = std::make_shared<MatrixArguments>();
  sub->add_option("--kernel", o->kernels, "K,... or all")
      ->capture_default_str();
  AddBoundOptions(*sub, o->bound);
  sub->add_option("-o,--out", o->out, "a directory for the counterexamples");
  sub->add_option("--html", o->html,
                  "also write an HTML page, and a directory of its name with "
                  "each counterexample explained");
  sub->add_flag("--rules", o->rules,
                "for each rule of each kernel, whether it is needed");
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] {
    run = [=] { return SearchWith("matrix", [&] { return Matrix(*o); }); };
  });
}

}  // namespace vmtrunc::cli
