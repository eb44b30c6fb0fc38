#include "explain/words.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/field_words.h"
#include "core/mark.h"

namespace vmtrunc {
namespace {

using LargeWorld = World<LargeCaps>;

constexpr size_t kLongStrip = 48;

char PteSign(const LargeWorld& world, const Vma& vma, unsigned addr) {
  const bool past = IsPastSize(world, vma, addr);
  switch (world.mms[vma.mm].ptes[addr].kind()) {
    case PteKind::kPage:
      return past ? '!' : '#';
    case PteKind::kOrphan:
      return 'x';
    case PteKind::kCopy:
      return past ? 'C' : 'c';
    case PteKind::kFilePte:
      return 'f';
    default:
      return '.';
  }
}

}  // namespace

std::string RangesOf(const std::vector<unsigned>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t j = i;
    while (j + 1 < numbers.size() && numbers[j + 1] == numbers[j] + 1) ++j;
    absl::StrAppend(&text, text.empty() ? "" : ", ", numbers[i]);
    if (j != i) absl::StrAppend(&text, "..", numbers[j]);
    i = j + 1;
  }
  return text;
}

std::string VmaName(const Story& story, size_t row, const Vma& vma) {
  return absl::StrFormat("[%u, %u) of %s", vma.start, vma.end,
                         story.MmName(row, vma.mm));
}

std::string LockName(const Story& story, size_t row, const HeldLock& lock) {
  const unsigned mm = story.rows[row].world.tasks[story.rows[row].task].mm;
  const bool is_of_mm = lock.kind == LockKind::kMmapSemRead ||
                        lock.kind == LockKind::kMmapSemWrite ||
                        lock.kind == LockKind::kPageTableLock;
  // Its own mm's, and those of the only file, go without a name.
  const std::string of_mm =
      is_of_mm && lock.id != mm ? " of " + story.MmName(row, lock.id) : "";
  const bool is_of_file = !is_of_mm && lock.kind != LockKind::kPageLock;
  const std::string of_file = is_of_file && story.script.setup.files > 1
                                  ? " of " + story.FileName(lock.id)
                                  : "";
  const char* const shared = lock.shared ? " shared" : "";
  switch (lock.kind) {
    case LockKind::kISem:
      return "i_sem" + of_file;
    case LockKind::kMmapSemRead:
      return "mmap_sem read" + of_mm;
    case LockKind::kMmapSemWrite:
      return "mmap_sem write" + of_mm;
    case LockKind::kInvalidateLock:
      return absl::StrCat("invalidate_lock", shared, of_file);
    case LockKind::kPageLock:
      return absl::StrFormat("lock of page %u", lock.id);
    case LockKind::kUnmapMutex:
      return "unmap_mutex" + of_file;
    case LockKind::kIMmapLock:
      return absl::StrCat("i_mmap_lock", shared, of_file);
    default:
      return "page_table_lock" + of_mm;
  }
}

std::string CountInWords(const Story& story, const Vma& vma) {
  if (!story.rules.stamp_vmas) return "";
  const bool names_pass = story.rules.restart_names_pass;
  if (vma.count == 0) return "to be scanned";
  const uint32_t page = vma.count >> kPageShift;
  if (names_pass) {
    const uint32_t pass = vma.count & kSubPage;
    if (pass == 0) return "to be scanned";  // linked before the first pass
    return page == kDonePage
               ? absl::StrFormat("scanned by pass %u", pass)
               : absl::StrFormat("restart of pass %u at %u", pass, page);
  }
  if (story.rules.restart_in_vma && IsRestart(vma.count, false))
    return absl::StrFormat("restart at %u", page);
  return absl::StrFormat("scanned by pass %u", vma.count);
}

std::string RestartPointIn(const Story& story, const LargeWorld& world,
                           Slot slot) {
  if (story.rules.restart_in_vma) return "";
  std::string text;
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    const Pass& pass = world.tasks[task].op.pass;
    if (!IsPass(world.tasks[task].op.verb) || pass.active == 0 ||
        pass.restart_vma != slot ||
        world.vmas[slot].count == DoneMark(pass.count, false))
      continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ",
                    story.script.task_names[task], " would go on at ",
                    pass.restart_addr);
  }
  return text;
}

bool IsPastSize(const LargeWorld& world, const Vma& vma, unsigned addr) {
  const Pte pte = world.mms[vma.mm].ptes[addr];
  if (!pte.present()) return false;
  const unsigned linear = vma.pgoff + addr - vma.start;
  const unsigned index = pte.kind() == PteKind::kCopy ? linear : pte.index();
  return index >= world.files[vma.file].size;
}

std::string SignsOf(const LargeWorld& world, const Vma& vma) {
  std::string signs;
  for (unsigned addr = vma.start; addr < vma.end; ++addr)
    signs += PteSign(world, vma, addr);
  return signs;
}

