#include "search/self_check.h"

#include <chrono>
#include <new>

#include "absl/strings/str_cat.h"

namespace vmtrunc::search {
namespace {

constexpr uint64_t kRuns = 50'000;

// All violated properties, found by repeated searches.
void SearchAllOf(const Problem& problem, ProveOptions options,
                 SelfCheckWay& way) {
  for (;;) {
    ProveResult result = Prove(problem, options);
    way.states = result.progress.states;
    if (result.answer != Answer::kBreaks) {
      way.is_through = result.answer == Answer::kHolds;
      way.ran_out = result.ran_out;
      return;
    }
    way.broken |= Bit(result.property);
    way.scripts[static_cast<size_t>(result.property)] =
        std::move(result.script);
    options.properties &= ~Bit(result.property);
    if (options.properties == 0) {
      way.is_through = true;
      return;
    }
  }
}

// Each search may take an equal part of the remaining time.
ProveOptions WithShare(ProveOptions options, size_t ways_left) {
  using Clock = ProveOptions::Clock;
  if (options.until == Clock::time_point::max()) return options;
  const auto now = Clock::now();
  if (now < options.until)
    options.until = now + (options.until - now) / static_cast<long>(ways_left);
  return options;
}

void CompareVerdicts(SelfCheck& found) {
  for (int property = 0; property < kProperties; ++property) {
    const uint32_t bit = Bit(static_cast<Property>(property));
    const SelfCheckWay *breaks = nullptr, *holds = nullptr;
    for (const SelfCheckWay& way : found.ways) {
      if ((way.broken & bit) != 0 && breaks == nullptr) breaks = &way;
      // Random runs without a violation prove nothing.
      if ((way.broken & bit) == 0 && way.is_through && holds == nullptr &&
          &way != &found.ways.back())
        holds = &way;
    }
    if (breaks == nullptr || holds == nullptr) continue;
    found.differences.push_back(
        {absl::StrCat(
             Name(static_cast<Property>(property)), " holds by the ",
             holds->name, " search, and the ", breaks->name,
             breaks == &found.ways.back() ? " do break it" : " one breaks it"),
         {breaks->scripts[static_cast<size_t>(property)]}});
  }
}

// With whole states there must be as many, or two had the same 63 bits.
void CompareSizes(SelfCheck& found) {
  const SelfCheckWay &hashed = found.ways[0], &exact = found.ways[1];
  if (hashed.is_through && exact.is_through && hashed.broken == exact.broken &&
      hashed.states != exact.states)
    found.differences.push_back(
        {absl::StrCat("the default search has ", hashed.states,
                      " states, and the exact one ", exact.states),
         {}});
}

}  // namespace

SelfCheck CheckSearch(const Problem& problem, const ProveOptions& options,
                      const std::function<void(const SelfCheckWay&)>& tell) {
  SelfCheck found;
  const auto add = [&](const char* name, const char* is, auto search) {
    SelfCheckWay way;
    way.name = name;
    way.is = is;
    way.scripts.resize(kProperties, EmptyScript());
    try {
      search(WithShare(options, 5 - found.ways.size()), way);
    } catch (const std::bad_alloc&) {
      way.is_through = false;
      way.ran_out = RanOut::kMemory;
    }
    tell(way);
    found.ways.push_back(std::move(way));
  };
  add("default", "reduced, in normal form, 63 bits of each state",
      [&](ProveOptions its, SelfCheckWay& way) {
        its.steps_only = its.reduce = true;
        SearchAllOf(problem, its, way);
      });
  add("exact", "reduced, in normal form, all of each state",
      [&](ProveOptions its, SelfCheckWay& way) {
        its.steps_only = its.reduce = its.exact = true;
        SearchAllOf(problem, its, way);
      });
  add("whole", "all orders of all events, in normal form",
      [&](const ProveOptions& its, SelfCheckWay& way) {
        SearchAllOf(problem, its, way);
      });
  add("plain", "all orders of steps and drops, states as they are",
      [&](const ProveOptions& its, SelfCheckWay& way) {
        SearchPlainly(problem, its, way, found);
      });
  add("random runs", "by the machine alone",
      [&](const ProveOptions& its, SelfCheckWay& way) {
        RunAtRandom(problem, its, kRuns, way);
      });
  CompareVerdicts(found);
  CompareSizes(found);
  return found;
}

}  // namespace vmtrunc::search
