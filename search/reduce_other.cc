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

// Removes the events at one of these, and inserts another somewhere.
bool OtherFor(Best& best, const std::vector<Places>& all_gone) {
  const std::vector<Event> all = Alternatives(best.draft());
  for (const Places& gone : all_gone) {
    std::vector<Event> left;
    for (size_t i = 0; i < best.events().size(); ++i)
      if (!std::binary_search(gone.begin(), gone.end(), i))
        left.push_back(best.events()[i]);
    for (size_t at = 0; at <= left.size(); ++at) {
      Draft draft{best.draft().setup, left};
      draft.events.insert(
          draft.events.begin() + static_cast<std::ptrdiff_t>(at), Event{});
      for (const Event& other : all) {
        draft.events[at] = other;
        if (best.Try(draft)) return true;  // others may be removable now
      }
    }
  }
  return false;
}

}  // namespace

bool OtherEvents(Best& best) {
  const std::vector<Event> all = Alternatives(best.draft());
  bool changed = false;
  for (size_t i = 0; i < best.events().size(); ++i)
    for (const Event& other : all) {
      if (i >= best.events().size()) break;
      changed |= best.WithEvent(i, [&](Event& e) { e = other; });
    }
  return changed;
}

bool OtherForTwo(Best& best) {
  std::vector<Places> all;
  const size_t size = best.events().size();
  for (size_t i = 0; i < size && size <= kMostForTwo; ++i)
    for (size_t k = i + 1; k < size; ++k) all.push_back({i, k});
  return OtherFor(best, all);
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
  return OtherFor(best, all);
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

bool TwoNear(Best& best) {
  struct Change {
    size_t at;  // of the event; their number for the declarations
    Event event;
    bool gone = false;
    Setup setup;
  };
  std::vector<Change> changes;
  const size_t size = best.events().size();
  if (size > kMostForTwo) return false;
  for (size_t i = 0; i < size; ++i) {
    for (const Event& event : Near(best.events()[i]))
      changes.push_back({i, event, false, {}});
    changes.push_back({i, {}, true, {}});
  }
  for (const Setup& setup : Near(best.draft().setup))
    changes.push_back({size, {}, false, setup});
  Draft draft;
  for (size_t i = 0; i < changes.size(); ++i)
    for (size_t k = i + 1; k < changes.size(); ++k) {
      if (changes[i].at == changes[k].at) continue;
      draft = best.draft();
      for (const size_t each : {k, i}) {  // the later event first
        const Change& change = changes[each];
        if (change.at == size)
          draft.setup = change.setup;
        else if (change.gone)
          draft.events.erase(draft.events.begin() +
                             static_cast<std::ptrdiff_t>(change.at));
        else
          draft.events[change.at] = change.event;
      }
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
    less.events.erase(
        less.events.begin() +
        static_cast<std::ptrdiff_t>(gone < at ? gone : gone + added));
    if (best.Try(less)) return true;
  }
  return false;
}

}  // namespace

bool InsideOut(Best& best) {
  constexpr size_t kMostSteps = 6;
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
      for (const bool same_tasks : {true, false})
        for (Event pass : OtherPasses(other, draft.setup)) {
          Event whole = events[outer];
          if (!same_tasks) std::swap(pass.task, whole.task);
          for (std::vector<Event>& all :
               Around(left, at, pass, whole, kMostSteps)) {
            draft.events = std::move(all);
            if (best.Try(draft) || WithoutOne(best, draft, at, left.size()))
              return true;
          }
        }
    }
  }
  return false;
}

}  // namespace vmtrunc::search
