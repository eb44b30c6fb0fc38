#include "campaign/findings.h"

#include <algorithm>
#include <array>
#include <optional>

#include "report/explain/bug_shown.h"
#include "search/shrink.h"

namespace vmtrunc::campaign {
namespace {

// Thrown through the shrinker when time is up; the shrinker holds only values.
struct TimeIsUp {};

// In Finding::name, between the names of cause and bug.
constexpr char kOfBug = '=';

std::string NameOfShown(const Draft& draft, const KernelSpec& kernel) {
  const report::ShownBug* const bug =
      report::BugShownBy(ScriptOf(draft), kernel);
  return bug == nullptr ? "" : bug->name;
}

// Number of inputs of one root cause that are always minimised: other starts
// give other results. Later ones only if they start smaller.
constexpr unsigned kMostShrunk = 5;

Draft OnlyEffects(const Draft& draft, const KernelSpec& kernel) {
  std::array<bool, kMaxEvents> had{};
  Run<LargeCaps>(draft, kernel.rules(),
                 {.hash_state = false, .had_effect = had.data()});
  Draft less{draft.setup, {}};
  for (size_t i = 0; i < draft.events.size(); ++i)
    if (had[i]) less.events.push_back(draft.events[i]);
  return less;
}

}  // namespace

Draft ShrinkUntil(const Draft& draft, const search::Judge& judge,
                  const std::function<bool()>& stop, search::Effort most) {
  Draft best = draft, sure = draft;
  // A campaign that is stopped has what the cheaper effort gave.
  for (const search::Effort effort :
       {search::Effort::kQuick, search::Effort::kDefault,
        search::Effort::kThorough}) {
    if (effort > most) break;
    // Events without an effect on the kernel are removed without a run; they
    // may have had one with the rule flipped.
    if (!judge(best, nullptr)) return sure;
    sure = best;
    try {
      const search::Judge until = [&](const Draft& candidate, bool* counts) {
        if (stop()) throw TimeIsUp{};
        return judge(candidate, counts);
      };
      best =
          search::Shrink(best, until, effort, [&](const search::Best& so_far) {
            best = so_far.draft();
          }).draft;
    } catch (const TimeIsUp&) {
      break;
    }
  }
  return judge(best, nullptr) ? best : sure;
}

Finding& Findings::Slot(const search::RootCause& cause,
                        const std::string& name) {
  const auto [at, is_new] = findings_.try_emplace(name);
  Finding& finding = at->second;
  if (!is_new) return finding;
  finding.kernel = name_;
  finding.name = name;
  // A cause that was found by its name may have no other (search/cause.h).
  finding.cause = name.substr(0, name.find(kOfBug));
  finding.property = Name(cause.property);
  finding.words = finding.cause.substr(finding.property.size());
  if (const KnownScript* script = known_.Find(finding.cause)) {
    Recognise(script->script, finding);
    finding.is_known = true;
    finding.known_path = script->path;
  }
  if (cause.rule == search::RootCause::kSeveral) {
    finding.is_several = true;
    finding.is_known = true;
    finding.words = cause.InWords(kernel_);
  }
  return finding;
}

// Names of another vmtrunc, with a property or a rule that is unknown here.
Finding& Findings::SlotOfStranger(const std::string& name) {
  const auto [at, is_new] = findings_.try_emplace(name);
  if (is_new) {
    at->second.kernel = name_;
    at->second.name = at->second.cause = at->second.property = name;
  }
  return at->second;
}

// Rules of known bugs that repair a script with another root cause: its own
// rule may repair by accident, or none may, because a fix has side effects
// (another lock, a deadlock) that violate something too.
RuleSet Findings::KnownRepairs(const Draft& draft, Property property) const {
  const auto run = [&](const RuleSet& flips) {
    KernelSpec other = kernel_;
    other.flips ^= flips;
    return Run<LargeCaps>(draft, other.rules(), {.hash_state = false});
  };
  const RuleSet& known = known_.rules();
  for (const size_t one : known) {
    const search::RootCause cause{.property = property,
                                  .rule = static_cast<int>(one)};
    const RuleSet flip = RuleSet::Of(one);
    if (known_.Find(cause) != nullptr && !run(flip).breaks(property))
      return flip;
  }
  for (const size_t one : known)
    for (const size_t two : known) {
      if (two <= one) continue;
      const RuleSet flips = RuleSet::Of(one).set(two);
      if (run(flips).holds()) return flips;
    }
  return {};
}

void Findings::Recognise(const Script& script, Finding& finding) const {
  const report::ShownBug* const bug = report::BugShownBy(script, kernel_);
  finding.bug = bug == nullptr ? "" : bug->name;
  finding.bug_what = bug == nullptr ? "" : bug->what;
  const KnownScript* const known = known_.Showing(finding.bug);
  if (known == nullptr) return;
  finding.is_known = true;
  finding.known_path = known->path;
}

void Findings::Put(const search::RootCause& cause, const Draft& draft,
                   Finding& finding) {
  finding.words = cause.InWords(kernel_);
  finding.cost = search::CostOf(draft);
  finding.is_known = known_.Has(cause);
  const RuleSet repairs =
      finding.is_known ? RuleSet() : KnownRepairs(draft, cause.property);
  for (const size_t rule : repairs) {
    finding.words += finding.is_known ? " and " : "; also repaired by ";
    finding.words += AllRules()[rule].name;
    finding.is_known = true;
    const search::RootCause one{.property = cause.property,
                                .rule = static_cast<int>(rule)};
    if (const KnownScript* script = known_.Find(one))
      finding.known_path = script->path;
  }
  Script script = ScriptOf(draft);
  Recognise(script, finding);
  SetKernel(kernel_, script);
  script.expects.push_back({.kernel = kernel_.ToString(),
                            .spec = kernel_,
                            .broken = static_cast<int>(cause.property)});
  if (cause.rule >= 0) {
    KernelSpec other = kernel_;
    other.flips.flip(static_cast<size_t>(cause.rule));
    script.expects.push_back({.kernel = other.ToString(), .spec = other});
  }
  finding.script = script;
}

std::string Findings::NameOf(const search::RootCause& cause,
                             const std::string& bug) const {
  std::string name = cause.Name(kernel_);
  const auto first = findings_.find(name);
  if (first == findings_.end() || !first->second.has_script() ||
      first->second.bug == bug)
    return name;
  return name + kOfBug + bug;
}

search::Judge Findings::StillShowing(const std::string& bug,
                                     const search::Judge& judge) const {
  return [=, this](const Draft& draft, bool* counts) -> std::optional<size_t> {
    const std::optional<size_t> at = judge(draft, counts);
    return at && NameOfShown(draft, kernel_) == bug ? at : std::nullopt;
  };
}

std::string Findings::UnseenBug(const Draft& draft) const {
  const std::string bug = NameOfShown(draft, kernel_);
  const bool is_seen =
      std::any_of(findings_.begin(), findings_.end(),
                  [&](const auto& one) { return one.second.bug == bug; });
  return is_seen ? "" : bug;
}

bool Findings::StaysOther(const Finding& finding, const std::string& bug,
                          const search::RootCause& cause,
                          const std::function<bool()>& stop) const {
  if (finding.is_minimised || !finding.bug.empty()) return true;
  const Draft& draft = finding.script;
  const search::Judge judge = search::JudgeOf(cause, kernel_, known_.rules());
  return NameOfShown(ShrinkUntil(draft, judge, stop), kernel_) != bug;
}

const Finding* Findings::Add(const Draft& draft,
                             const std::function<bool()>& stop,
                             std::string* name) {
  const RunResult run =
      Run<LargeCaps>(draft, kernel_.rules(), {.hash_state = false});
  if (run.holds()) return nullptr;
  search::RootCause cause =
      search::CauseOf(draft, kernel_, run.first.property, known_.rules());
  if (name != nullptr) *name = cause.Name(kernel_);
  if (cause.rule == search::RootCause::kSeveral) return nullptr;
  const Draft start = OnlyEffects(draft, kernel_);
  const std::string unseen = UnseenBug(start);
  {
    const auto there = findings_.find(cause.Name(kernel_));
    if (there != findings_.end() && there->second.has_script() &&
        there->second.shrunk >= kMostShrunk &&
        there->second.cost < search::CostOf(start) &&
        (unseen.empty() || ++looks_[unseen] > kMostShrunk))
      return nullptr;
    if (there != findings_.end()) ++there->second.shrunk;
  }
  const search::Judge judge = search::JudgeOf(cause, kernel_, known_.rules());
  const Draft& from = judge(start, nullptr) ? start : draft;
  Draft shrunk = ShrinkUntil(from, judge, stop);
  // Nobody keeps the input for later, so time is not up before it is known
  // which bug it is: the quick effort takes hundredths of a second.
  if (stop() && NameOfShown(shrunk, kernel_).empty())
    shrunk = ShrinkUntil(
        shrunk, judge, [] { return false; }, search::Effort::kQuick);
  // A smaller script of the cause may show another bug.
  if (!unseen.empty() && NameOfShown(shrunk, kernel_) != unseen)
    shrunk = ShrinkUntil(from, StillShowing(unseen, judge), stop,
                         search::Effort::kQuick);
  // A cause without a rule is a weak constraint: the minimised script may show
  // a rule.
  cause = search::CauseOf(shrunk, kernel_, cause.property, known_.rules());
  if (name != nullptr) *name = cause.Name(kernel_);
  if (cause.rule == search::RootCause::kSeveral) return nullptr;
  const std::string bug = NameOfShown(shrunk, kernel_);
  std::string its = NameOf(cause, bug);
  if (its != cause.Name(kernel_) && !findings_.contains(its)) {
    const Finding& other = findings_.at(cause.Name(kernel_));
    const bool is_less = search::CostOf(shrunk) < other.cost;
    if (is_less && !StaysOther(other, bug, cause, stop))
      its = cause.Name(kernel_);
  }
  if (name != nullptr) *name = its;
  Finding& finding = Slot(cause, its);
  finding.shrunk = std::max(finding.shrunk, 1U);
  if (finding.has_script() && !(search::CostOf(shrunk) < finding.cost))
    return nullptr;
  Put(cause, shrunk, finding);
  finding.is_minimised = !stop();
  return &finding;
}

bool Findings::Restore(const std::string& was, const Script& script,
                       bool is_edited) {
  int expected = -1;
  for (const Expect& expect : script.expects)
    if (expect.spec && *expect.spec == kernel_ && expect.broken >= 0)
      expected = expect.broken;
  const RunResult run = Run(script, kernel_.rules());
  const Draft& draft = script;
  if (expected < 0 || !run.breaks(static_cast<Property>(expected)))
    return false;
  const search::RootCause cause = search::CauseOf(
      draft, kernel_, static_cast<Property>(expected), known_.rules());
  if (cause.Name(kernel_) != was && !is_edited)
    aliases_[was] = cause.Name(kernel_);
  Finding& finding = Slot(cause, NameOf(cause, NameOfShown(draft, kernel_)));
  if (finding.has_script() && !(search::CostOf(script) < finding.cost))
    return true;
  Put(cause, draft, finding);
  finding.shrunk = kMostShrunk;
  finding.file = base::NamePart(name_) + "-" + was;
  return true;
}

void Findings::SetFile(const Finding& finding, const std::string& file) {
  findings_.at(finding.name).file = file;
}

bool Findings::IsShown(const std::string& name) const {
  const auto there = findings_.find(name);
  if (there != findings_.end() &&
      (there->second.has_script() || there->second.is_known))
    return true;
  const auto cause = search::CauseNamed(name, kernel_);
  return known_.Find(name) != nullptr ||
         (cause && cause->rule == search::RootCause::kSeveral);
}

void Findings::Count(const std::string& was, uint64_t executions,
                     int64_t at_unix) {
  // A bug that has no finding of its own any more is counted with its cause.
  std::string name =
      findings_.contains(was) ? was : was.substr(0, was.find(kOfBug));
  const auto alias = aliases_.find(name);
  if (alias != aliases_.end()) name = alias->second;
  const auto named = search::CauseNamed(name, kernel_);
  Finding& finding = named ? Slot(*named, name) : SlotOfStranger(name);
  finding.executions += executions;
  // In the order of the log, whose times do not decrease.
  if (finding.first_unix == 0) finding.first_unix = at_unix;
  finding.last_unix = at_unix;
}

}  // namespace vmtrunc::campaign
