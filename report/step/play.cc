#include "report/step/play.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/run/drive-inl.h"

namespace vmtrunc::report {
namespace {

constexpr std::string_view kToSyncPoint = " &";

bool Starts(const Event& event) {
  return event.kind == EventKind::kStart || event.kind == EventKind::kBegin;
}

// Without the part about how far it runs.
std::string Whole(std::string event) {
  if (event.ends_with(kToSyncPoint))
    event.resize(event.size() - kToSyncPoint.size());
  return event;
}

// "17: expected ..." without the line.
std::string WithoutLine(std::string_view error) {
  const size_t colon = error.find(": ");
  return std::string(colon == std::string_view::npos ? error
                                                     : error.substr(colon + 2));
}

// `now` is changed, and may be a copy. Returns whether it had an effect.
template <class State>
bool ApplyTo(State& now, const Event& event, const Rules& rules,
             unsigned number) {
  Machine<LargeCaps, Checker<LargeCaps>> machine(now.world, rules, now.checker);
  now.checker.EventBegins(number);
  const bool had_effect = machine.Apply(event);
  now.checker.EventEnds(now.world);
  return had_effect;
}

}  // namespace

Play::Play(const Script& script, const KernelSpec& kernel)
    : script_(script), kernel_(kernel), rules_(kernel.rules()) {
  State start{.played = script,
              .world = MakeWorld<LargeCaps>(script.setup, rules_),
              .checker = Checker<LargeCaps>(rules_)};
  start.played.events.clear();
  start.played.expects.clear();
  SetKernel(kernel, start.played);
  states_.push_back(std::move(start));
}

absl::Status Play::Apply(std::string_view event) {
  return Apply(event, /*of_any_task=*/false);
}

absl::Status Play::Apply(std::string_view event, bool of_any_task) {
  const std::string text =
      absl::StrCat(ToText(played()), std::string(event), "\n");
  auto parsed = ParseText(text);
  if (!parsed.ok())
    return absl::InvalidArgumentError(
        WithoutLine(std::string(parsed.status().message())));
  // It may have been a declaration, an expectation or a comment.
  if (parsed->events.size() != played().events.size() + 1 ||
      parsed->setup != played().setup || !parsed->expects.empty())
    return absl::InvalidArgumentError("expected an event: TASK VERB ARGS");
  const Event& last = parsed->events.back();
  if (!of_any_task && world().tasks[last.task].live == 0) {
    std::string tasks;
    for (unsigned i = 0; i < LargeCaps::kTasks; ++i)
      if (world().tasks[i].live != 0)
        absl::StrAppend(&tasks, tasks.empty() ? "" : ", ",
                        played().task_names[i]);
    return absl::InvalidArgumentError(
        tasks.empty() ? "expected nothing more: no task runs"
                      : absl::StrCat("expected a task that runs: ", tasks));
  }
  State next = now();
  parsed->kernel = kernel_;  // of a kernel file: with its name
  next.played = *std::move(parsed);
  next.had_effect = ApplyTo(next, next.played.events.back(), rules_,
                            static_cast<unsigned>(next.played.events.size()));
  states_.erase(states_.begin() + static_cast<std::ptrdiff_t>(at_) + 1,
                states_.end());
  states_.push_back(std::move(next));
  ++at_;
  return absl::OkStatus();
}

void Play::ApplyFirst(size_t events) {
  for (size_t i = 0; i < std::min(events, script_.events.size()); ++i) {
    const std::string event = ToText(script_.events[i], script_);
    if (!event.empty()) Apply(event, /*of_any_task=*/true).IgnoreError();
  }
}

bool Play::Undo() {
  if (at_ == 0) return false;
  --at_;
  return true;
}

bool Play::Redo() {
  if (at_ + 1 == states_.size()) return false;
  ++at_;
  return true;
}

uint32_t Play::newly_broken() const {
  return at_ == 0 ? 0 : broken() & ~states_[at_ - 1].checker.broken();
}

// The first operation of the script's task of that name that has not started;
// "" if there is none.
std::string Play::NextOf(unsigned task) const {
  std::vector<std::string> begun;
  for (const Event& event : played().events)
    if (event.task == task && Starts(event))
      begun.push_back(Whole(ToText(event, played())));
  size_t done = 0;
  for (const Event& event : script_.events) {
    if (!Starts(event) ||
        script_.task_names[event.task] != played().task_names[task])
      continue;
    const std::string text = ToText(event, script_);
    // Operations that the user chose are in between.
    const auto found =
        std::find(begun.begin() + static_cast<std::ptrdiff_t>(done),
                  begun.end(), Whole(text));
    if (found == begun.end()) return text;
    done = static_cast<size_t>(found - begun.begin()) + 1;
  }
  return "";
}

void Play::AddBegins(unsigned task, std::vector<Move>& moves) const {
  const std::string next = NextOf(task);
  if (next.empty()) return;
  const std::string whole = Whole(next);
  const std::string first = absl::StrCat(whole, std::string(kToSyncPoint));
  moves.push_back({.task = task, .event = whole == next ? whole : first});
  moves.push_back({.task = task, .event = whole == next ? first : whole});
}

void Play::AddContinues(unsigned task, std::vector<Move>& moves) const {
  const auto after = [&](EventKind kind, State& state) {
    const Event event{.kind = kind, .task = static_cast<uint8_t>(task)};
    return ApplyTo(state, event, rules_, 0);
  };
  const std::string& name = played().task_names[task];
  State state = now();
  const bool steps = after(EventKind::kStep, state);
  moves.push_back({.task = task, .event = name + " step", .blocked = !steps});
  if (!steps) return;
  state = now();
  after(EventKind::kDrop, state);
  if (state.checker.drops() != now().checker.drops())
    moves.push_back({.task = task, .event = name + " drop"});
  moves.push_back({.task = task, .event = name + " finish"});
}

std::vector<Move> Play::Moves() const {
  std::vector<Move> moves;
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    if (world().tasks[task].live == 0) continue;
    if (world().tasks[task].op.verb == Verb::kNone)
      AddBegins(task, moves);
    else
      AddContinues(task, moves);
  }
  return moves;
}

RunResult Play::Ended() const {
  State end = now();
  const RunResult rest =
      Drive(end.world, end.checker, std::span<const Event>(), rules_);
  RunResult result = rest;
  result.events = static_cast<uint32_t>(played().events.size());
  for (size_t i = 1; i <= at_; ++i)
    result.effects += states_[i].had_effect ? 1U : 0U;
  result.state_hash = HashOf(end.world);
  return result;
}

}  // namespace vmtrunc::report
