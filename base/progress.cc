#include "base/progress.h"

#include <unistd.h>

#include <iostream>
#include <string>

#include "base/terminal.h"

namespace vmtrunc::base {

ProgressLine::ProgressLine() : terminal_(TakesEscapes(STDERR_FILENO)) {}

void ProgressLine::Show(std::string_view line) {
  if (!terminal_) {
    // Every ten seconds by the clock, even if this one is late.
    while (next_ <= Clock::now()) next_ += std::chrono::seconds(10);
    std::cerr << std::string(line) + "\n" << std::flush;
    return;
  }
  next_ = Clock::now() + std::chrono::milliseconds(500);
  shown_ = true;
  ShowLine(line);
}

void ProgressLine::End() {
  if (shown_) std::cerr << kClearLine << std::flush;
  shown_ = false;
}

}  // namespace vmtrunc::base
