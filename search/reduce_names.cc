// Changes of tasks and of declarations.
#include <algorithm>
#include <utility>

#include "core/script/verbs.h"
#include "search/reduce.h"

namespace vmtrunc::search {
namespace {

constexpr unsigned kTasks = LargeCaps::kTasks;

// Exchanges two names everywhere.
void SwapTasks(Draft& d, uint8_t one, uint8_t other) {
  const auto swapped = [&](uint8_t task) {
    return task == one ? other : task == other ? one : task;
  };
  for (Event& e : d.events) {
    e.task = swapped(e.task);
    if (Has(e.verb, Arg::kChild)) e.new_addr = swapped(e.new_addr);
  }
  uint8_t owner[kTasks];
  for (unsigned i = 0; i < kTasks; ++i)
    owner[swapped(static_cast<uint8_t>(i))] = swapped(d.setup.mm_of[i]);
  // The first task of an mm names it.
  for (unsigned i = 0; i < kTasks; ++i) {
    unsigned first = 0;
    while (owner[first] != owner[i]) ++first;
    d.setup.mm_of[i] = static_cast<uint8_t>(first);
  }
}

// Removes the last declared task; forked tasks get lower numbers.
void DropLastTask(Draft& d) {
  const auto last = static_cast<uint8_t>(d.setup.tasks - 1);
  d.setup.tasks = last;
  d.setup.mm_of[last] = last;
  for (Event& e : d.events) {
    if (e.task > last) --e.task;
    if (Has(e.verb, Arg::kChild) && e.new_addr > last) --e.new_addr;
  }
}

bool Uses(const Draft& d, uint8_t task) {
  return std::any_of(d.events.begin(), d.events.end(),
                     [&](const Event& e) { return e.task == task; });
}

// Moves all events of `from` to `to`.
void MergeTask(Draft& d, uint8_t from, uint8_t to) {
  for (Event& e : d.events)
    if (e.task == from) e.task = to;
  const auto last = static_cast<uint8_t>(d.setup.tasks - 1);
  if (from > last) return;
  SwapTasks(d, from, last);
  DropLastTask(d);
}

}  // namespace

void GiveOperation(Draft& d, size_t at, uint8_t to) {
  const uint8_t from = d.events[at].task;
  d.events[at].task = to;
  for (size_t i = at + 1; i < d.events.size(); ++i) {
    if (d.events[i].task != from) continue;
    if (d.events[i].verb != Verb::kNone) return;
    d.events[i].task = to;
  }
}

bool FewerTasks(Best& best) {
  bool changed = false;
  const auto each = [&](auto change) {
    for (uint8_t from = kTasks; from-- > 0;)
      for (uint8_t to = 0; to < kTasks; ++to)
        if (from != to && Uses(best.draft(), from)) change(from, to);
  };
  for (uint8_t task = kTasks; task-- > 0;) {
    const uint8_t tasks = best.draft().setup.tasks;
    if (task >= tasks || Uses(best.draft(), task)) continue;
    changed |= best.With([&](Draft& d) {
      SwapTasks(d, task, static_cast<uint8_t>(tasks - 1));
      DropLastTask(d);
    });
  }
  each([&](uint8_t from, uint8_t to) {
    if (Uses(best.draft(), to))
      changed |= best.With([&](Draft& d) { MergeTask(d, from, to); });
  });
  each([&](uint8_t from, uint8_t to) {
    const unsigned tasks = best.draft().setup.tasks;
    if ((from < tasks) == (to < tasks))
      changed |= best.With([&](Draft& d) { SwapTasks(d, from, to); });
  });
  for (size_t i = 0; i < best.events().size(); ++i)
    for (uint8_t to = 0; to < kTasks && i < best.events().size(); ++to)
      if (Uses(best.draft(), to))
        changed |= best.WithEvent(i, [&](Event& e) { e.task = to; });
  for (unsigned task = 1; task < best.draft().setup.tasks; ++task)
    for (unsigned owner = 0; owner <= task; ++owner)
      changed |= best.With([&](Draft& d) {
        d.setup.mm_of[task] =
            owner == task ? static_cast<uint8_t>(task) : d.setup.mm_of[owner];
      });
  return changed;
}

std::vector<Draft> OtherOwners(const Draft& draft) {
  std::vector<Draft> all;
  const auto add = [&](auto change) {
    all.push_back(draft);
    change(all.back());
  };
  for (size_t i = 0; i < draft.events.size(); ++i) {
    const uint8_t from = draft.events[i].task;
    for (uint8_t to = 0; to < kTasks; ++to) {
      if (from == to || !Uses(draft, to)) continue;
      if (draft.events[i].verb != Verb::kNone)
        add([&](Draft& d) { GiveOperation(d, i, to); });
      // From here on the two are exchanged; their mms unchanged, separate, or
      // shared.
      for (const int mms : {0, 1, 2})
        add([&](Draft& d) {
          for (size_t k = i; k < d.events.size(); ++k) {
            uint8_t& task = d.events[k].task;
            task = task == from ? to : task == to ? from : task;
          }
          for (uint8_t t = 0; mms != 0 && t < kTasks; ++t)
            d.setup.mm_of[t] = mms == 2 && t < d.setup.tasks ? uint8_t{0} : t;
        });
    }
  }
  return all;
}

bool OtherTasks(Best& best) {
  bool changed = false;
  for (const Draft& draft : OtherOwners(best.draft()))
    changed |= best.Try(draft);
  return changed;
}

bool DeclareInstead(Best& best) {
  bool changed = false;
  for (size_t i = 0; i < best.events().size(); ++i) {
    const Event event = best.events()[i];
    const auto instead = [&](auto change) {
      // A pass with one vma less may have one break test less.
      for (const int tests : {0, 1}) {
        if (i >= best.events().size() || !(best.events()[i] == event)) return;
        changed |= best.With([&](Draft& d) {
          d.events.erase(d.events.begin() + static_cast<std::ptrdiff_t>(i));
          change(d.setup);
          for (Event& e : d.events)
            if (e.kind == EventKind::kDrop && e.count > tests)
              e.count = static_cast<uint8_t>(e.count - tests);
        });
      }
    };
    if (event.verb == Verb::kTruncate)
      instead([&](Setup& s) { s.sizes[event.file] = event.addr; });
    // If the number is taken by now, the child is already declared.
    const uint8_t child = event.new_addr;
    if (event.verb != Verb::kFork || child != best.draft().setup.tasks)
      continue;
    instead([&](Setup& s) { s.tasks = static_cast<uint8_t>(child + 1); });
    instead([&](Setup& s) {
      s.tasks = static_cast<uint8_t>(child + 1);
      if (event.task < child) s.mm_of[child] = s.mm_of[event.task];
    });
  }
  return changed;
}

bool FewerFiles(Best& best) {
  if (best.draft().setup.files != 2) return false;
  const auto one = [](Draft& d) {
    d.setup.files = 1;
    d.setup.sizes[1] = 0;
    d.setup.folios[1] = {};
    for (Event& e : d.events) e.file = 0;
  };
  return best.With(one) || best.With([&](Draft& d) {
    d.setup.sizes[0] = d.setup.sizes[1];
    d.setup.folios[0] = d.setup.folios[1];
    one(d);
  }) || best.With([](Draft& d) {
    std::swap(d.setup.sizes[0], d.setup.sizes[1]);
    std::swap(d.setup.folios[0], d.setup.folios[1]);
    for (Event& e : d.events)
      if (Has(e.verb, Arg::kFile)) e.file ^= 1;
  });
}

namespace {

// A file that is memory of a device becomes an ordinary one, with passes that
// have an effect on it; so does one of huge pages.
bool OrdinaryFiles(Best& best) {
  bool changed = false;
  for (unsigned file = 0; file < 2; ++file)
    if (best.draft().setup.folios[file].hugetlb)
      changed |=
          best.With([&](Draft& d) { d.setup.folios[file].hugetlb = false; });
  for (unsigned file = 0; file < 2; ++file)
    for (const Verb verb : {Verb::kTruncate, Verb::kInvalidate}) {
      if (!best.draft().setup.folios[file].pfn) continue;
      changed |= best.With([&](Draft& d) {
        d.setup.folios[file].pfn = false;
        for (Event& e : d.events) {
          if (e.verb != Verb::kRevoke || e.file != file) continue;
          e.verb = verb;
          if (verb == Verb::kTruncate) e.len = 0;
        }
      });
    }
  return changed;
}

// If a count is near a multiple of a page or near its wrap, another may be as
// near, or a few passes nearer.
bool LowerCount(Best& best) {
  bool changed = false;
  const auto count = [&] { return best.draft().setup.count; };
  constexpr uint32_t kPage = 1U << kPageShift;
  changed |= LowerByHalves(
      [&] { return count() / kPage; },
      [&](uint32_t by) {
        return best.With([&](Draft& d) { d.setup.count -= by * kPage; });
      });
  for (uint8_t bits = 8; bits < best.draft().setup.count_bits; ++bits) {
    const uint64_t by =
        (uint64_t{1} << best.draft().setup.count_bits) - (uint64_t{1} << bits);
    if (by > count()) continue;
    changed |= best.With([&](Draft& d) {
      d.setup.count -= static_cast<uint32_t>(by);
      d.setup.count_bits = bits;
    });
  }
  for (size_t i = best.events().size(); i-- > 0;) {
    if (i >= best.events().size() || !IsPass(best.events()[i].verb)) continue;
    changed |= best.With([&](Draft& d) {
      d.events.erase(d.events.begin() + static_cast<std::ptrdiff_t>(i));
      ++d.setup.count;
    });
  }
  return changed;
}

}  // namespace

bool LessDeclared(Best& best) {
  bool changed = false;
  const auto with = [&](auto change) {
    changed |= best.With([&](Draft& d) { change(d.setup); });
  };
  with([](Setup& s) {
    s.count = 0;
    s.count_bits = 32;
  });
  with([](Setup& s) { s.count_bits = 32; });
  with([](Setup& s) { s.block = 1; });
  with([](Setup& s) { s.tlb = false; });
  const auto lower = [&](auto get, unsigned least) {
    const auto room = [&] {
      Setup copy = best.draft().setup;
      const uint32_t value = get(copy);
      return value > least ? value - least : 0U;
    };
    changed |= LowerByHalves(room, [&](uint32_t by) {
      return best.With([&](Draft& d) {
        auto& field = get(d.setup);
        field =
            static_cast<std::remove_reference_t<decltype(field)>>(field - by);
      });
    });
  };
  lower([](Setup& s) -> uint8_t& { return s.block; }, 1);
  lower([](Setup& s) -> uint32_t& { return s.count; }, 0);
  lower([](Setup& s) -> uint8_t& { return s.sizes[0]; }, 0);
  lower([](Setup& s) -> uint8_t& { return s.sizes[1]; }, 0);
  for (int i = 0; i < 2; ++i) {
    with([&](Setup& s) { s.folios[i] = {}; });
    with([&](Setup& s) { s.folios[i].shmem = false; });
    with([&](Setup& s) { s.folios[i].min_order = 0; });
    lower([i](Setup& s) -> uint8_t& { return s.folios[i].min_order; }, 0);
    lower([i](Setup& s) -> uint8_t& { return s.folios[i].low; }, 0);
    with([&](Setup& s) {
      if (s.folios[i].high > s.folios[i].low) --s.folios[i].high;
    });
  }
  changed |= OrdinaryFiles(best);
  changed |= LowerCount(best);
  for (uint8_t bits = 32; bits > best.draft().setup.count_bits; --bits)
    with([&](Setup& s) { s.count_bits = bits; });
  return changed;
}

}  // namespace vmtrunc::search
