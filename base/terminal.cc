#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace vmtrunc::base {

bool TakesEscapes(int file) {
  const char* const term = std::getenv("TERM");
  return ::isatty(file) != 0 &&
         (term == nullptr || std::string_view(term) != "dumb");
}

void ShowLine(std::string_view line) {
  winsize size{};
  size_t width = 80;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
    width = size.ws_col;
  // In the last column some terminals begin a new line.
  std::cerr << kClearLine << line.substr(0, width - 1) << std::flush;
}

}  // namespace vmtrunc::base
