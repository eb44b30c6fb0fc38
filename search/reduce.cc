#include "search/reduce.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/fixed_array.h"
#include "base/random.h"
#include "core/check.h"
#include "core/script/verbs.h"

namespace vmtrunc::search {
namespace {

// One an event. A search by steps gives more events than a script may have.
using Counts = absl::FixedArray<bool, kMaxEvents>;

uint64_t Mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 32;
}

uint64_t HashOf(const Draft& draft) {
  const Setup& s = draft.setup;
  uint64_t hash = Mix(draft.events.size(), s.count);
  hash = Mix(hash, s.block | unsigned{s.count_bits} << 8 |
                       unsigned{s.files} << 16 | unsigned{s.tasks} << 24);
  hash = Mix(hash,
             s.sizes[0] | unsigned{s.sizes[1]} << 8 | (s.tlb ? 1U : 0U) << 16);
  for (const FolioSetup& it : s.folios)
    hash = Mix(hash, it.low | unsigned{it.high} << 2 |
                         unsigned{it.min_order} << 4 | (it.shmem ? 64U : 0U) |
                         (it.pfn ? 128U : 0U) | (it.hugetlb ? 192U : 0U));
  for (const uint8_t owner : s.mm_of) hash = Mix(hash, owner);
  static_assert(sizeof(Event) == 14);
  for (const Event& event : draft.events) {
    // Two overlapping words of its 14 bytes.
    uint64_t words[2];
    const auto* bytes = reinterpret_cast<const unsigned char*>(&event);
    std::copy_n(bytes, 8, reinterpret_cast<unsigned char*>(&words[0]));
    std::copy_n(bytes + 6, 8, reinterpret_cast<unsigned char*>(&words[1]));
    hash = Mix(Mix(hash, words[0]), words[1]);
  }
  return hash;
}

}  // namespace

void Erase(std::vector<Event>& events, size_t from, size_t count) {
  const auto at = events.begin() + static_cast<std::ptrdiff_t>(from);
  events.erase(at, at + static_cast<std::ptrdiff_t>(count));
}

Best::Best(const Draft& draft, Judge judge) : judge_(std::move(judge)) {
  VMT_CHECK(Take(draft, /*is_first=*/true));
}

Best::Best(Best& of, const Setup& setup)
    : draft_{setup, {}},
      judge_(of.judge_),
      tell_([&of](const Best& it) {
        of.evaluations_ = it.evaluations_;
        if (of.tell_) of.tell_(of);
      }),
      evaluations_(of.evaluations_),
      failed_(of.failed_) {}

// Removes events without an effect, unless one of them is still needed: a read
// that ends in SIGBUS leaves a page table.
bool Best::Take(const Draft& candidate, bool is_first) {
  Counts counts(candidate.events.size(), false);
  std::optional<size_t> shown = judge_(candidate, counts.data());
  if (!shown) {
    failed_->insert(HashOf(candidate));
    return false;
  }
  Draft kept{candidate.setup, {}};
  for (size_t i = 0; i < candidate.events.size(); ++i)
    if (counts[i]) kept.events.push_back(candidate.events[i]);
  if (!is_first && !IsLess(kept, draft_)) return false;
  if (kept.events.size() < candidate.events.size()) {
    CountOne();
    if (const auto again = judge_(kept, counts.data())) {
      shown = again;
    } else {
      kept = candidate;
      if (!is_first && !IsLess(kept, draft_)) return false;
    }
  }
  draft_ = std::move(kept);
  cost_ = CostOf(draft_);
  shown_at_ = *shown;
  return true;
}

bool Best::Try(const Draft& candidate) {
  if (candidate.events.size() > draft_.events.size()) return false;
  if (candidate.events.size() == draft_.events.size()) {
    const auto order = CostOf(candidate) <=> cost_;
    if (order > 0 || (order == 0 && !IsLess(candidate, draft_))) return false;
  }
  const uint64_t hash = HashOf(candidate);
  if (tried_.contains(hash) || failed_->contains(hash)) return false;
  CountOne();
  if (Take(candidate, /*is_first=*/false)) return true;
  tried_.insert(hash);
  return false;
}

bool Best::IsShownBy(const Draft& other) {
  const uint64_t hash = HashOf(other);
  if (failed_->contains(hash)) return false;
  CountOne();
  Counts counts(other.events.size(), false);
  if (judge_(other, counts.data())) return true;
  failed_->insert(hash);
  return false;
}

bool Best::TryShrunk(const Draft& other,
                     const std::function<void(Best&)>& shrink) {
  if (failed_->contains(HashOf(other))) return false;
  CountOne();
  Best alone(*this, other.setup);
  if (!alone.Take(other, /*is_first=*/true)) return false;
  shrink(alone);
  evaluations_ = alone.evaluations_;
  if (!IsLess(alone.draft_, draft_)) return false;
  draft_ = std::move(alone.draft_);
  cost_ = alone.cost_;
  shown_at_ = alone.shown_at_;
  return true;
}

bool CutTail(Best& best) {
  return best.shown_at() != 0 && best.shown_at() < best.events().size() &&
         best.With([&](Draft& d) { d.events.resize(best.shown_at()); });
}

bool DropGroups(Best& best) {
  bool changed = false;
  const auto without = [&](auto gone) {
    changed |= best.With([&](Draft& d) { std::erase_if(d.events, gone); });
  };
  for (uint8_t task = 0; task < LargeCaps::kTasks; ++task)
    without([&](const Event& e) { return e.task == task; });
  for (int verb = 1; verb <= kVerbs; ++verb)
    without([&](const Event& e) { return static_cast<int>(e.verb) == verb; });
  without([](const Event& e) { return e.kind == EventKind::kStep; });
  return changed;
}

