// The text form.
#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/property.h"
#include "core/script/script.h"
#include "core/script/text_line.h"
#include "core/script/plain_text.h"
#include "core/script/utf16.h"
#include "core/script/verbs.h"
#include "core/version.h"

namespace vmtrunc {
namespace {

// Words that a line which is no event begins with.
constexpr std::array<const char*, 7> kDeclarations = {
    "kernel", "block", "count", "count-bits", "file", "task", "expect"};

// What some editors put before a text.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class Parser {
 public:
  absl::StatusOr<Script> Parse(std::string_view text);

 private:
  enum class Part { kVersion, kDeclarations, kEvents, kExpects };

  void ParseLine(Line& line);
  bool ParseDeclaration(Line& line);
  static FolioSetup ParseFolios(Line& line);
  void ParseTask(Line& line);
  void ParseExpect(Line& line);
  void ParseEvent(Line& line);
  void ParseVerb(Line& line, Event& event);
  void ParseArg(Arg arg, Line& line, Event& event);
  void ParseKernel(Line& line);
  uint8_t File(Line& line);
  uint8_t Task(const std::string& name, Line& line);
  void FindStray();

  Script script_;
  // By a task's number: the first line of an event of it, and whether a fork
  // is to make it.
  int named_at_[8] = {};
  bool is_forked_[8] = {};
  Part part_ = Part::kVersion;
};

uint8_t Parser::File(Line& line) {
  const std::string name = line.Name("a file");
  for (uint8_t i = 0; i < script_.setup.files; ++i)
    if (script_.file_names[i] == name) return i;
  line.Expected("the name of a declared file");
  return 0;
}

// The number of a task's name. A name that is new gets the number that it
// stands for in scripts without names (a..h), so that text made from bytes says
// the same; another name, or one whose number is taken, gets the first that is
// free.
uint8_t Parser::Task(const std::string& name, Line& line) {
  auto* const names = script_.task_names;
  const auto is = [&](unsigned i) { return names[i] == name; };
  unsigned number = 0;
  while (number < 8 && !is(number)) ++number;
  if (number < 8) return static_cast<uint8_t>(number);
  const unsigned letter =
      name.size() == 1 ? static_cast<unsigned>(name[0] - 'a') : 8;
  if (letter < 8 && letter >= script_.setup.tasks && names[letter].empty()) {
    number = letter;
  } else {
    number = 0;
    while (number < 8 && !names[number].empty()) ++number;
  }
  if (number == 8) {
    line.Expected("at most 8 different tasks");
    return 0;
  }
  names[number] = name;
  return static_cast<uint8_t>(number);
}

void Parser::ParseKernel(Line& line) {
  const std::string text = line.Rest();
  const absl::StatusOr<KernelSpec> spec = ParseKernelSpec(text);
  if (spec.ok()) {
    SetKernel(*spec, script_);
  } else if (absl::IsNotFound(spec.status())) {
    script_.kernel.reset();
    script_.unknown_kernel = text;
  } else {
    line.Expected(std::string(spec.status().message()));
  }
}

// pfn, hugetlb, or [shmem] [order N | order N..M] [min-order N]
FolioSetup Parser::ParseFolios(Line& line) {
  FolioSetup folios;
  folios.pfn = line.TakeIf("pfn");
  if (folios.pfn) return folios;
  folios.hugetlb = line.TakeIf("hugetlb");
  if (folios.hugetlb) return folios;
  folios.shmem = line.TakeIf("shmem");
  if (line.TakeIf("order")) {
    const std::string text(line.take());
    const auto order = [&](std::string_view digit) {
      if (digit.size() != 1 || digit[0] < '0' || digit[0] > '2')
        line.Expected("an order, 0 to 2, or a range of them as 0..2");
      return static_cast<uint8_t>(digit.empty() ? 0 : digit[0] - '0');
    };
    const size_t dots = text.find("..");
    folios.low = order(text.substr(0, dots));
    folios.high =
        dots == std::string::npos ? folios.low : order(text.substr(dots + 2));
    if (folios.low > folios.high)
      line.Expected("a lower order before the higher one");
  }
  if (line.TakeIf("min-order"))
    folios.min_order = line.Number("an order", 0, 2);
  return folios;
}

void Parser::ParseTask(Line& line) {
  Setup& setup = script_.setup;
  // Its events would be read as declarations, or as expectations.
  for (const char* const word : kDeclarations)
    if (line.peek() == word)
      line.Expected(absl::StrCat("a task's name other than ", word,
                                 ", with which declarations begin"));
  const std::string name = line.Name("a task's name");
  for (const std::string& other : script_.task_names)
    if (!other.empty() && other == name) line.Expected("a new task's name");
  if (setup.tasks == 8) return line.Expected("at most 8 different tasks");
  const uint8_t number = setup.tasks++;
  script_.task_names[number] = name;
  setup.mm_of[number] = number;
  if (!line.TakeIf("mm")) return;
  const std::string owner = line.Name("a task whose mm it runs in");
  for (uint8_t i = 0; i < number; ++i)
    if (script_.task_names[i] == owner) setup.mm_of[number] = setup.mm_of[i];
  if (setup.mm_of[number] == number)
    line.Expected("a task that is declared above");
}

// Returns false when the line is not a declaration.
bool Parser::ParseDeclaration(Line& line) {
  Setup& setup = script_.setup;
  if (line.TakeIf("kernel")) {
    ParseKernel(line);
  } else if (line.TakeIf("block")) {
    setup.block = line.Number("pages", 1, 64);
  } else if (line.TakeIf("count-bits")) {
    setup.count_bits = line.Number("bits", 8, 32);
  } else if (line.TakeIf("count")) {
    setup.count = line.Number32("a count", 0, 0xffffffffU);
  } else if (line.TakeIfLast("tlb")) {  // more words: the event of a task
    setup.tlb = true;
  } else if (line.TakeIf("file")) {
    if (setup.files == 2) line.Expected("at most 2 files");
    const std::string name = line.Name("a file's name");
    for (uint8_t i = 0; i < setup.files; ++i)
      if (script_.file_names[i] == name) line.Expected("a new file's name");
    const uint8_t size = line.Number("a size in pages", 0, 64);
    const FolioSetup folios = ParseFolios(line);
    if (setup.files < 2) {
      script_.file_names[setup.files] = name;
      setup.folios[setup.files] = folios;
      setup.sizes[setup.files++] = size;
    }
  } else if (line.TakeIf("task")) {
    ParseTask(line);
  } else {
    return false;
  }
  return true;
}

void Parser::ParseExpect(Line& line) {
  Expect expect;
  expect.line = line.number();
  expect.kernel = std::string(line.take());
  if (expect.kernel.empty())
    line.Expected("KERNEL holds or KERNEL breaks PROPERTY");
  const absl::StatusOr<KernelSpec> spec = ParseKernelSpec(expect.kernel);
  if (spec.ok()) {
    expect.spec = *spec;
  } else if (!absl::IsNotFound(spec.status())) {
    line.Expected(std::string(spec.status().message()));
  }
  if (line.TakeIf("breaks")) {
    expect.broken = PropertyNumber(line.take());
    if (expect.broken == kProperties) line.Expected("a property");
  } else if (!line.TakeIf("holds")) {
    line.Expected("holds or breaks PROPERTY");
  }
  script_.expects.push_back(std::move(expect));
}

void Parser::ParseArg(Arg arg, Line& line, Event& event) {
  const ArgInfo& info = InfoOf(arg);
  switch (arg) {
    case Arg::kAddr:
    case Arg::kLen:
    case Arg::kNewAddr:
    case Arg::kNewLen:
    case Arg::kPgoff:
    case Arg::kSize:
    case Arg::kFirst:
    case Arg::kPage:
    case Arg::kOrder:
      event.*info.at = line.Number(info.name, 0, info.most);
      break;
    case Arg::kFail:
      if (line.TakeIf("fail"))
        event.*info.at =
            static_cast<uint8_t>(line.Number(info.name, 0, info.most - 1U) + 1);
      break;
    case Arg::kFile:
      event.file = File(line);
      break;
    case Arg::kSharing:
      if (!line.TakeIf("shared")) event.is_private = line.TakeIf("private");
      break;
    case Arg::kAccess:
      event.write = line.TakeIf("rw");
      if (!event.write && !line.TakeIf("r")) line.Expected("r or rw");
      break;
    case Arg::kAccessOrRw:
      event.write = line.TakeIf("rw") || !line.TakeIf("r");
      break;
    case Arg::kPopulate:
      event.populate = line.TakeIf("populate");
      break;
    case Arg::kChild:
      event.new_addr = Task(line.Name("a task's name"), line);
      is_forked_[event.new_addr] = true;
      break;
  }
}

void Parser::ParseVerb(Line& line, Event& event) {
  event.kind = EventKind::kStart;
  event.verb = VerbNamed(line.take());
  if (event.verb == Verb::kNone) line.Expected("a verb, step, drop or finish");
  for (const Arg arg : InfoOf(event.verb).args) ParseArg(arg, line, event);
  if (line.TakeIf("&")) event.kind = EventKind::kBegin;
}

void Parser::ParseEvent(Line& line) {
  Event event;
  const std::string name = line.Name("an event: TASK VERB ARGS");
  event.task = Task(name, line);
  if (named_at_[event.task] == 0) named_at_[event.task] = line.number();
  if (line.TakeIf("step")) {
    event.kind = EventKind::kStep;
  } else if (line.TakeIf("finish")) {
    event.kind = EventKind::kFinish;
  } else if (line.TakeIf("drop")) {
    event.kind = EventKind::kDrop;
    if (!line.at_end()) event.count = line.Number("N", 1, 255);
  } else {
    ParseVerb(line, event);
  }
  if (script_.events.size() == kMaxEvents) line.Expected("at most 256 events");
  script_.events.push_back(event);
}

void Parser::ParseLine(Line& line) {
  if (part_ == Part::kVersion) {
    if (!line.TakeIf("vmtrunc") || line.take() != absl::StrCat(kTextVersion))
      line.Expected(absl::StrCat("vmtrunc ", kTextVersion));
    part_ = Part::kDeclarations;
  } else if (part_ == Part::kDeclarations && ParseDeclaration(line)) {
    return;
  } else if (line.TakeIf("expect")) {
    part_ = Part::kExpects;
    ParseExpect(line);
  } else if (part_ == Part::kExpects) {
    line.Expected("expect, which comes last");
  } else {
    part_ = Part::kEvents;
    ParseEvent(line);
  }
}

// The first in the text.
void Parser::FindStray() {
  for (unsigned i = script_.setup.tasks; i < 8; ++i) {
    if (named_at_[i] == 0 || is_forked_[i]) continue;
    StrayTask& stray = script_.stray;
    if (stray.name.empty() || named_at_[i] < stray.line)
      stray = {script_.task_names[i], named_at_[i]};
  }
}

absl::StatusOr<Script> Parser::Parse(std::string_view text) {
  script_.setup.files = 0;
  if (IsUtf16(text))
    return absl::InvalidArgumentError(absl::StrCat("1: expected ", kNotUtf16));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(3);
  int number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    Line line(text.substr(0, end), ++number);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (line.empty()) continue;
    ParseLine(line);
    if (line.error().empty() && !line.at_end())
      line.Expected(
          absl::StrCat("the end of the line, not ", std::string(line.peek())));
    if (!line.error().empty()) return absl::InvalidArgumentError(line.error());
  }
  if (part_ == Part::kVersion)
    return absl::InvalidArgumentError(
        absl::StrFormat("%d: expected vmtrunc 1", std::max(number, 1)));
  FindStray();
  // There is always a file f, if an empty one that no event names.
  if (script_.setup.files == 0) script_.setup.files = 1;
  const Script names = EmptyScript();
  for (unsigned i = 0; i < 8; ++i)
    if (script_.task_names[i].empty())
      script_.task_names[i] = names.task_names[i];
  for (unsigned i = 0; i < 2; ++i)
    if (script_.file_names[i].empty())
      script_.file_names[i] = names.file_names[i];
  return std::move(script_);
}

