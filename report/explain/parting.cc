#include "report/explain/parting.h"

#include <algorithm>

#include "report/explain/row_facts.h"
#include "report/explain/vma_facts.h"

namespace vmtrunc::report {
namespace {

// A vma without its locks: kernels do not part by these alone.
std::optional<VmaView> Unlocked(const Story& story, size_t row, Slot slot) {
  auto view = ViewOf(story, story.rows[row].world, row, slot);
  if (view) view->locks = {};
  return view;
}

bool SameVmas(const Story& left, const Story& right, size_t row) {
  for (unsigned i = 0; i < LargeCaps::kVmas; ++i) {
    const auto slot = static_cast<Slot>(i);
    if (Unlocked(left, row, slot) != Unlocked(right, row, slot)) return false;
  }
  return true;
}

// The facts of a row, without what only later rows show: an entry that is read
// is a fact where somebody changes it before it is used.
std::vector<Fact> Parting(const Story& story, size_t row) {
  std::vector<Fact> facts = FactsOf(story, row);
  const StoryRow& it = story.rows[row];
  const size_t reads = std::erase_if(facts, [](const Fact& fact) {
    return fact.kind == Fact::Kind::kReadsTable;
  });
  if (reads != 0 && facts.empty())
    facts.push_back(
        {.kind = Fact::Kind::kOnlyLocks, .task = it.task, .place = it.to});
  return facts;
}

bool SameRow(const Story& left, const Story& right, size_t row) {
  const StoryRow& l = left.rows[row];
  const StoryRow& r = right.rows[row];
  return l.event == r.event && l.task == r.task && l.flow == r.flow &&
         Parting(left, row) == Parting(right, row) &&
         SameVmas(left, right, row);
}

}  // namespace

std::optional<size_t> PartingRow(const Story& left, const Story& right) {
  const size_t rows = std::min(left.rows.size(), right.rows.size());
  for (size_t i = 0; i < rows; ++i)
    if (!SameRow(left, right, i)) return i;
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
    turned.flips.flip(i);
    const auto at =
        PartingRow(left, Tell(left.path, left.script, turned, left.folding));
    if (at && *at <= row) parting.push_back(&rule);
  }
  return parting;
}

}  // namespace vmtrunc::report
