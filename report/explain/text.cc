#include "report/explain/text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "report/explain/parting.h"
#include "report/explain/words.h"
#include "report/explain/words_folio.h"
#include "report/explain/words_table.h"
#include "report/explain/words_tlb.h"

namespace vmtrunc::report {
namespace {

// Columns of a task, at least.
constexpr size_t kNarrowest = 8;

constexpr const char* kBold = "\033[1m";
constexpr const char* kRed = "\033[31m";
constexpr const char* kGreen = "\033[32m";
constexpr const char* kDim = "\033[2m";
constexpr const char* kPlain = "\033[0m";

// Lines of at most `width` columns; a word that is longer is cut.
std::vector<std::string> LinesOf(const std::string& text, size_t width) {
  std::vector<std::string> lines(1);
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    std::string rest(word);
    const bool fits =
        lines.back().size() + (lines.back().empty() ? 0 : 1) + rest.size() <=
        width;
    if (!fits && !lines.back().empty()) lines.emplace_back();
    while (rest.size() > width) {
      lines.back() = rest.substr(0, width);
      rest = rest.substr(width);
      lines.emplace_back();
    }
    absl::StrAppend(&lines.back(), lines.back().empty() ? "" : " ", rest);
  }
  return lines;
}

std::string SlotInWords(const Story& story, Slot slot,
                        const std::optional<VmaView>& view) {
  return view ? MapInWords(story, view)
              : absl::StrFormat("slot %u is free", slot);
}

class Writer {
 public:
  Writer(const Story& story, const Cause* cause, const Look& look)
      : story_(story), cause_(cause), look_(look) {
    // Tasks that move, in their order.
    for (const StoryRow& row : story.rows)
      if (std::find(tasks_.begin(), tasks_.end(), row.task) == tasks_.end())
        tasks_.push_back(row.task);
    std::sort(tasks_.begin(), tasks_.end());
    for (const StoryRow& row : story.rows)
      gutter_ = std::max(gutter_, StepsOf(row).size());
    const size_t columns = std::max<size_t>(tasks_.size(), 1);
    // A column of a few characters is still readable; the terminal wraps wider
    // ones.
    const size_t rest = gutter_ + 3 * columns;
    width_ = look.columns > rest + kNarrowest * columns
                 ? (look.columns - rest) / columns
                 : kNarrowest;
  }

  std::string Write() {
    Legend();
    Header();
    for (unsigned file = 0; file < story_.script.setup.files; ++file)
      if (ShowsFolios(story_, file))
        Map(kGreen, "+",
            CacheInWords(story_, file, CacheOf(story_, story_.start, file)));
    for (size_t i = 0; i < story_.rows.size(); ++i) Row(i);
    if (story_.left_out == 0) Without(story_.script.events.size() + 1);
    if (story_.left_out != 0)
      Line(absl::StrFormat("%u more steps are not shown", story_.left_out));
    return text_;
  }

 private:
  static std::string StepsOf(const StoryRow& row) {
    return row.first_step == row.last_step
               ? absl::StrCat(row.first_step)
               : absl::StrCat(row.first_step, "-", row.last_step);
  }
  void Line(const std::string& line) { absl::StrAppend(&text_, line, "\n"); }
  std::string In(const char* colour, const std::string& text) const {
    return look_.colours ? absl::StrCat(colour, text, kPlain) : text;
  }

  void Legend() {
    Line(Wrapped(
        "Maps: # page; . none; c private copy; f file pte; ! page past i_size; "
        "C copy past i_size; x page that is mapped but no longer in the page "
        "cache. Locks: + takes, - releases, +- both",
        6, look_.columns));
    if (ShowsTlb(story_))
      Line(Wrapped(
          "TLB: what a processor may still use, without a fault, at an address "
          "whose pte has gone; stale: its frame is not that page's any more",
          6, look_.columns));
    if (ShowsTables(story_))
      Line(Wrapped(
          "Page tables have 16 ptes each, and numbers in the order of their "
          "allocation; a directory's entry leads to each",
          6, look_.columns));
    Line("");
  }

  void Header() {
    std::string head = std::string(gutter_, ' ');
    std::string rule = std::string(gutter_, '-');
    for (const unsigned task : tasks_) {
      std::string name = story_.script.task_names[task].substr(0, width_);
      name.resize(width_, ' ');
      absl::StrAppend(&head, " | ", name);
      absl::StrAppend(&rule, "-+-", std::string(width_, '-'));
    }
    while (!head.empty() && head.back() == ' ') head.pop_back();
    Line(In(kBold, head));
    Line(rule);
  }

