#include "search/shrink.h"

#include <new>
#include <optional>
#include <utility>

#include "search/reduce.h"

namespace vmtrunc::search {
namespace {

// The cheap changes, until none succeeds.
void ShrinkQuickly(Best& best) {
  bool changed = true;
  while (changed) {
    changed = CutTail(best);
    changed |= DropGroups(best);
    changed |= DropChunks(best);
    changed |= JoinSteps(best);
    changed |= FewerTasks(best);
    changed |= OtherTasks(best);
    changed |= DeclareInstead(best);
    changed |= FewerFiles(best);
    changed |= LessInEvents(best);
    changed |= LessInAllEvents(best);
    changed |= OneMapping(best);
    changed |= OtherVerbsForPasses(best);
    changed |= FewerPages(best);
    changed |= LowerAddresses(best);
    changed |= OtherPlaces(best);
    changed |= LessDeclared(best);
    changed |= MoveEvents(best);
  }
}

Judge JudgeOf(const Rules& rules, const Reason& reason) {
  return [shows = Shows(rules, reason)](const Draft& draft,
                                        bool* counts) -> std::optional<size_t> {
    const auto run = shows(draft, counts);
    if (!run) return std::nullopt;
    return run->first.event;
  };
}

}  // namespace

Shrunk Shrink(const Draft& draft, const Judge& judge, Effort effort,
              const OnShrinking& on_progress) {
  Best best(draft, judge);
  best.OnProgress(on_progress);
  bool ran_out = false;
  try {
    do {
      ShrinkQuickly(best);
    } while (effort == Effort::kThorough &&
             (OtherEvents(best) || InsideOut(best) || TwoNear(best) ||
              OtherForOperation(best) || OtherForTwo(best) ||
              OtherOwnersAndOne(best) || OtherAndNear(best)));
  } catch (const std::bad_alloc&) {
    ran_out = true;
    best.Forget();
  }
  return {.draft = best.draft(),
          .cost = CostOf(best.draft()),
          .evaluations = best.evaluations(),
          .ran_out = ran_out};
}

Shrunk Shrink(const Draft& draft, const Rules& rules, const Reason& reason,
              Effort effort, const OnShrinking& on_progress) {
  return Shrink(draft, JudgeOf(rules, reason), effort, on_progress);
}

Script Shrink(const Script& script, const Rules& rules, const Reason& reason,
              Effort effort) {
  const Draft& draft = script;
  Shrunk shrunk = Shrink(draft, rules, reason, effort);
  Script small = ScriptOf(std::move(shrunk.draft));
  small.kernel = script.kernel;
  return small;
}

Script ShrinkEvents(Script script, const Rules& rules, Property property) {
  Best best(script, JudgeOf(rules, {.property = property}));
  while (DropChunks(best) || JoinSteps(best)) {
  }
  script.events = best.events();
  return script;
}

}  // namespace vmtrunc::search
