#include "report/explain/no_return.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "core/model/machine.h"
#include "report/explain/row_facts.h"
#include "report/explain/victim.h"

namespace vmtrunc::report {
namespace {

using LargeChecker = Checker<LargeCaps>;

// A state, and the next operation of each task.
struct State {
  LargeWorld world;
  LargeChecker checker;
  std::array<uint16_t, LargeCaps::kTasks> begun{};
};

// The script's operations, by task.
using Operations = std::array<std::vector<Event>, LargeCaps::kTasks>;

bool Starts(const Event& event) {
  return event.kind == EventKind::kStart || event.kind == EventKind::kBegin;
}

class Search {
 public:
  explicit Search(const Story& story)
      : story_(story),
        broken_(Bit(story.result.first.property)),
        drops_(story.rules.drop_lock) {
    for (const Event& event : story.script.events)
      if (Starts(event) && event.task < LargeCaps::kTasks)
        operations_[event.task].push_back(event);
  }

  State Start() const {
    return {.world = story_.start, .checker = LargeChecker(story_.rules)};
  }

  bool Apply(State& state, const Event& event) const {
    Machine<LargeCaps, LargeChecker> machine(state.world, story_.rules,
                                             state.checker);
    state.checker.EventBegins(1);
    const bool moved = machine.Apply(event);
    if (moved) state.checker.EventEnds(state.world);
    return moved;
  }

  bool Broken(const State& state) const {
    return (state.checker.broken() & broken_) != 0;
  }

  bool gave_up() const { return gave_up_; }

  // The events that lead from the state to the end without a violation; empty
  // if there are none, or too many were visited.
  std::optional<std::vector<Event>> WayOut(const State& from) {
    struct Node {
      State state;
      std::vector<Event> moves;
      size_t next = 0;
    };
    std::vector<std::unique_ptr<Node>> stack;
    std::vector<Event> path;
    const auto push = [&](State state) {
      if (Broken(state) || !bad_.insert(KeyOf(state)).second) return false;
      std::vector<Event> moves = Moves(state);
      stack.push_back(
          std::make_unique<Node>(std::move(state), std::move(moves)));
      return true;
    };
    if (!push(from)) return std::nullopt;
    while (!stack.empty()) {
      Node& node = *stack.back();
      if (Ends(node.state)) return path;
      gave_up_ = bad_.size() > kMostLooked || stack.size() > kLongest;
      if (gave_up_) return std::nullopt;
      if (node.next == node.moves.size()) {
        stack.pop_back();
        if (!path.empty()) path.pop_back();
        continue;
      }
      const Event move = node.moves[node.next++];
      State state = node.state;
      if (!Do(state, move)) continue;
      path.push_back(move);
      if (!push(std::move(state))) path.pop_back();
    }
    return std::nullopt;
  }

 private:
  bool Do(State& state, const Event& move) const {
    if (!Apply(state, move)) return false;
    if (Starts(move)) ++state.begun[move.task];
    return true;
  }

  std::vector<Event> Moves(const State& state) const {
    std::vector<Event> moves, drops, begins;
    for (unsigned i = 0; i < LargeCaps::kTasks; ++i) {
      const auto task = static_cast<uint8_t>(i);
      const Op& op = state.world.tasks[i].op;
      if (op.verb != Verb::kNone) {
        moves.push_back({.kind = EventKind::kStep, .task = task});
        if (drops_ && IsPass(op.verb))
          drops.push_back({.kind = EventKind::kDrop, .task = task});
      } else if (state.begun[i] < operations_[i].size()) {
        begins.push_back(operations_[i][state.begun[i]]);
        begins.back().kind = EventKind::kBegin;
      }
    }
    moves.insert(moves.end(), drops.begin(), drops.end());
    moves.insert(moves.end(), begins.begin(), begins.end());
    return moves;
  }

  // Nothing is in flight, and the checks at the end hold too.
  bool Ends(const State& state) const {
    if (BusyTasks(state.world) != 0) return false;
    State end = state;
    end.checker.RunEnds(end.world);
    return !Broken(end);
  }

  static uint64_t KeyOf(const State& state) {
    const uint64_t parts[] = {
        HashOf(state.world), state.checker.History(),
        state.checker.DoneHistory(state.world),
        HashBytes(state.begun.data(),
                  sizeof(state.begun[0]) * state.begun.size())};
    return HashBytes(parts, sizeof(parts));
  }

