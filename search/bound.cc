#include "search/bound.h"

#include <algorithm>
#include <iterator>

#include "core/property.h"

namespace vmtrunc::search {
namespace {

constexpr Verbs kTiny = Bit(Verb::kMunmap) | Bit(Verb::kMprotect) |
                        Bit(Verb::kMremap) | Bit(Verb::kFork) |
                        Bit(Verb::kRead) | Bit(Verb::kTruncate);

constexpr Verbs kClosed = kTiny & ~Bit(Verb::kFork);

// small, medium and large are those of the design; tiny and closed are searched
// in minutes on every kernel.
constexpr Bound kBounds[] = {
    {"tiny", 2, 15, 18, 2, 4, 1, 2, 2, kTiny, false},
    {"small", 3, 13, 18, 2, 4, 1, 3, 2, kAllVerbs & ~kExtraVerbs, true},
    {"medium", 3, 13, 18, 2, 4, 2, 3, 3, kAllVerbs & ~kExtraVerbs, true},
    {"large", 4, 13, 19, 2, 4, 2, 4, 3, kAllVerbs & ~kExtraVerbs, true},
    {.name = "closed",
     .pages = 2,
     .first_addr = 15,
     .end_addr = 18,
     .mms = 1,
     .vmas = 3,
     .passes = 1,
     .operations = 1,
     .in_flight = 2,
     .verbs = kClosed,
     .private_too = false,
     .closed = true,
     .offsets = ClosedOffsets(2)},
};

Event Of(Verb verb, uint8_t task) {
  Event event;
  event.kind = EventKind::kStart;
  event.verb = verb;
  event.task = task;
  return event;
}

struct Range {
  uint8_t addr, len;
};
std::vector<Range> Ranges(unsigned first, unsigned end) {
  std::vector<Range> ranges;
  for (unsigned addr = first; addr < end; ++addr)
    for (unsigned len = 1; addr + len <= end; ++len)
      ranges.push_back({static_cast<uint8_t>(addr), static_cast<uint8_t>(len)});
  return ranges;
}

class Builder {
 public:
  explicit Builder(const Bound& bound)
      : bound_(bound), ranges_(Ranges(bound.first_addr, bound.end_addr)) {}

  Problem Build() {
    problem_.max_passes = bound_.passes;
    problem_.max_operations = bound_.operations;
    problem_.in_flight = bound_.in_flight;
    problem_.vmas = bound_.vmas;
    problem_.max_pins = bound_.pins;
    problem_.closed = bound_.closed;
    problem_.offsets = bound_.offsets;
    workers_ = bound_.mms * bound_.threads;
    const std::vector<Event> of_folios =
        OfFolios(static_cast<uint8_t>(workers_ + bound_.passes));
    tasks_ = workers_ + bound_.passes + (of_folios.empty() ? 0 : 1);
    Starts();
    for (uint8_t task = 0; task < workers_; ++task) Operations(task);
    for (uint8_t i = 0; i < bound_.passes; ++i)
      Passes(static_cast<uint8_t>(workers_ + i));
    for (const Event& event : of_folios) problem_.operations.push_back(event);
    return std::move(problem_);
  }

 private:
  bool Has(Verb verb) const { return (bound_.verbs & Bit(verb)) != 0; }

  std::vector<Event> Mmaps(uint8_t task, bool populate) const {
    std::vector<Event> all;
    for (const Range& range : ranges_)
      for (uint8_t pgoff = 0; pgoff < bound_.pages; ++pgoff)
        for (int flags = 0; flags < (bound_.private_too ? 4 : 2); ++flags) {
          Event event = Of(Verb::kMmap, task);
          event.addr = range.addr;
          event.len = range.len;
          event.pgoff = pgoff;
          event.write = (flags & 1) == 0;
          event.is_private = (flags & 2) != 0;
          event.populate = populate;
          all.push_back(event);
        }
    return all;
  }

  // Populated; of a file with folios also not, as the first fault decides
  // which pages a folio maps.
  std::vector<Event> Mapped(uint8_t task) const {
    std::vector<Event> all = Mmaps(task, true);
    if (bound_.folios == FolioSetup{}) return all;
    for (const Event& event : Mmaps(task, false)) all.push_back(event);
    return all;
  }

  // At most one mapping in each mm. The mms are interchangeable, so
  // the first has one if any has, and it is mapped first.
  void Starts() {
    Script script = EmptyScript();
    Setup& setup = script.setup;
    setup.sizes[0] = static_cast<uint8_t>(bound_.pages);
    setup.folios[0] = bound_.folios;
    setup.tlb = bound_.tlb;
    setup.tasks = static_cast<uint8_t>(tasks_);
    // The others share an mm.
    for (unsigned i = 0; i < std::size(setup.mm_of) && i < tasks_; ++i)
      setup.mm_of[i] =
          static_cast<uint8_t>(i < workers_ ? i % bound_.mms : workers_);
    problem_.starts.push_back(script);
    const std::vector<Event> first = Mapped(0);
    const std::vector<Event> second = Mapped(1);
    for (size_t i = 0; i < first.size(); ++i) {
      script.events = {first[i]};
      problem_.starts.push_back(script);
      for (size_t k = 0; bound_.mms > 1 && k < second.size(); ++k) {
        script.events = {first[i], second[k]};
        problem_.starts.push_back(script);
      }
    }
  }

