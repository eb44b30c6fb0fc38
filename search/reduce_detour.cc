// A larger script first: it may shrink to one that is smaller in another way.
#include "core/script/verbs.h"
#include "search/alternatives.h"
#include "search/reduce.h"

namespace vmtrunc::search {
namespace {

// Of larger scripts the events to insert are too many.
constexpr size_t kMostEvents = 16;
constexpr size_t kMostWithATask = 8;

const Event* At(const std::vector<Event>& events, size_t at) {
  return at < events.size() ? &events[at] : nullptr;
}

// One event more, and then one less of those that were there before; what is
// left is shrunk.
bool InsertedInto(Best& best, const Draft& start, Which which,
                  const std::function<void(Best&)>& shrink) {
  const std::vector<Event> all = Alternatives(start);
  for (size_t at = 0; at <= start.events.size(); ++at) {
    Draft more = start;
    more.events.insert(more.events.begin() + static_cast<std::ptrdiff_t>(at),
                       Event{});
    for (const Event& event : all) {
      if (which == Which::kPaying &&
          !PaysInserted(At(start.events, at - 1), event, At(start.events, at)))
        continue;
      more.events[at] = event;
      if (!best.IsShownBy(more)) continue;
      for (size_t gone = 0; gone < more.events.size(); ++gone) {
        if (gone == at) continue;
        Draft less = more;
        Erase(less.events, gone, 1);
        if (best.TryShrunk(less, shrink)) return true;
      }
    }
  }
  return false;
}

// One task more, in an mm of its own or in that of another; it does nothing
// yet, or runs one of the operations.
std::vector<Draft> WithAnotherTask(const Draft& draft) {
  std::vector<Draft> all;
  const uint8_t task = draft.setup.tasks;
  if (task >= LargeCaps::kTasks) return all;
  for (const Event& event : draft.events)
    if (Has(event.verb, Arg::kChild) && event.new_addr >= task) return all;
  for (uint8_t owner = 0; owner <= task; ++owner) {
    if (draft.setup.mm_of[owner] != owner) continue;
    Draft more = draft;
    more.setup.tasks = static_cast<uint8_t>(task + 1);
    more.setup.mm_of[task] = owner;
    all.push_back(more);
    for (size_t i = 0; i < draft.events.size(); ++i) {
      if (draft.events[i].verb == Verb::kNone) continue;
      all.push_back(more);
      GiveOperation(all.back(), i, task);
    }
  }
  return all;
}

}  // namespace

bool Detour(Best& best, Which which, const std::function<void(Best&)>& shrink) {
  if (best.events().size() > kMostEvents) return false;
  const Draft start = best.draft();
  if (InsertedInto(best, start, which, shrink)) return true;
  if (which == Which::kPaying || start.events.size() > kMostWithATask)
    return false;
  for (const Draft& more : WithAnotherTask(start))
    if (best.TryShrunk(more, shrink) ||
        (best.IsShownBy(more) && InsertedInto(best, more, which, shrink)))
      return true;
  return false;
}

}  // namespace vmtrunc::search
