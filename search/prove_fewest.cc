// The fewest events of a violation, by several searches; and the hash of a
// problem.
#include <algorithm>
#include <new>

#include "absl/strings/str_cat.h"
#include "core/build_id.h"
#include "core/check.h"
#include "search/prove.h"
#include "search/shrink.h"
#include "search/space.h"

namespace vmtrunc::search {
namespace {

template <class C>
std::vector<uint64_t> States(const Problem& problem, const Script& script,
                             const ProveOptions& options) {
  const Space<C> space(problem, options);
  for (size_t i = 0; i < problem.starts.size(); ++i) {
    const Script& start = problem.starts[i];
    if (!(start.setup == script.setup) ||
        start.events.size() > script.events.size() ||
        !std::equal(start.events.begin(), start.events.end(),
                    script.events.begin()))
      continue;
    State<C> state = space.Start(i);
    std::vector<uint64_t> keys = {space.Key(state) | 1};
    bool inside = true;
    for (size_t k = start.events.size(); inside && k < script.events.size();
         ++k) {
      const Edge edge = space.EdgeOf(state, script.events[k]);
      State<C> next = state;
      inside = edge.kind != EventKind::kNone;
      if (!inside || !space.Apply(next, edge)) continue;
      if (space.Broken(next) != 0) return keys;
      state = next;
      keys.push_back(space.Key(state) | 1);
    }
    if (inside) return keys;
  }
  return {};
}

}  // namespace

uint64_t ProblemId(const Problem& problem, const ProveOptions& options) {
  std::string all = absl::StrCat(
      "model ", BuildId(), " ", options.properties, " ", options.steps_only,
      " ", options.reduce, " ", options.plain, " ", options.symmetry, " ",
      problem.max_passes, " ", problem.max_operations, " ", problem.in_flight,
      " ", problem.vmas, " ", problem.in_order, " ", problem.first_share, "/",
      problem.first_shares, " ");
  if (problem.closed)
    absl::StrAppend(&all, problem.alike ? "closed " : "closed unlike ");
  if (problem.offsets != 0)
    absl::StrAppend(&all, "offsets ", problem.offsets, " ");
  if (problem.max_pins != 0)
    absl::StrAppend(&all, "pins ", problem.max_pins, " ");
  if (options.invariant)
    absl::StrAppend(&all, "invariant ", options.invariant.name(), "\n");
  for (const RuleInfo& rule : AllRules())
    all += options.rules.*rule.flag ? '1' : '0';
  for (const Script& start : problem.starts)
    absl::StrAppend(&all, ToText(start));
  for (const Event& event : problem.operations)
    absl::StrAppend(&all, ToText(event, problem.starts.front()), "\n");
  return HashBytes(all.data(), all.size());
}

// A violation is known: searches for a shorter one.
static ProveResult FewestAfter(const Problem& problem,
                               const ProveOptions& options,
                               ProveResult verdict) {
  verdict.fewest = false;
  ProveOptions whole = options;
  if (verdict.replays) {
    try {
      verdict.script =
          ShrinkEvents(verdict.script, options.rules, verdict.property);
    } catch (const std::bad_alloc&) {  // the longer script is a result too
    }
    // Outside the bound it gives no limit for scripts within.
    const Problem& bound = options.part_of ? *options.part_of : problem;
    if (!StatesOf(bound, verdict.script, whole).empty())
      whole.most_events =
          static_cast<unsigned>(verdict.script.events.size()) - 1;
  }
  ProveResult result = Prove(problem, whole);
  result.reduced = verdict.progress;
  if (result.answer == Answer::kBreaks) return result;
  // A violation counts even if time, memory or disk did not suffice to look for
  // another.
  result.fewest = result.answer == Answer::kHolds;
  VMT_CHECK(!result.fewest || whole.most_events != kAnyEvents);
  result.answer = Answer::kBreaks;
  result.replays = verdict.replays;
  result.script = std::move(verdict.script);
  result.property = verdict.property;
  return result;
}

ProveResult ProveFewest(const Problem& problem, const ProveOptions& options,
                        uint64_t first_states) {
  if (options.invariant) return Prove(problem, options);
  unsigned held = 0;
  if (options.checkpoint.empty()) {
    ProveOptions first = options;
    first.most_states = first_states;
    ProveResult soon = Prove(problem, first);
    if (soon.answer != Answer::kRanOut ||
        WhyToStop(options) != RanOut::kNothing)
      return soon;
    held = soon.held_events;
  }
  ProveOptions reduced = options;
  reduced.steps_only = reduced.reduce = true;
  ProveResult verdict = Prove(problem, reduced);
  if (verdict.answer != Answer::kBreaks) {
    verdict.held_events = std::max(verdict.held_events, held);
    return verdict;
  }
  ProveResult result = FewestAfter(problem, options, std::move(verdict));
  result.held_events = std::max(result.held_events, held);
  return result;
}

std::vector<uint64_t> StatesOf(const Problem& problem, const Script& script,
                               const ProveOptions& options) {
  return Fits<SmallCaps>(problem) ? States<SmallCaps>(problem, script, options)
                                  : States<LargeCaps>(problem, script, options);
}

}  // namespace vmtrunc::search
