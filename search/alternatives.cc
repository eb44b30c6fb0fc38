#include "search/alternatives.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/model/caps.h"
#include "core/script/verbs.h"

namespace vmtrunc::search {
namespace {

class Alternator {
 public:
  explicit Alternator(Draft draft) : d_(std::move(draft)) {
    std::set<uint8_t> tasks, edges;
    for (uint8_t task = 0; task < d_.setup.tasks; ++task) tasks.insert(task);
    for (const Event& e : d_.events) {
      tasks.insert(e.task);
      if (IsPass(e.verb) || e.verb == Verb::kNone || e.addr == 0) continue;
      for (const unsigned edge :
           {unsigned{e.addr}, e.addr + 1U, unsigned{e.addr} + e.len})
        edges.insert(static_cast<uint8_t>(edge));
      if (e.verb != Verb::kMremap) continue;
      edges.insert(e.new_addr);
      edges.insert(static_cast<uint8_t>(e.new_addr + e.new_len));
    }
    edges_.assign(edges.begin(), edges.end());
    // A few are enough; scripts with more can still shrink.
    if (edges_.size() > kMostEdges) edges_.resize(kMostEdges);
    for (const uint8_t task : tasks) Of(task);
  }

  std::vector<Event> Take() { return std::move(events_); }

 private:
  static constexpr size_t kMostEdges = 8;

  void Add(Event event) {
    event.kind = EventKind::kStart;
    events_.push_back(event);
    event.kind = EventKind::kBegin;
    events_.push_back(event);
  }

  void Of(uint8_t task) {
    events_.push_back({.kind = EventKind::kStep, .task = task});
    events_.push_back({.kind = EventKind::kFinish, .task = task});
    for (uint8_t count = 1; count <= 3; ++count)
      events_.push_back(
          {.kind = EventKind::kDrop, .task = task, .count = count});
    Add({.verb = Verb::kExit, .task = task});
    uint8_t free = d_.setup.tasks;  // the lowest that no event names
    for (const Event& e : d_.events) {
      if (e.task == free) ++free;
      if (e.verb == Verb::kFork && e.new_addr == free) ++free;
    }
    if (free < LargeCaps::kTasks)
      Add({.verb = Verb::kFork, .task = task, .new_addr = free});
    for (uint8_t file = 0; file < d_.setup.files; ++file) OfFile(task, file);
    for (size_t i = 0; i < edges_.size(); ++i) {
      for (const Verb verb : {Verb::kRead, Verb::kWrite})
        Add({.verb = verb, .task = task, .addr = edges_[i]});
      for (size_t k = i + 1; k < edges_.size(); ++k)
        OfRange(task, edges_[i], static_cast<uint8_t>(edges_[k] - edges_[i]));
    }
  }

  void OfFile(uint8_t task, uint8_t file) {
    const uint8_t size = d_.setup.sizes[file];
    const auto ranges = [&](Verb verb, uint8_t page) {
      for (uint8_t len = 1; page + len <= size; ++len)
        Add({.verb = verb,
             .task = task,
             .file = file,
             .addr = page,
             .len = len});
    };
    for (uint8_t page = 0; page <= size; ++page) {
      if (d_.setup.folios[file].pfn) {
        ranges(Verb::kRevoke, page);
        continue;
      }
      Add({.verb = Verb::kTruncate, .task = task, .file = file, .addr = page});
      ranges(Verb::kPunch, page);
      ranges(Verb::kInvalidate, page);
    }
  }

  void OfRange(uint8_t task, uint8_t addr, uint8_t len) {
    const Event range{.task = task, .addr = addr, .len = len};
    const auto add = [&](Verb verb, auto fill) {
      Event event = range;
      event.verb = verb;
      fill(event);
      Add(event);
    };
    add(Verb::kMunmap, [](Event&) {});
    add(Verb::kMprotect, [](Event& e) { e.write = true; });
    add(Verb::kMprotect, [](Event&) {});
    for (const uint8_t to : edges_)
      if (to != addr)
        add(Verb::kMremap, [&](Event& e) {
          e.new_addr = to;
          e.new_len = len;
        });
    for (const Event& like : d_.events) {
      if (like.verb != Verb::kMmap) continue;
      std::set<unsigned> pgoffs = {like.pgoff,
                                   like.pgoff + unsigned{addr} - like.addr};
      for (const Event& e : d_.events)
        if (e.verb == Verb::kRemap) pgoffs.insert(e.pgoff);
      for (const unsigned pgoff : pgoffs)
        if (pgoff < LargeCaps::kFilePages)
          for (const bool populate : {false, true})
            add(Verb::kMmap, [&](Event& e) {
              e.file = like.file;
              e.pgoff = static_cast<uint8_t>(pgoff);
              e.is_private = like.is_private;
              e.write = like.write;
              e.populate = populate;
            });
    }
  }

