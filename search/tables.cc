#include "search/tables.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/model/caps.h"
#include "core/model/pte.h"
#include "search/plots.h"

namespace vmtrunc::search {
namespace {

using enum EventKind;

// An operation on the table at `addr` by the task, in one of five kinds.
Event OperationOn(unsigned kind, unsigned task, unsigned addr,
                  base::Random& random) {
  constexpr unsigned kPages = kPtesPerTable;
  switch (kind) {
    case 0: {
      Event move = EventOf(kBegin, Verb::kMremap, task, addr, kPages);
      move.new_addr = Byte(kPages * random.Between(5, 7));
      move.new_len = kPages;
      return move;
    }
    case 1:
      return EventOf(kBegin, Verb::kCollapse, task);
    case 2:
      return EventOf(kBegin, Verb::kTruncate, task, random.Below(kPages));
    case 3: {
      // Over part of it, so that it merges with what is left, or not.
      const unsigned skip = random.Below(2) * random.Below(kPages);
      Event map =
          EventOf(kBegin, Verb::kMmap, task, addr + skip, kPages - skip);
      map.pgoff = Byte(random.OneOf(2) ? skip : 0);
      map.write = true;
      return map;
    }
    default: {
      const bool reads = random.OneOf(2);
      return EventOf(kBegin, reads ? Verb::kRead : Verb::kMunmap, task,
                     addr + random.Below(kPages), reads ? 0 : 1);
    }
  }
}

// Puts the events before those of the script, as many as there is room for.
void Precede(Script& script, const std::vector<Event>& plot) {
  const size_t room = kMaxEvents - std::min(size_t{kMaxEvents}, plot.size());
  if (script.events.size() > room) script.events.resize(room);
  script.events.insert(script.events.begin(), plot.begin(), plot.end());
}

// Its beginning, and some of its steps.
void Begin(std::vector<Event>& plot, const Event& operation,
           base::Random& random) {
  plot.push_back(operation);
  plot.insert(plot.end(), random.Below(6),
              EventOf(kStep, Verb::kNone, operation.task));
}

}  // namespace

void AddTables(Script& script, base::Random& random) {
  constexpr unsigned kKinds = 5;
  Setup& setup = script.setup;
  if (setup.tasks < 2 || setup.folios[0].pfn || setup.folios[0].hugetlb) return;
  setup.sizes[0] = std::max(setup.sizes[0], Byte(kPtesPerTable));
  if (random.OneOf(2)) setup.block = Byte(kPtesPerTable);
  const unsigned addr = kPtesPerTable * random.Between(3, 4);
  Event map = EventOf(kStart, Verb::kMmap, 0, addr, kPtesPerTable);
  map.write = true;
  std::vector<Event> plot = {map};
  const auto read = [&] {
    plot.push_back(
        EventOf(kStart, Verb::kRead, 0, addr + random.Below(kPtesPerTable)));
  };
  if (!random.OneOf(4)) read();
  // The first has the mm; two kinds that differ.
  const unsigned tasks = std::min<unsigned>(setup.tasks, random.Between(2, 3));
  const unsigned first = random.Below(kKinds);
  for (unsigned task = 0; task < tasks; ++task) {
    const unsigned kind = (first + task * random.Between(1, 4)) % kKinds;
    Begin(plot, OperationOn(kind, task, addr, random), random);
    if (random.OneOf(8)) read();
  }
  for (unsigned left = random.Below(4); left > 0; --left)
    plot.insert(plot.end(), random.Between(1, 2),
                EventOf(kStep, Verb::kNone, random.Below(tasks)));
  const unsigned last = random.Below(tasks);
  for (unsigned task = 0; task < tasks; ++task)
    plot.push_back(EventOf(kFinish, Verb::kNone, (last + task) % tasks));
  Precede(script, plot);
}

void AddSharedTables(Script& script, base::Random& random) {
  Setup& setup = script.setup;
  if (setup.tasks < 2) return;
  setup.tlb = true;
  setup.folios[0] = {.hugetlb = true};
  setup.sizes[0] = std::max(setup.sizes[0], Byte(kPtesPerTable));
  // The last task, if there are three, is a thread of the first.
  setup.mm_of[1] = 1;
  const unsigned thread = setup.tasks - 1U;
  if (thread > 1) setup.mm_of[thread] = 0;
  const unsigned addr = kPtesPerTable * random.Between(1, 4);
  std::vector<Event> plot;
  const auto touch = [&](unsigned task) {
    plot.push_back(EventOf(kStart, random.OneOf(2) ? Verb::kRead : Verb::kWrite,
                           task, addr + random.Below(3)));
  };
  for (unsigned task = 0; task < 2; ++task) {
    Event map = EventOf(kStart, Verb::kMmap, task, addr, kPtesPerTable);
    map.write = true;
    plot.push_back(map);
    for (unsigned touches = random.Between(1, 3); touches > 0; --touches)
      touch(task);
  }
  const unsigned first = random.Below(2);
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned task = (first + i) % 2;
    const unsigned page = random.Below(4);
    Event event = EventOf(kBegin, Verb::kTruncate, task, page);
    if (random.OneOf(2))
      event = EventOf(kBegin, Verb::kMunmap, task, addr + page,
                      kPtesPerTable - page);
    else if (random.OneOf(4))
      event = EventOf(kBegin, Verb::kMprotect, task, addr + page, 2);
    if (random.OneOf(2)) {
      event.kind = kStart;
      plot.push_back(event);
    } else {
      Begin(plot, event, random);
    }
    if (random.OneOf(2)) touch(random.OneOf(2) ? thread : task);
  }
  for (unsigned task = 0; task < 2; ++task)
    plot.push_back(EventOf(kFinish, Verb::kNone, task));
  if (random.OneOf(2)) touch(thread);
  Precede(script, plot);
}

}  // namespace vmtrunc::search
