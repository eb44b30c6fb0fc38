// vmtrunc export.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "base/place.h"
#include "base/write.h"
#include "base/shown.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/to_run.h"
#include "report/export/c_program.h"
#include "report/export/dot.h"
#include "report/export/plan.h"
#include "report/export/promela.h"

namespace vmtrunc::cli {
namespace {

struct ExportArguments {
  std::string file, from, as = "c", kernel, out;
};

// The program plays the whole script, or there is none.
void ExpectPlayable(const ExportArguments& o, const Script& script) {
  const report::PlanTotals totals =
      report::TotalsOf(script, report::MakePlan(script));
  const std::string name = base::Shown(o.file);
  if (!totals.refused.empty())
    throw base::UsageError{absl::StrCat(name, ": ", totals.refused)};
  if (totals.played == 0)
    throw base::UsageError{name + ": expected an event that is a system call"};
  if (totals.checks == 0)
    throw base::UsageError{name +
                           ": expected a truncation by an existing task: the "
                           "program checks nothing else"};
}

void ExpectSteps(const ExportArguments& o, const Script& script,
                 const KernelSpec& kernel) {
  if (!report::HasSteps(script, kernel))
    throw base::UsageError{base::Shown(o.file) +
                           ": expected an event with an effect on " +
                           kernel.Name()};
}

std::string Exported(const ExportArguments& o) {
  if (o.as == "c") {
    const Script script = ReadScript(o.file, o.from);
    if (!o.kernel.empty())
      throw base::UsageError{"--kernel " + o.kernel +
                             ": expected none, --as c uses the running kernel"};
    ExpectPlayable(o, script);
    return report::CProgram(script);
  }
  const Script script = ReadToRun(o.file, o.from, o.kernel).script;
  const std::vector<KernelSpec> kernels =
      Kernels(o.kernel, script, o.file, "2.6.11");
  if (kernels.size() != 1)
    throw base::UsageError{"--kernel " + o.kernel + ": expected one kernel"};
  ExpectSteps(o, script, kernels.front());
  return o.as == "dot" ? report::DotGraph(script, kernels.front())
                       : report::PromelaModel(script, kernels.front());
}

int ExportFile(const ExportArguments& o) {
  base::ExpectOtherFile("-o", o.out, o.file);
  const std::string text = Exported(o);
  if (o.out.empty() || o.out == "-") {
    std::cout << text;
  } else {
    base::OutputFile(o.out).Write(text);
  }
  return base::kExitHeld;
}

}  // namespace

void AddExport(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "export",
      "writes a script in a form for other programs: a C program that plays "
      "it\n"
      "on the running kernel, a graph of its run for Graphviz, or that run for "
      "SPIN.\nExit status: 0 done, 2 bad usage or input.");
  auto o = std::make_shared<ExportArguments>();
  sub->add_option("FILE", o->file, "a script, - for standard input")
      ->required();
  sub->add_option("--as", o->as, "the form, default c")
      ->check(CLI::IsMember({"c", "dot", "promela"}));
  sub->add_option("-o,--out", o->out, "output file; default: standard output");
  sub->add_option("--kernel", o->kernel,
                  "dot, promela: the kernel; default: the script's own, else "
                  "2.6.11");
  sub->add_option("--from", o->from, "the form of FILE; default: by its name")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->callback([=, &run] { run = [=] { return ExportFile(*o); }; });
}

}  // namespace vmtrunc::cli
