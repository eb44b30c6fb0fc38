// An invariant of one's own in every state within a bound: own_invariant KERNEL
//
// When no operation is in flight, no vma carries a restart address.
#include <iostream>

#include "vmtrunc/core/model/mark.h"
#include "vmtrunc/search/prove.h"

int main(int argc, char** argv) {
  const auto kernel = vmtrunc::ParseKernelSpec(argc == 2 ? argv[1] : "");
  if (!kernel.ok()) {
    std::cerr << kernel.status().message() << "\n";
    return 2;
  }
  const vmtrunc::Rules rules = kernel->rules();
  vmtrunc::search::Bound bound = *vmtrunc::search::FindBound("tiny");
  bound.mms = bound.operations = 1;
  vmtrunc::search::ProveOptions options;
  options.rules = rules;
  options.properties = 0;  // of the model's own, none
  // A template: searches run in a small world, scripts in a large one.
  options.invariant = {
      "no restart address is left", [&](const auto& world) {
        if (vmtrunc::BusyTasks(world) != 0) return true;
        for (const vmtrunc::Vma& vma : world.vmas)
          if (vma.state == vmtrunc::VmaState::kLinked &&
              vmtrunc::IsRestart(vma.count, rules.restart_names_pass))
            return false;
        return true;
      }};
  const vmtrunc::search::ProveResult result =
      vmtrunc::search::ProveFewest(vmtrunc::search::ProblemOf(bound), options);
  if (result.answer == vmtrunc::search::Answer::kBreaks) {
    std::cout << "breaks, by the fewest events:\n" << ToText(result.script);
    return 1;
  }
  std::cout << (result.answer == vmtrunc::search::Answer::kHolds ? "holds"
                                                                 : "ran out")
            << ", " << result.progress.states << " states\n";
}
