#include "search/translations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "search/mutate.h"
#include "search/plots.h"

namespace vmtrunc::search {
namespace {

using enum EventKind;

// ---- declarations

// Read faults take the place of what populate does: it maps no device's pages.
void MakeDevice(Script& script, uint8_t file, base::Random& random) {
  script.setup.folios[file] = {.pfn = true};
  std::vector<Event> events;
  size_t room = kMaxEvents - script.events.size();
  for (Event event : script.events) {
    const bool maps = event.verb == Verb::kMmap && event.file == file;
    const unsigned pages = maps && event.populate ? event.len : 0;
    FitToFile(script.setup, event);
    if (maps) event.is_private = event.populate = false;
    events.push_back(event);
    for (unsigned page = 0; page < std::min(pages, 4U) && room > 0; ++page) {
      if (random.Below(3) == 0) continue;
      events.push_back(
          EventOf(kStart, Verb::kRead, event.task, event.addr + page));
      --room;
    }
  }
  script.events = std::move(events);
}

// A second file gets some of the mappings.
void AddFile(Script& script, base::Random& random) {
  Setup& setup = script.setup;
  if (setup.files == 2) return;
  setup.files = 2;
  setup.sizes[1] = Byte(2 + random.Below(5));
  for (Event& event : script.events)
    if (event.verb == Verb::kMmap && random.Below(3) == 0) event.file = 1;
}

void ShareAnMm(Setup& setup) {
  if (setup.tasks < 2) return;
  for (unsigned i = 2; i < std::min<unsigned>(setup.tasks, 8); ++i)
    if (setup.mm_of[i] == 1) setup.mm_of[i] = 0;
  setup.mm_of[1] = 0;
}

// ---- plots

// The file that is memory of a device, or is none; else 2.
unsigned FileThatIs(const Setup& setup, bool device) {
  for (unsigned file = 0; file < setup.files; ++file)
    if (setup.folios[file].pfn == device) return file;
  return 2;
}

class Plotter {
 public:
  Plotter(const Setup& setup, base::Random& random)
      : setup_(setup),
        random_(random),
        one_(random.Below(setup.tasks)),
        other_((one_ + 1 + random.Below(setup.tasks - 1U)) % setup.tasks),
        sibling_(SiblingOf(one_)),
        at_(17 + random.Below(3)),
        file_(FileThatIs(setup, false)),
        device_(FileThatIs(setup, true)) {}

  std::vector<Event> Make() {
    const unsigned what = random_.Below(4);
    if (device_ != 2 && (what <= 1 || file_ == 2)) {
      Unmapped();
    } else if (what <= 2) {
      Moved();
    } else {
      Filled();
    }
    return std::move(plot_);
  }

 private:
  // Another task of the same mm, or the task itself.
  unsigned SiblingOf(unsigned task) const {
    for (unsigned i = 0; i < setup_.tasks; ++i)
      if (i != task && setup_.mm_of[i] == setup_.mm_of[task]) return i;
    return task;
  }

  void Add(EventKind kind, Verb verb, unsigned task, unsigned addr = 0,
           unsigned len = 0) {
    plot_.push_back(EventOf(kind, verb, task, addr, len));
  }
  void Steps(unsigned task, unsigned most) {
    for (unsigned steps = random_.Below(most + 1); steps > 0; --steps)
      Add(kStep, Verb::kNone, task);
  }
  // Half of the time as a whole.
  EventKind Starts() { return random_.Below(2) == 0 ? kStart : kBegin; }

  // All of it present. An ordinary file may have shrunk before.
  void Map(unsigned file, unsigned addr, unsigned pages) {
    if (file == file_ && random_.Below(2) == 0) {
      Add(kStart, Verb::kTruncate, other_, std::max(pages, 4U));
      plot_.back().file = Byte(file);
    }
    Event mmap = EventOf(kStart, Verb::kMmap, one_, addr, pages);
    mmap.file = Byte(file);
    mmap.write = true;
    mmap.populate = file == file_;
    plot_.push_back(mmap);
    for (unsigned page = 0; file == device_ && page < pages; ++page)
      if (random_.Below(3) != 0) Touch(one_, addr + page);
  }

  void Touch(unsigned task, unsigned addr) {
    Add(kStart, random_.Below(2) == 0 ? Verb::kRead : Verb::kWrite, task, addr);
  }

  // A pass over the pages from 0 on, by another task.
  void Pass(unsigned file, unsigned pages) {
    const Verb verb = file == device_         ? Verb::kRevoke
                      : random_.Below(3) == 0 ? Verb::kPunch
                                              : Verb::kTruncate;
    Event pass = EventOf(Starts(), verb, other_);
    pass.file = Byte(file);
    if (verb != Verb::kTruncate) pass.len = Byte(pages);
    plot_.push_back(pass);
    if (pass.kind == kBegin) Steps(other_, 8);
  }

