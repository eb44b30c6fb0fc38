#include "report/explain/words.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/verdict.h"

namespace vmtrunc::report {
namespace {

constexpr size_t kLongStrip = 48;

char SignOf(PteLook look) {
  switch (look) {
    case PteLook::kNone:
      return '.';
    case PteLook::kPage:
      return '#';
    case PteLook::kPagePastSize:
      return '!';
    case PteLook::kCopy:
      return 'c';
    case PteLook::kCopyPastSize:
      return 'C';
    case PteLook::kFilePte:
      return 'f';
    case PteLook::kOrphan:
      return 'x';
  }
  return '?';
}

}  // namespace

std::string VmaName(const Story& story, size_t row, const Vma& vma) {
  return absl::StrFormat("[%u, %u) of %s", vma.start, vma.end,
                         story.MmName(row, vma.mm));
}

std::string CountInWords(const Story& story, const Vma& vma) {
  return InWords(CountOf(story, vma));
}

std::string PointsInWords(const Story& story, const RestartPoints& points) {
  return absl::StrJoin(points, ", ", [&](std::string* text, const auto& it) {
    absl::StrAppend(text, story.script.task_names[it.first],
                    " would resume at ", it.second);
  });
}

std::string SignsOf(const std::vector<PteLook>& ptes) {
  std::string signs;
  for (const PteLook look : ptes) signs += SignOf(look);
  return signs;
}

std::string StripOf(const std::vector<PteLook>& ptes) {
  std::string signs = SignsOf(ptes);
  if (signs.size() <= kLongStrip) return signs;
  std::string runs;
  for (size_t i = 0; i < signs.size();) {
    const size_t end =
        std::min(signs.find_first_not_of(signs[i], i), signs.size());
    absl::StrAppend(&runs, runs.empty() ? "" : " ", end - i,
                    signs.substr(i, 1));
    i = end;
  }
  return runs;
}

std::string EventInWords(const Story& story, unsigned event) {
  if (event == 0) return "at the end: what is in flight runs on";
  return ToText(story.script.events[event - 1], story.script);
}

std::string ViolationInWords(const Story& story) {
  if (story.result.holds()) return "";
  const Violation& violation = story.result.first;
  if (story.rows.empty()) return violation.ToString();
  const size_t row = story.broken_row.value_or(0);
  const auto told = [&](std::string_view of, size_t at) -> std::string {
    const unsigned value = violation.values[at];
    if (of == "mm") return story.MmName(row, value);
    if (of == "file") return story.FileName(value);
    if (of == "task")
      return absl::StrCat("task ", story.script.task_names[value]);
    return Numbered(of, value);
  };
  return InWords(violation.breach, told);
}

std::string MapInWords(const Story& story, const std::optional<VmaView>& view) {
  if (!view) return "";
  std::vector<std::string> parts = {absl::StrFormat(
      "[%u, %u) of %s pages %u..%u  %s  slot %u", view->start, view->end,
      story.script.task_names[view->owner], view->first_page, view->last_page,
      StripOf(view->ptes), view->slot)};
  if (view->count.kind != CountFact::Kind::kNone)
    parts.push_back(InWords(view->count));
  if (!view->points.empty())
    parts.push_back(PointsInWords(story, view->points));
  if (view->is_private) parts.push_back("private");
  if (view->nonlinear) parts.push_back("nonlinear");
  if (view->state == VmaState::kNew) parts.push_back("not linked yet");
  if (view->state == VmaState::kDetached) parts.push_back("off its mm");
  if (view->unindexed) parts.push_back("not in the index");
  const auto names = [&](std::string* text, unsigned task) {
    absl::StrAppend(text, story.script.task_names[task]);
  };
  if (view->locks.writer)
    parts.push_back("locked by " +
                    story.script.task_names[*view->locks.writer]);
  if (!view->locks.readers.empty())
    parts.push_back("read by " +
                    absl::StrJoin(view->locks.readers, " and ", names));
  return absl::StrJoin(parts, ", ");
}

std::string LockInWords(const Story& story, const LockMove& move) {
  if (move.pages.empty()) return InWords(story, move.lock);
  return absl::StrCat("lock of page", move.pages.size() == 1 ? " " : "s ",
                      RangesOf(move.pages));
}

std::vector<std::string> LocksInWords(const Story& story, size_t row) {
  const std::vector<LockMove> moves = LockMovesOf(story, row);
  std::vector<std::string> words;
  words.reserve(moves.size());
  for (const LockMove& move : moves)
    words.push_back(absl::StrCat(move.takes ? "+" : "", move.lets_go ? "-" : "",
                                 LockInWords(story, move)));
  return words;
}

std::string VerdictInWords(const Story& story) {
  const RunResult& run = story.result;
  if (run.holds()) return HoldsInWords(run);
  return absl::StrFormat("violates %s at event %u: %s",
                         Name(run.first.property), run.first.event,
                         ViolationInWords(story));
}

std::string MoveInWords(const Story& story, const Event& move) {
  const std::string& task = story.script.task_names[move.task];
  if (move.kind == EventKind::kDrop) return task + " drops its lock";
  if (move.kind != EventKind::kBegin) return task + " continues";
  Event start = move;
  start.kind = EventKind::kStart;
  // "a invalidate f 1 2": the task starts the rest.
  return absl::StrCat(task, " begins \"",
                      ToText(start, story.script).substr(task.size() + 1),
                      "\"");
}

std::string WayOutInWords(const Story& story, const std::vector<Event>& moves) {
  std::vector<std::string> told;
  unsigned last = LargeCaps::kTasks;
  for (const Event& move : moves) {
    if (move.task != last || move.kind != EventKind::kStep)
      told.push_back(MoveInWords(story, move));
    last = move.task;
  }
  return absl::StrJoin(told, ", then ");
}

std::string StepsInWords(unsigned first, unsigned last) {
  return first == last ? absl::StrFormat("step %u", first)
                       : absl::StrFormat("steps %u..%u", first, last);
}

std::string StepsInWords(const StoryRow& row) {
  return StepsInWords(row.first_step, row.last_step);
}

}  // namespace vmtrunc::report
