#include "report/explain/contrast.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/explain/row_facts.h"
#include "report/explain/table_victim.h"
#include "report/explain/tlb_victim.h"
#include "report/explain/words.h"

namespace vmtrunc::report {
namespace {

using Kind = TraceNote::Kind;

// The same place in a run that holds.
class Contrast {
 public:
  Contrast(const Story& story, const Story& broken, const Victim& victim)
      : story_(story),
        victim_(victim),
        task_(broken.rows[*broken.broken_row].task),
        had_note_(!broken.rules.restart_in_vma && broken.rules.drop_lock &&
                  story.rules.restart_in_vma) {}

  std::vector<std::string> Tell() const {
    std::vector<std::string> sentences = {
        absl::StrFormat("On %s the same script holds.", story_.kernel.Name())};
    for (size_t i = story_.rows.size(); i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_) continue;
      for (const TraceNote& note : row.notes)
        if (note.kind == Kind::kZaps && note.mm == victim_.mm &&
            note.start == victim_.addr) {
          for (std::string sentence : {Dropped(i), Born(i), Zapped(i)})
            if (!sentence.empty()) sentences.push_back(std::move(sentence));
          return sentences;
        }
    }
    return sentences;
  }

 private:
  std::string At(size_t row) const { return MarkedSteps(story_.rows[row]); }

  // The mark of the last drop before it, and what happens to it.
  std::string Dropped(size_t zap) const {
    for (size_t i = zap; i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_ || !row.Has(Kind::kDrops)) continue;
      for (const Slot slot : ChangedVmas(story_, i)) {
        const Vma& vma = row.world.vmas[slot];
        if (vma.count == story_.Before(i).vmas[slot].count) continue;
        return absl::StrFormat(
            "When it drops the lock (%s) the pass writes \"%s\" into the count "
            "of the vma itself, %s%s.%s",
            At(i), CountInWords(story_, vma), VmaName(story_, i, vma),
            Freed(i, zap, slot),
            had_note_ ? " It remembers nothing else." : "");
      }
      return "";
    }
    return "";
  }

  std::string Freed(size_t from, size_t until, Slot slot) const {
    for (size_t i = from + 1; i < until; ++i)
      if (story_.rows[i].world.vmas[slot].state == VmaState::kFree ||
          story_.rows[i].world.vmas[slot].birth !=
              story_.rows[from].world.vmas[slot].birth)
        return absl::StrFormat("; freeing that vma (%s) discards the address",
                               At(i));
    return "";
  }

  // The origin of the page's vma and its count, if it is a piece.
  std::string Born(size_t until) const {
    const Vma* const vma = CoverOf(story_.Before(until), victim_);
    if (vma == nullptr || !story_.rules.stamp_vmas) return "";
    const auto slot = static_cast<Slot>(vma - story_.Before(until).vmas);
    for (size_t i = 0; i < until; ++i) {
      const StoryRow& row = story_.rows[i];
      const Vma& before = story_.Before(i).vmas[slot];
      const Vma& now = row.world.vmas[slot];
      if (now.state == VmaState::kFree || now.birth != vma->birth ||
          (before.state != VmaState::kFree && before.birth == vma->birth))
        continue;
      if (row.verb != Verb::kMprotect && row.verb != Verb::kMunmap) return "";
      return absl::StrFormat(
          "The piece %s gets slot %u here too (%s)%s; its count is \"%s\".",
          VmaName(story_, i, now), slot, At(i),
          had_note_ ? ", but this kernel does not compare slots"
          : story_.rules.split_inherits
              ? ", but its count is copied from the vma that is split"
              : ", with the count of a copy of the vma that is split",
          CountInWords(story_, now));
    }
    return "";
  }

  // The row in which the pass reaches the vma, and what it does there.
  std::string Zapped(size_t row) const {
    const Vma* const vma = CoverOf(story_.Before(row), victim_);
    const std::string task = story_.script.task_names[task_];
    if (vma == nullptr || !story_.rules.stamp_vmas)
      return absl::StrFormat("%s zaps %u (%s).", task, victim_.addr, At(row));
    const auto slot = static_cast<Slot>(vma - story_.Before(row).vmas);
    const size_t enters = Enters(row, slot);
    const Vma& then = story_.Before(enters).vmas[slot];
    return absl::StrFormat(
        "When %s comes to %s (%s) it reads \"%s\" in its count, so it scans "
        "the vma and zaps %u (%s).",
        task, VmaName(story_, row, *vma), At(enters),
        CountInWords(story_, then), victim_.addr, At(row));
  }

