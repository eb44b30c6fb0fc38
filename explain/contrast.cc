#include "explain/contrast.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "explain/victim.h"
#include "explain/words.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;
using Kind = TraceNote::Kind;

// The same place in a run that holds.
class Contrast {
 public:
  Contrast(const Story& story, const Victim& victim, unsigned task)
      : story_(story), victim_(victim), task_(task) {}

  std::string Tell() const {
    std::string text = absl::StrFormat("On %s the same script holds.",
                                       story_.kernel.ToString());
    for (size_t i = story_.rows.size(); i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_) continue;
      for (const TraceNote& note : row.notes)
        if (note.kind == Kind::kZaps && note.mm == victim_.mm &&
            note.start == victim_.addr)
          return text + Dropped(i) + Zapped(i);
    }
    return text;
  }

 private:
  std::string At(size_t row) const { return StepsInWords(story_.rows[row]); }

  // What the last drop before that leaves, and what becomes of it.
  std::string Dropped(size_t zap) const {
    for (size_t i = zap; i-- > 0;) {
      const StoryRow& row = story_.rows[i];
      if (row.task != task_ || !row.Has(Kind::kDrops)) continue;
      for (const Slot slot : ChangedVmas(story_, i)) {
        const Vma& vma = row.world.vmas[slot];
        if (vma.count == story_.Before(i).vmas[slot].count) continue;
        return absl::StrFormat(
            " When it drops the lock (%s) the pass notes \"%s\" in the vma "
            "itself, %s%s.",
            At(i), CountInWords(story_, vma), VmaName(story_, i, vma),
            Freed(i, zap, slot));
      }
      return "";
    }
    return "";
  }

  std::string Freed(size_t from, size_t until, Slot slot) const {
    for (size_t i = from + 1; i < until; ++i)
      if (story_.rows[i].world.vmas[slot].state == VmaState::kFree)
        return absl::StrFormat(
            "; when that is freed (%s) the note is gone with it", At(i));
    return "";
  }

  std::string Zapped(size_t row) const {
    const Vma* vma = nullptr;
    const LargeWorld& before = story_.Before(row);
    for (const Vma& it : before.vmas)
      if (it.state != VmaState::kFree && it.mm == victim_.mm &&
          it.start <= victim_.addr && victim_.addr < it.end)
        vma = &it;
    const std::string task = story_.script.task_names[task_];
    if (vma == nullptr || !story_.rules.stamp_vmas)
      return absl::StrFormat(" %s zaps %u at %s.", task, victim_.addr, At(row));
    return absl::StrFormat(
        " The count of %s says \"%s\"%s when %s comes to it, so it is scanned, "
        "and %u zapped (%s).",
        VmaName(story_, row, *vma), CountInWords(story_, *vma),
        Copied(*vma, row), task, victim_.addr, At(row));
  }

  // Where the count of a piece comes from.
  std::string Copied(const Vma& vma, size_t until) const {
    if (!story_.rules.split_inherits) return "";
    const auto slot = static_cast<size_t>(&vma - story_.Before(until).vmas);
    for (size_t i = 0; i < until; ++i) {
      const StoryRow& row = story_.rows[i];
      const Vma& now = row.world.vmas[slot];
      const bool born = now.state != VmaState::kFree &&
                        now.birth == vma.birth &&
                        (story_.Before(i).vmas[slot].birth != vma.birth ||
                         story_.Before(i).vmas[slot].state == VmaState::kFree);
      if (born && (row.verb == Verb::kMprotect || row.verb == Verb::kMunmap))
        return ", copied from the vma that was split,";
    }
    return "";
  }

  const Story& story_;
  const Victim victim_;
  const unsigned task_;
};

}  // namespace

std::optional<size_t> PartingRow(const Story& left, const Story& right) {
  const auto look = [](const Story& story, size_t row) {
    const StoryRow& it = story.rows[row];
    std::string text = absl::StrCat(it.event, " ", it.task, " ",
                                    static_cast<unsigned>(it.flow), "\n",
                                    absl::StrJoin(Deeds(story, row), "\n"));
    for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot)
      absl::StrAppend(
          &text, "\n",
          MapInWords(story, it.world, row, static_cast<Slot>(slot)));
    return text;
  };
  const size_t rows = std::min(left.rows.size(), right.rows.size());
  for (size_t i = 0; i < rows; ++i)
    if (look(left, i) != look(right, i)) return i;
  if (left.rows.size() == right.rows.size()) return std::nullopt;
  return rows;
}

std::vector<const RuleInfo*> PartingRules(const Story& left, const Story& right,
                                          size_t row) {
  std::vector<const RuleInfo*> parting;
  for (size_t i = 0; i < AllRules().size(); ++i) {
    const RuleInfo& rule = AllRules()[i];
    if (left.rules.*rule.flag == right.rules.*rule.flag) continue;
    KernelSpec turned = left.kernel;
    turned.flips ^= uint64_t{1} << i;
    const auto at =
        PartingRow(left, Tell(left.path, left.script, turned, left.folding));
    if (at && *at <= row) parting.push_back(&rule);
  }
  return parting;
}

std::string WhyNot(const Story& story, const Story& broken) {
  const std::string kernel = story.kernel.ToString();
  if (!story.result.holds())
    return absl::StrFormat("On %s it %s.", kernel, VerdictInWords(story));
  const auto victim = VictimOf(broken.result.first);
  if (!victim || !broken.broken_row)
    return absl::StrFormat("On %s the same script holds.", kernel);
  return Contrast(story, *victim, broken.rows[*broken.broken_row].task).Tell();
}

}  // namespace vmtrunc