  // What may be reached yet, and the ends of both.
  void End(unsigned pages) {
    for (unsigned touches = random_.Below(3); touches > 0; --touches)
      Touch(random_.Below(3) == 0 ? other_ : sibling_,
            at_ + random_.Below(pages));
    if (random_.Below(2) == 0) Add(kFinish, Verb::kNone, other_);
    Add(kFinish, Verb::kNone, one_);
  }

  // mremap owes the flush of the old addresses while the pages are truncated
  // (HB-48).
  void Moved() {
    const unsigned pages = 1 + random_.Below(3);
    Map(file_, at_, pages);
    Event move = EventOf(kBegin, Verb::kMremap, one_, at_, pages);
    move.new_addr = Byte(at_ + 6 + random_.Below(4));
    move.new_len = Byte(pages);
    plot_.push_back(move);
    Steps(one_, 12);
    Pass(file_, pages);
    End(pages);
  }

  // munmap owes a flush, before or after it has left i_mmap, while the driver
  // takes its pages back (HB-72, HB-77); the first vma may be an ordinary one
  // (HB-73).
  void Unmapped() {
    const unsigned before =
        file_ != 2 && random_.Below(2) == 0 ? 1 + random_.Below(2) : 0;
    const unsigned pages = 1 + random_.Below(2);
    if (before != 0) Map(file_, at_, before);
    Map(device_, at_ + before, pages);
    Add(kBegin, Verb::kMunmap, one_, at_, before + pages);
    Steps(one_, 10);
    Pass(device_, pages);
    End(before + pages);
  }

  // More pages than a gather holds are unmapped at once, then leave the cache
  // (HB-74).
  void Filled() {
    const unsigned pages = 2 + random_.Below(3);
    Map(file_, at_, pages);
    Add(Starts(), Verb::kMunmap, one_, at_, pages - random_.Below(2));
    if (plot_.back().kind == kBegin) Steps(one_, 8);
    Pass(file_, pages);
    End(pages);
  }

  const Setup& setup_;
  base::Random& random_;
  const unsigned one_, other_, sibling_;  // sibling_: of the mm of one_
  const unsigned at_;                     // where it maps
  const unsigned file_, device_;          // numbers; 2: there is none
  std::vector<Event> plot_;
};

// ---- single events

Event EventBeside(const Script& script, base::Random& random) {
  const Setup& setup = script.setup;
  const unsigned task = random.Below(std::max<unsigned>(setup.tasks, 1));
  const unsigned addr = AnyAddress(script, random);
  const unsigned len = 1 + random.Below(3);
  switch (random.Below(8)) {
    case 0:
      return EventOf(kStep, Verb::kNone, task);
    case 1:
      return EventOf(kFinish, Verb::kNone, task);
    case 2:
      return EventOf(kBegin, Verb::kMunmap, task, addr, len);
    case 3: {
      Event move = EventOf(kBegin, Verb::kMremap, task, addr, len);
      move.new_addr = Byte(AnyAddress(script, random) + random.Below(8));
      move.new_len = move.len;
      return move;
    }
    case 4: {
      Event pass = EventOf(kBegin, Verb::kTruncate, task);
      pass.file = Byte(random.Below(setup.files));
      pass.addr = Byte(random.Below(setup.sizes[pass.file] % 64U + 1));
      FitToFile(setup, pass);
      return pass;
    }
    default:
      return EventOf(kStart, random.Below(2) == 0 ? Verb::kRead : Verb::kWrite,
                     task, addr);
  }
}

}  // namespace

void DeclareTranslations(Script& script, base::Random& random) {
  Setup& setup = script.setup;
  setup.tlb = true;
  const unsigned kind = random.Below(4);
  if (kind == 1) AddFile(script, random);
  if (kind <= 1) MakeDevice(script, Byte(setup.files - 1U), random);
  if (random.Below(2) == 0) ShareAnMm(setup);
}

void AddTranslations(Script& script, base::Random& random) {
  DeclareTranslations(script, random);
  const unsigned more = 1 + random.Below(6);
  for (unsigned i = 0; i < more; ++i)
    InsertAnywhere(script, {EventBeside(script, random)}, random);
  if (random.Below(3) == 0 || script.setup.tasks < 2) return;
  const std::vector<Event> plot = Plotter(script.setup, random).Make();
  if (random.Below(2) == 0) return InsertAnywhere(script, plot, random);
  // Where all tasks are idle yet.
  if (script.events.size() + plot.size() <= kMaxEvents)
    script.events.insert(script.events.begin(), plot.begin(), plot.end());
}

}  // namespace vmtrunc::search