// With a blank before it, or nothing where it need not be said.
std::string ToText(Arg arg, const Event& event, const Script& names) {
  const ArgInfo& info = InfoOf(arg);
  switch (arg) {
    case Arg::kAddr:
    case Arg::kLen:
    case Arg::kNewAddr:
    case Arg::kNewLen:
    case Arg::kPgoff:
    case Arg::kSize:
    case Arg::kFirst:
    case Arg::kPage:
    case Arg::kOrder:
      return absl::StrCat(" ", event.*info.at);
    case Arg::kFail:
      return event.fail_after == 0
                 ? ""
                 : absl::StrCat(" fail ", event.fail_after - 1);
    case Arg::kFile:
      return " " + names.file_names[event.file];
    case Arg::kSharing:
      return event.is_private ? " private" : "";
    case Arg::kAccess:
      return event.write ? " rw" : " r";
    case Arg::kAccessOrRw:
      return event.write ? "" : " r";
    case Arg::kPopulate:
      return event.populate ? " populate" : "";
    case Arg::kChild:
      return " " + names.task_names[event.new_addr];
  }
  return "";
}

}  // namespace

std::string ToText(const FolioSetup& folios) {
  if (folios.pfn) return " pfn";
  if (folios.hugetlb) return " hugetlb";
  std::string text = folios.shmem ? " shmem" : "";
  if (folios.high != 0) {
    absl::StrAppend(&text, " order ", folios.low);
    if (folios.high != folios.low) absl::StrAppend(&text, "..", folios.high);
  }
  if (folios.min_order != 0)
    absl::StrAppend(&text, " min-order ", folios.min_order);
  return text;
}