  // The row in which the walk, which is in the vma before `row`, reached it.
  size_t Enters(size_t row, Slot slot) const {
    size_t enters = row;
    while (enters > 0 &&
           story_.Before(enters).tasks[task_].op.pass.cursor == slot &&
           story_.Before(enters).tasks[task_].op.pass.dropped == 0)
      --enters;
    return enters;
  }

  const Story& story_;
  const Victim victim_;
  const unsigned task_;
  const bool had_note_;  // the run that violates, and this one has none
};

// Whether it is a flush that takes the address.
bool Flushes(const Fact& fact, unsigned owner, unsigned addr) {
  return fact.kind == Fact::Kind::kFlushes && fact.owner == owner &&
         (std::find(fact.addrs.begin(), fact.addrs.end(), addr) !=
              fact.addrs.end() ||
          !fact.tasks.empty());
}

// What is flushed in a run that holds where a translation stays in the other.
std::vector<std::string> FlushedHere(const Story& story,
                                     const TranslationView& stays) {
  std::vector<std::string> sentences = {
      absl::StrFormat("On %s the same script holds.", story.kernel.Name())};
  for (size_t i = 0; i < story.rows.size(); ++i)
    for (const Fact& fact : FactsOf(story, i)) {
      if (!Flushes(fact, stays.owner, stays.addr)) continue;
      sentences.push_back(absl::StrFormat(
          "At %s %s %s: from then on no processor has %u of %s in its TLB.",
          MarkedSteps(story.rows[i]), story.script.task_names[fact.task],
          absl::StrJoin(Deeds(story, i), "; "), stays.addr,
          story.script.task_names[stays.owner]));
      return sentences;
    }
  return sentences;
}

// What keeps a page table from being used after it was freed, in a run that
// holds: its user looks again, who frees it waits for the user, or it goes
// before anybody relies on its entry.
class TableHere {
 public:
  TableHere(const Story& story, const Story& broken, const TableStory& tale)
      : story_(story),
        tale_(tale),
        user_(broken.rows[tale.used].task),
        freer_(broken.rows[tale.freed].task) {}

  std::vector<std::string> Tell() const {
    std::vector<std::string> sentences = {
        absl::StrFormat("On %s the same script holds.", story_.kernel.Name())};
    for (size_t i = 0; i < story_.rows.size(); ++i)
      for (const Fact& fact : FactsOf(story_, i))
        if (LooksAgain(fact) || Waits(fact)) {
          sentences.push_back(absl::StrFormat(
              "At %s %s %s.", MarkedSteps(story_.rows[i]),
              story_.script.task_names[fact.task], InWords(story_, fact)));
          return sentences;
        }
    if (const auto row = GoesAt())
      sentences.push_back(absl::StrFormat(
          "At %s %s frees page table %u, and nobody relies on its entry.",
          MarkedSteps(story_.rows[*row]),
          story_.script.task_names[story_.rows[*row].task],
          tale_.table.number));
    return sentences;
  }

 private:
  bool LooksAgain(const Fact& fact) const {
    return fact.kind == Fact::Kind::kFindsNoTable && fact.task == user_ &&
           fact.table->number == tale_.table.number;
  }
  bool Waits(const Fact& fact) const {
    return fact.kind == Fact::Kind::kWaits && fact.task == freer_ &&
           std::any_of(fact.holders.begin(), fact.holders.end(),
                       [&](const Holder& it) { return it.task == user_; });
  }
  std::optional<size_t> GoesAt() const {
    const auto is_there = [&](const Tables& tables) {
      return tables.PlaceOf(static_cast<uint16_t>(tale_.table.number))
          .has_value();
    };
    for (size_t i = 0; i < story_.rows.size(); ++i)
      if (is_there(story_.TablesBefore(i)) && !is_there(story_.rows[i].tables))
        return i;
    return std::nullopt;
  }

  const Story& story_;
  const TableStory& tale_;
  const unsigned user_, freer_;  // tasks
};

}  // namespace

std::vector<Sentence> WhyNot(const Story& story, const Story& broken) {
  const std::string kernel = story.kernel.Name();
  if (!story.result.holds())
    return SentencesOf(
        {absl::StrFormat("On %s it %s.", kernel, VerdictInWords(story))});
  if (const auto tale = TableStoryOf(broken))
    return SentencesOf(TableHere(story, broken, *tale).Tell());
  const auto victim = VictimOf(broken.result.first);
  if (!victim || !broken.broken_row)
    return SentencesOf(
        {absl::StrFormat("On %s the same script holds.", kernel)});
  if (const auto tale = TlbStoryOf(broken))
    return SentencesOf(FlushedHere(story, tale->translation));
  return SentencesOf(Contrast(story, broken, *victim).Tell());
}

}  // namespace vmtrunc::report
