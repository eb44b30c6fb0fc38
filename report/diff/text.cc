#include "report/diff/text.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/shown.h"
#include "core/script/script.h"
#include "report/explain/text.h"
#include "report/verdict.h"

namespace vmtrunc::report {
namespace {

std::string EventText(const Half& half, const Moment& moment) {
  if (moment.ended) return "none: it has ended";
  if (moment.event == 0) return "at the end: what is in flight runs on";
  return absl::StrFormat(
      "%u: %s", moment.event,
      ToText(half.it.script.events[moment.event - 1], half.it.script));
}

class Telling {
 public:
  Telling(const Pair& pair, bool with_paths, size_t columns)
      : pair_(pair), with_paths_(with_paths), columns_(columns) {}

  std::string Text() {
    AddHalf("left", pair_.left);
    AddHalf("right", pair_.right);
    if (!pair_.parts) {
      text_ += absl::StrFormat(
          "They do not part: %u steps, the same states after each.\n",
          pair_.left.course.steps.size() - 1);
      return std::move(text_);
    }
    if (!pair_.step) {
      text_ += absl::StrFormat(
          "\nThey part in the verdict alone: %u steps, the same states after "
          "each.\n",
          pair_.left.course.steps.size() - 1);
    } else if (*pair_.step == 0) {
      text_ += "\nThey part before the first event. Left | right:\n";
    } else {
      text_ += absl::StrFormat("\nThey part in step %u. Left | right:\n",
                               *pair_.step);
      AddStep();
    }
    if (!pair_.differences.empty() && *pair_.step != 0)
      text_ += "and after it:\n";
    for (const std::string& difference : pair_.differences)
      Wrap("  " + difference, 6);
    AddRules();
    return std::move(text_);
  }

 private:
  void Wrap(const std::string& text, size_t indent) {
    absl::StrAppend(&text_, Wrapped(text, indent, columns_), "\n");
  }

  void AddStep() {
    const Moment& l = pair_.l;
    const Moment& r = pair_.r;
    const auto row = [&](const char* name, const std::string& left,
                         const std::string& right) {
      // A run that has ended has none of these.
      const std::string a = l.ended ? "none" : left,
                        b = r.ended ? "none" : right;
      Wrap(absl::StrFormat("  %-6s %s", name, a == b ? a : a + " | " + b), 9);
    };
    const std::string event = EventText(pair_.left, l);
    const std::string other = EventText(pair_.right, r);
    Wrap("  event  " + (event == other ? event : event + " | " + other), 9);
    row("task", pair_.left.it.script.task_names[l.task],
        pair_.right.it.script.task_names[r.task]);
    row("verb", VerbName(l.verb), VerbName(r.verb));
    row("from", l.from, r.from);
    row("flow", FlowName(l.flow), FlowName(r.flow));
  }

  void AddRules() {
    if (pair_.rules.empty()) return;
    const std::string left = pair_.left.it.kernel.Name();
    const std::string right = pair_.right.it.kernel.Name();
    std::string others;
    bool heading = false;
    for (const RuleDifference& it : pair_.rules) {
      if (!it.parts) {
        absl::StrAppend(&others, others.empty() ? "" : ", ",
                        it.on_left ? "-" : "+", it.rule->name);
        continue;
      }
      if (!heading)
        Wrap(absl::StrFormat("\nRules of %s | %s that part the runs "
                             "here, each if it alone is flipped:",
                             left, right),
             2);
      heading = true;
      Wrap(absl::StrFormat("  %s %s: %s", it.rule->name,
                           it.on_left ? "yes | no" : "no | yes",
                           it.rule->decides),
           4);
    }
    if (!others.empty())
      Wrap(absl::StrFormat("\n%s, from %s to %s: %s",
                           heading ? "Rules that do not"
                                   : "None of these rules alone parts them",
                           left, right, others),
           2);
  }

  void AddHalf(const char* side, const Half& half) {
    Wrap(absl::StrFormat("%-6s %s%s: %s", side,
                         with_paths_ ? base::Shown(half.it.path) + ": " : "",
                         half.it.kernel.Name(),
                         VerdictOf(half.course.result) + half.it.kernel_words),
         7);
  }

  const Pair& pair_;
  const bool with_paths_;
  const size_t columns_;
  std::string text_;
};

}  // namespace

std::string DiffText(const Pair& pair, bool with_paths, size_t columns) {
  return Telling(pair, with_paths, columns).Text();
}

}  // namespace vmtrunc::report