Script EmptyScript() {
  Script script;
  for (unsigned i = 0; i < 8; ++i)
    script.task_names[i] = std::string(1, static_cast<char>('a' + i));
  script.file_names[0] = "f";
  script.file_names[1] = "g";
  return script;
}

Script ScriptOf(Draft draft) {
  Script script = EmptyScript();
  static_cast<Draft&>(script) = std::move(draft);
  return script;
}

absl::StatusOr<Script> ParseText(std::string_view text) {
  return Parser().Parse(text);
}

std::string ToText(const Event& event, const Script& names) {
  std::string text = names.task_names[event.task];
  switch (event.kind) {
    case EventKind::kNone:
      return "";
    case EventKind::kStep:
      return text + " step";
    case EventKind::kFinish:
      return text + " finish";
    case EventKind::kDrop:
      return event.count == 1 ? text + " drop"
                              : absl::StrCat(text, " drop ", event.count);
    case EventKind::kStart:
    case EventKind::kBegin:
      break;
  }
  absl::StrAppend(&text, " ", VerbName(event.verb));
  for (const Arg arg : InfoOf(event.verb).args)
    text += ToText(arg, event, names);
  return event.kind == EventKind::kBegin ? text + " &" : text;
}

void SetKernel(const KernelSpec& kernel, Script& script) {
  script.kernel = kernel;
  script.kernel_from_file = false;
  script.unknown_kernel.clear();
}

