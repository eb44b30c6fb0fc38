#include "report/explain/story.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>

#include "core/run/drive-inl.h"
#include "core/model/fields.h"
#include "report/explain/vma_facts.h"

namespace vmtrunc::report {
namespace {

bool Contains(const std::vector<HeldLock>& locks, const HeldLock& lock) {
  return std::find(locks.begin(), locks.end(), lock) != locks.end();
}

bool IsFault(const StoryRow& row) {
  return row.verb != Verb::kRead && row.verb != Verb::kWrite &&
         row.from.in_fault();
}

bool IsRemoval(const StoryRow& row) {
  return row.Has(TraceNote::Kind::kRemoves) &&
         !row.Has(TraceNote::Kind::kPassEnds) &&
         !row.Has(TraceNote::Kind::kTruncationEnds);
}

class Teller {
 public:
  Teller(Story& story, Folding folding) : story_(story), folding_(folding) {
    story_.start = MakeWorld<LargeCaps>(story.script.setup, story.rules);
    before_ = story_.start;
    NameMms(before_);
    story_.start_mm_task = mm_task_;
  }

  void operator()(const TraceStep& step) {
    ++number_;
    StoryRow row = RowOf(step);
    broken_ |= step.broken;
    Follow(step, before_, tables_);
    row.tables = tables_;
    before_ = *step.world;
    if (!story_.rows.empty() && Folds(story_.rows.back(), row)) {
      Join(story_.rows.back(), std::move(row));
    } else if (story_.rows.size() < kMostRows) {
      story_.rows.push_back(std::move(row));
    } else {
      ++story_.left_out;
    }
  }

 private:
  StoryRow RowOf(const TraceStep& step) {
    NameMms(*step.world);
    const Op& op = step.world->tasks[step.task].op;
    StoryRow row{.first_step = number_,
                 .last_step = number_,
                 .event = step.event,
                 .task = step.task,
                 .verb = step.verb,
                 .from = SyncPoint(*step.begins),
                 .to = op.verb == Verb::kNone ? std::nullopt
                                              : std::optional<SyncPoint>(op),
                 .flow = step.flow,
                 .begins = *step.begins,
                 .ends = *step.ends,
                 .notes = {step.notes.begin(), step.notes.end()},
                 .takes = {},
                 .drops = {},
                 .broke = step.broken & ~broken_,
                 .in_flight = BusyTasks(before_) & ~(1U << step.task),
                 .world = *step.world,
                 .mm_task = mm_task_,
                 .tables = {}};
    const std::vector<HeldLock> held = LocksOf(before_, step.task);
    const std::vector<HeldLock> after = LocksOf(*step.world, step.task);
    row.takes = Taken(step, held, after);
    for (const auto& locks : {held, row.takes})
      for (const HeldLock& lock : locks)
        if (!Contains(after, lock) && !Contains(row.drops, lock))
          row.drops.push_back(lock);
    return row;
  }

  static std::vector<HeldLock> Taken(const TraceStep& step,
                                     const std::vector<HeldLock>& held,
                                     const std::vector<HeldLock>& after) {
    std::vector<HeldLock> taken;
    for (const HeldLock& lock : after)
      if (!Contains(held, lock)) taken.push_back(lock);
    for (const TraceNote& note : step.notes) {
      if (note.kind != TraceNote::Kind::kTakes ||
          note.lock == LockKind::kPageLock)  // its note has the file
        continue;
      const bool known =
          std::any_of(taken.begin(), taken.end(), [&](const HeldLock& lock) {
            return lock.kind == note.lock && lock.id == note.id;
          });
      if (!known) taken.push_back({.kind = note.lock, .id = note.id});
    }
    return taken;
  }

  // An mm keeps the name of the task that it was created for.
  void NameMms(const LargeWorld& world) {
    for (unsigned mm = 0; mm < LargeCaps::kMms; ++mm) {
      if (world.mms[mm].live == 0) {
        named_[mm] = false;
        continue;
      }
      if (named_[mm]) continue;
      unsigned best = LargeCaps::kTasks;
      for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
        const Task& it = world.tasks[task];
        if (it.live == 0 || it.mm != mm) continue;
        if (best == LargeCaps::kTasks || it.order < world.tasks[best].order)
          best = task;
      }
      // While fork copies, the child does not run yet.
      if (best == LargeCaps::kTasks) best = ChildOf(world, mm);
      if (best == LargeCaps::kTasks) continue;
      mm_task_[mm] = static_cast<uint8_t>(best);
      named_[mm] = true;
    }
  }

  static unsigned ChildOf(const LargeWorld& world, unsigned mm) {
    for (const Task& task : world.tasks)
      if (task.op.verb == Verb::kFork && task.op.fork.child_mm == mm)
        return task.op.fork.child_task;
    return LargeCaps::kTasks;
  }

  bool Folds(const StoryRow& last, const StoryRow& next) const {
    if (last.event != next.event || last.task != next.task ||
        last.verb != next.verb || last.flow != Flow::kSync || last.broke != 0 ||
        next.broke != 0)
      return false;
    if (story_.rows.size() >= kMostRows) return true;
    if (folding_ == Folding::kNone) return false;
    if (IsFault(last) && IsFault(next)) return true;
    if (IsRemoval(last) && IsRemoval(next)) return true;
    return next.in_flight == 0 && !IsPass(next.verb);
  }

