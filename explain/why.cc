#include "explain/why.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "explain/escape.h"
#include "explain/victim.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Kind = TraceNote::Kind;

class Narrator {
 public:
  Narrator(const Story& story, const Cause& cause)
      : story_(story), cause_(cause), breaks_(*story.broken_row) {}

  std::string Tell() {
    const auto victim = VictimOf(story_.result.first);
    const auto escape = EscapeOf(story_);
    if (victim && escape) sentences_ = HowItEscaped(story_, *victim, *escape);
    if (story_.result.first.property == Property::kRestartProgress) Twice();
    Result();
    Forever();
    Late();
    Rule();
    return absl::StrJoin(sentences_, " ");
  }

 private:
  void Say(std::string sentence) { sentences_.push_back(std::move(sentence)); }
  const std::string& TaskName(unsigned task) const {
    return story_.script.task_names[task];
  }
  std::string At(size_t row) const { return StepsInWords(story_.rows[row]); }
  std::string Name(size_t row, Slot slot) const {
    return VmaName(story_, row, story_.rows[row].world.vmas[slot]);
  }
  std::string MmName(unsigned mm) const { return story_.MmName(breaks_, mm); }

  // An address that is scanned again, and what took the mark away meanwhile.
  void Twice() {
    const unsigned addr = story_.result.first.values[0];
    const unsigned mm = story_.result.first.values[1];
    const unsigned task = story_.rows[breaks_].task;
    for (size_t i = breaks_; i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task) continue;
      for (const TraceNote& note : row.notes) {
        if (note.kind != Kind::kScans || note.mm != mm || note.start > addr ||
            note.end <= addr)
          continue;
        Say(absl::StrFormat(
            "The pass of %s scans %u of %s at %s, and at %s again.",
            TaskName(task), addr, MmName(mm), At(i), At(breaks_)));
        return Between(i, task);
      }
    }
  }

  // The counts that others changed after the first of two scans.
  void Between(size_t first, unsigned task) {
    for (size_t i = first + 1; i < breaks_; ++i) {
      const StoryRow& row = story_.rows[i];
      if (row.task == task) continue;
      for (const Slot slot : ChangedVmas(story_, i)) {
        const Vma& before = story_.Before(i).vmas[slot];
        const Vma& after = row.world.vmas[slot];
        if (after.state == VmaState::kFree || before.count == after.count)
          continue;
        Say(absl::StrFormat(
            "In between, %s (%s) writes \"%s\" into the count of %s, which "
            "said \"%s\".",
            TaskName(row.task), At(i), CountInWords(story_, after),
            Name(i, slot), CountInWords(story_, before)));
      }
    }
  }

  void Forever() {
    if (!story_.loop) return;
    Say(absl::StrFormat(
        "Events %u..%u lead back to the state behind event %u, with a lock "
        "drop in them: they can go round for ever, and the pass never ends.",
        story_.loop->after_event + 1, story_.loop->last_event,
        story_.loop->after_event));
  }

  void Result() {
    const auto& property =
        AllProperties()[static_cast<size_t>(story_.result.first.property)];
    Say(absl::StrFormat("At %s %s breaks: %s.", At(breaks_), property.name,
                        ViolationInWords(story_)));
  }

  void Late() {
    if (!cause_.no_return) return;
    const NoReturn& it = *cause_.no_return;
    if (!it.settled)
      return Say(absl::StrFormat("It was past avoiding at %s, perhaps before.",
                                 At(it.row)));
    Say(absl::StrFormat(
        "The last way out was before %s (%s); from then on no order of what "
        "was in flight avoids it.",
        At(it.row), it.way_out.empty() ? "nothing more begins" : it.way_out));
  }

  void Rule() {
    if (!cause_.main_rule) {
      Say("No rule, turned round alone, makes the whole script hold.");
      return;
    }
    const RuleRole& role = cause_.rules[*cause_.main_rule];
    Say(
        absl::StrFormat("What decides: %s %s the rule %s (\"%s\"); with it "
                        "alone turned round the script holds.",
                        story_.kernel.ToString(), role.on ? "has" : "lacks",
                        role.rule->name, role.rule->decides));
  }

  const Story& story_;
  const Cause& cause_;
  const size_t breaks_;
  std::vector<std::string> sentences_;
};

}  // namespace

std::string Why(const Story& story, const Cause& cause) {
  return Narrator(story, cause).Tell();
}

}  // namespace vmtrunc
