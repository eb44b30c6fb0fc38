#include "search/folios.h"

#include <algorithm>
#include <vector>

#include "search/plots.h"

namespace vmtrunc::search {
namespace {

FolioSetup AnyFolios(base::Random& random) {
  FolioSetup folios;
  folios.shmem = random.Below(2) == 0;
  folios.high = random.Below(3) == 0 ? 1 : 2;
  folios.low = random.Below(2) == 0 ? uint8_t{0} : folios.high;
  if (random.Below(4) == 0) folios.min_order = Byte(1 + random.Below(2));
  if (random.Below(8) == 0) folios.high = folios.low = 0;
  return folios;
}

Event AnyEvent(const Script& script, base::Random& random) {
  const unsigned size = std::max<unsigned>(script.setup.sizes[0], 1);
  Event event;
  event.kind = random.Below(3) == 0 ? EventKind::kBegin : EventKind::kStart;
  event.task = Byte(random.Below(std::max<unsigned>(script.setup.tasks, 1)));
  switch (random.Below(8)) {
    case 0:
    case 1:
      event.verb = Verb::kPin;
      event.kind = EventKind::kStart;
      event.addr = Byte(random.Below(std::min(size, 64U)));
      break;
    case 2:
      event.verb = Verb::kUnpin;
      event.kind = EventKind::kStart;
      event.addr = Byte(random.Below(std::min(size, 64U)));
      break;
    case 3:
      event.verb = Verb::kOrder;
      event.kind = EventKind::kStart;
      event.addr = Byte(random.Below(3));
      break;
    case 4:
      event.verb = Verb::kTruncate;
      event.addr = Byte(random.Below(std::min(size + 1, 65U)));
      break;
    case 5:
      event.verb = Verb::kPunch;
      event.addr = Byte(random.Below(size));
      event.len = Byte(1 + random.Below(4));
      break;
    default:
      event.verb = random.Below(2) == 0 ? Verb::kRead : Verb::kWrite;
      event.addr = AnyAddress(script, random);
      break;
  }
  return event;
}

// A mapping of the first pages that somebody writes to while a punch is at
// work, or past the end, and what shows it.
std::vector<Event> AnyPlot(const Script& script, base::Random& random) {
  using enum EventKind;
  const unsigned tasks = std::max<unsigned>(script.setup.tasks, 2);
  const unsigned one = random.Below(tasks);
  const unsigned other = (one + 1) % tasks;
  const unsigned size = std::clamp<unsigned>(script.setup.sizes[0], 4, 8);
  const unsigned at = 64;
  Event mmap = EventOf(kStart, Verb::kMmap, one, at, size);
  mmap.write = true;
  std::vector<Event> plot = {EventOf(kStart, Verb::kTruncate, other, size, 0),
                             mmap};
  if (random.Below(2) == 0) {
    plot.push_back(EventOf(kStart, Verb::kInvalidate, other, 0, 1));
    const unsigned first = 1 + random.Below(3);
    plot.push_back(
        EventOf(kBegin, Verb::kPunch, other, first, 1 + random.Below(6)));
    for (unsigned steps = random.Below(8); steps > 0; --steps)
      plot.push_back(EventOf(kStep, Verb::kNone, other, 0, 0));
    plot.push_back(
        EventOf(kStart, random.Below(3) == 0 ? Verb::kRead : Verb::kWrite, one,
                at + (random.Below(2) == 0 ? first - 1 : random.Below(4)), 0));
    plot.push_back(EventOf(kFinish, Verb::kNone, other, 0, 0));
  } else {
    plot.push_back(EventOf(kStart, Verb::kWrite, one, at + random.Below(4), 0));
    if (random.Below(2) == 0)
      plot.push_back(EventOf(kStart, Verb::kPin, one, random.Below(4), 0));
    plot.push_back(
        EventOf(kStart, Verb::kTruncate, other, 1 + random.Below(3), 0));
    mmap.task = Byte(one);
    plot.push_back(mmap);
    plot.push_back(EventOf(kStart, Verb::kRead, one, at, 0));
    plot.push_back(EventOf(kStart, Verb::kWrite, one, at + random.Below(4), 0));
    plot.push_back(EventOf(kStart, Verb::kTruncate, other, size, 0));
  }
  return plot;
}

}  // namespace

void AddFolios(Script& script, base::Random& random) {
  if (script.setup.folios[0].pfn) return;
  script.setup.folios[0] = AnyFolios(random);
  const unsigned more = 1 + random.Below(6);
  for (unsigned i = 0; i < more; ++i)
    InsertAnywhere(script, {AnyEvent(script, random)}, random);
  if (random.Below(2) == 0) return;
  InsertAnywhere(script, AnyPlot(script, random), random);
}

}  // namespace vmtrunc::search
