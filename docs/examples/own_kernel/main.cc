// Kernels and a property of one's own: own_kernel SCRIPT
//
// The kernels are a row of the table with a rule flipped, and a row that is not
// in the table. The property: when no operation is in flight, no vma carries a
// restart address.
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include "vmtrunc/core/model/mark.h"
#include "vmtrunc/core/run/run.h"
#include "vmtrunc/search/shrink.h"

namespace {

using vmtrunc::Rules;
using vmtrunc::Script;

// Where a run violated the property: the event, 0 after the last; and what is
// wrong, in words.
struct Finding {
  unsigned event = 0;
  std::string what;
};

// The property, of one state: "" where it holds.
std::string RestartLeft(const vmtrunc::World<vmtrunc::LargeCaps>& world,
                        const Rules& rules) {
  if (vmtrunc::BusyTasks(world) != 0) return "";
  for (const vmtrunc::Vma& vma : world.vmas) {
    if (vma.state != vmtrunc::VmaState::kLinked) continue;
    if (vmtrunc::IsRestart(vma.count, rules.restart_names_pass))
      return "the vma at " + std::to_string(vma.start) +
             " keeps a restart address: page " +
             std::to_string(vma.count >> vmtrunc::kPageShift);
  }
  return "";
}

// And of a run: of its states between two steps, the first that breaks it.
std::optional<Finding> Check(const Script& script, const Rules& rules) {
  std::optional<Finding> finding;
  vmtrunc::RunTraced(script, rules, [&](const vmtrunc::TraceStep& step) {
    if (finding) return;
    const std::string what = RestartLeft(*step.world, rules);
    if (!what.empty()) finding = {step.event, what};
  });
  return finding;
}

// The smallest script that still violates it: shrinking asks `judge`.
Script Smallest(const Script& script, const Rules& rules) {
  const vmtrunc::search::Judge judge =
      [&](const vmtrunc::Draft& draft, bool* counts) -> std::optional<size_t> {
    const std::optional<Finding> finding = Check(ScriptOf(draft), rules);
    if (!finding) return std::nullopt;
    vmtrunc::Run<vmtrunc::LargeCaps>(draft, rules, {.had_effect = counts});
    return finding->event;
  };
  return ScriptOf(
      vmtrunc::search::Shrink(script, judge, vmtrunc::search::Effort::kQuick)
          .draft);
}

// 2.6.10 with the lock drop of 2.6.11 put in by hand, and not all that goes
// with it.
Rules Backport() {
  Rules rules = vmtrunc::ParseKernelSpec("2.6.10")->rules();
  rules.drop_lock = true;
  rules.stamp_vmas = true;
  rules.restart_in_vma = true;
  rules.walk_restarts = true;
  rules.cut_is_done = true;
  return rules;
}

void Report(const char* kernel, const Script& script, const Rules& rules) {
  const vmtrunc::RunResult result = vmtrunc::Run(script, rules);
  std::cout << kernel << ": the model's properties: "
            << (result.holds() ? "hold" : result.first.ToString()) << "\n";
  const std::optional<Finding> finding = Check(script, rules);
  std::cout << kernel << ": mine: " << (finding ? finding->what : "holds")
            << "\n";
  if (finding)
    std::cout << "\n" << vmtrunc::ToText(Smallest(script, rules)) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream file(argc == 2 ? argv[1] : "");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const absl::StatusOr<Script> script = vmtrunc::ParseText(text);
  if (!file || !script.ok()) {
    std::cerr << "expected a script: " << script.status().message() << "\n";
    return 2;
  }
  const char* const spec = "2.6.11-importer-rescans";
  Report(spec, *script, vmtrunc::ParseKernelSpec(spec)->rules());
  Report("my backport", *script, Backport());
}
