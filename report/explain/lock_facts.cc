#include "report/explain/lock_facts.h"

#include <algorithm>
#include <functional>

#include "core/model/machine-inl.h"

namespace vmtrunc::report {
namespace {

// Records what a step waits for.
struct WaitProbe : NoProbe<LargeCaps> {
  struct Lock {
    LockKind kind;
    unsigned id, file;
  };
  void Blocks(LockKind kind, unsigned id, unsigned file) {
    locks.push_back({kind, id, file});
  }
  std::vector<Lock> locks;
};

bool IsSem(LockKind kind) {
  return kind == LockKind::kMmapSemRead || kind == LockKind::kMmapSemWrite;
}

// Whether the lock of a page that the task holds is that of the file's page: it
// is its folio's.
bool IsOfPage(const LargeWorld& world, unsigned task, unsigned locked,
              unsigned file, unsigned page) {
  const Op& op = world.tasks[task].op;
  const unsigned of = LockedPage(op) == locked + 1 ? RemovalOf(op).file
                                                   : FileOf(world, op.fault);
  const File& it = world.files[file];
  return of == file && FolioFirst(it, locked) == FolioFirst(it, page);
}

bool IsAwaited(const LargeWorld& world, unsigned task, const HeldLock& lock,
               LockKind kind, unsigned id, unsigned file) {
  if (kind == LockKind::kPageLock)
    return lock.kind == kind && IsOfPage(world, task, lock.id, file, id);
  return lock.id == id && (IsSem(kind) ? IsSem(lock.kind) : lock.kind == kind);
}

}  // namespace

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

std::vector<Holder> HoldersOf(const Story& story, size_t row, LockKind kind,
                              unsigned id, unsigned file) {
  const LargeWorld& world = story.rows[row].world;
  std::vector<Holder> holders;
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task)
    for (const HeldLock& lock : LocksOf(world, task))
      if (IsAwaited(world, task, lock, kind, id, file))
        holders.push_back({.task = task, .lock = FactOf(story, row, lock)});
  return holders;
}

std::vector<Holder> AwaitedBy(const Story& story, size_t row, unsigned task) {
  LargeWorld world = story.rows[row].world;
  if (world.tasks[task].op.verb == Verb::kNone) return {};
  WaitProbe probe;
  Machine<LargeCaps, WaitProbe> machine(world, story.rules, probe);
  const Event step{.kind = EventKind::kStep,
                   .task = static_cast<uint8_t>(task)};
  if (machine.Apply(step)) return {};
  std::vector<Holder> holders;
  for (const auto& [kind, id, file] : probe.locks)
    for (const Holder& holder : HoldersOf(story, row, kind, id, file))
      holders.push_back(holder);
  return holders;
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
