#include "search/plots.h"

namespace vmtrunc::search {

Event EventOf(EventKind kind, Verb verb, unsigned task, unsigned addr,
              unsigned len) {
  Event event;
  event.kind = kind;
  event.verb = verb;
  event.task = Byte(task);
  event.addr = Byte(addr);
  event.len = Byte(len);
  return event;
}

uint8_t AnyAddress(const Script& script, base::Random& random) {
  for (int tries = 0; tries < 8 && !script.events.empty(); ++tries) {
    const Event& event =
        script
            .events[random.Below(static_cast<unsigned>(script.events.size()))];
    if (event.verb == Verb::kMmap && event.len != 0)
      return Byte(event.addr + random.Below(event.len));
  }
  return Byte(10 + random.Below(8));
}

void InsertAnywhere(Script& script, const std::vector<Event>& events,
                    base::Random& random) {
  const unsigned at =
      random.Below(static_cast<unsigned>(script.events.size()) + 1);
  if (script.events.size() + events.size() <= kMaxEvents)
    script.events.insert(script.events.begin() + at, events.begin(),
                         events.end());
}

}  // namespace vmtrunc::search
