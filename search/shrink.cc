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

// The changes that pay, by what they pay.
bool ChangePaying(Best& best) {
  constexpr Which kWhich = Which::kPaying;
  return TwoNear(best, kWhich) || OtherEvents(best, kWhich) ||
         InsideOut(best, kWhich) || OtherForTwo(best, kWhich) ||
         Detour(best, kWhich, ShrinkQuickly);
}

void ShrinkByPaying(Best& best) {
  do {
    ShrinkQuickly(best);
  } while (ChangePaying(best));
}

bool ChangeAny(Best& best) {
  constexpr Which kWhich = Which::kAll;
  return OtherEvents(best, kWhich) || InsideOut(best, kWhich) ||
         TwoNear(best, kWhich) || OtherForOperation(best) ||
         OtherForTwo(best, kWhich) || OtherOwnersAndOne(best) ||
         OtherAndNear(best) || Detour(best, kWhich, ShrinkByPaying);
}

// Shrinks the start in other orders.
bool StartAgain(Best& best, const Draft& start) {
  constexpr uint64_t kOrders = 8;
  bool changed = false;
  for (uint64_t seed = 1; seed <= kOrders; ++seed)
    changed |= best.TryShrunk(start, [seed](Best& other) {
      DropAtRandom(other, seed);
      ShrinkByPaying(other);
    });
  return changed;
}

void ShrinkThoroughly(Best& best) {
  Draft start;
  do {
    start = best.draft();
    ShrinkByPaying(best);
    StartAgain(best, start);
    while (ChangeAny(best)) ShrinkByPaying(best);
  } while (!(best.draft() == start));
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
    switch (effort) {
      case Effort::kQuick:
        ShrinkQuickly(best);
        break;
      case Effort::kDefault:
        ShrinkByPaying(best);
        break;
      case Effort::kThorough:
        ShrinkThoroughly(best);
        break;
    }
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
