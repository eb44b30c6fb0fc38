#include "search/mutate.h"

#include <algorithm>

#include "core/script/verbs.h"

namespace vmtrunc::search {
namespace {

// Mappings of one file at the addresses 10 + shift.. overlap often, so that
// ranges touch, cover and split each other.
constexpr unsigned kBase = 10;
constexpr unsigned kSpan = 16;

uint8_t Address(base::Random& random) {
  return static_cast<uint8_t>(kBase + random.Below(kSpan));
}

uint8_t Length(base::Random& random) {
  return static_cast<uint8_t>(1 + random.Below(random.Below(2) == 0 ? 4 : 8));
}

// A range of an earlier event, or part of one.
bool ReuseRange(const Script& script, base::Random& random, Event& event) {
  if (script.events.empty() || random.Below(4) == 0) return false;
  const Event& from =
      script.events[random.Below(static_cast<unsigned>(script.events.size()))];
  if (from.len == 0) return false;
  event.addr = from.addr;
  event.len = from.len;
  if (random.Below(2) == 0) return true;
  const unsigned skip = random.Below(from.len);
  event.addr = static_cast<uint8_t>(event.addr + skip);
  event.len = static_cast<uint8_t>(1 + random.Below(from.len - skip));
  return true;
}

// `is_device`: what a pass would be about.
Verb RandomVerb(base::Random& random, Verbs verbs, bool is_device) {
  constexpr Verb kChoices[] = {
      Verb::kMmap,     Verb::kMmap,   Verb::kMunmap,    Verb::kMprotect,
      Verb::kMprotect, Verb::kMremap, Verb::kRead,      Verb::kWrite,
      Verb::kFork,     Verb::kExit,   Verb::kTruncate,  Verb::kTruncate,
      Verb::kRemap,    Verb::kPunch,  Verb::kInvalidate};
  for (int tries = 0; tries < 64; ++tries) {
    Verb verb = kChoices[random.Below(std::size(kChoices))];
    if (is_device && IsPass(verb)) verb = Verb::kRevoke;
    if ((verbs & Bit(verb)) != 0) return verb;
  }
  return Verb::kRead;
}

// The verb and how it starts, or that nothing starts.
void ChooseKind(base::Random& random, Verbs verbs, bool is_device,
                Event& event) {
  const unsigned kind = random.Below(8);
  if (kind == 0) {
    event.kind = EventKind::kStep;
  } else if (kind == 1) {
    event.kind = EventKind::kFinish;
  } else if (kind <= 3) {
    event.kind = EventKind::kDrop;
    event.count = static_cast<uint8_t>(1 + random.Below(4));
  } else {
    event.verb = RandomVerb(random, verbs, is_device);
    event.kind = random.Below(event.verb == Verb::kTruncate ? 2 : 6) == 0
                     ? EventKind::kBegin
                     : EventKind::kStart;
    event.write = random.Below(2) == 0;
  }
}

void ChooseMmap(const Script& script, base::Random& random, Event& event) {
  event.addr = Address(random);
  event.len = Length(random);
  if (!ReuseRange(script, random, event))
    event.pgoff = static_cast<uint8_t>(random.Below(4));
  event.write = random.Below(4) != 0;
  event.is_private = random.Below(6) == 0;
  event.populate = random.Below(4) != 0;
}

void ChooseMremap(const Script& script, base::Random& random, Event& event) {
  event.new_addr = Address(random);
  event.new_len = Length(random);
  if (random.Below(3) != 0 && ReuseRange(script, random, event)) {
    event.new_len = event.len;
  } else {
    event.addr = Address(random);
    event.len = Length(random);
  }
  if (random.Below(8) == 0)
    event.fail_after = static_cast<uint8_t>(1 + random.Below(4));
}

void ChooseRange(const Script& script, base::Random& random, Event& event) {
  event.addr = Address(random);
  event.len = Length(random);
  ReuseRange(script, random, event);
}

// A truncate that drops its lock a few times, each time with an operation of
// another task, and its end. Half of the time one task does them all: what one
// drop leaves, the next one meets.
void InsertPass(Script& script, unsigned at, base::Random& random,
                Verbs verbs) {
  const unsigned tasks = std::max<unsigned>(script.setup.tasks, 1U);
  Event begin;
  begin.kind = EventKind::kBegin;
  begin.verb = Verb::kTruncate;
  begin.task = static_cast<uint8_t>(random.Below(tasks));
  begin.addr = static_cast<uint8_t>(random.Below(script.setup.sizes[0] + 1U));
  FitToFile(script.setup, begin, verbs);
  Event drop;
  drop.kind = EventKind::kDrop;
  drop.task = begin.task;
  Event finish = drop;
  finish.kind = EventKind::kFinish;
  const bool same = random.Below(2) == 0;
  const auto other = static_cast<uint8_t>(random.Below(tasks));
  std::vector<Event> all = {begin};
  for (unsigned drops = 1 + random.Below(3); drops > 0; --drops) {
    drop.count = static_cast<uint8_t>(1 + random.Below(4));
    all.push_back(drop);
    Event inside = RandomEvent(script, random, verbs);
    inside.task = same ? other : static_cast<uint8_t>(random.Below(tasks));
    all.push_back(inside);
  }
  all.push_back(finish);
  script.events.insert(script.events.begin() + at, all.begin(), all.end());
}

}  // namespace

Script RandomSetup(base::Random& random) {
  Script script = EmptyScript();
  Setup& setup = script.setup;
  setup.block = static_cast<uint8_t>(1 + random.Below(3));
  setup.sizes[0] = static_cast<uint8_t>(4 + random.Below(6));
  setup.tasks = static_cast<uint8_t>(2 + random.Below(3));
  if (random.Below(4) == 0) {
    setup.count_bits = static_cast<uint8_t>(13 + random.Below(2));
    setup.count = (1U << kPageShift) * (1 + random.Below(30)) - random.Below(3);
  }
  for (uint8_t i = 0; i < 8; ++i) setup.mm_of[i] = i;
  if (random.Below(4) == 0) setup.mm_of[1] = 0;
  const unsigned mappings = random.Below(4);
  for (unsigned i = 0; i < mappings; ++i) {
    Event mmap;
    mmap.kind = EventKind::kStart;
    mmap.verb = Verb::kMmap;
    mmap.task = static_cast<uint8_t>(i % setup.tasks);
    mmap.addr = Address(random);
    mmap.len = Length(random);
    mmap.pgoff = static_cast<uint8_t>(random.Below(3));
    mmap.write = true;
    mmap.populate = true;
    script.events.push_back(mmap);
  }
  return script;
}

void FitToFile(bool is_device, unsigned size, Event& event, Verbs verbs) {
  if (!IsPass(event.verb) || is_device == (event.verb == Verb::kRevoke)) return;
  const Verb verb = is_device ? Verb::kRevoke : Verb::kTruncate;
  if ((verbs & Bit(verb)) == 0) return;
  if (event.verb == Verb::kTruncate)
    event.len = static_cast<uint8_t>(
        size > event.addr ? size - unsigned{event.addr} : 1U);
  if (verb == Verb::kTruncate) event.len = 0;
  event.verb = verb;
}

Event RandomEvent(const Script& script, base::Random& random, Verbs verbs) {
  const Setup& setup = script.setup;
  Event event;
  event.task = static_cast<uint8_t>(
      random.Below(std::min<unsigned>(setup.tasks + 1U, 8U)));
  const auto file =
      static_cast<uint8_t>(setup.files == 2 ? random.Below(2) : 0U);
  const unsigned size = setup.sizes[file];
  ChooseKind(random, verbs, setup.folios[file].pfn, event);
  if (Has(event.verb, Arg::kFile)) event.file = file;
  if (event.verb != Verb::kMmap && event.verb != Verb::kMprotect)
    event.write = false;
  switch (event.verb) {
    case Verb::kMmap:
      ChooseMmap(script, random, event);
      break;
    case Verb::kMremap:
      ChooseMremap(script, random, event);
      break;
    case Verb::kMunmap:
    case Verb::kMprotect:
      ChooseRange(script, random, event);
      break;
    case Verb::kRead:
    case Verb::kWrite:
      event.addr = Address(random);
      break;
    case Verb::kFork:
      event.new_addr = static_cast<uint8_t>(random.Below(8));
      break;
    case Verb::kTruncate:
      event.addr = static_cast<uint8_t>(random.Below(std::min(size + 2U, 65U)));
      break;
    case Verb::kRemap:
      ChooseRange(script, random, event);
      event.pgoff = static_cast<uint8_t>(random.Below(size + 1U));
      break;
    case Verb::kPunch:
    case Verb::kInvalidate:
    case Verb::kRevoke:
      event.addr = static_cast<uint8_t>(random.Below(size + 1U));
      event.len = Length(random);
      break;
    case Verb::kPin:
    case Verb::kUnpin:
      event.addr =
          static_cast<uint8_t>(random.Below(std::clamp(size, 1U, 64U)));
      break;
    case Verb::kOrder:
      event.addr = static_cast<uint8_t>(random.Below(3));
      break;
    case Verb::kCollapse:
      event.addr = static_cast<uint8_t>(16 * random.Below(4));
      break;
    case Verb::kExit:
    case Verb::kNone:
      break;
  }
  return event;
}

void Mutate(Script& script, size_t max_events, base::Random& random,
            Verbs verbs) {
  std::vector<Event>& events = script.events;
  const unsigned changes = 1 + random.Below(4);
  for (unsigned i = 0; i < changes; ++i) {
    const auto size = static_cast<unsigned>(events.size());
    const unsigned at = random.Below(size + 1);
    switch (random.Below(size == 0 ? 1 : 10)) {
      case 8:
      case 9:
        InsertPass(script, at, random, verbs);
        break;
      case 0:
      case 1:
      case 2:
        events.insert(events.begin() + at, RandomEvent(script, random, verbs));
        break;
      case 3:
        events[at % size] = RandomEvent(script, random, verbs);
        break;
      case 4:
        events.erase(events.begin() + at % size);
        break;
      case 5: {  // the same by another task
        Event copy = events[at % size];
        copy.task =
            static_cast<uint8_t>(random.Below(8) % (script.setup.tasks + 1U));
        events.insert(events.begin() + at % size, copy);
        break;
      }
      case 6:
        std::swap(events[at % size], events[random.Below(size)]);
        break;
      default: {
        Event& event = events[at % size];
        const unsigned delta = random.Below(2) == 0 ? 1 : 255;
        if (event.kind == EventKind::kDrop) {
          event.count = static_cast<uint8_t>(1 + random.Below(4));
        } else if (event.len != 0) {
          uint8_t& what = random.Below(2) == 0 ? event.addr : event.len;
          what = static_cast<uint8_t>(what + delta);
        } else {
          event.kind =
              event.kind == EventKind::kBegin ? EventKind::kStart : event.kind;
        }
        break;
      }
    }
  }
  if (events.size() > max_events) events.resize(max_events);
}

}  // namespace vmtrunc::search