  const Story& story_;
  const uint32_t broken_;
  const bool drops_;
  Operations operations_;
  bool gave_up_ = false;
  // Visited states: none of the finished ones led to a way out, or the search
  // would have ended.
  std::unordered_set<uint64_t> bad_;
};

// The states of the story's run: [0] before the first row, [i] after row i - 1,
// or nothing if the search's own events cannot stop there (inside the steps of
// a truncation before its first sync point).
class Replay {
 public:
  Replay(const Story& story, const Search& search)
      : story_(story), search_(search), state_(search.Start()) {
    RunTraced(story.script, story.rules, [&](const TraceStep& step) {
      steps_.push_back({step.event, step.task, step.flow});
    });
    states_.push_back(std::make_unique<State>(state_));
    for (unsigned event = 1; event <= story.script.events.size(); ++event) {
      Begin(event);
      StepsOf(event);
    }
    StepsOf(0);
  }

  const std::vector<std::unique_ptr<State>>& states() const { return states_; }

  // The events that lead to that state.
  std::vector<Event> EventsTo(size_t state) const {
    return {events_.begin(),
            events_.begin() + static_cast<std::ptrdiff_t>(made_[state])};
  }

 private:
  struct Made {
    unsigned event, task;
    Flow flow;
  };

  void Begin(unsigned number) {
    Event event = story_.script.events[number - 1];
    if (!Starts(event)) return;
    event.kind = EventKind::kBegin;
    Do(event);
    ++state_.begun[event.task];
  }

  void StepsOf(unsigned event) {
    for (; at_ < steps_.size() && steps_[at_].event == event; ++at_) {
      const Made& made = steps_[at_];
      if (state_.checker.steps() <= at_)
        Do({.kind = made.flow == Flow::kDropped ? EventKind::kDrop
                                                : EventKind::kStep,
            .task = static_cast<uint8_t>(made.task)});
      NoteRow();
    }
  }

  void Do(const Event& event) {
    search_.Apply(state_, event);
    events_.push_back(event);
  }

  void NoteRow() {
    const size_t row = states_.size() - 1;
    if (row >= story_.rows.size() || story_.rows[row].last_step != at_ + 1)
      return;
    const bool here = state_.checker.steps() == at_ + 1;
    states_.push_back(here ? std::make_unique<State>(state_) : nullptr);
    made_.push_back(events_.size());
  }

  const Story& story_;
  const Search& search_;
  State state_;
  std::vector<Made> steps_;
  size_t at_ = 0;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<Event> events_;       // the search's, so far
  std::vector<size_t> made_ = {0};  // how many of them, for each state
};

// Whether a fact is about the walk, vmas, the page or its translations.
bool IsOfTheWayOut(Fact::Kind kind) {
  using Kind = Fact::Kind;
  for (const Kind it :
       {Kind::kComesTo, Kind::kGoesOn, Kind::kDrops, Kind::kZaps, Kind::kFrees,
        Kind::kAllocates, Kind::kSplits, Kind::kResizes, Kind::kMoves,
        Kind::kMaps, Kind::kRemoves, Kind::kFlushes})
    if (kind == it) return true;
  return false;
}

// The facts of the way out until the page is unmapped, or flushed. Empty if
// there are many.
std::vector<Fact> Saves(const Story& story, const NoReturn& found) {
  constexpr size_t kMostSaid = 10;
  const auto victim = VictimOf(story.result.first);
  if (!victim) return {};
  Script script = story.script;
  script.events = found.saved;
  const Story saved = Tell(story.path, script, story.kernel, Folding::kQuiet);
  std::vector<Fact> facts;
  for (size_t i = 0; i < saved.rows.size(); ++i) {
    const StoryRow& row = saved.rows[i];
    if (row.first_step < story.rows[found.row].first_step) continue;
    for (Fact& fact : FactsOf(saved, i))
      if (IsOfTheWayOut(fact.kind)) facts.push_back(std::move(fact));
    if (facts.size() > kMostSaid) return {};
    if (saved.Before(i).mms[victim->mm].tlb[victim->addr] != 0 &&
        row.world.mms[victim->mm].tlb[victim->addr] == 0)
      return facts;
    for (const TraceNote& note : row.notes)
      if (note.kind == TraceNote::Kind::kZaps && note.mm == victim->mm &&
          saved.Before(i).mms[note.mm].ptes[note.start].index() ==
              victim->index)
        return facts;
  }
  return {};
}

}  // namespace

std::optional<NoReturn> FindNoReturn(const Story& story) {
  Search search(story);
  const Replay replay(story, search);
  for (size_t row = *story.broken_row + 1; row-- > 0;) {
    const State* const before = replay.states()[row].get();
    if (before == nullptr) continue;
    const auto way_out = search.WayOut(*before);
    if (way_out) {
      NoReturn found{
          .row = row, .way_out = *way_out, .saved = replay.EventsTo(row)};
      found.saved.insert(found.saved.end(), way_out->begin(), way_out->end());
      found.saves = Saves(story, found);
      return found;
    }
    if (search.gave_up()) return NoReturn{.row = row, .settled = false};
  }
  return std::nullopt;
}

}  // namespace vmtrunc::report
