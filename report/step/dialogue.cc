#include "report/step/dialogue.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/own_directory.h"
#include "base/shown.h"
#include "base/write.h"
#include "report/step/show.h"

namespace vmtrunc::report {
namespace {

constexpr const char* kHelp =
    "A number chooses a move. Or type an event as a script has it:\n"
    "  t truncate f 2     starts an operation and runs it to its end\n"
    "  t truncate f 2 &   starts it and stops at its first sync point\n"
    "  t step             to its next sync point\n"
    "  t drop             to its next break test, where it drops its lock\n"
    "  t drop 2           the same, at the second break test\n"
    "  t finish           to its end, or until it blocks\n"
    "u undo, r redo, s the state, l the events as a script, w FILE writes "
    "them,\n"
    "q quits, ? this help. A task waits for a lock where its move has a -.\n"
    "Ptes: # page, . none, c private copy, f file pte; past i_size: ! page,\n"
    "C copy; x a page that has left the page cache and is still mapped.\n"
    "Locks: + takes, - releases, +- both.\n";

constexpr const char* kExtension = ".vmt";

std::string Trimmed(const std::string& text) {
  return std::string(absl::StripAsciiWhitespace(text));
}

}  // namespace

std::string Dialogue::Begin() const {
  const Story story = StoryOf(play_);
  return LastEventText(play_, story, look_) + View(story);
}

std::string Dialogue::View(const Story& story) const {
  return StateText(play_, story, look_) +
         MovesText(play_, play_.Moves(), look_);
}

// A task may have a command's name: "w step" is an event then.
bool Dialogue::IsCommand(const std::string& word, const char* name,
                         const char* letter) const {
  if (word != name && word != letter) return false;
  const Script& script = play_.played();
  for (unsigned task = 0; task < LargeCaps::kTasks; ++task) {
    if (script.task_names[task] != word) continue;
    const bool is_forked = std::any_of(
        script.events.begin(), script.events.end(), [&](const Event& event) {
          return event.verb == Verb::kFork && event.new_addr == task;
        });
    if (task < script.setup.tasks || is_forked) return false;
  }
  return true;
}

std::string Dialogue::Answer(const std::string& line) {
  const std::string text = Trimmed(line);
  if (text == "?" || text == "help") return kHelp;
  if (text.empty()) return Refuse("expected a move (? for help)");
  if (text == "q" || text == "quit") {
    ended_ = true;
    return "";
  }
  if (text == "s" || text == "state") return View(StoryOf(play_));
  if (text == "l" || text == "list") return ToText(play_.played());
  if (text == "u" || text == "undo")
    return play_.Undo() ? "undone\n" + Begin()
                        : Refuse("expected an event: there is nothing to undo");
  if (text == "r" || text == "redo")
    return play_.Redo() ? "redone\n" + Begin()
                        : Refuse("expected an event: there is nothing to redo");
  const size_t blank = text.find_first_of(" \t");
  const std::string word = text.substr(0, blank);
  if (IsCommand(word, "write", "w"))
    return Write(Trimmed(text.substr(word.size())));
  if (std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isdigit(static_cast<unsigned char>(c));
      })) {
    uint64_t number = 0;
    return Choose(absl::SimpleAtoi(text, &number) ? number : 0);
  }
  return Take(text);
}

std::string Dialogue::Refuse(const std::string& expected) {
  refused_ = true;
  return expected + "\n";
}

std::string Dialogue::Choose(unsigned long number) {
  std::vector<Move> moves = play_.Moves();
  std::erase_if(moves, [](const Move& move) { return move.blocked; });
  if (number == 0 || number > moves.size())
    return Refuse(
        moves.empty()
            ? "expected an event: no move has a number"
            : absl::StrCat("expected the number of a move, 1..", moves.size()));
  return Take(moves[number - 1].event);
}

std::string Dialogue::Take(std::string_view event) {
  const absl::Status status = play_.Apply(event);
  if (!status.ok())
    return Refuse(
        absl::StrCat(base::ShownInError(std::string_view(
                         status.message().data(), status.message().size())),
                     " (? for help)"));
  return Begin();
}

// Uses that name or, if it is taken, the next free one.
std::string Dialogue::Write(const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  for (const char* none : {"", ".", "..", "-", kExtension})
    if (name == none) return Refuse("expected w FILE: a name");
  if (path.find('\0') != std::string::npos)
    return Refuse("expected w FILE: a name without a NUL byte");
  if (base::IsBookkeeping(name))
    return Refuse(
        "expected w FILE: a name that vmtrunc does not keep for itself");
  // `w /dev/stdout` would make a file beside the device.
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type != std::filesystem::file_type::not_found &&
      type != std::filesystem::file_type::regular)
    return Refuse("expected w FILE: the name of a regular file, or of none");
  const std::string stem =
      path.ends_with(kExtension)
          ? path.substr(0, path.size() - std::string_view(kExtension).size())
          : path;
  const std::string content = ToText(play_.played());
  try {
    written_to_ = base::WriteUnused(stem, kExtension + 1, content);
    written_ = content;
    write_failed_ = false;
    return absl::StrCat("written to ", base::Shown(written_to_), "\n");
  } catch (const base::UsageError& error) {
    write_failed_ = true;
    return absl::StrCat("expected a file that can be written: ",
                        base::ShownInError(error.what), "\n");
  }
}

std::string Dialogue::End() const {
  std::string text = VerdictText(play_, look_);
  if (play_.played().events.empty()) return text;
  if (written_to_.empty() || written_ != ToText(play_.played()))
    return text + "not written (w FILE)\n";
  return absl::StrCat(text, "Show it again: vmtrunc explain ",
                      base::PathWord(written_to_), "\n");
}

int Dialogue::Status() const {
  if (write_failed_) return base::kExitUsage;
  if (refused_ && play_.played().events.empty()) return base::kExitUsage;
  return play_.Ended().holds() ? base::kExitHeld : base::kExitBroken;
}

}  // namespace vmtrunc::report