std::string ToText(const Script& script) {
  const Setup& setup = script.setup;
  std::string text = absl::StrCat("vmtrunc ", kTextVersion, "\n");
  if (script.kernel)
    absl::StrAppend(&text, "kernel ", script.kernel->ToString(), "\n");
  if (!script.unknown_kernel.empty())
    absl::StrAppend(&text, "kernel ", script.unknown_kernel, "\n");
  if (setup.block != 1) absl::StrAppend(&text, "block ", setup.block, "\n");
  if (setup.count != 0) absl::StrAppend(&text, "count ", setup.count, "\n");
  if (setup.count_bits != 32)
    absl::StrAppend(&text, "count-bits ", setup.count_bits, "\n");
  if (setup.tlb) text += "tlb\n";
  for (unsigned i = 0; i < setup.files; ++i)
    absl::StrAppend(&text, "file ", script.file_names[i], " ", setup.sizes[i],
                    ToText(setup.folios[i]), "\n");
  for (unsigned i = 0; i < setup.tasks; ++i) {
    absl::StrAppend(&text, "task ", script.task_names[i]);
    if (setup.mm_of[i] < i)
      absl::StrAppend(&text, " mm ", script.task_names[setup.mm_of[i]]);
    text += '\n';
  }
  for (const Event& event : script.events) {
    if (event.kind != EventKind::kNone)
      absl::StrAppend(&text, ToText(event, script), "\n");
  }
  for (const Expect& expect : script.expects) {
    // A file's kernel has its base and flips: the text may get another place.
    absl::StrAppend(&text, "expect ",
                    expect.from_file && expect.spec ? expect.spec->ToString()
                                                    : expect.kernel);
    if (expect.broken < 0) {
      absl::StrAppend(&text, " holds\n");
    } else {
      absl::StrAppend(&text, " breaks ",
                      Name(static_cast<Property>(expect.broken)), "\n");
    }
  }
  return text;
}

bool LooksLikeText(std::string_view name, std::string_view content) {
  if (name.ends_with(".vmt") || LooksLikeUtf16(content)) return true;
  if (content.size() >= kHeaderBytes && IsPlainText(content)) return true;
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(3);
  while (!content.empty()) {
    const size_t end = content.find('\n');
    const Line line(content.substr(0, end), 0);
    // Written otherwise it is still meant as text, and ParseText() says
    // what was expected.
    if (!line.empty())
      return absl::StartsWithIgnoreCase(
          absl::string_view(line.peek().data(), line.peek().size()), "vmtrunc");
    if (end == std::string_view::npos) break;
    content = content.substr(end + 1);
  }
  return false;
}

}  // namespace vmtrunc