  void Operations(uint8_t task) {
    std::vector<Event>& all = problem_.operations;
    if (Has(Verb::kMmap))
      for (const Event& event : Mmaps(task, false)) all.push_back(event);
    for (const Range& range : ranges_) {
      Event event = Of(Verb::kMunmap, task);
      event.addr = range.addr;
      event.len = range.len;
      if (Has(Verb::kMunmap)) all.push_back(event);
      event.verb = Verb::kMprotect;
      if (Has(Verb::kMprotect)) all.push_back(event);
      event.write = true;
      if (Has(Verb::kMprotect)) all.push_back(event);
      event.write = false;
      if (Has(Verb::kRemap)) {
        event.verb = Verb::kRemap;
        for (uint8_t pgoff = 0; pgoff < bound_.pages; ++pgoff) {
          event.pgoff = pgoff;
          all.push_back(event);
        }
      }
      if (Has(Verb::kMremap)) Moves(task, range);
    }
    for (unsigned addr = bound_.first_addr; addr < bound_.end_addr; ++addr) {
      Event event = Of(Verb::kRead, task);
      event.addr = static_cast<uint8_t>(addr);
      if (Has(Verb::kRead)) all.push_back(event);
      event.verb = Verb::kWrite;
      if (Has(Verb::kWrite)) all.push_back(event);
    }
    if (Has(Verb::kExit)) all.push_back(Of(Verb::kExit, task));
    // The child is a task of its own that starts nothing.
    Event fork = Of(Verb::kFork, task);
    fork.new_addr = static_cast<uint8_t>(tasks_);
    if (Has(Verb::kFork)) all.push_back(fork);
  }

  void Moves(uint8_t task, const Range& from) {
    for (const Range& to : ranges_) {
      const bool overlaps =
          to.addr < from.addr + from.len && from.addr < to.addr + to.len;
      if (overlaps && to.addr != from.addr) continue;
      if (to.addr == from.addr && to.len == from.len) continue;
      Event event = Of(Verb::kMremap, task);
      event.addr = from.addr;
      event.len = from.len;
      event.new_addr = to.addr;
      event.new_len = to.len;
      problem_.operations.push_back(event);
      for (uint8_t moved = 0;
           to.addr != from.addr && moved < std::min(from.len, to.len);
           ++moved) {
        event.fail_after = static_cast<uint8_t>(moved + 1);
        problem_.operations.push_back(event);
      }
    }
  }

  void Passes(uint8_t task) {
    for (unsigned size = 0; size <= bound_.pages; ++size) {
      Event event = Of(Verb::kTruncate, task);
      event.addr = static_cast<uint8_t>(size);
      if (Has(Verb::kTruncate)) problem_.operations.push_back(event);
    }
    for (const Range& range : Ranges(0, bound_.pages)) {
      Event event = Of(Verb::kPunch, task);
      event.addr = range.addr;
      event.len = range.len;
      if (Has(Verb::kPunch)) problem_.operations.push_back(event);
      event.verb = Verb::kInvalidate;
      if (Has(Verb::kInvalidate)) problem_.operations.push_back(event);
      event.verb = Verb::kRevoke;
      if (Has(Verb::kRevoke)) problem_.operations.push_back(event);
    }
  }

  std::vector<Event> OfFolios(uint8_t task) const {
    std::vector<Event> all;
    for (const Verb verb : {Verb::kPin, Verb::kUnpin})
      for (uint8_t page = 0;
           Has(verb) && bound_.pins != 0 && page < bound_.pages; ++page) {
        all.push_back(Of(verb, task));
        all.back().addr = page;
      }
    const FolioSetup& folios = bound_.folios;
    if (!Has(Verb::kOrder) || folios.low == folios.high) return all;
    for (uint8_t order = folios.low; order <= folios.high; ++order) {
      all.push_back(Of(Verb::kOrder, task));
      all.back().addr = order;
    }
    return all;
  }

  const Bound& bound_;
  unsigned workers_ = 0;  // tasks that run operations
  unsigned tasks_ = 0;    // without the one that fork creates
  std::vector<Range> ranges_;
  Problem problem_;
};

}  // namespace

std::span<const Bound> AllBounds() { return kBounds; }

const Bound* FindBound(std::string_view name) {
  for (const Bound& bound : kBounds)
    if (name == bound.name) return &bound;
  return nullptr;
}

Problem ProblemOf(const Bound& bound) { return Builder(bound).Build(); }

uint32_t PropertiesOf(const Problem& problem) {
  return problem.closed ? ~kHistoryProperties : ~0U;
}

Verbs VerbsOf(const Problem& problem) {
  Verbs verbs = 0;
  for (const Event& event : problem.operations) verbs |= Bit(event.verb);
  return verbs;
}

Problem ProblemOf(const Script& script) {
  Problem problem;
  problem.in_order = true;
  problem.in_flight = 8;
  Script start = script;
  start.events.clear();
  start.expects.clear();
  bool begun = false;
  for (const Event& event : script.events) {
    const bool starts =
        event.kind == EventKind::kStart || event.kind == EventKind::kBegin;
    if (!starts) {
      begun = true;
      continue;
    }
    begun |= event.kind != EventKind::kStart || event.verb != Verb::kMmap;
    if (!begun) {
      start.events.push_back(event);
      continue;
    }
    problem.operations.push_back(event);
    problem.operations.back().kind = EventKind::kStart;
  }
  problem.starts.push_back(start);
  return problem;
}

Problem ClosedProblemOf(const Script& script, unsigned vmas, unsigned offsets) {
  Problem problem = ProblemOf(script);
  problem.in_order = problem.alike = false;
  problem.closed = true;
  problem.max_passes = problem.max_operations = 1;
  problem.vmas = vmas;
  problem.offsets = offsets;
  // Once is as often as any number of times.
  std::vector<Event> each;
  for (const Event& event : problem.operations)
    if (std::find(each.begin(), each.end(), event) == each.end())
      each.push_back(event);
  problem.operations = each;
  return problem;
}

}  // namespace vmtrunc::search
