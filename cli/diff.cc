// vmtrunc diff.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/shown.h"
#include "base/stop.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/to_run.h"
#include "report/diff/json.h"
#include "report/diff/text.h"
#include "report/json_text.h"

namespace vmtrunc::cli {
namespace {

struct DiffArguments {
  std::string left, right, kernel, from;
  bool json = false;
};

report::HalfAsked AskedOf(const ToRun& it, const KernelSpec& kernel) {
  return {.path = it.path,
          .script = it.script,
          .kernel = kernel,
          .kernel_from = it.kernel_from,
          .kernel_words = HowItRan(it)};
}

report::Pair ReadPair(const DiffArguments& o) {
  if (o.right.empty() && o.kernel.empty())
    throw base::UsageError{base::Shown(o.left) +
                           ": expected another script, or --kernel K1,K2"};
  if (o.left == "-" && o.right == "-")
    throw base::UsageError{"-: expected standard input once"};
  const Says says = o.json ? Says::kAtEnd : Says::kOnItsLine;
  const ToRun left = ReadToRun(o.left, o.from, o.kernel, says);
  const std::vector<KernelSpec> kernels =
      Kernels(o.kernel, left.script, o.left, "2.6.11");
  if (o.right.empty()) {
    if (kernels.size() != 2)
      throw base::UsageError{
          "--kernel " + o.kernel +
          ": expected two kernels, K1,K2, or another script"};
    return report::Compare(AskedOf(left, kernels[0]),
                           AskedOf(left, kernels[1]));
  }
  if (kernels.size() != 1)
    throw base::UsageError{"--kernel " + o.kernel +
                           ": expected one kernel for two scripts"};
  const ToRun right = ReadToRun(o.right, o.from, o.kernel, says);
  return report::Compare(
      AskedOf(left, kernels[0]),
      AskedOf(right,
              Kernels(o.kernel, right.script, o.right, "2.6.11").front()));
}

int Diff(const DiffArguments& o) {
  base::EndOnSignals("vmtrunc diff: stopped");
  const report::Pair pair = ReadPair(o);
  for (const report::Half* half : {&pair.left, &pair.right})
    ExpectEffect(half->it.path, half->it.script, half->course.result);
  if (o.json) {
    std::cout << report::JsonText(report::DiffJson(pair)) << "\n";
  } else {
    std::cout << report::DiffText(pair, !o.right.empty(),
                                  LookOfOutput("never").columns);
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
