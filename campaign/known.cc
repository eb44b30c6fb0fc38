#include "campaign/known.h"

#include "report/explain/bug_shown.h"

namespace vmtrunc::campaign {
namespace {

// The properties that the script is expected to break on the kernel.
bool IsExpected(const Script& script, const KernelSpec& kernel,
                uint32_t broken) {
  for (const Expect& expect : script.expects)
    if (expect.spec && *expect.spec == kernel && expect.broken >= 0 &&
        (broken >> expect.broken & 1) != 0)
      return true;
  return false;
}

}  // namespace

Known::Known(const KernelSpec& kernel, const std::vector<KnownScript>& scripts)
    : kernel_(kernel) {
  const Rules rules = kernel.rules();
  // Rules first: they determine the root causes.
  for (const bool rules_only : {true, false}) {
    for (const KnownScript& known : scripts) {
      const RunResult run = Run(known.script, rules);
      if (run.holds() || !IsExpected(known.script, kernel, run.broken))
        continue;
      if (rules_only)
        if (const auto* bug = report::BugShownBy(known.script, kernel))
          bugs_.emplace(bug->name, known);
      const Draft& draft = known.script;
      for (int i = 0; i < kProperties; ++i) {
        const auto property = static_cast<Property>(i);
        if (!run.breaks(property)) continue;
        if (!rules_only) {
          Add(search::CauseOf(draft, kernel, property, rules_), known);
          continue;
        }
        const search::Reason reason =
            search::ReasonOf(known.script, kernel, property);
        if (!reason.unlike) continue;
        const RuleSet flip = reason.unlike->flips ^ kernel.flips;
        if (AllRules()[flip.first()].flag != &Rules::drop_lock) rules_ |= flip;
      }
    }
  }
}

void Known::Add(const search::RootCause& cause, const KnownScript& script) {
  if (cause.rule != search::RootCause::kSeveral)
    scripts_.emplace(cause.Name(kernel_), script);
}

const KnownScript* Known::Find(const search::RootCause& cause) const {
  return Find(cause.Name(kernel_));
}

const KnownScript* Known::Find(const std::string& name) const {
  const auto found = scripts_.find(name);
  return found == scripts_.end() ? nullptr : &found->second;
}

const KnownScript* Known::Showing(const std::string& bug) const {
  const auto found = bugs_.find(bug);
  return found == bugs_.end() ? nullptr : &found->second;
}

}  // namespace vmtrunc::campaign
