#include "search/reason.h"

#include <string_view>
#include <vector>

#include "core/about/bugs.h"
#include "core/check.h"

namespace vmtrunc::search {
namespace {

RunResult RunDraft(const Draft& draft, const Rules& rules, uint32_t report,
                   bool* had_effect = nullptr) {
  return Run<LargeCaps>(
      draft, rules,
      {.hash_state = false, .report = report, .had_effect = had_effect});
}

bool Holds(const Draft& draft, const KernelSpec& kernel) {
  return RunDraft(draft, kernel.rules(), CountedProperties()).holds();
}

bool IsOfABug(const RuleInfo& rule) {
  for (const BugInfo& bug : AllBugs())
    if (std::string_view(bug.rule) == rule.name) return true;
  return false;
}

// Numbers of rules in the order in which they are tried.
std::vector<size_t> Order(const KernelSpec& kernel) {
  const Rules rules = kernel.rules();
  std::vector<size_t> order(kernel.flips.begin(), kernel.flips.end());
  const auto add = [&](auto wanted) {
    for (size_t i = 0; i < AllRules().size(); ++i)
      if (!kernel.flips.test(i) && wanted(AllRules()[i])) order.push_back(i);
  };
  const auto lacks = [&](const RuleInfo& rule) { return !(rules.*rule.flag); };
  // Without drops nothing can be found.
  const auto drops = [](const RuleInfo& rule) {
    return rule.flag == &Rules::drop_lock;
  };
  add([&](const RuleInfo& r) { return lacks(r) && IsOfABug(r); });
  add([&](const RuleInfo& r) { return lacks(r) && !IsOfABug(r) && !drops(r); });
  add([&](const RuleInfo& r) { return !lacks(r) && !drops(r); });
  add(drops);
  return order;
}

}  // namespace

std::string Reason::ToString() const {
  return unlike ? "holds on " + unlike->Name() : FormOf(breach);
}

Reason ReasonOf(const Draft& draft, const KernelSpec& kernel,
                Property property) {
  const RunResult run = RunDraft(draft, kernel.rules(), Bit(property));
  VMT_CHECK(run.breaks(property));
  Reason reason{.property = property, .breach = run.first.breach};
  for (const size_t rule : Order(kernel)) {
    KernelSpec other = kernel;
    other.flips.flip(rule);
    if (!Holds(draft, other)) continue;
    reason.unlike = other;
    break;
  }
  return reason;
}

Reason ReasonOf(const Script& script, const KernelSpec& kernel,
                Property property) {
  const Draft& draft = script;
  for (const Expect& expect : script.expects) {
    if (expect.broken >= 0 || !expect.spec ||
        expect.spec->kernel != kernel.kernel ||
        (expect.spec->flips ^ kernel.flips).count() != 1)
      continue;
    if (Holds(draft, *expect.spec))
      return {.property = property, .unlike = expect.spec};
  }
  return ReasonOf(draft, kernel, property);
}

Shows::Shows(const Rules& rules, const Reason& reason)
    : rules_(rules), reason_(reason) {
  if (reason.unlike) unlike_ = reason.unlike->rules();
}

std::optional<RunResult> Shows::operator()(const Draft& draft,
                                           bool* had_effect) const {
  const RunResult run =
      RunDraft(draft, rules_, Bit(reason_.property), had_effect);
  if (!run.breaks(reason_.property)) return std::nullopt;
  if (unlike_) {
    if (!RunDraft(draft, *unlike_, CountedProperties()).holds())
      return std::nullopt;
  } else if (reason_.breach != Breach::kNone &&
             run.first.breach != reason_.breach) {
    return std::nullopt;
  }
  return run;
}

}  // namespace vmtrunc::search