std::string StripOf(const LargeWorld& world, const Vma& vma) {
  const std::string signs = SignsOf(world, vma);
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

std::vector<Slot> ChangedVmas(const Story& story, size_t row) {
  const LargeWorld& before = story.Before(row);
  const LargeWorld& after = story.rows[row].world;
  std::vector<Slot> changed;
  for (unsigned slot = 0; slot < LargeCaps::kVmas; ++slot) {
    const Vma& a = before.vmas[slot];
    const Vma& b = after.vmas[slot];
    const auto differs = [&](auto field) { return a.*field != b.*field; };
    bool is = differs(&Vma::start) || differs(&Vma::end) ||
              differs(&Vma::pgoff) || differs(&Vma::mm) ||
              differs(&Vma::count) || differs(&Vma::state) ||
              differs(&Vma::write) || differs(&Vma::birth) ||
              differs(&Vma::nonlinear) ||
              (a.in_index == InIndex::kNot) != (b.in_index == InIndex::kNot);
    is |= RestartPointIn(story, before, static_cast<Slot>(slot)) !=
          RestartPointIn(story, after, static_cast<Slot>(slot));
    const Vma& vma = b.state != VmaState::kFree ? b : a;
    if (vma.state != VmaState::kFree)
      is |= std::memcmp(&before.mms[vma.mm].ptes[vma.start],
                        &after.mms[vma.mm].ptes[vma.start],
                        sizeof(Pte) * vma.pages()) != 0;
    if (is && (a.state != VmaState::kFree || b.state != VmaState::kFree))
      changed.push_back(static_cast<Slot>(slot));
  }
  return changed;
}

std::optional<size_t> LastUseOf(const Story& story, size_t row, Slot slot) {
  const Vma& before = story.Before(row).vmas[slot];
  const Vma& now = story.rows[row].world.vmas[slot];
  if (now.state == VmaState::kFree ||
      (before.state != VmaState::kFree && before.birth == now.birth))
    return std::nullopt;
  for (size_t i = row; i-- > 0;)
    if (story.rows[i].world.vmas[slot].state != VmaState::kFree) return i;
  return std::nullopt;
}

std::string EventInWords(const Story& story, unsigned event) {
  if (event == 0) return "at the end: what is in flight runs on";
  return ToText(story.script.events[event - 1], story.script);
}

std::string InNames(const Story& story, size_t row, const std::string& text) {
  std::vector<std::pair<std::string, std::string>> names = {
      {" has 1 pages", " has 1 page"}};
  for (unsigned i = 0; i < LargeCaps::kMms; ++i)
    names.emplace_back(absl::StrCat("mm ", i), story.MmName(row, i));
  for (unsigned i = 0; i < LargeCaps::kFiles; ++i)
    names.emplace_back(absl::StrCat("file ", i), story.FileName(i));
  for (unsigned i = 0; i < LargeCaps::kTasks; ++i)
    names.emplace_back(absl::StrCat("task ", i),
                       "task " + story.script.task_names[i]);
  return absl::StrReplaceAll(text, names);
}

std::string ViolationInWords(const Story& story) {
  if (story.result.holds()) return "";
  const std::string text = story.result.first.ToString();
  if (story.rows.empty()) return text;
  return InNames(story, story.broken_row.value_or(0), text);
}

std::string MapInWords(const Story& story, const LargeWorld& world, size_t row,
                       Slot slot) {
  const Vma& vma = world.vmas[slot];
  if (vma.state == VmaState::kFree) return "";
  std::vector<std::string> parts = {
      absl::StrFormat("%s pages %u..%u  %s  slot %u", VmaName(story, row, vma),
                      vma.pgoff, vma.last_pgoff(), StripOf(world, vma), slot)};
  if (const std::string count = CountInWords(story, vma); !count.empty())
    parts.push_back(count);
  if (const std::string point = RestartPointIn(story, world, slot);
      !point.empty())
    parts.push_back(point);
  if (vma.shared == 0) parts.push_back("private");
  if (vma.nonlinear != 0) parts.push_back("nonlinear");
  if (vma.state == VmaState::kNew) parts.push_back("not linked yet");
  if (vma.state == VmaState::kDetached) parts.push_back("off its mm");
  if (vma.state == VmaState::kLinked && vma.in_index == InIndex::kNot)
    parts.push_back("not in the index");
  return absl::StrJoin(parts, ", ");
}

std::vector<std::string> LocksInWords(const Story& story, size_t row) {
  const StoryRow& it = story.rows[row];
  std::vector<std::string> words;
  // Those that `wanted` says, page locks in one.
  const auto add = [&](const char* sign, const std::vector<HeldLock>& locks,
                       auto wanted) {
    std::vector<unsigned> pages;
    for (const HeldLock& lock : locks) {
      if (!wanted(lock)) continue;
      if (lock.kind == LockKind::kPageLock)
        pages.push_back(lock.id);
      else
        words.push_back(sign + LockName(story, row, lock));
    }
    std::sort(pages.begin(), pages.end());
    if (!pages.empty())
      words.push_back(absl::StrCat(sign, "lock of page",
                                   pages.size() == 1 ? " " : "s ",
                                   RangesOf(pages)));
  };
  const auto in = [](const std::vector<HeldLock>& locks) {
    return [&](const HeldLock& lock) {
      return std::find(locks.begin(), locks.end(), lock) != locks.end();
    };
  };
  add("+", it.takes, std::not_fn(in(it.drops)));
  add("+-", it.takes, in(it.drops));
  add("-", it.drops, std::not_fn(in(it.takes)));
  return words;
}

std::string VerdictInWords(const Story& story) {
  const RunResult& run = story.result;
  if (run.holds())
    return absl::StrFormat(
        "holds (%u of %u events had an effect, %s)", run.effects, run.events,
        run.drops == 1 ? "1 lock drop"
                       : absl::StrFormat("%u lock drops", run.drops));
  return absl::StrFormat("breaks %s at event %u: %s", Name(run.first.property),
                         run.first.event, ViolationInWords(story));
}

std::string PagesInWords(unsigned first, unsigned last) {
  if (last >= LargeCaps::kFilePages - 1)
    return absl::StrFormat("page %u and all after it", first);
  return last == first ? absl::StrFormat("page %u", first)
                       : absl::StrFormat("pages %u..%u", first, last);
}

std::string StepsInWords(const StoryRow& row) {
  return row.first_step == row.last_step
             ? absl::StrFormat("step %u", row.first_step)
             : absl::StrFormat("steps %u..%u", row.first_step, row.last_step);
}

}  // namespace vmtrunc
