#include "report/step/show.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/model/where.h"
#include "core/script/verbs.h"
#include "report/explain/words.h"
#include "report/explain/vma_facts.h"
#include "report/explain/words_folio.h"
#include "report/explain/words_table.h"
#include "report/explain/words_tlb.h"

namespace vmtrunc::report {
namespace {

// The rows of `script`'s own events, without the completion of the run.
Story RowsOf(const Play& play, const Script& script) {
  Story story = Tell("", script, play.kernel(), Folding::kQuiet);
  std::erase_if(story.rows, [](const StoryRow& row) { return row.event == 0; });
  return story;
}

// Lines indented by `indent`; continuation lines by four more.
std::string Block(size_t indent, const std::string& text, const Look& look) {
  return Wrapped(absl::StrCat(std::string(indent, ' '), text), indent + 4,
                 look.columns) +
         "\n";
}

std::string StepLine(const Story& story, size_t row) {
  std::string line = absl::StrCat(StepsInWords(story.rows[row]), ": ",
                                  story.script.task_names[story.rows[row].task],
                                  " ", absl::StrJoin(Deeds(story, row), "; "));
  const std::vector<std::string> locks = LocksInWords(story, row);
  if (!locks.empty())
    absl::StrAppend(&line, " [", absl::StrJoin(locks, " "), "]");
  return line;
}

// In the order of properties.
std::string ViolationLines(const Play& play, Story story, const Look& look) {
  std::string text;
  for (int i = 0; i < kProperties; ++i) {
    const auto property = static_cast<Property>(i);
    if ((play.newly_broken() & Bit(property)) == 0) continue;
    story.result =
        Run<LargeCaps>(play.played(), play.rules(), {.report = Bit(property)});
    if (!story.rows.empty()) story.broken_row = story.rows.size() - 1;
    absl::StrAppend(&text,
                    Block(2,
                          absl::StrFormat(">> violates %s: %s", Name(property),
                                          ViolationInWords(story)),
                          look));
  }
  return text;
}

std::string FileLine(const Play& play, const Story& story, unsigned number) {
  const File& file = play.world().files[number];
  std::vector<unsigned> cached;
  for (unsigned page = 0; page < 64; ++page)
    if ((file.cached >> page & 1) != 0) cached.push_back(page);
  std::string line = absl::StrFormat(
      "%s: i_size %u, page cache %s", play.played().file_names[number],
      file.size, cached.empty() ? "empty" : RangesOf(cached));
  if (play.rules().stamp_vmas)
    absl::StrAppend(&line, ", truncate_count ", file.truncate_count);
  if (ShowsFolios(story, number))
    absl::StrAppend(&line,
                    FoliosInWords(story, CacheOf(story, play.world(), number)));
  return line;
}

std::vector<Slot> VmasOf(const LargeWorld& world) {
  std::vector<Slot> slots;
  for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot)
    if (world.vmas[slot].state != VmaState::kFree)
      slots.push_back(static_cast<Slot>(slot));
  std::sort(slots.begin(), slots.end(), [&](Slot a, Slot b) {
    const Vma &x = world.vmas[a], &y = world.vmas[b];
    return std::tuple(x.mm, x.start, a) < std::tuple(y.mm, y.start, b);
  });
  return slots;
}

bool IsOfMm(LockKind kind) {
  return kind == LockKind::kMmapSemRead || kind == LockKind::kMmapSemWrite ||
         kind == LockKind::kPageTableLock;
}

std::string TaskLine(const Play& play, const Story& story, unsigned number) {
  const Task& task = play.world().tasks[number];
  const std::string& name = play.played().task_names[number];
  if (task.op.verb == Verb::kNone) return name + ": idle";
  std::vector<std::string> locks;
  for (const HeldLock& lock : LocksOf(play.world(), number)) {
    LockFact fact{.lock = lock};
    if (IsOfMm(lock.kind)) {
      fact.is_own = lock.id == task.mm;
      fact.owner = story.rows.empty() ? story.start_mm_task[lock.id]
                                      : story.rows.back().mm_task[lock.id];
    }
    locks.push_back(InWords(story, fact));
  }
  const auto found = FoundBy(play.world(), number);
  return absl::StrCat(
      name, ": in ", VerbName(task.op.verb), ", at \"", WhereIs(task.op), "\"",
      found ? absl::StrFormat(" in slot %u", *found) : "", ", holds ",
      locks.empty() ? "no lock" : absl::StrJoin(locks, ", "));
}

// Why a step of that move would have no effect: "waits: b holds mmap_sem
// write".
std::string WaitOf(const Play& play, const Move& move) {
  Script script = play.played();
  script.events.push_back(
      {.kind = EventKind::kStep, .task = static_cast<uint8_t>(move.task)});
  const Story story = RowsOf(play, script);
  return story.rows.empty()
             ? ""
             : absl::StrJoin(Deeds(story, story.rows.size() - 1), "; ");
}

}  // namespace

Story StoryOf(const Play& play) { return RowsOf(play, play.played()); }

std::string LastEventText(const Play& play, const Story& story,
                          const Look& look) {
  const auto event = static_cast<unsigned>(play.played().events.size());
  if (event == 0) return "";
  std::string text =
      absl::StrFormat("event %u: %s%s\n", event, EventInWords(story, event),
                      play.had_effect() ? "" : "   (no effect)");
  for (size_t row = 0; row < story.rows.size(); ++row)
    if (story.rows[row].event == event)
      text += Block(2, StepLine(story, row), look);
  if (story.left_out != 0)
    absl::StrAppend(&text, "  more steps are not shown\n");
  return text + ViolationLines(play, story, look);
}

std::string StateText(const Play& play, const Story& story, const Look& look) {
  std::string text = "state\n";
  for (unsigned i = 0; i < play.played().setup.files; ++i)
    text += Block(2, FileLine(play, story, i), look);
  // No vma exists before the first step.
  for (const Slot slot : VmasOf(play.world()))
    if (!story.rows.empty())
      text += Block(2,
                    MapInWords(story, ViewOf(story, play.world(),
                                             story.rows.size() - 1, slot)),
                    look);
  if (!story.rows.empty()) {
    const size_t row = story.rows.size() - 1;
    for (const std::string& line :
         TlbInWords(story, TlbOf(story, play.world(), row)))
      text += Block(2, line, look);
    for (const std::string& line : TablesInWords(story, TablesOf(story, row)))
      text += Block(2, line, look);
  }
  for (unsigned i = 0; i < LargeCaps::kTasks; ++i)
    if (play.world().tasks[i].live != 0)
      text += Block(2, TaskLine(play, story, i), look);
  return text;
}

std::string MovesText(const Play& play, const std::vector<Move>& moves,
                      const Look& look) {
  if (moves.empty()) return "moves: the script has none left; type an event\n";
  std::string text = "moves\n";
  unsigned number = 0;
  for (const Move& move : moves) {
    if (move.blocked)
      text += Block(
          2, absl::StrCat(" -  ", move.event, "  ", WaitOf(play, move)), look);
    else
      text += absl::StrFormat("  %2u  %s\n", ++number, move.event);
  }
  return text;
}

std::string VerdictText(const Play& play, const Look& look) {
  const Story story = Tell("", play.played(), play.kernel(), Folding::kQuiet);
  return Block(0,
               absl::StrCat(BusyTasks(play.world()) == 0
                                ? "the run "
                                : "what is in flight runs to its end; the run ",
                            VerdictInWords(story)),
               look);
}

}  // namespace vmtrunc::report
