// Guided fuzzing for a property of one's own:
//
//   VMTRUNC_EVENTS=32 own_property CORPUS
//
// When no operation is in flight, no vma carries a restart address.
#include "vmtrunc/core/model/mark.h"
#include "vmtrunc/fuzz/guided.h"

static const vmtrunc::Rules kRules =
    vmtrunc::ParseKernelSpec("2.6.11-importer-rescans")->rules();

static std::string RestartLeft(const vmtrunc::TraceStep& step) {
  if (vmtrunc::BusyTasks(*step.world) != 0) return "";
  for (const vmtrunc::Vma& vma : step.world->vmas)
    if (vma.state == vmtrunc::VmaState::kLinked &&
        vmtrunc::IsRestart(vma.count, kRules.restart_names_pass))
      return "the vma at " + std::to_string(vma.start) + " keeps one";
  return "";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return vmtrunc::fuzz::FuzzSteps({data, size}, kRules, RestartLeft);
}
