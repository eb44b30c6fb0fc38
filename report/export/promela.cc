#include "report/export/promela.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "report/export/c_program.h"
#include "report/export/record.h"

namespace vmtrunc::report {
namespace {

// The places that ever have a page, numbered: those of the first file first.
using Places = std::map<Place, size_t>;

Places PlacesOf(const Record& record) {
  Places places;
  for (const RecordedStep& step : record.steps)
    for (const Part& part : step.parts)
      for (const PageChange& change : part.pages) places[change.place] = 0;
  size_t number = 0;
  for (auto& [place, at] : places) at = number++;
  return places;
}

size_t FirstOf(const Places& places, unsigned file) {
  return static_cast<size_t>(std::count_if(
      places.begin(), places.end(),
      [file](const auto& place) { return place.first.file < file; }));
}

std::string Statements(const Part& part, const Places& places) {
  std::string text;
  for (const Change& change : part.changes)
    absl::StrAppendFormat(&text, "    %s = %d;\n", change.variable,
                          static_cast<int32_t>(change.value));
  for (const PageChange& change : part.pages)
    absl::StrAppendFormat(&text, "    page[%u] = %u;\n",
                          places.at(change.place), change.page);
  if (!part.check) return text;
  const unsigned file = part.check->file;
  absl::StrAppendFormat(&text, "    no_page_past(%u, %u, i_size[%u]);\n",
                        FirstOf(places, file), FirstOf(places, file + 1), file);
  return text;
}

// SPIN refuses a model with more than 2048 statements in d_steps.
const char* StepKeyword(const Record& record) {
  constexpr size_t kMost = 1500;
  size_t statements = 2 * record.steps.size();
  for (const RecordedStep& step : record.steps)
    for (const Part& part : step.parts)
      statements +=
          part.changes.size() + part.pages.size() + (part.check ? 6 : 0);
  return statements <= kMost ? "d_step" : "atomic";
}

std::string StepText(const Script& script, const Record& record, size_t i,
                     const Places& places, const char* keyword) {
  const RecordedStep& step = record.steps[i];
  const std::string event =
      step.event == 0
          ? "after the last event"
          : absl::StrFormat("event %u, %s", step.event,
                            ToText(script.events[step.event - 1], script));
  std::string text = absl::StrFormat(
      "  /* %s; %s%s%s */\n  %s {\n    turn == %u;\n", event, step.from,
      step.flow == Flow::kBlocked   ? "; blocked"
      : step.flow == Flow::kDropped ? "; drops the lock"
                                    : "",
      (step.breaks & Bit(Property::kNoPagePastSize)) != 0
          ? "; violates no-page-past-size"
          : "",
      keyword, i + 1);
  for (const Part& part : step.parts) text += Statements(part, places);
  return text + absl::StrFormat("    turn = %u;\n  }\n", i + 2);
}

std::string Proctypes(const Script& script, const Record& record,
                      const Places& places) {
  std::array<std::string, LargeCaps::kTasks> bodies;
  const char* keyword = StepKeyword(record);
  for (size_t i = 0; i < record.steps.size(); ++i)
    bodies[record.steps[i].task] +=
        StepText(script, record, i, places, keyword);
  std::string text;
  for (size_t task = 0; task < bodies.size(); ++task)
    if (!bodies[task].empty())
      absl::StrAppendFormat(
          &text, "/* task %s */\nactive proctype task_%u() {\n%s}\n\n",
          script.task_names[task], task, bodies[task]);
  return text;
}

// Properties and events that the model does not show.
std::string NotHere(const Script& script, const Record& record) {
  std::vector<std::string> names;
  for (size_t i = 0; i < kProperties; ++i) {
    const auto property = static_cast<Property>(i);
    if (property != Property::kNoPagePastSize && record.result.breaks(property))
      names.push_back(AllProperties()[i].name);
  }
  std::string text;
  if (!names.empty())
    absl::StrAppend(
        &text, " * Properties that the run also violates, not asserted here: ",
        absl::StrJoin(names, ", "), ".\n");
  const std::string without = WithoutStep(script, record);
  if (!without.empty())
    absl::StrAppend(&text, " * Of the script's ", without, ".\n");
  return text;
}

// Whether an assertion is over any page at all.
bool AssertsAnything(const Record& record, const Places& places) {
  const auto has_places = [&](const Part& part) {
    return part.check && FirstOf(places, part.check->file) !=
                             FirstOf(places, part.check->file + 1);
  };
  return std::any_of(
      record.steps.begin(), record.steps.end(), [&](const RecordedStep& step) {
        return std::any_of(step.parts.begin(), step.parts.end(), has_places);
      });
}

std::string Head(const Script& script, const KernelSpec& kernel,
                 const Record& record, const Places& places) {
  const size_t vector = 2 * places.size() + 400;  // an upper bound
  std::string size =
      vector <= 1024 ? "" : absl::StrFormat(" -DVECTORSZ=%u", vector);
  if (StepKeyword(record)[0] == 'a') size += " -m1000000";
  const bool breaks = record.result.breaks(Property::kNoPagePastSize);
  return absl::StrFormat(
      "/*\n"
      " * A run of vmtrunc's model on kernel %s, as it was recorded.\n"
      " *\n"
      " *   spin -run%s FILE\n"
      " *\n"
      " * It is one run, with its steps in one order: SPIN explores no other. "
      "It has\n"
      " * the changes of each step, not the reasons: it is no model of the "
      "algorithm\n"
      " * (bench/truncate.pml is one). Uses: an independent check of the ptes "
      "for pages\n"
      " * past the end; a trail to step through; a base for further claims.\n"
      " *\n"
      " * The assertion is where a truncation's last pass over the whole range "
      "ends, and\n"
      " * where the truncation ends. The run %s no-page-past-size, so it %s.\n"
      "%s%s"
      " *\n"
      " * A lock variable is the number of the task that holds it, or 255; "
      "_readers have\n"
      " * a bit for each task. A truncate_count of 2^31 and more reads as "
      "negative. A\n"
      " * page is its index in the file, plus 1; 0 is none.\n"
      " *\n"
      " * The script:\n"
      " *\n%s */\n",
      kernel.ToString(), size, breaks ? "violates" : "satisfies",
      breaks ? "fails" : "holds",
      AssertsAnything(record, places)
          ? ""
          : " * Nothing is asserted: the run has no such place, or maps no "
            "page of the file\n"
            " * that is truncated. SPIN finds nothing here.\n",
      NotHere(script, record), AsComment(script, " *"));
}

std::string Declarations(const Places& places, const Script& script) {
  std::string text =
      "int turn;\n"
      "int i_size[2];\n"
      "int truncate_count[2];\n"
      "byte i_sem[2], i_mmap_lock[2], i_mmap_readers[2], unmap_mutex[2];\n"
      "byte invalidate_lock[2], invalidate_readers[2];\n"
      "byte mmap_sem[8], mmap_readers[8], page_table_lock[8];\n\n";
  absl::StrAppendFormat(&text, "short page[%u];\n",
                        std::max<size_t>(places.size(), 1));
  for (const auto& [place, number] : places)
    absl::StrAppendFormat(&text, "/* page[%u]: of %s, at %u of mm %u */\n",
                          number, script.file_names[place.file], place.addr,
                          place.mm);
  return text +
         "\nint place;\n"
         "inline no_page_past(first, end, size) {\n"
         "  place = first;\n"
         "  do\n"
         "  :: place < end -> assert(page[place] <= size); place++\n"
         "  :: else -> break\n"
         "  od;\n"
         "  place = 0\n"
         "}\n\n";
}

}  // namespace

std::string PromelaModel(const Script& script, const KernelSpec& kernel) {
  const Record record = RecordRun(script, kernel.rules());
  const Places places = PlacesOf(record);
  return absl::StrCat(
      Head(script, kernel, record, places), Declarations(places, script),
      "init {\n  d_step {\n", Statements(record.start, places),
      "    turn = 1;\n  }\n}\n\n", Proctypes(script, record, places));
}

}  // namespace vmtrunc::report
