#include "report/explain/lock_facts.h"

#include <algorithm>
#include <functional>

namespace vmtrunc::report {

LockFact FactOf(const Story& story, size_t row, const HeldLock& lock) {
  const StoryRow& it = story.rows[row];
  LockFact fact{.lock = lock};
  if (lock.kind != LockKind::kMmapSemRead &&
      lock.kind != LockKind::kMmapSemWrite &&
      lock.kind != LockKind::kPageTableLock)
    return fact;
  fact.owner = it.mm_task[lock.id];
  fact.is_own = lock.id == it.world.tasks[it.task].mm;
  return fact;
}

std::vector<LockMove> LockMovesOf(const Story& story, size_t row) {
  const StoryRow& it = story.rows[row];
  std::vector<LockMove> moves;
  const auto add = [&](bool takes, bool lets_go,
                       const std::vector<HeldLock>& locks, auto wanted) {
    LockMove pages{.takes = takes, .lets_go = lets_go, .lock = {}, .pages = {}};
    for (const HeldLock& lock : locks) {
      if (!wanted(lock)) continue;
      const LockFact fact = FactOf(story, row, lock);
      if (lock.kind != LockKind::kPageLock) {
        moves.push_back({takes, lets_go, fact, {}});
        continue;
      }
      if (pages.pages.empty()) pages.lock = fact;
      pages.pages.push_back(lock.id);
    }
    std::sort(pages.pages.begin(), pages.pages.end());
    if (!pages.pages.empty()) moves.push_back(std::move(pages));
  };
  const auto in = [](const std::vector<HeldLock>& locks) {
    return [&](const HeldLock& lock) {
      return std::find(locks.begin(), locks.end(), lock) != locks.end();
    };
  };
  add(true, false, it.takes, std::not_fn(in(it.drops)));
  add(true, true, it.takes, in(it.drops));
  add(false, true, it.drops, std::not_fn(in(it.takes)));
  return moves;
}

}  // namespace vmtrunc::report
