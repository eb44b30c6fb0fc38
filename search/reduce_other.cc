// Changes that replace one or two events by another.
#include <algorithm>
#include <utility>

#include "search/alternatives.h"
#include "search/reduce.h"

namespace vmtrunc::search {
namespace {

// The alternatives for two events are the number of events, squared, times
// hundreds.
constexpr size_t kMostForTwo = 16;

using Places = std::vector<size_t>;  // of events, ascending

// Those of `all` that are worth trying in the place of two events.
std::vector<Event> PayingFor(const std::vector<Event>& events,
                             const Places& gone, const std::vector<Event>& all,
                             Which which) {
  if (which == Which::kAll) return all;
  std::vector<Event> some;
  for (const Event& other : all)
    if (gone.size() == 2 && PaysForTwo(events[gone[0]], events[gone[1]], other))
      some.push_back(other);
  return some;
}

// Removes the events at one of these, and inserts another somewhere.
bool OtherFor(Best& best, const std::vector<Places>& all_gone, Which which) {
  const std::vector<Event> all = Alternatives(best.draft());
  for (const Places& gone : all_gone) {
    const std::vector<Event> others =
        PayingFor(best.events(), gone, all, which);
    std::vector<Event> left;
    for (size_t i = 0; i < best.events().size(); ++i)
      if (!std::binary_search(gone.begin(), gone.end(), i))
        left.push_back(best.events()[i]);
    for (size_t at = 0; at <= left.size() && !others.empty(); ++at) {
      Draft draft{best.draft().setup, left};
      draft.events.insert(
          draft.events.begin() + static_cast<std::ptrdiff_t>(at), Event{});
      for (const Event& other : others) {
        draft.events[at] = other;
        if (best.Try(draft)) return true;  // others may be removable now
      }
    }
  }
  return false;
}

}  // namespace

bool OtherEvents(Best& best, Which which) {
  const std::vector<Event> all = Alternatives(best.draft());
  bool changed = false;
  for (size_t i = 0; i < best.events().size(); ++i)
    for (const Event& other : all) {
      if (i >= best.events().size()) break;
      if (which == Which::kPaying && !PaysInstead(best.events()[i], other))
        continue;
      changed |= best.WithEvent(i, [&](Event& e) { e = other; });
    }
  return changed;
}

bool OtherForTwo(Best& best, Which which) {
  std::vector<Places> all;
  const size_t size = best.events().size();
  for (size_t i = 0; i < size && size <= kMostForTwo; ++i)
    for (size_t k = i + 1; k < size; ++k) all.push_back({i, k});
  return OtherFor(best, all, which);
}

bool OtherForOperation(Best& best) {
  std::vector<Places> all;
  const std::vector<Event>& events = best.events();
  for (size_t i = 0; i < events.size(); ++i) {
    Places operation{i};
    for (size_t k = i + 1; k < events.size(); ++k) {
      if (events[k].task != events[i].task) continue;
      if (events[k].verb != Verb::kNone) break;
      operation.push_back(k);
    }
    if (operation.size() > 2 ||
        (operation.size() == 2 && events.size() > kMostForTwo))
      all.push_back(operation);
  }
  return OtherFor(best, all, Which::kAll);
}

bool OtherOwnersAndOne(Best& best) {
  if (best.events().size() > kMostForTwo) return false;
  for (Draft draft : OtherOwners(best.draft())) {
    const std::vector<Event> all = Alternatives(draft);
    for (Event& event : draft.events) {
      const Event before = event;
      for (const Event& other : all) {
        event = other;
        if (best.Try(draft)) return true;
      }
      event = before;
    }
  }
  return false;
}

bool OtherAndNear(Best& best) {
  const std::vector<Event> all = Alternatives(best.draft());
  const size_t size = best.events().size();
  if (size > kMostForTwo) return false;
  Draft draft = best.draft();
  for (size_t changed = 0; changed < size; ++changed) {
    const std::vector<Event> near = Near(best.events()[changed]);
    for (size_t at = 0; at < size; ++at) {
      if (at == changed) continue;
      for (const Event& other : all) {
        draft.events[at] = other;
        for (const Event& event : near) {
          draft.events[changed] = event;
          if (best.Try(draft)) return true;
        }
      }
      draft.events[at] = best.events()[at];
    }
    draft.events[changed] = best.events()[changed];
  }
  return false;
}

namespace {

// A small change: of an event, of the declarations, or an event less.
struct Change {
  size_t at;  // of the event; their number for the declarations
  Delta delta;
  Event event;
  Setup setup;
};

std::vector<Change> SmallChanges(const Draft& draft) {
  std::vector<Change> changes;
  const size_t size = draft.events.size();
  for (size_t i = 0; i < size; ++i) {
    const Event& was = draft.events[i];
    for (const Event& event : Near(was))
      changes.push_back({i, DeltaOf(was, event), event, {}});
    changes.push_back(
        {i,
         was.verb == Verb::kNone ? delta::kStepGone : delta::kOperationGone,
         {},
         {}});
  }
  for (const Setup& setup : Near(draft.setup))
    changes.push_back({size, DeltaOf(draft.setup, setup), {}, setup});
  return changes;
}

void Make(const Change& change, Draft& draft, size_t size) {
  if (change.at == size)
    draft.setup = change.setup;
  else if ((change.delta & (delta::kStepGone | delta::kOperationGone)) != 0)
    Erase(draft.events, change.at, 1);
  else
    draft.events[change.at] = change.event;
}

}  // namespace

bool TwoNear(Best& best, Which which) {
  const size_t size = best.events().size();
  if (size > kMostForTwo) return false;
  const std::vector<Change> changes = SmallChanges(best.draft());
  Draft draft;
  for (size_t i = 0; i < changes.size(); ++i)
    for (size_t k = i + 1; k < changes.size(); ++k) {
      if (changes[i].at == changes[k].at ||
          (which == Which::kPaying &&
           !Pays(changes[i].delta, changes[k].delta)))
        continue;
      draft = best.draft();
      Make(changes[k], draft, size);  // the later event first
      Make(changes[i], draft, size);
      if (best.Try(draft)) return true;
    }
  return false;
}

namespace {

// `begin` and its steps, or its drops, with the whole operation `inside` them,
// inserted in a list that has neither.
std::vector<std::vector<Event>> Around(const std::vector<Event>& others,
                                       size_t at, Event begin, Event inside,
                                       size_t most_steps) {
  std::vector<std::vector<Event>> all;
  begin.kind = EventKind::kBegin;
  inside.kind = EventKind::kStart;
  for (const EventKind kind : {EventKind::kDrop, EventKind::kStep}) {
    for (size_t steps = kind == EventKind::kDrop ? 1 : 0; steps <= most_steps;
         ++steps) {
      std::vector<Event> events = others;
      std::vector<Event> added = {begin};
      added.insert(added.end(), kind == EventKind::kDrop ? 1 : steps,
                   {.kind = kind, .task = begin.task});
      if (kind == EventKind::kDrop)
        added.back().count = static_cast<uint8_t>(steps);
      added.push_back(inside);
      events.insert(events.begin() + static_cast<std::ptrdiff_t>(at),
                    added.begin(), added.end());
      all.push_back(std::move(events));
    }
  }
  return all;
}

// Removes one more event, of those that were there before.
bool WithoutOne(Best& best, const Draft& draft, size_t at, size_t others) {
  const size_t added = draft.events.size() - others;
  for (size_t gone = 0; gone < others; ++gone) {
    Draft less = draft;
    Erase(less.events, gone < at ? gone : gone + added, 1);
    if (best.Try(less)) return true;
  }
  return false;
}

// The inner operation begins and makes steps before the outer one begins, which
// keeps its own steps, or all but one.
bool Exchanged(Best& best, size_t outer, size_t inner) {
  constexpr size_t kMostSteps = 6;
  const Draft was = best.draft();
  const std::vector<Event>& events = was.events;
  if (events[inner].kind != EventKind::kStart) return false;
  for (size_t steps = 0; steps <= kMostSteps; ++steps) {
    Draft d = was;
    Erase(d.events, inner, 1);
    std::vector<Event> added = {events[inner]};
    added[0].kind = EventKind::kBegin;
    while (added.size() <= steps)
      added.push_back({.kind = EventKind::kStep, .task = events[inner].task});
    d.events.insert(d.events.begin() + static_cast<std::ptrdiff_t>(outer),
                    added.begin(), added.end());
    if (best.Try(d)) return true;
    for (size_t i = outer + added.size() + 1; i < d.events.size(); ++i) {
      if (d.events[i].task != events[outer].task ||
          d.events[i].verb != Verb::kNone)
        continue;
      Draft less = d;
      Erase(less.events, i, 1);
      if (best.Try(less)) return true;
    }
  }
  return false;
}

}  // namespace

bool InsideOut(Best& best, Which which) {
  const size_t most_steps = which == Which::kAll ? 6 : 0;
  const std::vector<Event> events = best.events();
  Draft draft = best.draft();
  for (size_t outer = 0; outer < events.size(); ++outer) {
    if (events[outer].kind != EventKind::kBegin) continue;
    for (size_t inner = outer + 1; inner < events.size(); ++inner) {
      const Event& other = events[inner];
      if (other.verb == Verb::kNone || other.task == events[outer].task)
        continue;
      // Without both and the rest of their operations.
      std::vector<Event> left;
      size_t at = 0;
      for (size_t i = 0; i < events.size(); ++i) {
        if (i == outer) at = left.size();
        const uint8_t task = events[i].task;
        const bool goes_on = i > outer && events[i].verb == Verb::kNone &&
                             (task == events[outer].task || task == other.task);
        if (i != outer && i != inner && !goes_on) left.push_back(events[i]);
      }
      if (Exchanged(best, outer, inner)) return true;
      for (const bool same_tasks : {true, false}) {
        if (!same_tasks && which != Which::kAll) break;
        for (Event pass : OtherPasses(other, draft.setup)) {
          Event whole = events[outer];
          if (!same_tasks) std::swap(pass.task, whole.task);
          for (std::vector<Event>& all :
               Around(left, at, pass, whole, most_steps)) {
            draft.events = std::move(all);
            if (best.Try(draft) || (which == Which::kAll &&
                                    WithoutOne(best, draft, at, left.size())))
              return true;
          }
        }
      }
    }
  }
  return false;
}

}  // namespace vmtrunc::search
