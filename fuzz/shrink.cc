#include "fuzz/shrink.h"

#include <utility>

#include "fuzz/reduce.h"

namespace vmtrunc {
namespace {

// The cheap kinds of change, until none is left.
void ShrinkQuickly(Best& best) {
  bool changed = true;
  while (changed) {
    changed = CutBehind(best);
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

}  // namespace

Shrunk Shrink(Draft draft, const Rules& rules, const Reason& reason,
              Effort effort) {
  Best best(std::move(draft), Shows(rules, reason));
  do {
    ShrinkQuickly(best);
  } while (effort == Effort::kThorough &&
           (OtherEvents(best) || InsideOut(best) || TwoNear(best) ||
            OtherForOperation(best) || OtherForTwo(best) ||
            OtherAndNear(best)));
  return {.draft = best.draft(),
          .cost = CostOf(best.draft().setup, best.events()),
          .evaluations = best.evaluations()};
}

Script Shrink(const Script& script, const Rules& rules, const Reason& reason,
              Effort effort) {
  Shrunk shrunk =
      Shrink(Draft{script.setup, script.events}, rules, reason, effort);
  Script small = EmptyScript();
  small.setup = shrunk.draft.setup;
  small.events = std::move(shrunk.draft.events);
  small.kernel = script.kernel;
  return small;
}

Script ShrinkEvents(Script script, const Rules& rules, Property property) {
  Best best({script.setup, script.events},
            Shows(rules, {.property = property, .unlike = {}, .what = ""}));
  while (DropChunks(best) || JoinSteps(best)) {
  }
  script.events = best.events();
  return script;
}

}  // namespace vmtrunc