  const Draft d_;
  std::vector<uint8_t> edges_;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> Alternatives(const Draft& draft) {
  return Alternator(draft).Take();
}

std::vector<Event> Near(const Event& event) {
  std::vector<Event> near;
  const auto with = [&](auto change) {
    Event other = event;
    change(other);
    if (!(other == event)) near.push_back(other);
  };
  if (event.kind == EventKind::kStart || event.kind == EventKind::kBegin)
    with([](Event& e) {
      e.kind =
          e.kind == EventKind::kStart ? EventKind::kBegin : EventKind::kStart;
    });
  if (HasAccess(event.verb)) with([](Event& e) { e.write = !e.write; });
  if (Has(event.verb, Arg::kPopulate))
    with([](Event& e) { e.populate = !e.populate; });
  if (Has(event.verb, Arg::kSharing))
    with([](Event& e) { e.is_private = !e.is_private; });
  if (event.len > 1) {
    // The last page alone, by address and by page of the file; also the part
    // before it.
    with([](Event& e) {
      e.addr = static_cast<uint8_t>(e.addr + e.len - 1);
      e.len = 1;
    });
    with([](Event& e) {
      e.pgoff = static_cast<uint8_t>(e.pgoff + e.len - 1);
      e.len = 1;
    });
  }
  if (event.len > 0) {
    with([](Event& e) {
      e.len = static_cast<uint8_t>(e.len + e.addr);
      e.addr = 0;
    });
    with([](Event& e) {
      e.len = static_cast<uint8_t>(e.len + e.pgoff);
      e.pgoff = 0;
    });
  }
  for (const auto field :
       {&Event::addr, &Event::len, &Event::new_addr, &Event::new_len,
        &Event::fail_after, &Event::pgoff, &Event::count}) {
    if (event.*field == 0 && field != &Event::pgoff) continue;
    if (field == &Event::count && event.kind != EventKind::kDrop) continue;
    for (const int by : {1, -1})
      with([&](Event& e) {
        const bool keeps = field == &Event::len && e.new_len == e.len;
        e.*field = static_cast<uint8_t>(e.*field + by);
        if (keeps) e.new_len = e.len;
      });
  }
  return near;
}

std::vector<Setup> Near(const Setup& setup) {
  std::vector<Setup> near;
  const auto with = [&](auto change) {
    near.push_back(setup);
    change(near.back());
  };
  for (const int by : {1, -1}) {
    with([&](Setup& s) { s.sizes[0] = static_cast<uint8_t>(s.sizes[0] + by); });
    if (setup.block != 1 || by == 1)
      with([&](Setup& s) { s.block = static_cast<uint8_t>(s.block + by); });
    if (setup.count != 0 || by == 1)
      with([&](Setup& s) { s.count += static_cast<uint32_t>(by); });
  }
  std::erase_if(near, [](const Setup& s) {
    return s.sizes[0] > LargeCaps::kFilePages || s.block > 64;
  });
  return near;
}

std::vector<Event> OtherPasses(const Event& pass, const Setup& setup) {
  std::vector<Event> all = {pass};
  if (!IsPass(pass.verb) || pass.verb == Verb::kRevoke) return all;
  for (const Verb verb : {Verb::kTruncate, Verb::kPunch, Verb::kInvalidate}) {
    Event other = pass;
    other.verb = verb;
    const uint8_t size = setup.sizes[pass.file];
    other.len = verb == Verb::kTruncate ? uint8_t{0}
                : pass.len != 0         ? pass.len
                : size > pass.addr      ? static_cast<uint8_t>(size - pass.addr)
                                        : uint8_t{1};
    if (!(other == pass)) all.push_back(other);
  }
  return all;
}

}  // namespace vmtrunc::search
