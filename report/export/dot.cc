#include "report/export/dot.h"

#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/export/record.h"

namespace vmtrunc::report {
namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string BrokenNames(uint32_t broken) {
  std::vector<std::string> names;
  for (size_t i = 0; i < kProperties; ++i)
    if ((broken >> i & 1) != 0) names.push_back(AllProperties()[i].name);
  return absl::StrJoin(names, ", ");
}

std::string EventName(const Script& script, unsigned event) {
  if (event == 0) return "after the last event";
  return absl::StrFormat("%u: %s", event,
                         ToText(script.events[event - 1], script));
}

// The first step of an event names the event.
std::string Label(const Script& script, const Record& record, size_t i,
                  bool first) {
  const RecordedStep& step = record.steps[i];
  std::string label = first ? EventName(script, step.event) + "\n" : "";
  absl::StrAppend(&label, step.from);
  if (step.flow == Flow::kBlocked) absl::StrAppend(&label, "\nblocked");
  if (step.flow == Flow::kDropped) absl::StrAppend(&label, "\ndrops the lock");
  if (step.flow == Flow::kDone)
    absl::StrAppend(&label, "\n", VerbName(step.verb), " ends");
  if (step.breaks == 0) return label;
  absl::StrAppend(&label, "\nviolates ", BrokenNames(step.breaks));
  const Violation& violation = record.result.first;
  if ((step.breaks & Bit(violation.property)) != 0)
    absl::StrAppend(&label, "\n", violation.ToString());
  return label;
}

const char* Look(const RecordedStep& step) {
  if (step.breaks != 0) return ", fillcolor=salmon, penwidth=3";
  if (step.flow == Flow::kDropped) return ", fillcolor=gold";
  if (step.flow == Flow::kBlocked) return ", fillcolor=gray90, style=dashed";
  return "";
}

std::array<std::string, LargeCaps::kTasks> Columns(const Script& script,
                                                   const Record& record) {
  std::array<std::string, LargeCaps::kTasks> columns;
  std::array<unsigned, LargeCaps::kTasks> event{};
  for (size_t i = 0; i < record.steps.size(); ++i) {
    const RecordedStep& step = record.steps[i];
    std::string& column = columns[step.task];
    const bool first = column.empty() || event[step.task] != step.event;
    event[step.task] = step.event;
    absl::StrAppendFormat(&column, "    s%u [label=%s%s];\n", i + 1,
                          Quoted(Label(script, record, i, first)), Look(step));
  }
  return columns;
}

// Each step is below the previous one: time runs down in all columns.
std::string Order(const Record& record) {
  std::string text;
  std::map<unsigned, size_t> last;
  for (size_t i = 0; i < record.steps.size(); ++i) {
    const unsigned task = record.steps[i].task;
    const auto before = last.find(task);
    if (before != last.end())
      absl::StrAppendFormat(&text, "  s%u -> s%u;\n", before->second + 1,
                            i + 1);
    if (i > 0 && record.steps[i - 1].task != task)
      absl::StrAppendFormat(&text, "  s%u -> s%u [style=invis];\n", i, i + 1);
    last[task] = i;
  }
  return text;
}

}  // namespace

bool HasSteps(const Script& script, const KernelSpec& kernel) {
  return !RecordRun(script, kernel.rules()).steps.empty();
}

std::string DotGraph(const Script& script, const KernelSpec& kernel) {
  const Record record = RecordRun(script, kernel.rules());
  const std::string verdict =
      record.result.holds()
          ? kernel.ToString() + " holds"
          : absl::StrFormat("%s violates %s at event %u: %s", kernel.ToString(),
                            BrokenNames(Bit(record.result.first.property)),
                            record.result.first.event,
                            record.result.first.ToString());
  const std::string without = WithoutStep(script, record);
  std::string text = absl::StrFormat(
      "// A run of vmtrunc's model. dot -Tsvg FILE -o FILE.svg\n"
      "// A column a task, a node a step, time downwards. Blue: a lock that "
      "one "
      "task\n// released and the next took. Yellow: the lock is dropped. Red: "
      "a "
      "property is violated.\n"
      "digraph run {\n  label=%s;\n  labelloc=t;\n  newrank=true;\n"
      "  ranksep=0.2;\n  fontname=\"sans-serif\";\n"
      "  node [shape=box, style=filled, fillcolor=white, fontsize=10, "
      "fontname=\"sans-serif\"];\n"
      "  edge [fontsize=9, fontname=\"sans-serif\"];\n",
      Quoted(without.empty() ? verdict : verdict + "\n" + without));
  const auto columns = Columns(script, record);
  for (size_t task = 0; task < columns.size(); ++task)
    if (!columns[task].empty())
      absl::StrAppendFormat(
          &text, "  subgraph cluster_%u {\n    label=%s;\n%s  }\n", task,
          Quoted("task " + script.task_names[task]), columns[task]);
  text += Order(record);
  for (const HandOver& over : record.hand_overs)
    absl::StrAppendFormat(&text,
                          "  s%u -> s%u [color=blue, fontcolor=blue, label=%s, "
                          "constraint=false];\n",
                          over.from + 1, over.to + 1, Quoted(over.lock));
  return text + "}\n";
}

}  // namespace vmtrunc::report
