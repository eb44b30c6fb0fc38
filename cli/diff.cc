// vmtrunc diff.
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "base/shown.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/to_run.h"
#include "cli/verdict.h"
#include "core/about/differences.h"
#include "core/about/parting.h"
#include "core/version.h"
#include "report/explain/fact_json.h"
#include "report/explain/row_facts.h"
#include "report/explain/text.h"

namespace vmtrunc::cli {
namespace {

struct DiffArguments {
  std::string left, right, kernel, from;
  bool json = false;
};

// One of the two runs.
struct Half {
  ToRun it;
  KernelSpec kernel;
  Rules rules;
  Course course;
};

struct Pair {
  Half left, right;
  bool parts = false;
  // What follows is set where they part in a step, not in the verdict alone.
  std::optional<size_t> step = std::nullopt;
  Moment l = {}, r = {};
  std::vector<std::string> differences = {};
  std::vector<RuleDifference> rules = {};
};

Half HalfOf(const ToRun& it, const KernelSpec& kernel) {
  return {.it = it,
          .kernel = kernel,
          .rules = kernel.rules(),
          .course = Follow(it.script, kernel.rules())};
}

Pair ReadPair(const DiffArguments& o) {
  if (o.right.empty() && o.kernel.empty())
    throw base::UsageError{base::Shown(o.left) +
                           ": expected another script, or --kernel K1,K2"};
  if (o.left == "-" && o.right == "-")
    throw base::UsageError{"-: expected standard input once"};
  const ToRun left = ReadToRun(o.left, o.from, o.kernel);
  const std::vector<KernelSpec> kernels =
      Kernels(o.kernel, left.script, o.left, "2.6.11");
  if (o.right.empty()) {
    if (kernels.size() != 2)
      throw base::UsageError{
          "--kernel " + o.kernel +
          ": expected two kernels, K1,K2, or another script"};
    return {.left = HalfOf(left, kernels[0]),
            .right = HalfOf(left, kernels[1])};
  }
  if (kernels.size() != 1)
    throw base::UsageError{"--kernel " + o.kernel +
                           ": expected one kernel for two scripts"};
  const ToRun right = ReadToRun(o.right, o.from, o.kernel);
  return {
      .left = HalfOf(left, kernels[0]),
      .right = HalfOf(
          right, Kernels(o.kernel, right.script, o.right, "2.6.11").front())};
}

// The rules are to blame where the right script does as the left one on the
// left kernel, up to here.
bool RulesPart(const Pair& pair) {
  const Course course = Follow(pair.right.it.script, pair.left.rules);
  const std::optional<size_t> at = PartAt(pair.left.course, course);
  return !at || (pair.step && *at > *pair.step);
}

void Compare(Pair& pair) {
  const Half& left = pair.left;
  const Half& right = pair.right;
  pair.step = PartAt(left.course, right.course);
  pair.parts =
      pair.step || !SameVerdict(left.course.result, right.course.result);
  if (!pair.parts) return;
  if (RulesPart(pair))
    pair.rules =
        RuleDifferences(left.it.script, left.rules, right.rules, pair.step);
  if (!pair.step) return;
  pair.l = MomentAt(left.it.script, left.rules, *pair.step);
  pair.r = MomentAt(right.it.script, right.rules, *pair.step);
  pair.differences = Differences({pair.l.world, left.rules.restart_names_pass},
                                 {pair.r.world, right.rules.restart_names_pass},
                                 left.it.script);
}

void PrintWrapped(const std::string& text, size_t indent) {
  static const size_t columns = LookOfOutput("never").columns;
  std::cout << report::Wrapped(text, indent, columns) << "\n";
}

std::string EventText(const Half& half, const Moment& moment) {
  if (moment.ended) return "none: it has ended";
  if (moment.event == 0) return "at the end: what is in flight runs on";
  return absl::StrFormat(
      "%u: %s", moment.event,
      ToText(half.it.script.events[moment.event - 1], half.it.script));
}

void PrintStep(const Pair& pair) {
  const Moment& l = pair.l;
  const Moment& r = pair.r;
  const auto row = [&](const char* name, const std::string& left,
                       const std::string& right) {
    // What a run that has ended would say is none.
    const std::string a = l.ended ? "none" : left, b = r.ended ? "none" : right;
    PrintWrapped(absl::StrFormat("  %-6s %s", name, a == b ? a : a + " | " + b),
                 9);
  };
  const std::string event = EventText(pair.left, l);
  const std::string other = EventText(pair.right, r);
  PrintWrapped("  event  " + (event == other ? event : event + " | " + other),
               9);
  row("task", pair.left.it.script.task_names[l.task],
      pair.right.it.script.task_names[r.task]);
  row("verb", VerbName(l.verb), VerbName(r.verb));
  row("from", l.from, r.from);
  row("flow", FlowName(l.flow), FlowName(r.flow));
}

void PrintRules(const Pair& pair) {
  if (pair.rules.empty()) return;
  const std::string left = pair.left.kernel.Name();
  const std::string right = pair.right.kernel.Name();
  std::string others;
  bool heading = false;
  for (const RuleDifference& it : pair.rules) {
    if (!it.parts) {
      absl::StrAppend(&others, others.empty() ? "" : ", ",
                      it.on_left ? "-" : "+", it.rule->name);
      continue;
    }
    if (!heading)
      PrintWrapped(absl::StrFormat("\nRules of %s | %s that part the runs "
                                   "here, each if it alone is turned round:",
                                   left, right),
                   2);
    heading = true;
    PrintWrapped(
        absl::StrFormat("  %s %s: %s", it.rule->name,
                        it.on_left ? "yes | no" : "no | yes", it.rule->decides),
        4);
  }
  if (!others.empty())
    PrintWrapped(
        absl::StrFormat("\n%s, from %s to %s: %s",
                        heading ? "Rules that do not"
                                : "None of these rules alone parts them",
                        left, right, others),
        2);
}

void PrintHalf(const char* side, const Half& half, bool with_path) {
  PrintWrapped(
      absl::StrFormat(
          "%-6s %s%s: %s", side,
          with_path ? base::Shown(half.it.path) + ": " : "", half.kernel.Name(),
          VerdictOf(half.course.result) + KernelFromInWords(half.it)),
      7);
}

void PrintText(const Pair& pair, bool with_paths) {
  PrintHalf("left", pair.left, with_paths);
  PrintHalf("right", pair.right, with_paths);
  if (!pair.parts) {
    std::cout << absl::StrFormat(
        "They do not part: %u steps, the same states behind each.\n",
        pair.left.course.steps.size() - 1);
    return;
  }
  if (!pair.step) {
    std::cout << absl::StrFormat(
        "\nThey part in the verdict alone: %u steps, the same states behind "
        "each.\n",
        pair.left.course.steps.size() - 1);
  } else if (*pair.step == 0) {
    std::cout << "\nThey part before the first event. Left | right:\n";
  } else {
    std::cout << absl::StrFormat("\nThey part in step %u. Left | right:\n",
                                 *pair.step);
    PrintStep(pair);
  }
  if (!pair.differences.empty() && *pair.step != 0)
    std::cout << "and behind it:\n";
  for (const std::string& difference : pair.differences)
    PrintWrapped("  " + difference, 6);
  PrintRules(pair);
}

// What the step does; empty where it is past those that a story keeps.
nlohmann::json FactsJson(const Half& half, size_t step) {
  const report::Story story = report::Tell(half.it.path, half.it.script,
                                           half.kernel, report::Folding::kNone);
  nlohmann::json facts = nlohmann::json::array();
  if (step > story.rows.size() || story.rows[step - 1].last_step != step)
    return facts;
  for (const report::Fact& fact : report::FactsOf(story, step - 1))
    facts.push_back(report::ToJson(story, fact));
  return facts;
}

nlohmann::json ToJson(const Half& half, const Moment& moment) {
  if (moment.ended) return nullptr;
  const std::string text =
      moment.event == 0
          ? ""
          : ToText(half.it.script.events[moment.event - 1], half.it.script);
  return {{"event", moment.event},
          {"text", text},
          {"task", half.it.script.task_names[moment.task]},
          {"verb", VerbName(moment.verb)},
          {"from", moment.from},
          {"flow", FlowName(moment.flow)},
          {"facts", FactsJson(half, moment.number)}};
}

void PrintJson(const Pair& pair) {
  const auto half = [](const Half& half) {
    auto json =
        VerdictJson(half.it.path, half.kernel.ToString(), half.course.result);
    json["kernel_from"] = half.it.kernel_from;
    return json;
  };
  nlohmann::json json = {{"version", kJsonVersion},
                         {"parts", pair.parts},
                         {"left", half(pair.left)},
                         {"right", half(pair.right)}};
  if (pair.step) {
    json["step"] = *pair.step;
    if (*pair.step != 0) {
      json["left"]["moves"] = ToJson(pair.left, pair.l);
      json["right"]["moves"] = ToJson(pair.right, pair.r);
    }
    json["differences"] = pair.differences;
  }
  for (const RuleDifference& it : pair.rules)
    json["rules"].push_back({{"name", it.rule->name},
                             {"left", it.on_left},
                             {"right", !it.on_left},
                             {"parts_alone", it.parts}});
  std::cout << json.dump(2) << "\n";
}

int Diff(const DiffArguments& o) {
  base::EndOnSignals("vmtrunc diff: stopped");
  Pair pair = ReadPair(o);
  Compare(pair);
  if (o.json) {
    PrintJson(pair);
  } else {
    PrintText(pair, !o.right.empty());
  }
  return pair.parts ? base::kExitBroken : base::kExitHeld;
}

}  // namespace

void AddDiff(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "diff",
      "shows where two scripts, or one script on two kernels, part.\nExit "
      "status: 0 they do not, 1 they part, 2 bad usage or input.");
  auto o = std::make_shared<DiffArguments>();
  sub->add_option("A", o->left, "a script, - for standard input")->required();
  sub->add_option("B", o->right, "another script, - for standard input");
  sub->add_option("--kernel", o->kernel,
                  "K1,K2 for one script; one for two, else the scripts' own, "
                  "else 2.6.11");
  sub->add_option("--from", o->from, "the form of the files")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->add_flag("--json", o->json, "as JSON");
  sub->callback([=, &run] { run = [=] { return Diff(*o); }; });
}

}  // namespace vmtrunc::cli