bool DropChunks(Best& best) {
  bool changed = false;
  for (size_t size = best.events().size(); size >= 1; size /= 2) {
    // What comes last matters least.
    for (size_t end = best.events().size(); end >= size;) {
      const bool dropped =
          best.With([&](Draft& d) { Erase(d.events, end - size, size); });
      changed |= dropped;
      end -= dropped || size < 4 ? 1 : size / 2;
      end = std::min(end, best.events().size());
    }
  }
  return changed;
}

bool DropAtRandom(Best& best, uint64_t seed) {
  base::Random random(seed);
  bool changed = false;
  for (size_t size = best.events().size() / 2; size >= 1; size /= 2) {
    // Each place once, in some order; they move as events go.
    const size_t places = best.events().size();
    std::vector<size_t> order(places);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = places; i > 1; --i)
      std::swap(order[i - 1], order[random.Below(static_cast<unsigned>(i))]);
    for (size_t i = 0; i < places; i += size) {
      if (order[i] + size > best.events().size()) continue;
      changed |= best.With([&](Draft& d) { Erase(d.events, order[i], size); });
    }
  }
  return changed;
}

bool JoinSteps(Best& best) {
  bool changed = false;
  for (size_t i = 0; i < best.events().size(); ++i) {
    const Event event = best.events()[i];
    if (event.kind != EventKind::kStep && event.kind != EventKind::kBegin)
      continue;
    size_t next = i + 1;
    while (next < best.events().size() &&
           best.events()[next].task != event.task)
      ++next;
    if (next == best.events().size()) continue;
    const auto joined = [&](size_t gone, auto change) {
      return best.With([&](Draft& d) {
        change(d.events[i], d.events[next]);
        Erase(d.events, gone, 1);
      });
    };
    bool one = false;
    if (event.kind == EventKind::kBegin) {
      one = joined(
          next, [](Event& begin, Event&) { begin.kind = EventKind::kStart; });
    } else {
      one =
          joined(next, [](Event& e, Event&) { e.kind = EventKind::kFinish; }) ||
          joined(i, [](Event&, Event& e) { e.kind = EventKind::kFinish; }) ||
          (best.events()[next].kind == EventKind::kDrop &&
           best.events()[next].count != 255 &&
           joined(i, [](Event&, Event& e) { ++e.count; }));
    }
    changed |= one;
    if (one) --i;
  }
  return changed;
}

bool MoveEvents(Best& best) {
  bool changed = false;
  for (size_t from = 0; from < best.events().size(); ++from) {
    for (size_t to = 0; to < best.events().size(); ++to) {
      if (from == to) continue;
      changed |= best.With([&](Draft& d) {
        const Event event = d.events[from];
        Erase(d.events, from, 1);
        d.events.insert(d.events.begin() + static_cast<std::ptrdiff_t>(to),
                        event);
      });
      if (from >= best.events().size()) break;
    }
  }
  return changed;
}

namespace {

// The numbers of an event, and the smallest value to try for each.
struct Number {
  uint8_t Event::* field;
  unsigned least;
};
constexpr Number kNumbers[] = {
    {&Event::addr, 0},    {&Event::len, 1},   {&Event::new_addr, 0},
    {&Event::new_len, 1}, {&Event::pgoff, 0}, {&Event::fail_after, 0},
    {&Event::count, 1},   {&Event::file, 0},
};

// The smallest possible number, by halving first.
bool LessInNumber(Best& best, size_t at, const Number& number) {
  const auto room = [&] {
    if (at >= best.events().size()) return 0U;  // it became much shorter
    const unsigned value = best.events()[at].*number.field;
    return value > number.least ? value - number.least : 0U;
  };
  return LowerByHalves(room, [&](unsigned by) {
    return best.WithEvent(at, [&](Event& e) {
      const bool keeps = number.field == &Event::len && e.new_len == e.len;
      e.*number.field = static_cast<uint8_t>(e.*number.field - by);
      if (keeps) e.new_len = e.len;
    });
  });
}

}  // namespace

bool LessInEvents(Best& best) {
  bool changed = false;
  for (size_t i = 0; i < best.events().size(); ++i) {
    const auto with = [&](auto change) {
      if (i < best.events().size()) changed |= best.WithEvent(i, change);
    };
    with([](Event& e) {
      if (e.kind == EventKind::kBegin) e.kind = EventKind::kStart;
      if (e.kind == EventKind::kFinish) e.kind = EventKind::kStep;
    });
    with([](Event& e) {
      if (e.kind == EventKind::kDrop)
        e = {.kind = EventKind::kStep, .task = e.task};
    });
    with([](Event& e) { e.is_private = false; });
    with([](Event& e) { e.populate = false; });
    with([](Event& e) { e.write = true; });
    with([](Event& e) {
      if (e.verb == Verb::kWrite) e.verb = Verb::kRead;
    });
    for (const Number& number : kNumbers)
      if (i < best.events().size()) changed |= LessInNumber(best, i, number);
  }
  return changed;
}

bool LessInAllEvents(Best& best) {
  bool changed = false;
  const auto all = [&](auto change) {
    changed |= best.With([&](Draft& d) {
      for (Event& e : d.events) change(e);
    });
  };
  all([](Event& e) { e.is_private = false; });
  all([](Event& e) {
    if (HasAccess(e.verb)) e.write = !e.write;
  });
  all([](Event& e) {
    if (HasAccess(e.verb)) e.write = !e.write;
    e.is_private = false;
  });
  return changed;
}

}  // namespace vmtrunc::search
