#include "fuzz/scout.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "core/run/drive-inl.h"
#include "fuzz/generate.h"
#include "fuzz/plain_checker.h"
#include "fuzz/race.h"
#include "fuzz/watched.h"
#include "fuzz/weave.h"
#include "search/folios.h"
#include "search/kinds.h"
#include "search/make.h"
#include "search/tables.h"
#include "search/translations.h"

namespace vmtrunc::fuzz {
namespace {

RunResult RunPlain(const Script& script, const Rules& rules, uint8_t* states) {
  return RunChecked<LargeCaps, PlainChecker>(
      script.setup, script.events, rules,
      {.hash_state = false, .features = states});
}

// The declarations and first mappings of a script for a small world. Half of
// them let two tasks share an mm, as what races under mmap_sem needs.
Script SmallStart(const Rules& rules, uint32_t properties,
                  base::Random& random) {
  for (;;) {
    Script start = search::MakeStart(random.Next());
    start.setup.files = 1;
    start.setup.sizes[1] = 0;
    if (start.setup.tasks > 1 && random.OneOf(2)) {
      start.setup.mm_of[1] = 0;
      if (start.setup.mm_of[2] == 1) start.setup.mm_of[2] = 0;
    }
    if (search::DrawFolios(rules, properties, random))
      search::AddFolios(start, random);
    if (search::DrawTranslations(rules, properties, random))
      search::DeclareTranslations(start, random);
    if (Fits<SmallCaps>(start.setup)) return start;
  }
}

// The first page of a file that the event names, or null if it names none.
uint8_t* PageOf(Event& event) {
  if (event.verb == Verb::kMmap || event.verb == Verb::kRemap)
    return &event.pgoff;
  const bool names = IsPass(event.verb) || event.verb == Verb::kPin ||
                     event.verb == Verb::kUnpin;
  return names ? &event.addr : nullptr;
}

// The same script further into larger files: generators name few pages past the
// first 20.
void Shift(Script& script, base::Random& random) {
  constexpr unsigned kPages = LargeCaps::kFilePages;
  unsigned most = 1;  // pages that are named
  for (unsigned file = 0; file < script.setup.files; ++file)
    most = std::max(most, unsigned{script.setup.sizes[file]});
  for (Event& event : script.events)
    if (const uint8_t* page = PageOf(event))
      most = std::max(most, *page + std::max(1U, unsigned{event.len}));
  if (most >= kPages) return;
  const unsigned by = random.Between(1, kPages - most);
  for (unsigned file = 0; file < script.setup.files; ++file)
    script.setup.sizes[file] = Byte(script.setup.sizes[file] + by);
  for (Event& event : script.events)
    if (uint8_t* page = PageOf(event)) *page = Byte(*page + by);
}

// How often a script continues in another way from where it came nearest to
// going wrong: importance splitting (Kahn and Harris, 1951).
unsigned MoreFrom(NearMiss miss) {
  if (miss == NearMiss::kNone) return 0;
  return miss == NearMiss::kMovesInPass ? 12 : kMostAgain;
}

}  // namespace

// Most are made: no bug is then found much later than by making scripts alone,
// and those that need a race sooner (docs/bench-bugs.md). To explore takes
// twelve times as long as to make. Where passes drop their lock it finds less
// than the others in that time, as there are too many schedules; and races are
// mostly with the passes, which are woven.
Way WayOf(uint64_t seed, const Rules& rules) {
  constexpr unsigned kParts = 20;
  const unsigned at = base::Random(seed).Below(64 * kParts);
  if (at < kParts && !rules.drop_lock) return Way::kExplored;
  const unsigned part = at % kParts;
  if (part < 13) return Way::kMade;
  if (rules.drop_lock) return part < 19 ? Way::kWoven : Way::kRaced;
  return part < 14 ? Way::kMade : part < 17 ? Way::kWoven : Way::kRaced;
}

Scout::Scout(const Quest& quest)
    : quest_(quest),
      small_(quest.rules, quest.reported),
      large_(quest.rules, quest.reported) {
  if (!quest_.looks_for_states && quest_.counted == nullptr) return;
  states_.resize(kStates);
  seen_.resize(kStates);
}

std::optional<Script> Scout::Look(uint64_t seed, size_t max_events,
                                  FuzzStatus* status) {
  base::Random random(seed);
  std::optional<Script> found;
  Script script;
  counts_ = {};
  if (status != nullptr) status->scouted_events = max_events;
  for (unsigned seeds = 0;
       counts_.runs < kScouted && (!found || quest_.keeps_going); ++seeds) {
    const uint64_t next = random.Next();
    if (status != nullptr) status->scouted = next;
    // Noting states takes time: a quarter of the scripts show most of them.
    looks_ = quest_.looks_for_states && seeds % 4 == 0;
    if (RunOne(next, max_events, script)) found = script;
  }
  looks_ = false;
  if (status != nullptr) {
    status->scouted = 0;
    status->executions += counts_.runs;
    status->events += counts_.events;
    status->effects += counts_.effects;
    status->drops += counts_.drops;
    if (quest_.looks_for_states) AddSeen(status->seen, seen_);
  }
  return found;
}

std::optional<Script> Scout::Run(uint64_t seed, size_t max_events,
                                 FuzzStatus* status) {
  std::optional<Script> found = Look(seed, max_events, status);
  // Where a run continues and much is violated, what is new and what is mutated
  // have every second turn.
  violated_ = found && !(quest_.keeps_going && violated_);
  if (violated_) return found;
  if (waiting_.empty()) return std::nullopt;
  Script script = std::move(waiting_.front());
  waiting_.pop_front();
  return script;
}

bool Scout::RunOne(uint64_t seed, size_t max_events, Script& script,
                   const Before* before) {
  const Way way = WayOf(seed, quest_.rules);
  base::Random random(seed);
  random.Next();  // WayOf()
  const bool violates = way == Way::kMade
                            ? RunMade(max_events, random, script, before)
                        : way == Way::kExplored
                            ? RunExplored(max_events, random, script, before)
                            : RunSmall(way, max_events, random, script, before);
  return violates && Counts(script);
}

bool Scout::RunMade(size_t max_events, base::Random& random, Script& script,
                    const Before* before) {
  script = MakeFor(quest_.rules, quest_.reported,
                   static_cast<unsigned>(max_events), random);
  KeepVerbs(script, quest_.verbs);
  if (random.OneOf(8)) Shift(script, random);
  script.events.resize(std::min(script.events.size(), max_events));
  if (before != nullptr) (*before)(script);
  const RunResult result = RunPlain(script, quest_.rules, Noted());
  counts_.events += result.events;
  counts_.effects += result.effects;
  counts_.drops += result.drops;
  HasRun(script);
  return (result.broken & quest_.reported) != 0;
}

bool Scout::RunSmall(Way way, size_t max_events, base::Random& random,
                     Script& script, const Before* before) {
  script = SmallStart(quest_.rules, quest_.reported, random);
  KeepVerbs(script, quest_.verbs);
  const std::vector<Event> first = std::exchange(script.events, {});
  Watched watched(script.setup, quest_.rules, quest_.reported, Noted());
  if (before != nullptr)
    watched.TellBefore([&](std::span<const Event> events) {
      Script with = script;
      with.events.insert(with.events.end(), events.begin(), events.end());
      (*before)(with);
    });
  for (const Event& event : first)
    if (script.events.size() < max_events && watched.Apply(event))
      script.events.push_back(event);
  if (way == Way::kWoven) {
    Weave(script, watched, max_events, random, quest_.verbs);
  } else {
    Race(script, watched, max_events, random, quest_.verbs);
  }
  bool violates = watched.Finish();
  HasRun(script);
  NearMiss from = NearMiss::kNone;  // it continues from such a state now
  for (unsigned more = 0; !violates; --more) {
    if (watched.nearest() != from) more = MoreFrom(from = watched.nearest());
    if (more == 0 || watched.nearest_events() >= max_events) break;
    script.events.resize(watched.nearest_events());
    watched.GoBack();
    // Marks are a matter of passes, all else of two operations in flight.
    const bool marks =
        from == NearMiss::kStrayMark || from == NearMiss::kEqualMarks;
    if (marks && more % 2 == 0)
      Weave(script, watched, max_events, random, quest_.verbs);
    else
      Race(script, watched, max_events, random, quest_.verbs);
    violates = watched.Finish();
    HasRun(script);
  }
  counts_.events += watched.events();
  counts_.effects += watched.effects();
  counts_.drops += watched.drops();
  return violates;
}

bool Scout::RunExplored(size_t max_events, base::Random& random, Script& script,
                        const Before* before) {
  const Rules& rules = quest_.rules;
  if ((search::HasTables(rules) || rules.shares_tables) && random.OneOf(3))
    return Explore(large_, ProgramsOnTables(rules, quest_.verbs, random),
                   max_events, random, script, before);
  Script start = SmallStart(rules, quest_.reported, random);
  KeepVerbs(start, quest_.verbs);
  return Explore(
      small_,
      RandomPrograms(std::move(start), rules, quest_.verbs, random, before),
      max_events, random, script, before);
}

template <class C>
bool Scout::Explore(Schedules<C>& schedules, const search::Problem& problem,
                    size_t max_events, base::Random& random, Script& script,
                    const Before* before) {
  if (problem.starts[0].events.size() >= max_events) {
    script = problem.starts[0];
    return false;
  }
  if (!schedules.Search(problem, quest_.counted, random, before, script,
                        counts_))
    return false;
  if (before != nullptr) (*before)(script);
  JoinSteps<C>(script, quest_.rules);
  // A schedule has many steps. What it can do without is left out.
  for (size_t at = script.events.size();
       at-- > 0 && script.events.size() > max_events;) {
    Script without = script;
    without.events.erase(without.events.begin() + static_cast<ptrdiff_t>(at));
    if (before != nullptr) (*before)(without);
    JoinSteps<C>(without, quest_.rules);
    if (before != nullptr) (*before)(without);
    const RunResult result = RunPlain(without, quest_.rules, nullptr);
    ++counts_.runs;
    counts_.events += result.events;
    counts_.effects += result.effects;
    if ((result.broken & quest_.reported) == 0) continue;
    script = std::move(without);
    at = std::min(at, script.events.size());
  }
  if (script.events.size() > max_events) return false;
  if (before != nullptr) (*before)(script);
  return true;
}

// Also in a large world, whose bounds are those of scripts.
bool Scout::Counts(const Script& script) const {
  return (RunPlain(script, quest_.rules, nullptr).broken & quest_.reported) !=
             0 &&
         (!quest_.unlike || RunPlain(script, *quest_.unlike, nullptr).holds());
}

uint8_t* Scout::Noted() {
  return looks_ || quest_.counted != nullptr ? states_.data() : nullptr;
}

void Scout::HasRun(const Script& script) {
  ++counts_.runs;
  if (Noted() == nullptr) return;
  if (quest_.counted != nullptr) AddSeen({quest_.counted, kStates}, states_);
  if (!looks_)
    std::fill(states_.begin(), states_.end(), uint8_t{0});
  else if (HasNewStates() && waiting_.size() < kMostWaiting)
    waiting_.push_back(script);
}

// Of the script that has just run; and forgets them.
bool Scout::HasNewStates() {
  static_assert(kStates % sizeof(uint64_t) == 0);
  uint64_t news = 0;
  for (size_t i = 0; i < kStates; i += sizeof(uint64_t)) {
    uint64_t now, before;
    std::memcpy(&now, &states_[i], sizeof(now));
    if (now == 0) continue;
    std::memcpy(&before, &seen_[i], sizeof(before));
    news |= now & ~before;
    before |= now;
    now = 0;
    std::memcpy(&seen_[i], &before, sizeof(before));
    std::memcpy(&states_[i], &now, sizeof(now));
  }
  return news != 0;
}

}  // namespace vmtrunc::fuzz