  static void Join(StoryRow& last, StoryRow next) {
    last.last_step = next.last_step;
    last.to = next.to;
    last.flow = next.flow;
    last.ends = next.ends;
    last.world = next.world;
    last.mm_task = next.mm_task;
    last.tables = next.tables;
    last.notes.insert(last.notes.end(), next.notes.begin(), next.notes.end());
    for (const HeldLock& lock : next.takes)
      if (!Contains(last.takes, lock)) last.takes.push_back(lock);
    for (const HeldLock& lock : next.drops)
      if (!Contains(last.drops, lock)) last.drops.push_back(lock);
    std::erase_if(last.drops, [&](const HeldLock& lock) {
      return Contains(LocksOf(last.world, last.task), lock);
    });
  }

  Story& story_;
  const Folding folding_;
  unsigned number_ = 0;
  uint32_t broken_ = 0;
  LargeWorld before_;
  Tables tables_;
  std::array<uint8_t, LargeCaps::kMms> mm_task_{};
  std::array<bool, LargeCaps::kMms> named_{};
};

std::optional<size_t> BrokenRow(const Story& story) {
  if (story.result.holds() || story.rows.empty()) return std::nullopt;
  const uint32_t bit = Bit(story.result.first.property);
  for (size_t i = 0; i < story.rows.size(); ++i)
    if ((story.rows[i].broke & bit) != 0) return i;
  // Checked at the end of the event, or of the run.
  for (size_t i = story.rows.size(); i-- > 0;)
    if (story.rows[i].last_step <= story.result.first.step) return i;
  return 0;
}

// The world without the numbers of allocations.
uint64_t PlaceOf(LargeWorld world) {
  for (Vma& vma : world.vmas) vma.birth = 0;
  for (Task& task : world.tasks)
    ForEachField(task.op, [](auto&, const char*, auto, auto&... birth) {
      ((birth = 0), ...);
    });
  return HashOf(world);
}

// Compares the last event's end with those of earlier ones, with a drop in
// between.
std::optional<Loop> FindLoop(const Story& story) {
  std::map<uint64_t, unsigned> ends;  // of each event, by its fingerprint
  std::optional<Loop> found;
  unsigned drop = 0;  // the last event with one
  for (size_t i = 0; i < story.rows.size(); ++i) {
    const StoryRow& row = story.rows[i];
    if (row.event == 0) break;
    if (row.Has(TraceNote::Kind::kDrops)) drop = row.event;
    if (i + 1 < story.rows.size() && story.rows[i + 1].event == row.event)
      continue;
    const uint64_t key = PlaceOf(row.world);
    const auto [at, is_new] = ends.emplace(key, row.event);
    found.reset();
    if (!is_new && drop > at->second && BusyTasks(row.world) != 0)
      found = Loop{at->second, row.event};
  }
  return found;
}

}  // namespace

std::vector<HeldLock> LocksOf(const LargeWorld& world, unsigned task) {
  std::vector<HeldLock> locks;
  const auto add = [&](LockKind kind, unsigned id, bool held,
                       bool shared = false) {
    if (held) locks.push_back({kind, id, shared});
  };
  const auto in = [task](unsigned tasks) { return (tasks >> task & 1) != 0; };
  for (unsigned i = 0; i < LargeCaps::kFiles; ++i) {
    const File& file = world.files[i];
    if (file.exists == 0) continue;
    add(LockKind::kISem, i, file.i_sem == task);
    add(LockKind::kInvalidateLock, i, file.invalidate_lock == task);
    add(LockKind::kInvalidateLock, i, in(file.fillers), true);
    add(LockKind::kUnmapMutex, i, file.unmap_mutex == task);
    add(LockKind::kIMmapLock, i, file.i_mmap_lock == task);
    add(LockKind::kIMmapLock, i, in(file.walkers), true);
  }
  for (unsigned i = 0; i < LargeCaps::kMms; ++i) {
    const Mm<LargeCaps>& mm = world.mms[i];
    add(LockKind::kMmapSemWrite, i, mm.writer == task);
    add(LockKind::kMmapSemRead, i, in(mm.readers), true);
    add(LockKind::kPageTableLock, i, mm.page_table_lock == task);
  }
  const Op& op = world.tasks[task].op;
  if (LockedPage(op) != 0) add(LockKind::kPageLock, LockedPage(op) - 1, true);
  if (op.fault.locked != 0) add(LockKind::kPageLock, op.fault.index, true);
  for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
    add(LockKind::kVmaLock, slot,
        LocksOn(world, static_cast<Slot>(slot)).writer == task);
    add(LockKind::kVmaLock, slot, in(world.vmas[slot].readers), true);
  }
  return locks;
}

namespace {

std::vector<bool> EffectsOf(const Story& story) {
  const std::vector<Event>& events = story.script.events;
  const auto had = std::make_unique<bool[]>(events.size());
  vmtrunc::Run<LargeCaps>(story.script.setup, events, story.rules,
                          {.hash_state = false, .had_effect = had.get()});
  return std::vector<bool>(had.get(), had.get() + events.size());
}

}  // namespace

Story Tell(const std::string& path, const Script& script,
           const KernelSpec& kernel, Folding folding) {
  Story story;
  story.path = path;
  story.script = script;
  story.kernel = kernel;
  story.rules = kernel.rules();
  story.folding = folding;
  Teller teller(story, folding);
  story.result = RunTraced(script, story.rules,
                           [&](const TraceStep& step) { teller(step); });
  story.effects = EffectsOf(story);
  story.broken_row = BrokenRow(story);
  story.loop = FindLoop(story);
  return story;
}

}  // namespace vmtrunc::report