  void Row(size_t i) {
    const StoryRow& row = story_.rows[i];
    if (i == 0 || row.event != story_.rows[i - 1].event) Event(i);
    if (cause_ != nullptr && cause_->no_return && cause_->no_return->row == i)
      NoReturnLine(*cause_->no_return);
    Cells(i);
    Maps(i);
    Caches(i);
    Lines(i);
    if (story_.broken_row == i && !story_.result.holds())
      Line(In(kRed, Wrapped(absl::StrFormat("%s >> violates %s: %s",
                                            std::string(gutter_, ' '),
                                            Name(story_.result.first.property),
                                            ViolationInWords(story_)),
                            gutter_ + 4, look_.columns)));
  }

  void Event(size_t i) {
    const StoryRow& row = story_.rows[i];
    Without(row.event == 0 ? story_.script.events.size() + 1 : row.event);
    if (row.event != 0) told_ = row.event;
    if (story_.loop && row.event == story_.loop->after_event + 1)
      Line(In(kBold, "the loop begins: its end leads back here"));
    Line(In(kBold,
            row.event == 0 ? EventInWords(story_, 0) : EventLine(row.event)));
    const std::string why = SwitchInWords(i);
    if (!why.empty())
      Line(Wrapped(absl::StrCat(std::string(gutter_, ' '), " ~~ ", why),
                   gutter_ + 4, look_.columns));
  }

  std::string EventLine(unsigned event) const {
    return absl::StrFormat("event %u: %s%s", event, EventInWords(story_, event),
                           story_.HadEffect(event) ? "" : "   (no effect)");
  }

  // The events before that one that made no step.
  void Without(size_t until) {
    while (told_ + 1 < until)
      Line(Wrapped(EventLine(++told_), gutter_ + 4, look_.columns));
  }

  // Why this task switch matters.
  std::string SwitchInWords(size_t i) const {
    if (cause_ == nullptr) return "";
    for (const Switch& it : cause_->switches) {
      if (it.event != story_.rows[i].event) continue;
      const std::string& from = story_.script.task_names[it.from];
      return absl::StrFormat(
          "%s is left standing at \"%s\": %s", from,
          story_.rows[i - 1].to->Name(),
          it.decides ? "had it run to its end first, the property would hold"
                     : "it is violated without this switch too");
    }
    return "";
  }

  void NoReturnLine(const NoReturn& it) {
    const std::string text =
        it.settled
            ? absl::StrFormat(
                  "%s == point of no return: before this step there is a way "
                  "out "
                  "(%s), after it there is none",
                  std::string(gutter_, ' '),
                  it.way_out.empty() ? "nothing more begins"
                                     : WayOutInWords(story_, it.way_out))
            : absl::StrFormat(
                  "%s == from here on, perhaps from before, there is no way "
                  "out",
                  std::string(gutter_, ' '));
    Line(In(kRed, Wrapped(text, gutter_ + 4, look_.columns)));
  }

  void Cells(size_t i) {
    const StoryRow& row = story_.rows[i];
    auto lines = LinesOf(absl::StrJoin(Deeds(story_, i), "; "), width_);
    const auto locks = LocksInWords(story_, i);
    for (const std::string& line : LinesOf(absl::StrJoin(locks, " "), width_))
      if (!line.empty()) lines.push_back(line);
    for (size_t n = 0; n < lines.size(); ++n) {
      std::string line = n == 0 ? StepsOf(row) : "";
      line.insert(0, gutter_ - line.size(), ' ');
      for (const unsigned task : tasks_) {
        std::string cell = task == row.task ? lines[n] : "";
        cell.resize(width_, ' ');
        absl::StrAppend(&line, " | ", cell);
      }
      while (line.back() == ' ') line.pop_back();
      Line(line);
    }
  }

  void Maps(size_t i) {
    const LargeWorld& before = story_.Before(i);
    const LargeWorld& after = story_.rows[i].world;
    for (const Slot slot : ChangedVmas(story_, i)) {
      const auto a = ViewOf(story_, before, i, slot);
      const auto b = ViewOf(story_, after, i, slot);
      if (a == b) continue;
      if (a) Map(kDim, "-", MapInWords(story_, a));
      Map(kGreen, "+", SlotInWords(story_, slot, b));
    }
  }

  // The page caches that have folios.
  void Caches(size_t i) {
    for (unsigned file = 0; file < story_.script.setup.files; ++file) {
      if (!ShowsFolios(story_, file)) continue;
      const CacheView view = CacheOf(story_, story_.rows[i].world, file);
      if (view != CacheOf(story_, story_.Before(i), file))
        Map(kGreen, "+", CacheInWords(story_, file, view));
    }
  }

