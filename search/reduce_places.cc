// Changes of addresses and of pages of the file, in all events at once.
#include <algorithm>
#include <set>
#include <utility>

#include "core/script/verbs.h"
#include "search/alternatives.h"
#include "search/reduce.h"

namespace vmtrunc::search {
namespace {

constexpr unsigned kTasksOfAll = LargeCaps::kTasks;
// Scripts with more can still shrink.
constexpr size_t kMostEdges = 10;

// Removes a page: everything above it moves down.
void Without(uint8_t& from, uint8_t& len, unsigned page) {
  if (from > page) {
    --from;
  } else if (unsigned{from} + len > page && len > 0) {
    --len;
  }
}

using Tasks = unsigned;  // a bit each
constexpr Tasks kAll = ~0U;

// Exchanges the ranges [first, middle) and [middle, end).
void SwapAddresses(Draft& d, unsigned first, unsigned middle, unsigned end) {
  for (Event& e : d.events)
    ForEachRange(e, [&](uint8_t& from, const uint8_t& len) {
      if (from >= first && unsigned{from} + len <= middle)
        from = static_cast<uint8_t>(from + end - middle);
      else if (from >= middle && unsigned{from} + len <= end)
        from = static_cast<uint8_t>(from - (middle - first));
    });
}

void WithoutAddress(Draft& d, Tasks tasks, unsigned addr) {
  for (Event& e : d.events)
    if ((tasks >> e.task & 1) != 0)
      ForEachRange(
          e, [&](uint8_t& from, uint8_t& len) { Without(from, len, addr); });
}

void WithoutPage(Draft& d, uint8_t file, unsigned page) {
  if (d.setup.sizes[file] > page) --d.setup.sizes[file];
  for (Event& e : d.events) {
    if (e.file != file) continue;
    if (Has(e.verb, Arg::kSize) && e.addr > page) --e.addr;
    if (Has(e.verb, Arg::kFirst)) Without(e.addr, e.len, page);
  }
}

// Removes the page and its address from the mmaps that have it, in the mms of
// those tasks; `together`: in all mms at once.
void WithoutMappedPage(Draft& d, uint8_t file, unsigned page, bool together) {
  WithoutPage(d, file, page);
  std::vector<std::pair<uint8_t, unsigned>> gone;  // task, address
  for (Event& e : d.events) {
    if (e.verb != Verb::kMmap || e.file != file) continue;
    if (e.pgoff > page) {
      --e.pgoff;
    } else if (page < unsigned{e.pgoff} + e.len) {
      gone.emplace_back(together ? uint8_t{0} : e.task,
                        e.addr + page - e.pgoff);
    }
  }
  std::sort(gone.begin(), gone.end());
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  for (size_t i = gone.size(); i > 0; --i)
    WithoutAddress(d, together ? kAll : 1U << gone[i - 1].first,
                   gone[i - 1].second);
}

// The lowest and the highest address in the tasks' events.
std::pair<unsigned, unsigned> AddressesOf(Draft d, Tasks tasks) {
  unsigned least = 256, most = 0;
  for (Event& e : d.events) {
    if ((tasks >> e.task & 1) == 0) continue;
    ForEachRange(e, [&](const uint8_t& from, const uint8_t& len) {
      least = std::min<unsigned>(least, from);
      most = std::max<unsigned>(most, unsigned{from} + len);
    });
  }
  return {least, most};
}

bool ShiftDown(Best& best, Tasks tasks) {
  const auto shifted = [&](unsigned by) {
    return best.With([&](Draft& d) {
      for (Event& e : d.events)
        if ((tasks >> e.task & 1) != 0)
          ForEachRange(e, [&](uint8_t& from, uint8_t&) {
            from = static_cast<uint8_t>(from - by);
          });
    });
  };
  bool changed = false;
  for (bool less = true; less; changed |= less) {
    less = false;
    const unsigned lowest = AddressesOf(best.draft(), tasks).first;
    const unsigned most = lowest == 256 || lowest == 0 ? 0 : lowest - 1;
    // The place in a page table may matter: also tries whole tables.
    for (const unsigned by :
         {most, most / kPtesPerTable * kPtesPerTable, 8U, 4U, 2U, 1U})
      less = less || (by >= 1 && by <= most && shifted(by));
  }
  return changed;
}

}  // namespace

bool LowerAddresses(Best& best) {
  bool changed = ShiftDown(best, kAll);
  for (unsigned task = 0; task <= kTasksOfAll; ++task) {
    const Tasks tasks = task == kTasksOfAll ? kAll : 1U << task;
    if (AddressesOf(best.draft(), tasks).second == 0) continue;
    if (tasks != kAll) changed |= ShiftDown(best, tasks);
    const auto [least, most] = AddressesOf(best.draft(), tasks);
    for (unsigned addr = most; addr > least; --addr)
      changed |=
          best.With([&](Draft& d) { WithoutAddress(d, tasks, addr - 1); });
  }
  return changed;
}

bool OtherPlaces(Best& best) {
  std::set<unsigned> edges;
  for (Event e : best.events())
    ForEachRange(e, [&](const uint8_t& from, const uint8_t& len) {
      edges.insert(from);
      edges.insert(unsigned{from} + len);
    });
  if (edges.size() > kMostEdges) return false;
  bool changed = false;
  for (const unsigned first : edges)
    for (const unsigned middle : edges)
      for (const unsigned end : edges)
        if (first < middle && middle < end)
          changed |= best.With(
              [&](Draft& d) { SwapAddresses(d, first, middle, end); });
  return changed;
}

bool FewerPages(Best& best) {
  bool changed = false;
  for (uint8_t file = 0; file < best.draft().setup.files; ++file) {
    unsigned most = best.draft().setup.sizes[file];
    for (const Event& e : best.events())
      if (e.verb == Verb::kMmap && e.file == file)
        most = std::max<unsigned>(most, unsigned{e.pgoff} + e.len);
    for (unsigned page = std::min(most, 64U); page-- > 0;) {
      changed |=
          best.With([&](Draft& d) { WithoutMappedPage(d, file, page, true); });
      changed |=
          best.With([&](Draft& d) { WithoutMappedPage(d, file, page, false); });
      changed |= best.With([&](Draft& d) {
        WithoutPage(d, file, page);
        for (Event& e : d.events)
          if (e.verb == Verb::kMmap && e.file == file && e.pgoff > page)
            --e.pgoff;
      });
    }
  }
  return changed;
}

bool OneMapping(Best& best) {
  const std::vector<Event> events = best.events();
  for (size_t i = 0; i < events.size(); ++i)
    for (size_t k = i + 1; k < events.size(); ++k) {
      const Event& one = events[i];
      const Event& other = events[k];
      if (one.verb != Verb::kMmap || other.verb != Verb::kMmap ||
          one.task != other.task || one.file != other.file)
        continue;
      const unsigned start = std::min(one.addr, other.addr);
      const unsigned end = std::max(unsigned{one.addr} + one.len,
                                    unsigned{other.addr} + other.len);
      for (const Event& like : {one, other}) {
        const unsigned before = like.addr - start;
        for (const unsigned pgoff :
             {unsigned{like.pgoff}, like.pgoff - before}) {
          if (pgoff + end - start > LargeCaps::kFilePages) continue;
          for (const bool grow : {false, true})
            if (best.With([&](Draft& d) {
                  Event& both = d.events[i];
                  both.addr = static_cast<uint8_t>(start);
                  both.len = static_cast<uint8_t>(end - start);
                  both.pgoff = static_cast<uint8_t>(pgoff);
                  both.populate = one.populate || other.populate;
                  uint8_t& size = d.setup.sizes[one.file];
                  if (grow)
                    size =
                        std::max(size, static_cast<uint8_t>(pgoff + both.len));
                  d.events.erase(d.events.begin() +
                                 static_cast<std::ptrdiff_t>(k));
                }))
              return true;
        }
      }
    }
  return false;
}

bool OtherVerbsForPasses(Best& best) {
  const Draft before = best.draft();
  for (size_t i = 0; i < before.events.size(); ++i)
    for (size_t k = i + 1; k < before.events.size(); ++k) {
      if (!IsPass(before.events[i].verb) || !IsPass(before.events[k].verb))
        continue;
      for (const Event& one : OtherPasses(before.events[i], before.setup))
        for (const Event& other : OtherPasses(before.events[k], before.setup)) {
          Draft draft = before;
          draft.events[i] = one;
          draft.events[k] = other;
          if (best.Try(draft)) return true;
          for (unsigned page = before.setup.sizes[one.file]; page-- > 0;) {
            Draft less = draft;
            WithoutMappedPage(less, one.file, page, /*together=*/true);
            if (best.Try(less)) return true;
          }
        }
    }
  return false;
}

}  // namespace vmtrunc::search
