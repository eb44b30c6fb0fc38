#include "report/export/c_program.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/check.h"
#include "live/sequence.h"
#include "report/export/plan.h"
#include "report/export/runtime.h"

namespace vmtrunc::report {
namespace {

constexpr size_t kWidth = 80;

// `items` in braces, wrapped.
std::string Braced(const std::vector<std::string>& items) {
  std::string text = "    {";
  size_t column = text.size();
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 == items.size() ? "}," : ",");
    if (i != 0 && column + 1 + item.size() > kWidth) {
      text += "\n     ";
      column = 5;
    } else if (i != 0) {
      text += ' ';
      ++column;
    }
    text += item;
    column += item.size();
  }
  return text + "\n";
}

const char* OpName(Verb verb) {
  constexpr const char* kNames[] = {
      "END",        "MMAP", "MUNMAP", "MPROTECT", "MREMAP", "READ",
      "WRITE",      "FORK", "EXIT",   "TRUNCATE", "REMAP",  "PUNCH",
      "INVALIDATE", "PIN",  "UNPIN",  "ORDER",    "REVOKE", "COLLAPSE"};
  static_assert(std::size(kNames) == kVerbs + 1);
  return kNames[static_cast<size_t>(verb)];
}

// The fields of an entry; zeros are left out.
class Fields {
 public:
  void Number(const char* name, unsigned value) {
    if (value != 0) items_.push_back(absl::StrFormat(".%s = %u", name, value));
  }
  void Item(std::string item) { items_.push_back(std::move(item)); }
  std::string Text() const { return Braced(items_); }

 private:
  std::vector<std::string> items_;
};

void Arguments(const Event& e, Fields& fields) {
  const bool of_file = e.verb == Verb::kPunch || e.verb == Verb::kInvalidate;
  if (e.verb == Verb::kTruncate) {
    fields.Number("size", e.addr);
  } else {
    fields.Number(of_file ? "pgoff" : "addr", e.addr);
  }
  fields.Number("len", e.len);
  if (e.verb == Verb::kFork) {
    fields.Number("new_task", e.new_addr);
  } else {
    fields.Number("new_addr", e.new_addr);
  }
  fields.Number("new_len", e.new_len);
  if (!of_file) fields.Number("pgoff", e.pgoff);
  fields.Number("file", e.file);
  fields.Number("private", e.is_private);
  fields.Number("write", e.write);
  fields.Number("populate", e.populate);
}

std::string Entry(const Script& script, const Deed& deed) {
  const Event& e = script.events[deed.event];
  const std::string text = ToText(e, script);
  if (deed.act == Act::kNothing)
    return absl::StrFormat("    // event %u, %s: %s\n", deed.event + 1, text,
                           deed.why);
  Fields fields;
  fields.Item(absl::StrFormat(".event = %u", deed.event + 1));
  fields.Item(absl::StrCat(".op = ", deed.act == Act::kWait ? "WAIT"
                                     : deed.act == Act::kCheck
                                         ? "CHECK"
                                         : OpName(e.verb)));
  fields.Item(absl::StrFormat(".task = %u", deed.task));
  fields.Number("raced", deed.raced);
  if (deed.act == Act::kPerform) Arguments(e, fields);
  fields.Number("last", deed.last);
  if (deed.act == Act::kCheck) {
    fields.Number("file", e.file);
    fields.Number("size", e.addr);
    fields.Item(absl::StrFormat(".tasks = %#x", deed.tasks));
    fields.Item(absl::StrFormat(".checkers = %#x", deed.checkers));
  }
  fields.Item(absl::StrFormat(".text = \"%s\"", text));
  return fields.Text();
}

std::string Names(const std::string* names, size_t count) {
  return absl::StrCat("{\"", absl::StrJoin(names, names + count, "\", \""),
                      "\"}");
}

std::string Table(const Script& script) {
  const std::vector<Deed> plan = MakePlan(script);
  const PlanTotals totals = TotalsOf(script, plan);
  const Setup& setup = script.setup;
  std::array<unsigned, 8> mm_of;
  mm_of.fill(8);
  std::copy_n(setup.mm_of, setup.tasks, mm_of.begin());
  std::string text = absl::StrFormat(
      "#define FILES %u\n"
      "// The task whose mm a task starts in, itself or an earlier one; 8: it "
      "is\n"
      "// forked.\n"
      "static const unsigned mm_of[TASKS] = {%s};\n"
      "static const unsigned sizes[2] = {%u, %u};\n"
      "static const char *const task_names[TASKS] = %s;\n"
      "static const char *const file_names[2] = %s;\n"
      "static const char coverage[] =\n"
      "    \"of %u events %u are played; %u are steps, drops or finishes, "
      "which \"\n"
      "    \"the kernel times; %u have no effect\";\n"
      "static const struct entry table[] = {\n",
      setup.files, absl::StrJoin(mm_of, ", "), setup.sizes[0], setup.sizes[1],
      Names(script.task_names, 8), Names(script.file_names, 2),
      script.events.size(), totals.played, totals.timing, totals.idle);
  for (const Deed& deed : plan) text += Entry(script, deed);
  return text + "    {.op = END},\n};\n";
}

// What the script says and the program does not do.
std::string NotPlayed(const Setup& setup) {
  std::string text;
  if (const std::string own = live::OfTheModel(setup); !own.empty())
    text = absl::StrCat(
        "//\n"
        "// The running kernel has its own in place of: ",
        own, ".\n");
  if (setup.tlb)
    text +=
        "//\n"
        "// The script follows the TLB. This program cannot: nothing shows "
        "which\n"
        "// translations a processor has. It finds pages past the end that "
        "can\n"
        "// be touched when a truncation is through, and not a page that was\n"
        "// used through a translation before.\n";
  return text;
}

}  // namespace

std::string AsComment(const Script& script, const std::string& before) {
  std::string safe = ToText(script);
  for (char& c : safe) {
    const bool bad = c != '\n' && (c < ' ' || c > '~');
    if (bad || c == '*' || c == '\\' || c == '?') c = '.';
  }
  std::string text;
  for (const absl::string_view line : absl::StrSplit(safe, '\n'))
    absl::StrAppend(&text, before, line.empty() ? "" : " ", line, "\n");
  return text;
}

std::string CProgram(const Script& script) {
  const absl::string_view sample(kRuntimeTable);
  const size_t head = sample.find("#define _GNU_SOURCE");
  const size_t begin = sample.find("// [script\n");
  const absl::string_view end_mark = "// script]\n";
  const size_t end = sample.find(end_mark);
  VMT_CHECK(head < begin);
  VMT_CHECK(begin < end);
  VMT_CHECK(end != absl::string_view::npos);
  std::string text =
      absl::StrCat(sample.substr(0, head), "//\n// The script:\n//\n");
  text += AsComment(script, "//");
  text += NotPlayed(script.setup);
  absl::StrAppend(&text, sample.substr(head, begin - head), Table(script),
                  sample.substr(end + end_mark.size()));
  for (const absl::string_view line : absl::StrSplit(kRuntimeRest, '\n'))
    if (line.substr(0, 10) != "#include \"") absl::StrAppend(&text, line, "\n");
  return text;
}

}  // namespace vmtrunc::report