  // What is left without a pte, owed and freed, and page tables where one moves
  // or goes: lines that are not as before.
  void Lines(size_t i) {
    const std::vector<std::string> before =
        i == 0 ? std::vector<std::string>{} : LinesAfter(i - 1);
    const std::vector<std::string> after = LinesAfter(i);
    const auto put = [&](const char* colour, const char* sign,
                         const auto& lines, const auto& others) {
      for (const std::string& line : lines)
        if (std::find(others.begin(), others.end(), line) == others.end())
          Map(colour, sign, line);
    };
    put(kDim, "-", before, after);
    put(kGreen, "+", after, before);
  }
  std::vector<std::string> LinesAfter(size_t i) const {
    std::vector<std::string> lines =
        TlbInWords(story_, TlbOf(story_, story_.rows[i].world, i));
    for (std::string& line : TablesInWords(story_, TablesOf(story_, i)))
      lines.push_back(std::move(line));
    return lines;
  }

  void Map(const char* colour, const char* sign, const std::string& map) {
    Line(In(colour, Wrapped(absl::StrCat(std::string(gutter_, ' '), "   ", sign,
                                         " ", map),
                            gutter_ + 7, look_.columns)));
  }

  const Story& story_;
  const Cause* const cause_;
  const Look look_;
  std::vector<unsigned> tasks_;
  size_t gutter_ = 4, width_ = 0;
  unsigned told_ = 0;  // the last event
  std::string text_;
};

// The text for a row in a column of PartingText.
std::vector<std::string> ColumnOf(const Story& story, size_t row,
                                  size_t width) {
  std::vector<std::string> lines = LinesOf(story.kernel.Name(), width);
  const auto add = [&](const std::string& text) {
    for (const std::string& line : LinesOf(text, width)) lines.push_back(line);
  };
  lines.push_back(std::string(width, '-'));
  if (row >= story.rows.size()) {
    add("has ended");
    return lines;
  }
  add(absl::StrCat(StepsInWords(story.rows[row]), ": ",
                   EventInWords(story, story.rows[row].event)));
  add(absl::StrCat(story.script.task_names[story.rows[row].task], ": ",
                   absl::StrJoin(Deeds(story, row), "; ")));
  if (const auto locks = LocksInWords(story, row); !locks.empty())
    add(absl::StrJoin(locks, " "));
  for (const Slot slot : ChangedVmas(story, row)) {
    add(SlotInWords(story, slot,
                    ViewOf(story, story.rows[row].world, row, slot)));
  }
  return lines;
}

std::string RulesText(const Story& left, const Story& right, size_t row,
                      size_t columns) {
  std::string text;
  for (const RuleInfo* rule : PartingRules(left, right, row))
    absl::StrAppend(
        &text,
        Wrapped(absl::StrFormat(
                    "  %s (%s has it): %s", rule->name,
                    (left.rules.*rule->flag ? left : right).kernel.Name(),
                    rule->decides),
                4, columns),
        "\n");
  return text.empty()
             ? text
             : "\nRules that alone would make them part here:\n" + text;
}

}  // namespace

std::string Wrapped(const std::string& text, size_t indent, size_t columns) {
  const size_t start = text.find_first_not_of(' ');
  std::string all = text.substr(0, start);
  size_t column = all.size();
  bool first = true;
  for (const auto word : absl::StrSplit(text.substr(column), ' ')) {
    const size_t width = absl::string_view(word).size();
    if (!first && column + 1 + width > columns) {
      absl::StrAppend(&all, "\n", std::string(indent, ' '));
      column = indent;
    } else if (!first) {
      all += ' ';
      ++column;
    }
    absl::StrAppend(&all, word);
    column += width;
    first = false;
  }
  return all;
}

std::string ToText(const Story& story, const Cause* cause, const Look& look) {
  return Writer(story, cause, look).Write();
}

std::string PartingText(const Story& left, const Story& right, size_t columns) {
  const auto row = PartingRow(left, right);
  const std::string both =
      absl::StrFormat("%s and %s", left.kernel.Name(), right.kernel.Name());
  if (!row)
    return Wrapped(both + " do not part: they do and leave the same.", 2,
                   columns) +
           "\n";
  const size_t width = (columns - 3) / 2;
  const auto l = ColumnOf(left, *row, width);
  const auto r = ColumnOf(right, *row, width);
  std::string text = Wrapped(both + " part here first:", 2, columns) + "\n\n";
  for (size_t i = 0; i < std::max(l.size(), r.size()); ++i) {
    std::string line = i < l.size() ? l[i] : "";
    line.resize(width, ' ');
    absl::StrAppend(&line, " | ", i < r.size() ? r[i] : "");
    while (line.back() == ' ') line.pop_back();
    absl::StrAppend(&text, line, "\n");
  }
  return text + RulesText(left, right, *row, columns);
}

}  // namespace vmtrunc::report
