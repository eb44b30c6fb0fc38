#include "properties/runs.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/random.h"
#include "core/about/bugs.h"
#include "core/run/run.h"

namespace vmtrunc::properties {
namespace {

using W = World<LargeCaps>;
using CheckedMachine = Machine<LargeCaps, Checker<LargeCaps>>;

// Numbers that depend on the script alone.
base::Random RandomOf(const Script& script) {
  uint64_t seed = script.events.size();
  for (const Event& event : script.events) {
    uint64_t bits = 0;
    static_assert(sizeof(bits) <= sizeof(event));
    std::memcpy(&bits, &event, sizeof(bits));
    seed = (seed ^ bits) * 0x9e3779b97f4a7c15U;
  }
  return base::Random(seed);
}

// World and checker, and what moves them.
struct Live {
  W world;
  Checker<LargeCaps> checker;
  uint32_t effects = 0;

  Live(const Setup& setup, const Rules& rules)
      : world(MakeWorld<LargeCaps>(setup, rules)), checker(rules) {}

  void Apply(std::span<const Event> events, size_t from, size_t to,
             const Rules& rules) {
    CheckedMachine machine(world, rules, checker);
    for (size_t i = from; i < to; ++i) {
      checker.EventBegins(static_cast<unsigned>(i + 1));
      effects += machine.Apply(events[i]) ? 1U : 0U;
      checker.EventEnds(world);
    }
  }
  void End(const Rules& rules) {
    CheckedMachine machine(world, rules, checker);
    if (!machine.Finish()) checker.Deadlock(world);
    checker.EventEnds(world);
    checker.RunEnds(world);
  }
};

// How two runs differ that should not, or nothing.
std::string Differ(const RunResult& a, const RunResult& b) {
  if (a.state_hash != b.state_hash)
    return absl::StrFormat("the states at the end are %016x and %016x",
                           a.state_hash, b.state_hash);
  if (a.broken != b.broken)
    return absl::StrFormat("they break %#x and %#x of the properties", a.broken,
                           b.broken);
  if (a.effects != b.effects)
    return absl::StrFormat("%u and %u events had an effect", a.effects,
                           b.effects);
  return "";
}

std::string Told(const char* what, const std::string& difference) {
  return difference.empty() ? "" : absl::StrCat(what, ": ", difference);
}

// How two scripts differ, or nothing.
std::string Differ(const Script& a, const Script& b) {
  if (!(a.setup == b.setup)) return "the declarations differ";
  if (a.events.size() != b.events.size())
    return absl::StrFormat("%d and %d events", a.events.size(),
                           b.events.size());
  for (size_t i = 0; i < a.events.size(); ++i)
    if (!(a.events[i] == b.events[i]))
      return absl::StrFormat("event %d is \"%s\" and \"%s\"", i + 1,
                             ToText(a.events[i], a), ToText(b.events[i], b));
  return "";
}

}  // namespace

std::string CopyGoesOn(const Script& script, const Rules& rules,
                       const Rules& other) {
  const size_t size = script.events.size();
  for (size_t part = 0; part < 3; ++part) {
    const size_t cut = size * part / 3;
    Live live(script.setup, rules);
    live.Apply(script.events, 0, cut, rules);
    Live copy = live;
    live.Apply(script.events, cut, size, rules);
    live.End(rules);
    copy.Apply(script.events, cut, size, other);
    copy.End(other);
    if (std::memcmp(&live.world, &copy.world, sizeof(W)) != 0 ||
        live.checker.broken() != copy.checker.broken() ||
        live.effects != copy.effects)
      return absl::StrFormat(
          "copied after event %d, the copy ends in state %016x, not %016x", cut,
          HashOf(copy.world), HashOf(live.world));
  }
  return "";
}

std::string AnyOrderDeclares(const Script& script, const Rules& rules,
                             const Rules& other) {
  // Files keep their order among themselves, and so do tasks.
  std::vector<std::string> files, tasks, rest;
  std::string events;
  for (const absl::string_view line :
       absl::StrSplit(ToText(script), '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words[0] == "vmtrunc" || words[0] == "kernel") continue;
    if (words[0] == "file") {
      files.emplace_back(line);
    } else if (words[0] == "task") {
      tasks.emplace_back(line);
    } else if (words[0] == "block" || words[0] == "count" ||
               words[0] == "count-bits") {
      rest.emplace_back(line);
    } else {
      absl::StrAppend(&events, line, "\n");
    }
  }
  base::Random random = RandomOf(script);
  std::string text = "vmtrunc 1\n";
  std::vector<std::string>* groups[] = {&files, &tasks, &rest};
  while (!files.empty() || !tasks.empty() || !rest.empty()) {
    std::vector<std::string>& group = *groups[random.Below(3)];
    if (group.empty()) continue;
    // What is neither may come in any order.
    const size_t at = &group == &rest ? random.Below(unsigned(rest.size())) : 0;
    absl::StrAppend(&text, group[at], "\n");
    group.erase(group.begin() + static_cast<std::ptrdiff_t>(at));
  }
  const auto again = ParseText(text + events);
  if (!again.ok())
    return absl::StrCat("in another order it is malformed: ",
                        again.status().message());
  return Told("declared in another order",
              Differ(Run(script, rules), Run(*again, other)));
}

std::string FormsAgree(const Script& script, const Rules& rules,
                       const Rules& other) {
  const std::string text = ToText(script);
  const auto from_text = ParseText(text);
  if (!from_text.ok())
    return absl::StrCat("its text is malformed: ",
                        from_text.status().message());
  const std::vector<uint8_t> bytes = EncodeBytes(script);
  const Script from_bytes = DecodeBytes(bytes);
  if (std::string what = Differ(script, *from_text); !what.empty())
    return absl::StrCat("read back from text: ", what);
  if (std::string what = Differ(script, from_bytes); !what.empty())
    return absl::StrCat("read back from bytes: ", what);
  if (ToText(*from_text) != text) return "its text is not canonical";
  if (EncodeBytes(from_bytes) != bytes) return "its bytes are not canonical";
  return Told("read back", Differ(Run(script, rules), Run(from_bytes, other)));
}

std::string SublistsRun(const Script& script, const Rules& rules,
                        const Rules& other) {
  constexpr uint32_t kOrderly =
      Bit(Property::kIndexAgrees) | Bit(Property::kVmasWellFormed) |
      Bit(Property::kLockOrder) | Bit(Property::kNoFreedUse);
  base::Random random = RandomOf(script);
  const size_t size = script.events.size();
  const size_t tries = size / 3 + 1;
  for (size_t i = 0; i < tries; ++i) {
    Script less = script;
    if (i == 0) {
      std::erase_if(less.events,
                    [&](const Event&) { return random.Below(3) == 0; });
    } else {
      const size_t at = random.Below(static_cast<unsigned>(size));
      less.events.erase(less.events.begin() + static_cast<std::ptrdiff_t>(at));
    }
    const RunResult result = Run<LargeCaps>(less, rules, {.report = kOrderly});
    if ((result.broken & kOrderly) != 0)
      return absl::StrCat("a sublist of it violates ",
                          Name(result.first.property), ": ",
                          result.first.ToString());
    if (result.effects > result.events)
      return "more events had an effect than there are";
    if (i != 0) continue;
    if (std::string what = Differ(result, Run(less, other)); !what.empty())
      return absl::StrCat("a sublist of it, run twice: ", what);
  }
  return "";
}

namespace {

Rules WithFlip(const Rules& rules, std::string_view name) {
  Rules flipped = rules;
  for (const RuleInfo& rule : AllRules())
    if (rule.name == name) flipped.*rule.flag = !(flipped.*rule.flag);
  return flipped;
}

}  // namespace

const BugInfo* FlipThatBreaks(const Script& script, const Rules& rules) {
  for (const BugInfo& bug : AllBugs())
    if (Run(script, WithFlip(rules, bug.rule)).breaks(bug.property))
      return &bug;
  return nullptr;
}

std::string FlipAloneBreaks(const Script& script, const Rules& rules,
                            const Rules&) {
  // Most scripts hold, and then no flip needs to be tried.
  const RunResult result = Run<LargeCaps>(script, rules, {.hash_state = false});
  if (result.holds()) return "";
  const BugInfo* bug = FlipThatBreaks(script, rules);
  if (bug == nullptr) return "";
  return absl::StrFormat(
      "it violates %s without the flip of %s too: event %u: %s",
      Name(result.first.property), bug->rule, result.first.event,
      result.first.ToString());
}

}  // namespace vmtrunc::properties
