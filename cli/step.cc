// vmtrunc step.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/shown.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/to_run.h"
#include "report/step/dialogue.h"

namespace vmtrunc::cli {
namespace {

struct StepArguments {
  std::string file, kernel, from;
  unsigned after = 0;
};

// The lines of standard input.
class Lines {
 public:
  // No move is as long; of a line without an end no more is held.
  static constexpr size_t kMost = size_t{1} << 16;

  // The next one, cut off after kMost + 1 bytes, or nothing at the end. Throws
  // UsageError where a read fails: that is no end.
  std::optional<std::string> Next() {
    std::string line;
    for (;;) {
      if (at_ == size_ && !Fill()) {
        if (line.empty()) return std::nullopt;
        return line;
      }
      const char next = part_[at_++];
      if (next == '\n') return line;
      if (line.size() <= kMost) line += next;
    }
  }

 private:
  bool Fill() {
    ssize_t got;
    do got = ::read(STDIN_FILENO, part_.data(), part_.size());
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EBADF) return false;  // closed
    if (got < 0) base::FailPath("standard input", errno);
    at_ = 0;
    size_ = static_cast<size_t>(got);
    return got > 0;
  }

  std::array<char, 4096> part_;
  size_t at_ = 0, size_ = 0;
};

// Runs until the dialogue or its input ends, or the output is closed.
void Talk(report::Dialogue& dialogue) {
  const bool prompts = isatty(STDIN_FILENO) != 0;
  Lines lines;
  while (!dialogue.ended()) {
    if (prompts) std::cout << "> ";
    std::cout.flush();
    if (!std::cout) return;
    const std::optional<std::string> line = lines.Next();
    if (!line) {
      if (prompts) std::cout << "\n";
      return;
    }
    if (line->size() > Lines::kMost)
      std::cout << dialogue.Refuse(
          "expected a move, not a line of more than 64 KiB");
    else
      std::cout << dialogue.Answer(*line);
  }
}

int Step(const StepArguments& o) {
  if (o.file == "-")
    throw base::UsageError{
        "-: expected a file; the moves are read from standard input"};
  const ToRun it = ReadToRun(o.file, o.from, o.kernel, Says::kOnItsLine);
  const KernelSpec kernel = OnlyKernel(o.kernel, it.script, o.file);
  if (o.after > it.script.events.size())
    throw base::UsageError{absl::StrCat("--after ", o.after,
                                        ": expected at most the script's ",
                                        it.script.events.size(), " events")};
  report::Play play(it.script, kernel);
  play.ApplyFirst(o.after);
  report::Dialogue dialogue(play, LookOfOutput("never"));
  std::cout << base::Shown(o.file) << " on " << kernel.Name() << HowItIsRun(it)
            << "; ? for help\n"
            << dialogue.Begin();
  Talk(dialogue);
  std::cout << dialogue.End();
  return dialogue.Status();
}

}  // namespace

void AddStep(CLI::App& app, Command& run) {
  CLI::App* sub = app.add_subcommand(
      "step",
      "plays a script by hand: shows the state and the moves, you choose who "
      "moves next,\nwith undo; reads a line a move from standard input");
  auto o = std::make_shared<StepArguments>();
  sub->add_option("FILE", o->file,
                  "a script: its declarations, and the operations that its "
                  "tasks have to do")
      ->required();
  sub->add_option("--kernel", o->kernel,
                  "one; else the script's own, else 2.6.11");
  sub->add_option("--after", o->after,
                  "begins after so many events of the script")
      ->check(CLI::Range(0U, static_cast<unsigned>(kMaxEvents)))
      ->capture_default_str();
  sub->add_option("--from", o->from, "the form of the file")
      ->check(CLI::IsMember({"text", "bytes"}));
  sub->callback([=, &run] { run = [=] { return Step(*o); }; });
}

}  // namespace vmtrunc::cli
